package loader

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"trueup/diag"
)

const (
	maxDepth     = 100       // nesting of values, in both spellings
	maxExpansion = 1_000_000 // YAML nodes that aliases may stand for, in one file
)

// parseYAML is the tree of the file's one document, or nil where there is none
// or it can't be read.
func parseYAML(src *source, out *diag.List) (root *yaml.Node) {
	if !printable(src, out) {
		return nil
	}
	// The parser is not ours: whatever it does with hostile input, it ends in a
	// diagnostic.
	defer func() {
		if r := recover(); r != nil {
			out.Errorf(diag.Range{File: src.name}, unreadable)
			root = nil
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(src.text))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) {
			out.Add(yamlSyntax(src, err))
		}
		return nil
	}
	switch err := dec.Decode(&second); {
	case err == nil:
		out.Add(diag.Diagnostic{Summary: "a second document in one file", Detail: "One document a file: put the second into a file of its own.",
			Code: "second-document", Range: src.rangeOf(&second)})
	case !errors.Is(err, io.EOF):
		out.Add(yamlSyntax(src, err))
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 {
		return nil
	}
	return doc.Content[0]
}

// printable refuses what no YAML may hold, with its place: the parser itself
// does not always tell where. It also refuses the line breaks that only YAML
// knows, since nobody sees them and every line after them would be miscounted.
func printable(src *source, out *diag.List) bool {
	text := src.text
	for i := 0; i < len(text); {
		if c := text[i]; c >= 0x20 && c < 0x7f || c == '\n' || c == '\t' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if summary, remedy := unprintable(r, size, text[i:]); summary != "" {
			out.Add(diag.Diagnostic{Summary: summary, Detail: remedy, Code: "encoding", Range: src.at(i)})
			return false
		}
		i += size
	}
	return true
}

func unprintable(r rune, size int, rest []byte) (summary, remedy string) {
	switch {
	case r == utf8.RuneError && size == 1:
		return "this is not valid UTF-8", "Save the file as UTF-8."
	case r == 0:
		return "a NUL character", "Take it out: a text file has none."
	case r == '\r' && (len(rest) < 2 || rest[1] != '\n'):
		return "a carriage return that ends no line", `End lines with a line feed, and write the character as "\r" in double quotes.`
	case r == '\r':
		return "", ""
	case r == 0x85 || r == 0x2028 || r == 0x2029:
		return fmt.Sprintf("the invisible line break U+%04X", r), fmt.Sprintf(`Take it out, or write it as "\u%04x" in double quotes.`, r)
	case r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff:
		return fmt.Sprintf("the control character U+%04X", r), fmt.Sprintf(`Take it out, or write it as "\u%04x" in double quotes.`, r)
	}
	return "", ""
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// yamlMessages puts the parser's words into ours. The parser counts lines from
// 0 in some messages (base is then 1).
var yamlMessages = []struct {
	contains        string
	base            int
	summary, remedy string
}{
	{"mapping values are not allowed", 0, "a colon where none can stand", "Quote the text if the colon is part of it; indent the line if it is a key of its own. If it belongs to the line above, that one lacks its colon."},
	{"could not find expected ':'", 0, "a key without its colon", "Write `key: value`; indent text that goes over several lines."},
	{"did not find expected key", 1, "a key is expected here", "Indent the keys of one object alike, and quote text that starts with a quote or a bracket but goes on after it."},
	{"did not find expected '-' indicator", 1, "an element of a list is expected here", "Indent the elements of one list alike, each with its `- `."},
	{"did not find expected ',' or ']'", 1, "a list that is not closed", "Close it with ], and put commas between the elements. Quote text that starts with ${ inside brackets."},
	{"did not find expected ',' or '}'", 1, "an object that is not closed", "Close it with }, and put commas between the keys. Quote text that starts with ${ inside braces."},
	{"did not find expected node content", 1, "a value is expected here", "Write one, or take out the comma or bracket."},
	{"alphabetic or numeric character", 0, "an alias or anchor without a name", "Quote text that starts with * or &; within double quotes, write \\\" for a quote."},
	{"cannot start any token", 0, "a character that no value can start with", "Indent with blanks, not tabs; quote text that starts with @, ` or %."},
	{"found a tab character", 0, "a tab", "Indent with blanks."},
	{"unexpected end of stream", 0, "a quote that is not closed", `Close it. Within double quotes, write \" for a quote, or put the whole in single quotes.`},
	{"found unknown escape character", 0, "an unknown escape in double quotes", `Write \\ for a backslash, or use single quotes.`},
	{"exceeded max depth", 0, "values nested too deeply", fmt.Sprintf("At most %d levels are read.", maxDepth)},
	{"document start", 1, "a second value in one file", "A file is one object: indent what belongs to a key."},
	{"incompatible YAML document", 0, "a %YAML line", "Take it out: every file is read as YAML 1.2."},
	{"unknown anchor", 0, "", "Name it with & before it is used."},
}

func yamlSyntax(src *source, err error) diag.Diagnostic {
	m := yamlError.FindStringSubmatch(strings.SplitN(err.Error(), "\n", 2)[0])
	d := diag.Diagnostic{Summary: err.Error(), Code: "syntax", Range: diag.Range{File: src.name}}
	if m == nil {
		return d
	}
	d.Summary = m[2]
	line, _ := strconv.Atoi(m[1])
	for _, known := range yamlMessages {
		if strings.Contains(m[2], known.contains) {
			line += known.base
			d.Detail = known.remedy
			if known.summary != "" {
				d.Summary = known.summary
			}
			break
		}
	}
	if name, ok := strings.CutPrefix(d.Summary, "unknown anchor "); ok {
		return unknownAnchor(src, d, strings.Trim(strings.TrimSuffix(name, " referenced"), "'"))
	}
	if strings.HasSuffix(m[2], "expected key") || strings.HasSuffix(m[2], "expected '-' indicator") {
		line = src.searchLine(m[2], line)
	}
	d.Range = src.lineRange(line)
	return d
}

// searchable is how many bytes a file may have for the line of a mistake to be
// searched for.
const searchable = 1 << 20

// searchLine finds the line of a mistake for which the parser names only the
// beginning of the object or list around it: the first line with which the file,
// cut off after it, has the mistake.
func (s *source) searchLine(message string, otherwise int) int {
	if len(s.text) > searchable {
		return otherwise
	}
	line := sort.Search(len(s.offsets()), func(i int) bool {
		var n yaml.Node
		err := yaml.Unmarshal(s.text[:s.lineEnd(i)], &n)
		return err != nil && strings.HasSuffix(err.Error(), message)
	})
	return line + 1
}

// unknownAnchor finds the alias, which the parser gives no place for.
func unknownAnchor(src *source, d diag.Diagnostic, name string) diag.Diagnostic {
	d.Summary = fmt.Sprintf("no anchor &%s", name)
	d.Range = src.lineRange(1)
	if i := bytes.Index(src.text, []byte("*"+name)); i >= 0 {
		d.Range = src.at(i)
	}
	return d
}

// lineRange is what is written on a line.
func (s *source) lineRange(line int) diag.Range {
	line = min(max(line, 1), len(s.offsets()))
	from := s.offsets()[line-1]
	text := strings.TrimRight(string(s.text[from:s.lineEnd(line-1)]), " \r\n")
	indent := len(text) - len(strings.TrimLeft(text, " "))
	return diag.Range{File: s.name, Start: s.pos(from + indent), End: s.pos(from + len(text))}
}

// pair is a key of an object with its value.
type pair struct {
	key   *yaml.Node
	value *yaml.Node
}

// pairs are the keys of a mapping in order, merge keys followed. What the
// mapping says itself wins over what it merges, and what is merged first over
// what is merged later.
func pairs(n *yaml.Node) []pair {
	out := make([]pair, 0, len(n.Content)/2)
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if isMerge(k) {
			merged = append(merged, v)
			continue
		}
		out = append(out, pair{k, v})
	}
	if merged == nil {
		return out
	}
	seen := make(map[string]bool, len(out))
	for _, p := range out {
		seen[p.key.Value] = true
	}
	for _, m := range merged {
		out = appendMerged(out, seen, m)
	}
	return out
}

func appendMerged(out []pair, seen map[string]bool, n *yaml.Node) []pair {
	n = target(n)
	if n.Kind == yaml.SequenceNode {
		for _, e := range n.Content {
			out = appendMerged(out, seen, e)
		}
		return out
	}
	if n.Kind != yaml.MappingNode {
		return out
	}
	for _, p := range pairs(n) {
		if !seen[p.key.Value] {
			seen[p.key.Value] = true
			out = append(out, p)
		}
	}
	return out
}

func isMerge(k *yaml.Node) bool { return k.Kind == yaml.ScalarNode && k.Tag == "!!merge" }

// target follows an alias.
func target(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// isNull reports whether the node is a null: nothing, ~ or null, not quoted.
func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// isPlain reports whether a scalar is written without quotes, so that it can
// be a number, true or false.
func isPlain(n *yaml.Node) bool {
	return n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 && !(n.Style&yaml.TaggedStyle != 0 && n.Tag == "!!str")
}

// isTemplate reports whether text has to be evaluated.
func isTemplate(text string) bool {
	return strings.Contains(text, "${") || strings.Contains(text, "%{")
}

// invalidUTF8 is where text stops being valid UTF-8, or -1.
func invalidUTF8(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	at := 0
	for {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
}

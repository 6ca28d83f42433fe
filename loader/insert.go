package loader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"trueup/schema"
)

// Insert puts the resources of a draft that was made for the files (see
// ExportInput.Files) into them: those of each kind into the file that into
// names for it, or a new one. It gives the files that change, and writes
// nothing. o is how the files were loaded, sources what that gave.
func Insert(ctx context.Context, o Options, sources *Sources, d *Draft, into func(*schema.Kind) string) ([]Part, error) {
	in := &inserter{l: newLoader(ctx, o), sources: sources, changed: map[string]*source{}}
	for _, k := range schema.Kinds {
		if items := d.of(k); len(items) > 0 {
			if err := in.kind(k, items, into(k)); err != nil {
				return nil, err
			}
		}
	}
	parts := in.parts()
	if err := in.check(ctx, o, d, parts); err != nil {
		return nil, err
	}
	return parts, nil
}

type inserter struct {
	l       *loader // for the names of files
	sources *Sources
	changed map[string]*source
	made    []string // new files
}

// kind puts the resources of one kind into a file.
func (in *inserter) kind(k *schema.Kind, items []drafted, path string) error {
	src, err := in.open(path)
	if err != nil {
		return err
	}
	if filepath.Ext(src.name) == ".hcl" {
		src = src.edited(src.appended(src.remarkOnce(k) + string(hclBlocks(items))))
	} else {
		list := &yaml.Node{Kind: yaml.MappingNode}
		for _, it := range items {
			add(list, it.name, mapping(it.pairs))
		}
		e, err := src.inserted(k, list)
		if err != nil {
			return fmt.Errorf("%s: %w", src.name, err)
		}
		src = src.edited(e...)
	}
	in.changed[src.name] = src
	return nil
}

// open is the file as it is now; an empty one where it is to be made.
func (in *inserter) open(path string) (*source, error) {
	real := in.l.real(path)
	for name, src := range in.changed {
		if in.l.real(name) == real {
			return src, nil
		}
	}
	for _, name := range in.sources.Files() {
		if in.l.real(name) == real {
			return in.sources.get(name), nil
		}
	}
	if _, err := os.Lstat(in.l.at(path)); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there, but is not among the files that were loaded: name it as a PATH too", path)
	}
	in.made = append(in.made, path)
	return &source{name: path, dir: filepath.Dir(path)}, nil
}

func (in *inserter) parts() []Part {
	var out []Part
	for _, src := range in.changed {
		out = append(out, Part{src.name, src.bytes()})
	}
	slices.SortFunc(out, func(a, b Part) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// check loads the files as they will be.
func (in *inserter) check(ctx context.Context, o Options, d *Draft, parts []Part) error {
	o.Paths, o.Text = slices.Concat(d.in.Files.Paths, in.made), map[string][]byte{}
	for _, p := range parts {
		o.Text[p.Name] = p.Text
	}
	g, _, ds := Load(ctx, o)
	if ds.HasErrors() {
		return fmt.Errorf("what is missing cannot be put into the files by itself; print it with --missing alone and put it in by hand: %w", ds)
	}
	came, err := sameMeaning(d.in.Files, g, func(schema.Addr) bool { return false })
	if err == nil && len(came) != d.Resources() {
		err = fmt.Errorf("%d of %d resources would be read", len(came), d.Resources())
	}
	if err != nil {
		return fmt.Errorf("what is missing cannot be put into the files by itself: %w; print it with --missing alone and put it in by hand", err)
	}
	return nil
}

// remarkOnce is the remark on the kind, unless the file has it.
func (s *source) remarkOnce(k *schema.Kind) string {
	if r := remark(k); !bytes.Contains(s.text, []byte(s.breaks(string(r)))) {
		return string(r)
	}
	return ""
}

// appended puts text at the end of a file, after an empty line.
func (s *source) appended(text string) edit {
	end := len(s.text)
	if m := endMark.FindIndex(s.text); m != nil {
		end = m[0]
	}
	switch {
	case len(bytes.TrimSpace(s.text[:end])) == 0:
	case s.text[end-1] != '\n':
		text = "\n\n" + text
	default:
		text = "\n" + text
	}
	return edit{end, end, text}
}

// endMark is the end of a YAML document that says so.
var endMark = regexp.MustCompile(`(?m)^\.\.\.\s*\z`)

var errAlias = errors.New("its resources stand elsewhere, under an alias: put what is missing in by hand")

// inserted puts resources under the kind's key.
func (s *source) inserted(k *schema.Kind, list *yaml.Node) ([]edit, error) {
	root, err := s.tree()
	if err != nil {
		return nil, err
	}
	section := &yaml.Node{Kind: yaml.MappingNode}
	add(section, k.Plural, list)
	switch {
	case root == nil || isNull(root):
		return []edit{s.appended(s.remarkOnce(k) + string(encodeYAML(section)))}, nil
	case root.Kind != yaml.MappingNode:
		return nil, errAlias
	}
	value := valueOf(root, k.Plural)
	switch {
	case value == nil && root.Style&yaml.FlowStyle != 0:
		return s.intoFlow(root, section)
	case value == nil:
		return []edit{s.appended(indented(s.remarkOnce(k)+string(encodeYAML(section)), root.Column-1))}, nil
	case value.Kind == yaml.AliasNode:
		return nil, errAlias
	case len(value.Content) == 0:
		return s.fill(root, value, k.Plural, list)
	case value.Style&yaml.FlowStyle != 0:
		return s.intoFlow(value, list)
	}
	at, blank := s.blockEnd(root, value)
	return []edit{s.atLine(at, indented(spaced(list, blank), value.Content[0].Column-1))}, nil
}

// valueOf is what the key of a mapping holds, nil if there is no such key.
func valueOf(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// atLine puts whole lines before the line that begins at the offset.
func (s *source) atLine(at int, text string) edit {
	if at > 0 && s.text[at-1] != '\n' {
		text = "\n" + text
	}
	return edit{at, at, text}
}

// spaced is the resources as text, with empty lines before each if wanted.
func spaced(list *yaml.Node, blank bool) string {
	if !blank {
		return string(encodeYAML(list))
	}
	var b strings.Builder
	for i := 0; i+1 < len(list.Content); i += 2 {
		b.WriteString("\n" + string(encodeYAML(&yaml.Node{Kind: yaml.MappingNode, Content: list.Content[i : i+2]})))
	}
	return b.String()
}

// fill puts resources under a key that holds nothing: no value, null or {}.
func (s *source) fill(root, value *yaml.Node, key string, list *yaml.Node) ([]edit, error) {
	if root.Style&yaml.FlowStyle != 0 {
		from := s.nodeOffset(value)
		to := from + len(value.Value)
		if value.Kind == yaml.MappingNode {
			close, _ := s.closing(from)
			to = close + 1
		}
		return []edit{{from, to, " " + flow(list)}}, nil
	}
	var edits []edit
	from := s.nodeOffset(value)
	end := from
	switch {
	case value.Kind == yaml.MappingNode:
		close, _ := s.closing(from)
		if close < 0 {
			return nil, errAlias
		}
		end = close + 1
	default:
		end = from + len(value.Value)
	}
	if value.Anchor != "" || value.Style&yaml.TaggedStyle != 0 {
		return nil, errAlias
	}
	if end > from {
		edits = append(edits, edit{from, end, ""})
	}
	line := s.nextLine(s.keyOffset(root, key))
	if end > from {
		line = s.nextLine(end)
	}
	return append(edits, s.atLine(line, indented(string(encodeYAML(list)), root.Column+1))), nil
}

// keyOffset is where the key of a mapping is written.
func (s *source) keyOffset(m *yaml.Node, key string) int {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return s.nodeOffset(m.Content[i])
		}
	}
	return 0
}

// intoFlow puts entries into an object that is written in braces.
func (s *source) intoFlow(m, entries *yaml.Node) ([]edit, error) {
	at, comma := s.closing(s.braceOffset(m))
	if at < 0 {
		return nil, errAlias
	}
	text := strings.TrimSuffix(strings.TrimPrefix(flow(entries), "{"), "}")
	if !comma && len(m.Content) > 0 {
		text = ", " + text
	}
	return []edit{{at, at, text}}, nil
}

// braceOffset is where the brace of an object opens, past its tag and anchor.
func (s *source) braceOffset(m *yaml.Node) int {
	w := s.walker(m)
	return w.at
}

// flow is a tree in one line.
func flow(n *yaml.Node) string {
	var flat func(*yaml.Node) *yaml.Node
	flat = func(n *yaml.Node) *yaml.Node {
		c := *n
		c.Content = nil
		if n.Kind == yaml.ScalarNode {
			c.Style &^= yaml.LiteralStyle
		} else {
			c.Style = yaml.FlowStyle
		}
		for _, e := range n.Content {
			c.Content = append(c.Content, flat(e))
		}
		return &c
	}
	return strings.TrimSuffix(string(encodeYAML(flat(n))), "\n")
}

// blockEnd is where the lines after the last entry of a block of entries begin,
// and whether the entries have empty lines between them. Comments that are
// indented like the entries belong to them.
func (s *source) blockEnd(root, block *yaml.Node) (at int, blank bool) {
	end := len(s.text)
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i+1] == block && i+2 < len(root.Content) {
			end = s.lineStart(s.nodeOffset(root.Content[i+2]))
		}
	}
	for end > 0 {
		start := s.lineStart(end - 1)
		line := strings.TrimRight(string(s.text[start:end]), " \t\r\n")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if line != "" && line != "..." && (line[indent] != '#' || indent >= block.Content[0].Column-1) {
			break
		}
		end = start
	}
	return end, s.spacedOut(block)
}

// spacedOut reports whether there is an empty line before the last entry.
func (s *source) spacedOut(block *yaml.Node) bool {
	n := len(block.Content)
	if n < 4 {
		return false
	}
	start := s.lineStart(s.nodeOffset(block.Content[n-2]))
	for start > 0 {
		above := s.lineStart(start - 1)
		switch line := strings.TrimSpace(string(s.text[above:start])); {
		case line == "":
			return true
		case line[0] != '#':
			return false
		}
		start = above
	}
	return false
}

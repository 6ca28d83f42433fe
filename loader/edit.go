package loader

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"gopkg.in/yaml.v3"

	"trueup/diag"
	"trueup/schema"
)

// Changing files in place: everything but what is changed keeps its bytes,
// comments, layout and line ends among them. What was changed is loaded again
// before anybody writes it, and given up if anything else has changed its
// meaning: see sameMeaning.

// edit puts text in the place of a stretch of a file.
type edit struct {
	from, to int // offsets in source.text
	text     string
}

// edited is the file with the edits, which don't overlap.
func (s *source) edited(edits ...edit) *source {
	sortEdits(edits)
	var b bytes.Buffer
	at := 0
	for _, e := range edits {
		b.Write(s.text[at:e.from])
		b.WriteString(s.breaks(e.text))
		at = e.to
	}
	b.Write(s.text[at:])
	return &source{name: s.name, dir: s.dir, text: b.Bytes(), mark: s.mark}
}

func sortEdits(edits []edit) {
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
}

// overlap reports whether two of the edits want the same bytes.
func overlap(edits []edit) bool {
	sortEdits(edits)
	for i := 1; i < len(edits); i++ {
		if edits[i-1].to > edits[i].from {
			return true
		}
	}
	return false
}

// bytes is what the file holds on the disk.
func (s *source) bytes() []byte {
	if s.mark {
		return append([]byte(byteOrderMark), s.text...)
	}
	return s.text
}

// breaks gives text the line ends that the file has.
func (s *source) breaks(text string) string {
	if i := bytes.IndexByte(s.text, '\n'); i > 0 && s.text[i-1] == '\r' {
		return strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text
}

// tree is the YAML tree of the file.
func (s *source) tree() (*yaml.Node, error) {
	if s.root == nil {
		var ds diag.List
		root := parseYAML(s, &ds)
		if ds.HasErrors() {
			return nil, ds
		}
		s.root = root
	}
	return s.root, nil
}

// code is the HCL of the file.
func (s *source) code() (*hclsyntax.Body, error) {
	if s.body == nil {
		parsed, diags := hclsyntax.ParseConfig(s.text, s.name, hcl.InitialPos)
		if diags.HasErrors() {
			return nil, diags
		}
		s.body = parsed.Body.(*hclsyntax.Body)
	}
	return s.body, nil
}

// nodeOffset is where the YAML node begins, its tag and anchor included.
func (s *source) nodeOffset(n *yaml.Node) int { return s.offset(n.Line, n.Column) }

// lineStart is where the line of the offset begins, and indentation how many
// blanks it begins with.
func (s *source) lineStart(offset int) int {
	return bytes.LastIndexByte(s.text[:offset], '\n') + 1
}

// nextLine is where the line after that of the offset begins.
func (s *source) nextLine(offset int) int {
	if i := bytes.IndexByte(s.text[offset:], '\n'); i >= 0 {
		return offset + i + 1
	}
	return len(s.text)
}

// indented is text with every line but empty ones moved to the right.
func indented(text string, by int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			b.WriteString(strings.Repeat(" ", by))
		}
		b.WriteString(line)
	}
	return b.String()
}

// closing is where the bracket that opens at the offset of a YAML flow list or
// object is closed, and whether what is before it ends in a comma. It is -1
// where none closes it.
func (s *source) closing(open int) (at int, comma bool) {
	depth := 0
	for i := open; i < len(s.text); i++ {
		c := s.text[i]
		blank := isBlank(rune(c))
		switch {
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth--; depth == 0 {
				return i, comma
			}
		case c == '#' && isBlank(rune(s.text[i-1])):
			i = s.nextLine(i) - 1
			continue
		case (c == '"' || c == '\'') && strings.IndexByte("[{,: \n\t", s.text[i-1]) >= 0:
			i = s.quoteEnd(i)
		}
		if !blank {
			comma = c == ','
		}
	}
	return -1, false
}

// quoteEnd is where the quote that opens at the offset is closed.
func (s *source) quoteEnd(open int) int {
	quote := s.text[open]
	for i := open + 1; i < len(s.text); i++ {
		switch {
		case quote == '"' && s.text[i] == '\\':
			i++
		case s.text[i] != quote:
		case quote == '\'' && i+1 < len(s.text) && s.text[i+1] == quote:
			i++
		default:
			return i
		}
	}
	return len(s.text)
}

// sameMeaning reports what is not as it was: every resource of before must be
// in after, unchanged but for what may say, and settings too. Resources that
// came are given.
func sameMeaning(before, after *schema.Graph, may func(schema.Addr) bool) (came []*schema.Resource, err error) {
	if fmt.Sprintf("%+v", settingsOf(before)) != fmt.Sprintf("%+v", settingsOf(after)) {
		return nil, fmt.Errorf("a setting would change")
	}
	was := make(map[schema.Addr]*schema.Resource, len(before.Resources))
	for _, r := range before.Resources {
		was[r.Addr] = r
	}
	for _, r := range after.Resources {
		old := was[r.Addr]
		delete(was, r.Addr)
		switch {
		case old == nil:
			came = append(came, r)
		case !may(r.Addr) && !sameResource(old, r):
			return nil, fmt.Errorf("%s would change", r.Addr)
		}
	}
	for addr := range was {
		return nil, fmt.Errorf("%s would go", addr)
	}
	return came, nil
}

// settingsOf are the settings without their places.
func settingsOf(g *schema.Graph) schema.Settings {
	s := g.Settings
	s.Ignore = slices.Clone(s.Ignore)
	for i := range s.Ignore {
		s.Ignore[i].Range = diag.Range{}
	}
	return s
}

func sameResource(a, b *schema.Resource) bool {
	if a.Scope != b.Scope || a.ID != b.ID || !slices.Equal(a.DependsOn, b.DependsOn) || !slices.Equal(a.IgnoreChanges, b.IgnoreChanges) ||
		(a.PreventDestroy == nil) != (b.PreventDestroy == nil) || a.PreventDestroy != nil && *a.PreventDestroy != *b.PreventDestroy {
		return false
	}
	for i := range a.Kind.Attrs {
		attr := &a.Kind.Attrs[i]
		if attr.Fingerprint(a.Values[i]) != attr.Fingerprint(b.Values[i]) {
			return false
		}
	}
	return true
}

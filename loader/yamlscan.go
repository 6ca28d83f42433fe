package loader

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"gopkg.in/yaml.v3"

	"trueup/diag"
)

// template is the parsed text of a YAML scalar. code is nil where it can't be
// parsed, which has been reported.
type template struct {
	code hclsyntax.Expression
	uses []use
}

// scanner walks through the YAML values of one file once, before anything
// looks at them: it refuses what no value may be and parses templates.
type scanner struct {
	src      *source
	out      *diag.List
	literal  bool // ${ means itself (JSON)
	asIs     bool // templates are parsed but not looked through: nothing is to be evaluated
	expanded int  // nodes reached through aliases so far
	open     []*yaml.Node
	uses     []use // what the templates refer to
	stopped  bool  // a limit was passed; the file is given up
}

// value scans one value and gives what its templates refer to.
func (s *scanner) value(n *yaml.Node, depth int) []use {
	s.uses = nil
	s.node(n, depth, false)
	return s.uses
}

func (s *scanner) node(n *yaml.Node, depth int, aliased bool) {
	if s.stopped {
		return
	}
	if depth > maxDepth {
		s.stop(n, "values nested too deeply", fmt.Sprintf("At most %d levels are read.", maxDepth))
		return
	}
	if aliased {
		if s.expanded++; s.expanded > maxExpansion {
			s.stop(n, "the aliases of this file stand for too much", fmt.Sprintf("At most %s values are read through aliases.", "1,000,000"))
			return
		}
	}
	switch n.Kind {
	case yaml.AliasNode:
		s.alias(n, depth)
	case yaml.ScalarNode:
		s.scalar(n)
	case yaml.SequenceNode:
		s.tag(n, "!!seq")
		for _, e := range n.Content {
			s.node(e, depth+1, aliased)
		}
	case yaml.MappingNode:
		s.mapping(n, depth, aliased)
	}
}

// inside calls do for a mapping that is read key by key, unless what it merges
// is no mapping or the mapping itself.
func (s *scanner) inside(n *yaml.Node, do func()) {
	if n.Anchor != "" {
		s.open = append(s.open, n)
		defer func() { s.open = s.open[:len(s.open)-1] }()
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			s.merge(n.Content[i+1])
			s.value(n.Content[i+1], 1)
		}
	}
	if !s.stopped {
		do()
	}
}

func (s *scanner) stop(n *yaml.Node, summary, remedy string) {
	s.stopped = true
	s.out.Add(diag.Diagnostic{Summary: summary, Detail: remedy, Code: "limit", Range: s.src.rangeOf(n)})
}

func (s *scanner) alias(n *yaml.Node, depth int) {
	if slices.Contains(s.open, n.Alias) {
		s.stop(n, fmt.Sprintf("*%s stands inside what it stands for", n.Value), "An alias cannot hold itself.")
		return
	}
	s.open = append(s.open, n.Alias)
	s.node(n.Alias, depth+1, true)
	s.open = s.open[:len(s.open)-1]
}

func (s *scanner) mapping(n *yaml.Node, depth int, aliased bool) {
	s.tag(n, "!!map")
	s.keys(n)
	if n.Anchor != "" {
		s.open = append(s.open, n)
		defer func() { s.open = s.open[:len(s.open)-1] }()
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; k.Kind == yaml.ScalarNode && isTemplate(k.Value) {
			s.scalar(k)
		}
		if isMerge(n.Content[i]) {
			s.merge(n.Content[i+1])
		}
		s.node(n.Content[i+1], depth+1, aliased)
	}
}

// keys refuses keys that are no text, and keys that stand there twice.
func (s *scanner) keys(n *yaml.Node) {
	var seen map[string]*yaml.Node
	if len(n.Content) > 32 {
		seen = make(map[string]*yaml.Node, len(n.Content)/2)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if !s.key(k) || isMerge(k) {
			continue
		}
		if first := firstKey(n.Content[:i], seen, k); first != nil {
			s.out.Add(twice(k.Value, s.src.rangeOf(k), s.src.rangeOf(first)))
		}
	}
}

// twice says that a key is given twice.
func twice(key string, again, first diag.Range) diag.Diagnostic {
	return diag.Diagnostic{Summary: fmt.Sprintf("%s is given twice", key), Detail: fmt.Sprintf("The first is at %s.", first),
		Code: "duplicate-key", Range: again}
}

func firstKey(before []*yaml.Node, seen map[string]*yaml.Node, k *yaml.Node) *yaml.Node {
	if seen != nil {
		first := seen[k.Value]
		if first == nil {
			seen[k.Value] = k
		}
		return first
	}
	for i := 0; i < len(before); i += 2 {
		if b := before[i]; b.Kind == yaml.ScalarNode && b.Value == k.Value && !isMerge(b) {
			return b
		}
	}
	return nil
}

func (s *scanner) key(k *yaml.Node) bool {
	if k.Kind == yaml.AliasNode && k.Alias.Kind == yaml.ScalarNode {
		s.error(k, "an alias as a key", "Write the key out.")
		return false
	}
	if k.Kind != yaml.ScalarNode {
		s.error(k, "a key that is no text", "Quote it if it is text; quote a value that starts with { or [.")
		return false
	}
	switch k.Tag {
	case "!!str", "!!merge", "!!timestamp", "!!int", "!!float", "!!bool":
		if k.Style&yaml.TaggedStyle == 0 || k.Tag == "!!str" {
			return true // a key is text, so it is what is written
		}
	}
	if k.Style&yaml.TaggedStyle != 0 {
		s.tag(k, "")
		return false
	}
	s.error(k, fmt.Sprintf("the key %s is no text", keyText(k)), fmt.Sprintf("Quote it: %q.", k.Value))
	return false
}

func keyText(k *yaml.Node) string {
	if k.Value == "" {
		return "(nothing)"
	}
	return k.Value
}

func (s *scanner) merge(v *yaml.Node) {
	t := target(v)
	parts := []*yaml.Node{t}
	if t.Kind == yaml.SequenceNode {
		parts = t.Content
	}
	for _, p := range parts {
		if target(p).Kind != yaml.MappingNode {
			s.error(p, "<< merges objects, and this is none", "Write `<<: *name`, or a list of such aliases.")
		}
	}
}

func (s *scanner) error(n *yaml.Node, summary, remedy string) {
	s.out.Add(diag.Diagnostic{Summary: summary, Detail: remedy, Range: s.src.rangeOf(n)})
}

var scalarTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!null", "!!merge"}

// tag refuses a tag that is written and not want; want "" takes no tag at all.
func (s *scanner) tag(n *yaml.Node, want string) bool {
	if n.Style&yaml.TaggedStyle == 0 || n.Tag == want && want != "" {
		return true
	}
	s.out.Add(diag.Diagnostic{Summary: fmt.Sprintf("the tag %s cannot stand here", n.Tag), Detail: "Leave it out; quote text that looks like something else.",
		Code: "unknown-tag", Range: s.src.rangeOf(n)})
	return false
}

func (s *scanner) scalar(n *yaml.Node) {
	if n.Style&yaml.TaggedStyle != 0 && !slices.Contains(scalarTags, n.Tag) {
		s.tag(n, "")
		return
	}
	if s.literal || !isTemplate(n.Value) {
		return
	}
	t := s.src.templates[n]
	if t == nil {
		t = s.parse(n)
		s.src.templates[n] = t
	}
	s.uses = append(s.uses, t.uses...)
}

func (s *scanner) parse(n *yaml.Node) *template {
	filename := s.src.name + templateMark + strconv.Itoa(len(s.src.scalars))
	s.src.scalars = append(s.src.scalars, n)
	if at := deepTemplate([]byte(n.Value)); at >= 0 {
		s.out.Add(diag.Diagnostic{Summary: "an expression nested too deeply", Code: "limit", Detail: fmt.Sprintf("At most %d levels are read.", maxDepth),
			Range: diag.Range{File: s.src.name, Start: s.src.within(n, at), End: s.src.within(n, at+1)}})
		return &template{}
	}
	code, diags := parseTemplate([]byte(n.Value), filename)
	if diags.HasErrors() {
		s.out.Add(translate(diags, s.src.place)...)
		return &template{}
	}
	t := &template{code: code}
	if !s.asIs {
		t.uses = prepare(code, s.src, s.out)
	}
	return t
}

// parseTemplate is hclsyntax.ParseTemplate without panics.
func parseTemplate(text []byte, filename string) (code hclsyntax.Expression, diags hcl.Diagnostics) {
	start := hcl.Pos{Line: 1, Column: 1}
	defer func() {
		if recover() != nil {
			code, diags = nil, panicked(hcl.Range{Filename: filename, Start: start, End: start})
		}
	}()
	return hclsyntax.ParseTemplate(text, filename, start)
}

func panicked(r hcl.Range) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Subject: &r, Extra: ownMessage{}, Summary: unreadable, Detail: "Write it in a simpler way."}}
}

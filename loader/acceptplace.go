package loader

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"gopkg.in/yaml.v3"

	"trueup/diag"
	"trueup/schema"
)

// Where the parts of a resource stand in a file.

// holder is what holds values: the body of a resource, an object or a list.
type holder struct {
	src     *source
	entries []entry
	list    bool
	hcl     bool
	body    bool // the body of an HCL block

	// Between brackets: behind the opening one, and at the closing one. Elsewhere
	// (YAML by indentation) closed is -1, and column is how many blanks an entry has before it.
	opened, closed int
	column         int
	line           int // where the first entry comes to stand, if there is none
}

// entry is one value in a holder, with its key where that has keys.
type entry struct {
	from, to int // with its key, or the dash before it
	key      string
	value    expr
	at       int // where the value begins
}

// bodyOf is what the resource's attributes stand in.
func (s *source) bodyOf(r *schema.Resource) (*holder, error) {
	if isHCLFile(s.name) {
		return s.bodyHCL(r)
	}
	return s.bodyYAML(r)
}

func isHCLFile(name string) bool { return strings.HasSuffix(name, ".hcl") }

const (
	notWritten = errLeft("no file writes what holds it out")
	ofAnchor   = errLeft("it stands under an anchor or an alias, where others share it")
	ofCode     = errLeft("it is written as an expression")
)

func (s *source) bodyHCL(r *schema.Resource) (*holder, error) {
	code, err := s.code()
	if err != nil {
		return nil, err
	}
	for _, b := range code.Blocks {
		if b.Type != r.Kind.Name || len(b.Labels) != 1 || b.Labels[0] != r.Addr.Name {
			continue
		}
		h := &holder{src: s, hcl: true, body: true, opened: b.OpenBraceRange.End.Byte, closed: b.CloseBraceRange.Start.Byte}
		for _, a := range inOrder(b.Body) {
			h.entries = append(h.entries, entry{a.NameRange.Start.Byte, s.codeEnd(a.Expr), a.Name, expr{src: s, code: a.Expr}, a.Expr.Range().Start.Byte})
		}
		return h, nil
	}
	return nil, notWritten
}

// codeEnd is where an expression ends. A heredoc has its last line break in it,
// which stays.
func (s *source) codeEnd(code hclsyntax.Expression) int {
	end := code.Range().End.Byte
	if end > 0 && s.text[end-1] == '\n' {
		end--
	}
	return end
}

func (s *source) bodyYAML(r *schema.Resource) (*holder, error) {
	root, err := s.tree()
	if err != nil {
		return nil, err
	}
	s.templates = map[*yaml.Node]*template{}
	n, key := root, 0
	for _, name := range []string{r.Kind.Plural, r.Addr.Name} {
		if n == nil || n.Kind != yaml.MappingNode || valueOf(n, name) == nil {
			return nil, ofAnchor // merged from elsewhere
		}
		key, n = s.keyOffset(n, name), valueOf(n, name)
	}
	if isNull(n) && n.Value == "" && n.Anchor == "" && s.alone(key) {
		return &holder{src: s, closed: -1, column: s.indent(key) + 2, line: s.nextLine(key)}, nil
	}
	(&scanner{src: s, out: &diag.List{}}).value(n, 3)
	return s.holderYAML(n)
}

// holderYAML is what a node of the tree holds.
func (s *source) holderYAML(n *yaml.Node) (*holder, error) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return nil, ofAnchor
	}
	h := &holder{src: s, list: n.Kind == yaml.SequenceNode, closed: -1, column: n.Column - 1}
	switch {
	case n.Kind == yaml.ScalarNode && s.templates[n] == nil:
		return nil, notWritten
	case n.Kind == yaml.ScalarNode:
		return nil, ofCode
	case n.Style&yaml.FlowStyle != 0:
		h.opened = s.nodeOffset(n) + 1
		if h.closed, _ = s.closing(h.opened - 1); h.closed < 0 {
			return nil, ofCode
		}
	}
	for i := 0; i < len(n.Content); i++ {
		from, key := s.nodeOffset(n.Content[i]), ""
		switch {
		case !h.list:
			if isMerge(n.Content[i]) {
				key = "<<"
			} else {
				key = n.Content[i].Value
			}
			i++
		case h.closed < 0:
			from = bytes.LastIndexByte(s.text[:from], '-')
		}
		v := n.Content[i]
		h.entries = append(h.entries, entry{from, s.nodeEnd(v), key, expr{src: s, node: v}, s.nodeOffset(v)})
	}
	return h, nil
}

// holderOf is what an expression holds, as it is written out.
func (e expr) holderOf() (*holder, error) {
	if e.node != nil {
		return e.src.holderYAML(e.node)
	}
	h := &holder{src: e.src, hcl: true}
	o, shape := e.open()
	switch {
	case shape != object && shape != list:
		return nil, ofCode
	case shape == list:
		h.list = true
		for _, v := range o.elems() {
			r := v.code.Range()
			h.entries = append(h.entries, entry{r.Start.Byte, e.src.codeEnd(v.code), "", v, r.Start.Byte})
		}
	default:
		for _, f := range o.fields() {
			key, ok := f.key.word()
			if !ok {
				return nil, ofCode
			}
			h.entries = append(h.entries, entry{f.key.code.Range().Start.Byte, e.src.codeEnd(f.value.code), key, f.value, f.value.code.Range().Start.Byte})
		}
	}
	r := o.code.Range()
	h.opened, h.closed = r.Start.Byte+1, r.End.Byte-1
	return h, nil
}

// step is the entry that a step of a path names, or nil. In a keyed list, key is
// the attribute that elements go by.
func (h *holder) step(step string, quoted bool, key string) *entry {
	for i := range h.entries {
		e := &h.entries[i]
		switch {
		case !h.list && strings.EqualFold(e.key, step):
			return e
		case h.list && !quoted && itoa(i) == step:
			return e
		case h.list && quoted:
			if elem, err := e.value.holderOf(); err == nil {
				if name := elem.step(key, true, ""); name != nil && name.text() == step {
					return e
				}
			}
		}
	}
	return nil
}

// text is the text of the value, "" where it is not written out.
func (e *entry) text() string {
	if n := e.value.node; n != nil {
		if n.Kind == yaml.ScalarNode && e.value.src.templates[n] == nil {
			return n.Value
		}
	}
	if !e.value.plain() {
		return ""
	}
	v, diags := e.value.value(&hcl.EvalContext{})
	text, err := toText(v)
	if diags.HasErrors() || err != nil {
		return ""
	}
	return text.AsString()
}

// plain reports whether the value is written out: it is of no expression, alias
// or anchor.
func (e expr) plain() bool {
	if n := e.node; n != nil {
		switch {
		case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
			return false
		case n.Kind == yaml.ScalarNode && e.src.templates[n] == nil:
			return true
		case n.Kind != yaml.ScalarNode:
			return !slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return isMerge(c) || !(expr{src: e.src, node: c}).plain() })
		}
		e, _ = e.open()
	}
	return plainCode(e.code)
}

func plainCode(code hclsyntax.Expression) bool {
	switch c := code.(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.TemplateExpr:
		return !slices.ContainsFunc(c.Parts, func(p hclsyntax.Expression) bool { return !plainCode(p) })
	case *hclsyntax.UnaryOpExpr:
		return c.Op == hclsyntax.OpNegate && plainCode(c.Val)
	case *hclsyntax.TupleConsExpr:
		return !slices.ContainsFunc(c.Exprs, func(p hclsyntax.Expression) bool { return !plainCode(p) })
	case *hclsyntax.ObjectConsExpr:
		return !slices.ContainsFunc(c.Items, func(i hclsyntax.ObjectConsItem) bool {
			key, ok := i.KeyExpr.(*hclsyntax.ObjectConsKeyExpr)
			if ok {
				_, ok = literalKey(key)
			}
			return !ok || !plainCode(i.ValueExpr)
		})
	}
	return false
}

// refers reports whether the value is a reference to a resource of the kind and
// nothing else.
func (e expr) refers(kind string) bool {
	path, ok := e.bare()
	return ok && kind != "" && path.RootName() == kind
}

// nodeEnd is where a node of the tree ends.
func (s *source) nodeEnd(n *yaml.Node) int {
	from := s.nodeOffset(n)
	switch {
	case n.Kind == yaml.AliasNode:
		return from + 1 + len(n.Value)
	case n.Kind != yaml.ScalarNode && n.Style&yaml.FlowStyle != 0:
		end, _ := s.closing(s.braceOffset(n))
		return end + 1
	case n.Kind != yaml.ScalarNode && len(n.Content) > 0:
		return s.nodeEnd(n.Content[len(n.Content)-1])
	case n.Kind != yaml.ScalarNode:
		return from
	}
	switch at := s.walker(n).at; {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return s.textEnd(from)
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		return s.quoteEnd(at-1) + 1
	case n.Value == "":
		return at
	}
	end := s.within(n, len(n.Value))
	return s.offset(int(end.Line), int(end.Column))
}

// textEnd is where the lines of a block scalar end whose header is at the
// offset.
func (s *source) textEnd(header int) int {
	end, column := s.nextLine(header), -1
	last := end
	for at := end; at < len(s.text); at = s.nextLine(at) {
		line := bytes.TrimRight(s.text[at:s.nextLine(at)], " \t\r\n")
		blanks := len(line) - len(bytes.TrimLeft(line, " "))
		switch {
		case len(line) == 0:
			continue
		case column < 0:
			column = blanks
		}
		if blanks < column {
			break
		}
		last = at + len(line)
	}
	if last == end {
		return len(bytes.TrimRight(s.text[:end], "\r\n"))
	}
	return last
}

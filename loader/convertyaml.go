package loader

import (
	"bytes"
	"math"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"gopkg.in/yaml.v3"

	"trueup/diag"
	"trueup/schema"
)

// treeYAML reads the file's text, which is YAML, into a tree. With literal, ${
// means itself, as in JSON. What is wrong is in the file's diagnostics.
func (f *file) treeYAML(top *schema.Attr, literal bool) *tree {
	f.src.text = bytes.ReplaceAll(f.src.text, []byte("\r\n"), []byte("\n"))
	f.src.templates = map[*yaml.Node]*template{}
	root := parseYAML(f.src, &f.diags)
	if f.diags.HasErrors() {
		return nil
	}
	y := yamlReader{typed: typed{f.l}, f: f, literal: literal, tokens: scanYAML(f.src.text), at: -1}
	y.comments = y.tokens
	y.next()
	out := &tree{form: formObject, wide: true, at: diag.Range{File: f.src.name}}
	if root != nil {
		y.scan = &scanner{src: f.src, out: &f.diags, literal: literal, asIs: true}
		if y.scan.node(root, 1, false); f.diags.HasErrors() {
			return nil
		}
		if t := target(root); t.Kind != yaml.MappingNode && !isNull(t) {
			f.error(f.src.rangeOf(t), "wrong-type", "a file of configuration is an object", "Begin it with a key such as access_rules:.", "")
			return nil
		}
		if t := y.value(root, top); t.form == formObject {
			*out = t
		}
	}
	out.foot = append(out.foot, y.before(len(f.src.text)+1)...)
	out.wide = true
	if y.shared != nil {
		f.diags.Add(diag.Diagnostic{Severity: diag.Warning, Summary: "what aliases and merge keys stand for is written out", Code: "alias", Range: f.src.rangeOf(y.shared),
			Detail: "HCL has nothing like them. A local can hold what several resources share."})
	}
	return out
}

// yamlReader walks through the nodes and takes the comments among the tokens
// on the way.
type yamlReader struct {
	typed
	f        *file
	scan     *scanner
	literal  bool
	tokens   []token
	comments []token // from the next comment on
	at       int     // where the last token begins that has been read
	quiet    int     // inside of what an alias stands for, whose comments are taken where it is written
	shared   *yaml.Node
}

func (y *yamlReader) value(n *yaml.Node, a *schema.Attr) tree {
	switch n.Kind {
	case yaml.AliasNode:
		if y.shared == nil {
			y.shared = n
		}
		y.read(n)
		y.quiet++
		t := y.value(n.Alias, a)
		y.quiet--
		return t
	case yaml.MappingNode, yaml.SequenceNode:
		return y.collection(n, a)
	}
	y.read(n)
	return y.scalar(n, a)
}

// collection reads a list or an object.
func (y *yamlReader) collection(n *yaml.Node, a *schema.Attr) tree {
	t := tree{form: formList, wide: true, at: y.f.src.rangeOf(n)}
	if n.Kind == yaml.MappingNode {
		t.form = formObject
	}
	open, shut, column := y.extent(n)
	if shut >= 0 {
		t.wide = bytes.IndexByte(y.f.src.text[open:shut], '\n') >= 0
		if y.quiet == 0 {
			y.at = max(y.at, open)
			t.head = y.side()
		}
	} else if n.Style&yaml.FlowStyle != 0 {
		t.wide = false // a pair in a flow list, without braces
	}
	if t.form == formList {
		y.elements(&t, n, a, column)
	} else {
		y.entries(&t, n, a)
	}
	switch {
	case y.quiet > 0:
	case shut >= 0:
		t.foot = append(t.foot, y.before(shut)...)
		y.at = max(y.at, shut)
	case column >= 0:
		for y.follows() && y.comments[0].first && !y.comments[0].next && y.comments[0].block == column {
			t.foot = append(t.foot, y.take())
		}
	}
	return t
}

// extent is where the brackets of a collection are, or -1, or else the column
// of its entries.
func (y *yamlReader) extent(n *yaml.Node) (open, shut, column int) {
	if n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0 {
		at := y.f.src.nodeOffset(n.Content[0])
		return -1, -1, at - y.f.src.lineStart(at)
	}
	i := y.tokenAt(y.f.src.nodeOffset(n))
	for i < len(y.tokens) && strings.IndexByte("&!#", byte(y.tokens[i].kind)) >= 0 {
		i++
	}
	if i == len(y.tokens) {
		return -1, -1, -1
	}
	first := y.tokens[i]
	if first.kind == '-' {
		return -1, -1, first.col
	}
	if first.kind != '[' && first.kind != '{' {
		return -1, -1, -1
	}
	depth := 0
	for ; i < len(y.tokens); i++ {
		switch y.tokens[i].kind {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return first.from, y.tokens[i].from, -1
			}
		}
	}
	return -1, -1, -1
}

func (y *yamlReader) elements(t *tree, n *yaml.Node, a *schema.Attr, column int) {
	elem, bare := y.elem(a), isBareList(a)
	i := y.tokenAt(y.f.src.nodeOffset(n))
	for _, e := range n.Content {
		at := y.start(e)
		if column >= 0 {
			for i < len(y.tokens)-1 && (y.tokens[i].kind != '-' || y.tokens[i].col != column) {
				i++
			}
			at = y.tokens[i].from
			i++
		}
		b := branch{above: y.before(at), blank: at < len(y.f.src.text) && blankBefore(y.f.src.text, at)}
		b.above = append(b.above, y.before(min(y.start(e), y.nextDash(i, column)))...)
		b.value = y.value(e, elem)
		if bare && b.value.form == formCode {
			b.value = bareElement(b.value, a)
		}
		t.put(b, y.side())
	}
}

// nextDash is where the element after token i begins, or the list ends.
func (y *yamlReader) nextDash(i, column int) int {
	if column < 0 {
		return math.MaxInt
	}
	for ; i < len(y.tokens); i++ {
		if y.tokens[i].first && y.tokens[i].col <= column {
			return y.tokens[i].from
		}
		if y.tokens[i].kind != tokenComment {
			return math.MaxInt
		}
	}
	return 0
}

// bareElement is the text that a reference in depends_on or ignore_changes stands for.
func bareElement(t tree, a *schema.Attr) tree {
	code, diags := hclsyntax.ParseExpression([]byte(t.text), "", hcl.InitialPos)
	if text, ok := bareWord(code, a); ok && !diags.HasErrors() {
		return literalText(text, t.at)
	}
	return t
}

func (y *yamlReader) entries(t *tree, n *yaml.Node, a *schema.Attr) {
	src := y.f.src
	var pending []note
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := src.nodeOffset(k)
		b := branch{above: append(pending, y.before(at)...), blank: blankBefore(src.text, at)}
		pending = nil
		if isMerge(k) {
			pending = b.above
			if y.shared == nil {
				y.shared = k
			}
			continue
		}
		y.read(k)
		b.key = y.key(k)
		b.side = y.side()
		if v.Kind == yaml.ScalarNode && y.start(v) < math.MaxInt {
			b.above = append(b.above, y.before(y.start(v))...)
		}
		of, known := y.entry(a, &b.key)
		b.value = y.value(v, of)
		if !known && v.Kind == yaml.ScalarNode && isPlain(v) && b.value.form != formText {
			y.f.error(src.rangeOf(v), "convert", "what this means hangs on a key that has to be evaluated", "Write the key out, or the value as an expression.", "")
		}
		t.put(b, y.side())
	}
	t.foot = append(t.foot, pending...)
	y.merged(t, n, a)
}

// merged adds what the mapping has from others.
func (y *yamlReader) merged(t *tree, n *yaml.Node, a *schema.Attr) {
	y.quiet++
	defer func() { y.quiet-- }()
	own := len(t.items)
	for _, p := range pairs(n)[own:] {
		b := branch{key: y.key(p.key)}
		of, _ := y.entry(a, &b.key)
		b.value = y.value(p.value, of)
		t.put(b, "")
	}
}

// key reads the key of an object.
func (y *yamlReader) key(k *yaml.Node) tree {
	at := y.f.src.rangeOf(k)
	if y.literal || !isTemplate(k.Value) {
		return literalText(k.Value, at)
	}
	if wrap, r := y.code(k); wrap != nil {
		return r.code(wrap.Wrapped, at)
	}
	return tree{form: formText, text: k.Value, at: at}
}

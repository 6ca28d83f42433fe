package loader

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"trueup/diag"
	"trueup/schema"
)

// treeHCL reads the file's text, which is HCL, into a tree. What is wrong is
// in the file's diagnostics.
func (f *file) treeHCL(top *schema.Attr) *tree {
	cuts, ok := f.checkHCL()
	if !ok {
		return nil
	}
	h := hclReader{f: f, top: top, seen: map[string]diag.Range{}, root: &tree{form: formObject, wide: true, at: diag.Range{File: f.src.name}}}
	h.codeReader = codeReader{typed: typed{f.l}, src: f.src, out: &f.diags, text: f.src.text}
	h.comments = codeComments(f.src.text, lexHCL(f.src.text))
	for i := 1; i < len(cuts) && f.l.ctx.Err() == nil; i++ {
		p := f.parseHCL(cuts[i-1], cuts[i])
		f.diags.Add(translate(p.diags, f.src.place)...)
		if p.body != nil && !f.diags.HasErrors() {
			h.body(p.body)
		}
	}
	h.root.foot = append(h.root.foot, h.before(len(f.src.text))...)
	return h.root
}

// hclReader puts blocks, which may stand in any order, under the keys that YAML
// has for them.
type hclReader struct {
	codeReader
	f    *file
	top  *schema.Attr // what types the file; nil for a file of variables
	root *tree
	seen map[string]diag.Range // where a name is declared, by key and name
}

// body reads a piece of the file.
func (h *hclReader) body(body *hclsyntax.Body) {
	for _, it := range inBody(body) {
		switch {
		case it.attr != nil && (h.top == nil || isSetting(it.attr.Name)):
			h.attr(h.root, it.attr, h.top)
		case it.attr != nil:
			h.f.misplacedAttribute(it.attr)
		default:
			h.block(it.block)
		}
	}
}

// bodyItem is an attribute or a block.
type bodyItem struct {
	attr  *hclsyntax.Attribute
	block *hclsyntax.Block
	at    int
}

// inBody are the attributes and blocks of a body in the order written.
func inBody(body *hclsyntax.Body) []bodyItem {
	var out []bodyItem
	for _, a := range body.Attributes {
		out = append(out, bodyItem{attr: a, at: a.NameRange.Start.Byte})
	}
	for _, b := range body.Blocks {
		out = append(out, bodyItem{block: b, at: b.TypeRange.Start.Byte})
	}
	slices.SortFunc(out, func(a, b bodyItem) int { return cmp.Compare(a.at, b.at) })
	return out
}

// attr reads an attribute of an object that of types into t.
func (h *hclReader) attr(t *tree, a *hclsyntax.Attribute, of *schema.Attr) {
	start := a.NameRange.Start.Byte
	b := branch{above: h.before(start), blank: blankBefore(h.text, start), key: literalText(a.Name, h.src.place(a.NameRange))}
	b.above = append(b.above, h.before(a.Expr.Range().Start.Byte)...)
	typ, _ := h.entry(of, &b.key)
	b.value = h.value(a.Expr, typ)
	t.put(b, h.side(a.Expr.Range().End.Byte, ""))
}

func (h *hclReader) block(b *hclsyntax.Block) {
	kind := schema.KindNamed(b.Type)
	switch {
	case h.top == nil:
		h.f.error(h.src.place(b.TypeRange), "nested-block", fmt.Sprintf("%s is a block", b.Type), "A file of variables has attributes only.", "")
	case kind != nil:
		h.named(b, kind.Plural)
	case b.Type == "variable":
		h.named(b, "variables")
	case b.Type == "locals" && len(b.Labels) == 0:
		h.locals(b)
	default:
		h.f.topBlock(b) // says what is wrong with it
	}
}

// named reads a block with a name: an entry under the key.
func (h *hclReader) named(b *hclsyntax.Block, key string) {
	name, at, ok := h.f.label(b)
	if !ok {
		return
	}
	start := b.TypeRange.Start.Byte
	it := branch{above: h.before(start), blank: blankBefore(h.text, start), key: literalText(name, at)}
	it.above = append(it.above, h.before(b.OpenBraceRange.Start.Byte)...)
	group := h.group(key, &it)
	if first, twice := h.seen[key+" "+name]; twice {
		h.f.diags.Add(again(fmt.Sprintf("%s.%s is declared twice", b.Type, name), first, at))
	}
	h.seen[key+" "+name] = at
	of, _ := h.entry(h.top, &tree{form: formText, text: key})
	of, _ = h.entry(of, &it.key)
	it.value = h.into(it.key.at, b, of)
	group.put(it, h.side(b.CloseBraceRange.End.Byte, ""))
}

// group is the value of a key at the top, which is made before its first
// entry: what stands above that, an empty line apart, is about the whole.
func (h *hclReader) group(key string, first *branch) *tree {
	if g := h.root.branch(key); g != nil {
		return &g.value
	}
	g := branch{key: literalText(key, first.key.at), value: tree{form: formObject, wide: true, at: first.key.at}}
	n := len(first.above)
	for n > 0 && !first.blank && !first.above[n-1].blank {
		n--
	}
	if n > 0 && !first.blank {
		n-- // that comment begins what is about the block
	}
	g.above, first.above = first.above[:n:n], first.above[n:]
	g.blank = n > 0 && len(h.root.items) == 0
	h.root.put(g, "")
	return &h.root.items[len(h.root.items)-1].value
}

// into reads what stands in the block.
func (h *hclReader) into(at diag.Range, b *hclsyntax.Block, of *schema.Attr) tree {
	t := tree{form: formObject, at: at, wide: b.OpenBraceRange.Start.Line != b.CloseBraceRange.Start.Line}
	if t.wide {
		t.head = h.side(b.OpenBraceRange.End.Byte, "")
	}
	for _, x := range inBody(b.Body) {
		if x.block != nil {
			h.f.hclItems(&hclsyntax.Body{Blocks: hclsyntax.Blocks{x.block}}, nil, nil, nil) // says what is wrong with it
			continue
		}
		h.attr(&t, x.attr, of)
	}
	t.foot = h.before(b.CloseBraceRange.Start.Byte)
	return t
}

// locals adds a block of locals to those before it.
func (h *hclReader) locals(b *hclsyntax.Block) {
	start, at := b.TypeRange.Start.Byte, h.src.place(b.TypeRange)
	it := branch{above: h.before(start), blank: blankBefore(h.text, start), key: literalText("locals", at)}
	it.above = append(it.above, h.before(b.OpenBraceRange.Start.Byte)...)
	of, _ := h.entry(h.top, &it.key)
	it.value = h.into(at, b, of)
	tail := h.side(b.CloseBraceRange.End.Byte, "")
	g := h.root.branch("locals")
	if g == nil {
		h.root.put(it, tail)
		return
	}
	var one tree
	one.put(it, tail)
	g.value.more(one.items[0], h.out)
}

// more puts the entries of another branch of that key behind those that are there.
func (t *tree) more(it branch, out *diag.List) {
	above := slices.Concat(t.foot, it.above, sideNote(it))
	t.foot, t.wide = nil, true
	seen := make(map[string]diag.Range, len(t.items))
	for _, b := range t.items {
		seen[b.key.text] = b.key.at
	}
	for i, b := range it.value.items {
		if first, twice := seen[b.key.text]; twice {
			out.Add(again(it.key.text+": "+b.key.text+" is declared twice", first, b.key.at))
		}
		if i == 0 {
			b.blank = b.blank || it.blank && len(b.above) == 0
			b.above, above = slices.Concat(above, b.above), nil
		}
		t.items = append(t.items, b)
	}
	t.foot = slices.Concat(above, it.value.foot)
}

package loader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"trueup/diag"
	"trueup/schema"
)

// hclFile is the tree of a file as HCL; config tells that it is configuration
// and no file of variables.
func hclFile(t *tree, config bool, out *diag.List) []byte {
	w := hclWriter{out: out}
	for i := range t.items {
		b := &t.items[i]
		switch key := b.key.text; {
		case config && key == "locals":
			w.block("locals", b)
		case config && isGroup(key):
			w.group(key, b)
		default:
			single := ""
			if b.value.oneLine() {
				single = "="
			}
			w.item(b, w.attr(b, 0), single)
		}
	}
	w.pending = append(w.pending, t.foot...)
	if len(w.pending) > 0 {
		w.gap()
		w.notes(w.pending)
	}
	return formatHCL([]byte(w.b.String()))
}

// hclWriter writes trees.
type hclWriter struct {
	b       strings.Builder
	out     *diag.List
	pending []note // what stands between the last item and the next, about neither
	single  string // what the last item is, if it took one line: an attribute, or a block of that type
}

func (w *hclWriter) error(at diag.Range, summary, remedy string) {
	w.out.Add(diag.Diagnostic{Summary: summary, Detail: remedy, Code: "convert", Range: at})
}

// gap makes an empty line.
func (w *hclWriter) gap() {
	if s := w.b.String(); s != "" && !strings.HasSuffix(s, "\n\n") {
		w.b.WriteByte('\n')
	}
}

func (w *hclWriter) notes(notes []note) {
	for i, n := range notes {
		if n.blank && i > 0 {
			w.gap()
		}
		w.b.WriteString(n.text + "\n")
	}
}

// item writes an attribute or block at the top. Single is what it is if it
// takes one line, else "": only such of one sort stand close together.
func (w *hclWriter) item(b *branch, text, single string) {
	if len(w.pending) > 0 {
		w.gap()
		w.notes(w.pending)
		w.gap()
	}
	above := len(b.above) > 0
	if single == "" || w.single != single || b.blank && !above || above && b.above[0].blank {
		w.gap()
	}
	w.notes(b.above)
	if above && b.blank {
		w.gap()
	}
	w.b.WriteString(text)
	w.pending, w.single = nil, single
}

// group writes the resources of a kind, or the variables.
func (w *hclWriter) group(key string, g *branch) {
	word := "variable"
	if k := schema.KindPlural(key); k != nil {
		word = k.Name
	}
	w.pending = append(w.pending, g.above...)
	w.pending = append(w.pending, sideNote(*g)...)
	if g.value.form != formObject {
		w.error(g.value.at, key+" is no object here", "HCL has a block for each: write them out.")
		return
	}
	for i := range g.value.items {
		b := &g.value.items[i]
		if b.key.form != formText || isTemplate(b.key.text) {
			w.error(b.key.at, "a name that has to be evaluated", "A block's name in HCL is plain text.")
		}
		w.block(word+" "+quoteHCL(b.key.text), b)
	}
	w.pending = append(w.pending, g.value.foot...)
}

// block writes a block.
func (w *hclWriter) block(header string, b *branch) {
	t := &b.value
	if t.form != formObject {
		w.error(t.at, "this is no object", "A block in HCL has attributes: write them out.")
		return
	}
	side := ""
	if b.side != "" {
		side = " " + b.side
	}
	if t.oneLine() && len(t.items) <= 1 {
		text := header + " {"
		for i := range t.items {
			text += " " + strings.TrimSuffix(w.attr(&t.items[i], 0), "\n") + " "
		}
		w.item(b, text+"}"+side+"\n", strings.Fields(header)[0])
		return
	}
	w.item(b, header+" {"+side+"\n"+w.attrs(t)+"}\n", "")
}

// attrs are the attributes of a block.
func (w *hclWriter) attrs(t *tree) string {
	return w.lines(t, "  ", func(b *branch) string { return w.attr(b, 2) })
}

// lines are the branches of a tree, and what stands above and below them.
func (w *hclWriter) lines(t *tree, indent string, line func(*branch) string) string {
	var s strings.Builder
	note := func(n note, first bool) {
		if n.blank && !first {
			s.WriteByte('\n')
		}
		s.WriteString(indent + n.text + "\n")
	}
	for i := range t.items {
		b := &t.items[i]
		text := line(b) // which may move a comment above
		for j, n := range b.above {
			note(n, i+j == 0)
		}
		if b.blank && i+len(b.above) > 0 {
			s.WriteByte('\n')
		}
		s.WriteString(indent + text)
	}
	for i, n := range t.foot {
		note(n, len(t.items)+i == 0)
	}
	return s.String()
}

// attr is an attribute with the comment at its end.
func (w *hclWriter) attr(b *branch, indent int) string {
	name := b.key.text
	if b.key.form != formText || !hclsyntax.ValidIdentifier(name) {
		w.error(b.key.at, fmt.Sprintf("%s cannot be the name of an attribute in HCL", schema.Quote(name)), "Let it begin with a letter or _, and have letters, digits, - and _ only.")
		return ""
	}
	it := *b
	if name == "depends_on" || name == "ignore_changes" {
		it.value.items = bareElements(name, it.value.items)
	}
	text := w.ended(&it, name+" = ", strings.Repeat(" ", indent), "")
	b.above, b.side = it.above, it.side
	return text
}

// bareElements are the elements of the list, as references where they are such
// as text.
func bareElements(list string, items []branch) []branch {
	out := slices.Clone(items)
	for i := range out {
		v := &out[i].value
		if v.form != formText || isTemplate(v.text) {
			continue
		}
		code, diags := hclsyntax.ParseExpression([]byte(v.text), "", hcl.InitialPos)
		if ref, ok := code.(*hclsyntax.ScopeTraversalExpr); ok && !diags.HasErrors() && isBare(list, ref.Traversal) && pathText(ref.Traversal) == v.text {
			v.form = formCode
		}
	}
	return out
}

// ended is a branch with its value, what follows that, and the comment at the
// end of the line, or behind the opening bracket. A comment that has no place on
// the line is moved above it.
func (w *hclWriter) ended(b *branch, before, indent, after string) string {
	v := &b.value
	text := w.value(v, indent)
	heredoc := strings.Contains(text, "\n") && isHeredoc(text)
	if heredoc && after != "" {
		after = "\n" + indent + after
	}
	switch open, rest, many := strings.Cut(text, "\n"); {
	case b.side == "":
	case heredoc:
		b.above = append(b.above, note{text: b.side, at: v.at})
		b.side = ""
	case many && (v.form == formList || v.form == formObject):
		return before + open + " " + b.side + "\n" + rest + after + "\n"
	default:
		after += " " + b.side
	}
	return before + text + after + "\n"
}

// value is a value; lines after its first begin with indent.
func (w *hclWriter) value(t *tree, indent string) string {
	switch t.form {
	case formNull:
		return "null"
	case formText:
		if t.blockish() {
			if code, ok := heredoc(t.text, indent); ok {
				return code
			}
		}
		return quotedHCL(t.text)
	case formList:
		return w.list(t, indent)
	case formObject:
		return w.object(t, indent)
	}
	return t.text
}

func (w *hclWriter) list(t *tree, indent string) string {
	if !t.oneLine() {
		last := len(t.items) - 1
		return "[\n" + w.lines(t, indent+"  ", func(b *branch) string {
			b.hoist() // as in YAML, so that it is the same after a way there and back
			text := w.ended(b, "", indent+"  ", ",")
			if b == &t.items[last] && strings.HasSuffix(text, "\n"+indent+"  ,\n") {
				return strings.TrimSuffix(text, indent+"  ,\n") // a heredoc; the comma would stand alone
			}
			return text
		}) + indent + "]"
	}
	parts := make([]string, len(t.items))
	for i := range t.items {
		parts[i] = w.value(&t.items[i].value, indent)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (w *hclWriter) object(t *tree, indent string) string {
	if !t.oneLine() {
		return "{\n" + w.lines(t, indent+"  ", func(b *branch) string {
			return w.ended(b, w.key(&b.key)+" = ", indent+"  ", "")
		}) + indent + "}"
	}
	if len(t.items) == 0 {
		return "{}"
	}
	parts := make([]string, len(t.items))
	for i := range t.items {
		parts[i] = w.key(&t.items[i].key) + " = " + w.value(&t.items[i].value, indent)
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// key is the key of an object.
func (w *hclWriter) key(t *tree) string {
	switch {
	case t.form == formCode:
		return "(" + t.text + ")"
	case hclName.MatchString(t.text) && t.text != "for":
		return t.text
	}
	return quotedHCL(t.text)
}

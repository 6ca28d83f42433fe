package loader

import (
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"trueup/diag"
	"trueup/schema"
)

// codeReader reads expressions into trees: those of an HCL file, and what
// stands between ${ and } in YAML.
type codeReader struct {
	typed
	src      *source
	out      *diag.List
	text     []byte // that ranges count in
	comments []codeComment
}

// value reads an expression.
func (r *codeReader) value(e hclsyntax.Expression, a *schema.Attr) tree {
	at := r.src.place(e.Range())
	switch e := e.(type) {
	case *hclsyntax.TemplateWrapExpr:
		t := r.value(e.Wrapped, a)
		t.above = append(t.above, r.before(e.Range().End.Byte)...)
		return t
	case *hclsyntax.TemplateExpr:
		return r.template(e, a, at)
	case *hclsyntax.ObjectConsExpr:
		return r.object(e, a, at)
	case *hclsyntax.TupleConsExpr:
		return r.list(e, a, at)
	case *hclsyntax.ScopeTraversalExpr:
		if a == typeAttr() && len(e.Traversal) == 1 {
			return literalText(e.Traversal.RootName(), at)
		}
	}
	if t, ok := r.literal(e, a); ok {
		t.at = at
		return t
	}
	return r.code(e, at)
}

// typeAttr is that of the type of a variable, which may be a bare word.
func typeAttr() *schema.Attr { return &variableAttrs[len(variableAttrs)-1] }

var hclNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// literal reads null, true, false and numbers, unless text is wanted: text
// would be made of their value and not of what is written.
func (r *codeReader) literal(e hclsyntax.Expression, a *schema.Attr) (tree, bool) {
	raw := string(e.Range().SliceBytes(r.text))
	switch {
	case raw == "null":
		return tree{form: formNull}, true
	case wantsText(a):
	case raw == "true" || raw == "false":
		return tree{form: formBool, text: raw}, true
	case hclNumber.MatchString(raw):
		if _, ok := plainNumber(raw); ok {
			return tree{form: formNumber, text: raw}, true
		}
	}
	return tree{}, false
}

// code takes the expression as it is written, but for its layout.
func (r *codeReader) code(e hclsyntax.Expression, at diag.Range) tree {
	r.drop(e.Range().End.Byte)
	return tree{form: formCode, text: formatCode(string(e.Range().SliceBytes(r.text))), at: at}
}

// simpleCode needs no formatting.
var simpleCode = regexp.MustCompile(`^[A-Za-z_][\w.-]*$`)

// formatCode is the canonical form of an expression. One that goes over several
// lines is put in parentheses unless it is in brackets, so that it can stand
// anywhere.
func formatCode(raw string) string {
	if simpleCode.MatchString(raw) {
		return raw
	}
	const before = "x = "
	if breaks(raw) {
		raw = "(" + raw + "\n)"
	}
	out := string(formatHCL([]byte(before + raw + "\n")))
	if code, ok := strings.CutPrefix(out, before); ok {
		return strings.TrimSuffix(code, "\n")
	}
	return raw
}

// breaks reports whether a line of the expression ends outside of brackets.
func breaks(raw string) bool {
	depth := 0
	tokens, _ := hclsyntax.LexExpression([]byte(raw), "", hcl.InitialPos)
	for i, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenNewline:
			if depth == 0 && i < len(tokens)-2 { // the last is the end of the text
				return true
			}
		case hclsyntax.TokenComment:
			if depth == 0 && isLineComment(t) {
				return true
			}
		}
	}
	return false
}

// opening takes the comment behind an opening bracket.
func (r *codeReader) opening(t *tree, rng hcl.Range) {
	t.wide = rng.Start.Line != rng.End.Line
	if t.wide {
		t.head = r.side(rng.Start.Byte+1, "")
	}
}

func (r *codeReader) list(e *hclsyntax.TupleConsExpr, a *schema.Attr, at diag.Range) tree {
	t := tree{form: formList, at: at}
	r.opening(&t, e.Range())
	elem, bare := r.elem(a), isBareList(a)
	for _, x := range e.Exprs {
		start := x.Range().Start.Byte
		b := branch{above: r.before(start), blank: blankBefore(r.text, start)}
		if text, ok := bareWord(x, a); bare && ok {
			b.value = literalText(text, r.src.place(x.Range()))
		} else {
			b.value = r.value(x, elem)
		}
		t.put(b, r.side(x.Range().End.Byte, ","))
	}
	t.foot = r.before(e.Range().End.Byte)
	return t
}

// bareWord is the text that a reference in depends_on or ignore_changes stands for.
func bareWord(x hclsyntax.Expression, a *schema.Attr) (string, bool) {
	ref, ok := x.(*hclsyntax.ScopeTraversalExpr)
	if !ok || a == nil || !isBare(a.Name, ref.Traversal) {
		return "", false
	}
	return pathText(ref.Traversal), true
}

func (r *codeReader) object(e *hclsyntax.ObjectConsExpr, a *schema.Attr, at diag.Range) tree {
	t := tree{form: formObject, at: at}
	r.opening(&t, e.Range())
	for _, item := range e.Items {
		start := item.KeyExpr.Range().Start.Byte
		b := branch{above: r.before(start), blank: blankBefore(r.text, start), key: r.key(item.KeyExpr)}
		b.above = append(b.above, r.before(item.ValueExpr.Range().Start.Byte)...)
		of, _ := r.entry(a, &b.key)
		b.value = r.value(item.ValueExpr, of)
		t.put(b, r.side(item.ValueExpr.Range().End.Byte, ","))
	}
	t.foot = r.before(e.Range().End.Byte)
	return t
}

// key reads the key of an object.
func (r *codeReader) key(e hclsyntax.Expression) tree {
	at := r.src.place(e.Range())
	k, ok := e.(*hclsyntax.ObjectConsKeyExpr)
	if !ok {
		return r.code(e, at)
	}
	if text, ok := literalKey(k); ok {
		return literalText(text, at)
	}
	switch w := k.Wrapped.(type) {
	case *hclsyntax.TemplateExpr:
		return r.template(w, nil, at)
	case *hclsyntax.TemplateWrapExpr:
		return r.code(w.Wrapped, at)
	case *hclsyntax.ParenthesesExpr:
		return r.code(w.Expression, at)
	case *hclsyntax.ScopeTraversalExpr:
		r.out.Add(diag.Diagnostic{Summary: "a reference as a key", Code: "expression", Range: at,
			Detail: "Put it in parentheses if its value is to be the key, or in quotes if it is text."})
	}
	return r.code(k.Wrapped, at)
}

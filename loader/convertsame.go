package loader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"trueup/diag"
)

// Before a conversion is handed out, it is read again: both trees must say the
// same, and have the same comments.

// codeShape is what an expression does, whatever its spelling: templates by
// their parts, the rest by its tokens. The ranges of the expression count in text.
func codeShape(e hclsyntax.Expression, text []byte) string {
	shape := func(e hclsyntax.Expression) string {
		if e == nil {
			return "-"
		}
		return codeShape(e, text)
	}
	switch e := e.(type) {
	case nil:
		return "-"
	case *hclsyntax.TemplateExpr:
		return templateShape(e, shape)
	case *hclsyntax.TemplateWrapExpr:
		return "wrap(" + shape(e.Wrapped) + ")"
	case *hclsyntax.LiteralValueExpr:
		return fmt.Sprintf("%#v", e.Val)
	case *hclsyntax.ConditionalExpr:
		return "if(" + shape(e.Condition) + "," + shape(e.TrueResult) + "," + shape(e.FalseResult) + ")"
	case *hclsyntax.TemplateJoinExpr:
		return "join(" + shape(e.Tuple) + ")"
	case *hclsyntax.ForExpr:
		return "for(" + e.KeyVar + "," + e.ValVar + "," + shape(e.CollExpr) + "," + shape(e.KeyExpr) + "," + shape(e.ValExpr) + "," + shape(e.CondExpr) + fmt.Sprint(e.Group) + ")"
	case *hclsyntax.ParenthesesExpr:
		return "(" + shape(e.Expression) + ")"
	}
	return tokenShape(e.Range().SliceBytes(text))
}

// templateShape joins literals that follow one another.
func templateShape(e *hclsyntax.TemplateExpr, shape func(hclsyntax.Expression) string) string {
	var parts []string
	literal := ""
	flush := func() {
		if literal != "" {
			parts = append(parts, fmt.Sprintf("%q", literal))
		}
		literal = ""
	}
	for _, p := range e.Parts {
		if lit, ok := p.(*hclsyntax.LiteralValueExpr); ok && lit.Val.Type() == cty.String {
			literal += lit.Val.AsString()
			continue
		}
		flush()
		parts = append(parts, shape(p))
	}
	flush()
	return "text(" + strings.Join(parts, ",") + ")"
}

// tokenShape is code without its layout.
func tokenShape(code []byte) string {
	var b strings.Builder
	tokens, _ := hclsyntax.LexExpression(code, "", hcl.InitialPos)
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenNewline && t.Type != hclsyntax.TokenEOF && t.Type != hclsyntax.TokenComment {
			b.Write(t.Bytes)
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// textShape is what a text does.
func textShape(text string) string {
	code, diags := parseTemplate([]byte(text), "")
	if diags.HasErrors() {
		return text
	}
	return codeShape(code, []byte(text))
}

// differs is where the first difference between two trees is, as a place in
// the first.
func differs(a, b *tree) (diag.Range, bool) {
	if !sameLeaf(a, b) || len(a.items) != len(b.items) {
		return a.at, true
	}
	for i := range a.items {
		x, y := &a.items[i], &b.items[i]
		if !sameLeaf(&x.key, &y.key) {
			return x.key.at, true
		}
		if at, ok := differs(&x.value, &y.value); ok {
			return at, true
		}
	}
	return diag.Range{}, false
}

func sameLeaf(a, b *tree) bool {
	switch {
	case a.form != b.form:
		return false
	case a.text == b.text:
		return true
	case a.form == formText:
		return textShape(a.text) == textShape(b.text)
	case a.form == formCode:
		return tokenShape([]byte(a.text)) == tokenShape([]byte(b.text))
	}
	return false
}

// remarks are the comments of a tree, sorted.
func (t *tree) remarks() []string {
	var out []string
	t.eachRemark(func(text string) { out = append(out, text) })
	slices.Sort(out)
	return out
}

func (t *tree) eachRemark(do func(string)) {
	for _, n := range slices.Concat(t.above, t.foot) {
		do(n.text)
	}
	for _, c := range t.inside() {
		do(c)
	}
	for i := range t.items {
		b := &t.items[i]
		for _, n := range b.above {
			do(n.text)
		}
		if b.side != "" {
			do(b.side)
		}
		b.key.eachRemark(do)
		b.value.eachRemark(do)
	}
}

// inside are the comments within code, and within the code of a text.
func (t *tree) inside() []string {
	var tokens hclsyntax.Tokens
	switch {
	case !strings.ContainsAny(t.text, "#/"):
	case t.form == formCode:
		tokens, _ = hclsyntax.LexExpression([]byte(t.text), "", hcl.InitialPos)
	case t.form == formText && isTemplate(t.text):
		tokens, _ = hclsyntax.LexTemplate([]byte(t.text), "", hcl.InitialPos)
	}
	var out []string
	for _, k := range tokens {
		if k.Type == hclsyntax.TokenComment {
			out = append(out, strings.TrimSpace(string(k.Bytes)))
		}
	}
	return out
}

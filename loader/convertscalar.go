package loader

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"gopkg.in/yaml.v3"

	"trueup/schema"
)

// scalar reads a scalar as the decoder does: see decoder.scalar.
func (y *yamlReader) scalar(n *yaml.Node, a *schema.Attr) tree {
	t := tree{form: formText, text: n.Value, at: y.f.src.rangeOf(n), wide: n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0}
	switch {
	case isNull(n):
		return tree{form: formNull, at: t.at}
	case isTemplate(n.Value) && y.literal:
		t.text = escapeTemplate(t.text)
		return t
	case isTemplate(n.Value):
		return y.template(n, a)
	case wantsText(a):
		return t
	}
	v := plain(n)
	if b, ok := plainBool(n.Value); ok && wantsBool(a) {
		v = schema.Bool(b)
	}
	if wantsNumber(a) {
		v = number(n)
	}
	switch v := v.(type) {
	case schema.Bool:
		t.form, t.text = formBool, strconv.FormatBool(bool(v))
	case schema.Number:
		t.form, t.text = formNumber, hclDecimal(n.Value, float64(v))
	default:
		if wantsBool(a) || wantsNumber(a) {
			t.form, t.text = formCode, quoteHCL(n.Value)
		}
	}
	return t
}

// hclDecimal is the number as HCL writes it.
func hclDecimal(s string, f float64) string {
	if yamlBase.MatchString(s) {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	s = strings.TrimPrefix(s, "+")
	digits, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		digits, exponent = s[:i], s[i:]
	}
	digits = strings.TrimSuffix(digits, ".")
	if sign, rest, ok := strings.Cut(digits, "."); ok && strings.Trim(sign, "-") == "" {
		digits = sign + "0." + rest
	}
	return digits + exponent
}

// template reads a scalar with ${ or %{ in it.
func (y *yamlReader) template(n *yaml.Node, a *schema.Attr) tree {
	t := tree{form: formText, text: n.Value, at: y.f.src.rangeOf(n), wide: n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0}
	wrap, r := y.code(n)
	if wrap == nil {
		return t
	}
	t = r.value(wrap, a)
	if y.quiet > 0 {
		t.forget()
	}
	return t
}

// code is the one expression that a scalar is, nil where it is another
// template, and the reader for it.
func (y *yamlReader) code(n *yaml.Node) (*hclsyntax.TemplateWrapExpr, *codeReader) {
	known := y.f.src.templates[n]
	if known == nil {
		known = y.scan.parse(n) // a key that the scanner does not look into
	}
	wrap, ok := known.code.(*hclsyntax.TemplateWrapExpr)
	if !ok {
		return nil, nil
	}
	text := []byte(n.Value)
	tokens, _ := hclsyntax.LexTemplate(text, wrap.Range().Filename, hcl.InitialPos)
	return wrap, &codeReader{typed: y.typed, src: y.f.src, out: &y.f.diags, text: text, comments: codeComments(text, tokens)}
}

// forget takes the comments out, which stand where the tree is written first.
func (t *tree) forget() {
	t.above, t.foot, t.head = nil, nil, ""
	for i := range t.items {
		b := &t.items[i]
		b.above, b.side = nil, ""
		b.key.forget()
		b.value.forget()
	}
}

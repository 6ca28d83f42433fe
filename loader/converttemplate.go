package loader

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"trueup/diag"
	"trueup/schema"
)

// template reads quoted text or a heredoc.
func (r *codeReader) template(e *hclsyntax.TemplateExpr, a *schema.Attr, at diag.Range) tree {
	raw := e.Range().SliceBytes(r.text)
	quoted := bytes.HasPrefix(raw, []byte{'"'})
	t := tree{form: formText, wide: !quoted, at: at}
	if quoted && !bytes.ContainsAny(raw, "\\$%") {
		t.text = string(raw[1 : len(raw)-1])
		return r.plainText(t, e, a)
	}
	code := formatCode(string(raw))
	parsed, diags := hclsyntax.ParseExpression([]byte(code+"\n"), "", hcl.InitialPos)
	if whole, ok := parsed.(*hclsyntax.TemplateExpr); ok && !diags.HasErrors() {
		want := codeShape(parsed, []byte(code))
		for _, text := range templateTexts(code, whole) {
			if code, err := parseTemplate([]byte(text), ""); !err.HasErrors() && codeShape(code, []byte(text)) == want {
				t.text = text
				return r.plainText(t, e, a)
			}
		}
	}
	return r.code(e, at)
}

// plainText is t, unless a number or a truth value is wanted, for which both
// spellings take text in ways of their own.
func (r *codeReader) plainText(t tree, e hclsyntax.Expression, a *schema.Attr) tree {
	r.drop(e.Range().End.Byte)
	switch {
	case isTemplate(t.text):
	case wantsBool(a) && (t.text == "true" || t.text == "false"):
		t.form = formBool
	case wantsNumber(a) && hclNumber.MatchString(t.text):
		t.form = formNumber
	case wantsBool(a) || wantsNumber(a):
		return r.code(e, t.at)
	}
	return t
}

// templateTexts are the texts that may be the template which code writes in
// quotes or as a heredoc; the best first.
func templateTexts(code string, e *hclsyntax.TemplateExpr) []string {
	if strings.HasPrefix(code, `"`) {
		return []string{unquoteHCL(code)}
	}
	_, body, _ := strings.Cut(code, "\n")
	body = body[:strings.LastIndexByte(body, '\n')+1]
	texts := []string{body}
	if strings.HasPrefix(code, "<<-") {
		texts = append(texts, dedented(body))
	}
	if e.IsStringLiteral() {
		v, _ := e.Value(nil)
		texts = append(texts, escapeTemplate(v.AsString()))
	}
	return texts
}

// dedented takes the indentation off that all lines but empty ones have.
func dedented(text string) string {
	lines := strings.SplitAfter(text, "\n")
	indent := -1
	for _, line := range lines {
		if rest := strings.TrimLeft(line, " \t"); rest != "" && rest != "\n" {
			if n := len(line) - len(rest); indent < 0 || n < indent {
				indent = n
			}
		}
	}
	for i, line := range lines {
		lines[i] = line[min(max(indent, 0), len(line)-len(strings.TrimLeft(line, " \t"))):]
	}
	return strings.Join(lines, "")
}

// isHeredoc reports whether code ends in the mark of a heredoc, which nothing
// may follow on its line.
func isHeredoc(code string) bool {
	tokens, _ := hclsyntax.LexExpression([]byte(code+"\n"), "", hcl.InitialPos)
	tokens = slices.DeleteFunc(tokens, func(t hclsyntax.Token) bool {
		return t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenEOF
	})
	return len(tokens) > 0 && tokens[len(tokens)-1].Type == hclsyntax.TokenCHeredoc
}

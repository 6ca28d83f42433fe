package loader

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Text in the two spellings. The tree has it as a template, as YAML does; HCL
// has it in quotes or as a heredoc.

// literals calls do for every stretch of a text outside of its ${…} and %{…},
// and copies the rest.
func literals(text string, tokens hclsyntax.Tokens, do func(string) string) string {
	var b strings.Builder
	at, depth := 0, 0
	for _, t := range tokens {
		b.WriteString(text[at:t.Range.Start.Byte])
		at = t.Range.End.Byte
		part := text[t.Range.Start.Byte:at]
		switch t.Type {
		case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit:
			if depth == 0 {
				part = do(part)
			}
		}
		b.WriteString(part)
	}
	return b.String()
}

// unquoteHCL is the template that quoted text is, its escapes undone.
func unquoteHCL(code string) string {
	tokens, _ := hclsyntax.LexExpression([]byte(code), "", hcl.InitialPos)
	text := literals(code, tokens, unescapeHCL)
	return text[1 : len(text)-1]
}

var hclEscape = regexp.MustCompile(`\\(?:[nrt"\\]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`)

func unescapeHCL(s string) string {
	return hclEscape.ReplaceAllStringFunc(s, func(e string) string {
		if e[1] == 'u' || e[1] == 'U' {
			n, _ := strconv.ParseUint(e[2:], 16, 32)
			return string(rune(n))
		}
		return map[byte]string{'n': "\n", 'r': "\r", 't': "\t"}[e[1]] + strings.Trim(e[1:], "nrt")
	})
}

// quotedHCL is the template in quotes. A ~ takes the blanks off up to the end of
// the line, and quotes have no lines: where that makes a difference, the blanks
// are taken off here.
func quotedHCL(text string) string {
	if !isTemplate(text) {
		return quoteHCL(text)
	}
	quoted := escapeLiterals(text)
	if strings.Contains(text, "~") {
		code, diags := hclsyntax.ParseExpression([]byte(quoted), "", hcl.InitialPos)
		if diags.HasErrors() || codeShape(code, []byte(quoted)) != textShape(text) {
			return escapeLiterals(trimmed(text))
		}
	}
	return quoted
}

func escapeLiterals(text string) string {
	tokens, _ := hclsyntax.LexTemplate([]byte(text), "", hcl.InitialPos)
	return `"` + literals(text, tokens, func(s string) string {
		q := quoteHCL(s)
		return q[1 : len(q)-1]
	}) + `"`
}

// trimmed is the template without ~, and without the blanks that they take off.
func trimmed(text string) string {
	tokens, _ := hclsyntax.LexTemplate([]byte(text), "", hcl.InitialPos)
	var parts []string
	at, depth, trim := 0, 0, false
	for i, t := range tokens {
		part := text[at:t.Range.End.Byte]
		at = t.Range.End.Byte
		switch t.Type {
		case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			if bare, ok := strings.CutSuffix(part, "~"); ok && depth == 0 {
				if part = bare; i > 0 && tokens[i-1].Type == hclsyntax.TokenStringLit {
					parts[i-1] = strings.TrimRightFunc(parts[i-1], unicode.IsSpace)
				}
			}
			depth++
		case hclsyntax.TokenTemplateSeqEnd:
			depth--
			bare, ok := strings.CutSuffix(part, "~}")
			if trim = ok && depth == 0; trim {
				part = bare + "}"
			}
		case hclsyntax.TokenStringLit:
			if trim {
				part = strings.TrimLeftFunc(part, unicode.IsSpace)
			}
			trim = false
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "")
}

// blockish reports whether the text is better written over several lines.
func (t *tree) blockish() bool {
	return t.form == formText && (t.wide || strings.Contains(strings.TrimSuffix(t.text, "\n"), "\n"))
}

var blankAtEnd = regexp.MustCompile(`[ \t](\n|$)`)

// overLines reports whether the text can stand over several lines without
// escapes. Blanks at the ends of lines cannot: nobody sees them.
func overLines(text string) bool {
	return strings.Trim(text, "\n") != "" && !blankAtEnd.MatchString(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && needsEscape(r) })
}

// heredoc is the text as a heredoc whose lines begin with indent; ok is false
// where it can be none.
func heredoc(text, indent string) (code string, ok bool) {
	if !strings.HasSuffix(text, "\n") || !overLines(text) {
		return "", false
	}
	mark := "EOT"
	for i := 2; regexp.MustCompile(`(?m)^[ \t]*` + mark + `[ \t]*$`).MatchString(text); i++ {
		mark = fmt.Sprintf("EOT%d", i)
	}
	parsed, diags := parseTemplate([]byte(text), "")
	if diags.HasErrors() {
		return "", false
	}
	want := codeShape(parsed, []byte(text))
	for _, code := range []string{
		"<<-" + mark + "\n" + indented(text, len(indent)+2) + indent + mark,
		"<<" + mark + "\n" + text + mark,
	} {
		got, diags := hclsyntax.ParseExpression([]byte(code+"\n"), "", hcl.InitialPos)
		if !diags.HasErrors() && codeShape(got, []byte(code)) == want {
			return code, true
		}
	}
	return "", false
}

// needsEscape reports whether the character cannot stand in both spellings as
// it is.
func needsEscape(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff
}

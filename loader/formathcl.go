package loader

import (
	"bytes"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// The canonical form of HCL is hclwrite's, with at most one blank line in a
// row, none at either end, and line feeds.

// canonHCL is the canonical form of the file's text, if that can be parsed.
func (f *file) canonHCL() []byte {
	cuts, ok := f.checkHCL()
	if !ok {
		return nil
	}
	for i := 1; i < len(cuts); i++ {
		f.diags.Add(translate(f.parseHCL(cuts[i-1], cuts[i]).diags, f.src.place)...)
	}
	if f.diags.HasErrors() {
		return nil
	}
	return formatHCL(f.src.text)
}

// formatHCL is the canonical form of a text that the parser takes; nil if the
// library panics on it. What hclwrite makes is not always what it makes of that
// again; a few rounds settle it.
func formatHCL(text []byte) (out []byte) {
	defer func() {
		if recover() != nil {
			out = nil
		}
	}()
	const rounds = 5
	for range rounds {
		out = hclwrite.Format(squeezeHCL(text))
		if bytes.Equal(out, text) {
			break
		}
		text = out
	}
	return out
}

// squeezeHCL takes out blank lines that are too many, carriage returns at line
// ends, and blanks behind comments.
func squeezeHCL(text []byte) []byte {
	var out bytes.Buffer
	at, breaks := 0, 2 // what stands before the first token, and line ends in a row
	for _, t := range lexHCL(text) {
		gap := text[at:t.Range.Start.Byte]
		at = t.Range.End.Byte
		switch t.Type {
		case hclsyntax.TokenNewline:
			if breaks++; breaks <= 2 {
				out.WriteByte('\n')
			}
			continue
		case hclsyntax.TokenEOF:
			continue
		}
		out.Write(gap)
		breaks = 0
		switch {
		case isLineComment(t):
			out.Write(bytes.TrimRight(t.Bytes, " \t\r\n"))
			out.WriteByte('\n')
			breaks = 1
		case t.Type == hclsyntax.TokenOHeredoc || t.Type == hclsyntax.TokenComment:
			out.Write(bytes.ReplaceAll(t.Bytes, []byte("\r\n"), []byte("\n")))
		default:
			out.Write(t.Bytes)
		}
	}
	if squeezed := bytes.TrimRight(out.Bytes(), "\n"); len(squeezed) > 0 {
		return append(squeezed, '\n')
	}
	return nil
}

// isLineComment: such a comment takes in the end of its line.
func isLineComment(t hclsyntax.Token) bool {
	return t.Type == hclsyntax.TokenComment && !bytes.HasPrefix(t.Bytes, []byte("/*"))
}

func lexHCL(text []byte) hclsyntax.Tokens {
	tokens, _ := hclsyntax.LexConfig(text, "", hcl.InitialPos)
	return tokens
}

// sameHCL reports whether two texts have the same tokens, comments among them,
// so that the parser makes the same of them.
func sameHCL(a, b []byte) bool {
	return slices.EqualFunc(settledHCL(a), settledHCL(b), func(x, y hclsyntax.Token) bool {
		return x.Type == y.Type && bytes.Equal(x.Bytes, y.Bytes)
	})
}

// settledHCL are the tokens of a text, without what canonical form may change.
func settledHCL(text []byte) hclsyntax.Tokens {
	var out hclsyntax.Tokens
	for _, t := range lexHCL(text) {
		switch t.Type {
		case hclsyntax.TokenNewline:
			if len(out) == 0 || endsLine(out[len(out)-1]) {
				continue
			}
			t.Bytes = []byte{'\n'}
		case hclsyntax.TokenComment:
			if isLineComment(t) {
				t.Bytes = bytes.TrimRight(t.Bytes, " \t\r\n")
			}
			fallthrough
		case hclsyntax.TokenOHeredoc:
			t.Bytes = bytes.ReplaceAll(t.Bytes, []byte("\r\n"), []byte("\n"))
		case hclsyntax.TokenEOF:
			if len(out) > 0 && out[len(out)-1].Type == hclsyntax.TokenNewline {
				out = out[:len(out)-1]
			}
		}
		out = append(out, t)
	}
	return out
}

func endsLine(t hclsyntax.Token) bool {
	return t.Type == hclsyntax.TokenNewline || isLineComment(t)
}

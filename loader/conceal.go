package loader

import (
	"bytes"
	"slices"

	"trueup/diag"
)

// concealed is what is kept out of excerpts: what hide was told, and all that
// stands in the parentheses of sensitive(…). Those are found in the bare text,
// so that they are also hidden where the file cannot be parsed.
func (s *source) concealed() []diag.Range {
	out := slices.Clone(s.hidden)
	call := []byte("sensitive(")
	for at := 0; ; {
		i := bytes.Index(s.text[at:], call)
		if i < 0 {
			return out
		}
		start := at + i + len(call)
		at = closing(s.text, start)
		out = append(out, diag.Range{File: s.name, Start: s.pos(start), End: s.pos(at)})
	}
}

// closing is where the parenthesis ends that was opened before from: the end of
// the text, if nothing closes it. In YAML's double quotes a quote is written \".
func closing(text []byte, from int) int {
	depth, quote := 1, ""
	for i := from; i < len(text); i++ {
		mark := ""
		switch c := text[i]; {
		case c == '"':
			mark = `"`
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] == '"' {
				mark = `\"`
			}
		case quote != "":
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i
			}
		}
		switch {
		case quote == "":
			quote = mark
		case quote == mark:
			quote = ""
		}
	}
	return len(text)
}

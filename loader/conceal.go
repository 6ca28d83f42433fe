package loader

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"

	"trueup/diag"
)

// concealed is what is kept out of excerpts: what hide was told, and all that
// stands in the parentheses of sensitive(…). Those are found in the bare text,
// so that they are also hidden where the file cannot be parsed; so are the
// defaults of variables then.
func (s *source) concealed() []diag.Range {
	out := append(slices.Clone(s.hidden), s.defaults()...)
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

var (
	sensitiveVariable = regexp.MustCompile(`\bsensitive["']?\s*[:=]\s*["']?(?i:true)`)
	defaultOfVariable = regexp.MustCompile(`\bdefault["']?[ \t]*[:=]`)
)

// defaults are the defaults of all variables of a file that has a sensitive one
// and of which is not known which that is: what stands behind the key, and all
// lines below that are indented deeper.
func (s *source) defaults() []diag.Range {
	if !s.blind || !sensitiveVariable.Match(s.text) {
		return nil
	}
	var out []diag.Range
	for _, m := range defaultOfVariable.FindAllIndex(s.text, -1) {
		out = append(out, diag.Range{File: s.name, Start: s.pos(m[1]), End: s.pos(s.below(m[1]))})
	}
	return out
}

// below is where the first line begins that is not indented deeper than the one
// of the offset, or a heredoc's text ends with the file.
func (s *source) below(offset int) int {
	lines := s.offsets()
	line := int(s.pos(offset).Line)
	first := s.text[lines[line-1]:s.lineEnd(line-1)]
	if bytes.Contains(first, []byte("<<")) {
		return len(s.text)
	}
	for ; line < len(lines); line++ {
		text := s.text[lines[line]:s.lineEnd(line)]
		if len(bytes.TrimSpace(text)) > 0 && indentOf(text) <= indentOf(first) {
			return lines[line]
		}
	}
	return len(s.text)
}

func indentOf(line []byte) int { return len(line) - len(bytes.TrimLeft(line, " \t")) }

// quiet keeps all of a file of variables out of excerpts once it has mistakes:
// what stands where can't be told, and may be secret.
func (f *file) quiet() {
	isJSON := filepath.Ext(f.src.name) == ".json"
	f.src.mute = f.src.mute || f.diags.HasErrors() && (isJSON || IsVars(f.src.name))
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

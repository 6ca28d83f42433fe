package loader

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"trueup/diag"
)

// start is where a YAML node begins: behind its tag or anchor, where it has one.
func (s *source) start(n *yaml.Node) diag.Pos {
	return diag.Pos{Line: int32(n.Line), Column: int32(n.Column)}
}

// rangeOf is the range of a YAML node. Of a node that goes over several lines,
// and of a list or map, only the beginning is known.
func (s *source) rangeOf(n *yaml.Node) diag.Range {
	r := diag.Range{File: s.name, Start: s.start(n)}
	r.End = diag.Pos{Line: r.Start.Line, Column: r.Start.Column + 1}
	if n.Kind == yaml.AliasNode {
		r.End.Column += int32(utf8.RuneCountInString(n.Value))
		return r
	}
	if n.Kind != yaml.ScalarNode {
		return r
	}
	if n.Style == 0 && n.Anchor == "" {
		r.End.Column = r.Start.Column + max(1, int32(utf8.RuneCountInString(n.Value)))
		return r
	}
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		if end := s.within(n, len(n.Value)); end.Line == r.Start.Line {
			r.End.Column = end.Column + 1
		}
	}
	return r
}

// within is the place of a byte of a scalar's value, found by walking through
// the value and the way it is written side by side. A run of blanks and line
// breaks in the one stands for any such run in the other, so a place inside
// such a run is approximate.
func (s *source) within(n *yaml.Node, offset int) diag.Pos {
	w := s.walker(n)
	value := n.Value
	for i := 0; i < min(offset, len(value)); {
		r, size := utf8.DecodeRuneInString(value[i:])
		if isBlank(r) {
			for i < min(offset, len(value)) && isBlank(rune(value[i])) {
				w.blank(rune(value[i]))
				i++
			}
			if i < offset || offset == len(value) {
				w.blanks()
			}
			continue
		}
		w.blanks()
		w.rune(r)
		i += size
	}
	if offset < len(value) && !isBlank(rune(value[offset])) {
		w.blanks()
	}
	return s.pos(w.at)
}

// walker goes through the source text of one scalar.
type walker struct {
	text  []byte
	at    int
	style yaml.Style
}

func (s *source) walker(n *yaml.Node) *walker {
	w := &walker{text: s.text, at: s.offset(n.Line, n.Column), style: n.Style &^ yaml.TaggedStyle}
	w.properties()
	switch {
	case w.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		for w.at < len(w.text) && w.text[w.at] != '\n' {
			w.at++
		}
		w.skip()
	case w.style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		w.at = min(w.at+1, len(w.text))
	}
	return w
}

// properties goes past a tag and an anchor.
func (w *walker) properties() {
	for w.at < len(w.text) && (w.text[w.at] == '&' || w.text[w.at] == '!') {
		for w.at < len(w.text) && !isBlank(rune(w.text[w.at])) {
			w.at++
		}
		w.skip()
	}
}

func isBlank(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' }

// skip goes past blanks and line breaks.
func (w *walker) skip() {
	for w.at < len(w.text) && isBlank(rune(w.text[w.at])) {
		w.at++
	}
}

// blank takes one blank of the value.
func (w *walker) blank(r rune) {
	if w.at < len(w.text) && rune(w.text[w.at]) == r && r == ' ' {
		w.at++
		return
	}
	if e, size := w.escape(); size > 0 && e == r {
		w.at += size
	}
}

// blanks goes past what is left of a run of blanks, with line breaks that are
// escaped.
func (w *walker) blanks() {
	for w.at < len(w.text) {
		switch {
		case isBlank(rune(w.text[w.at])):
			w.at++
		case w.style&yaml.DoubleQuotedStyle != 0 && w.at+1 < len(w.text) && w.text[w.at] == '\\' && w.text[w.at+1] == '\n':
			w.at += 2
		default:
			return
		}
	}
}

// rune takes one character of the value that is not a blank.
func (w *walker) rune(r rune) {
	if _, size := w.escape(); size > 0 {
		w.at += size
		return
	}
	if w.style&yaml.SingleQuotedStyle != 0 && r == '\'' {
		w.at++
	}
	_, size := utf8.DecodeRune(w.text[min(w.at, len(w.text)):])
	w.at = min(w.at+size, len(w.text))
}

// escape is the character that an escape of a double-quoted scalar means, and
// how long the escape is; 0 where none stands.
func (w *walker) escape() (rune, int) {
	if w.style&yaml.DoubleQuotedStyle == 0 || w.at+1 >= len(w.text) || w.text[w.at] != '\\' {
		return 0, 0
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[w.text[w.at+1]]
	if digits > 0 && w.at+2+digits <= len(w.text) {
		n, _ := strconv.ParseUint(string(w.text[w.at+2:w.at+2+digits]), 16, 32)
		return rune(n), 2 + digits
	}
	if i := strings.IndexByte("nt r", w.text[w.at+1]); i >= 0 {
		return rune("\n\t \r"[i]), 2
	}
	return rune(w.text[w.at+1]), 2
}

// hideNode keeps a YAML node, and what follows it on its line, out of excerpts.
func (s *source) hideNode(n *yaml.Node, indent int) {
	line := n.Line
	for lines := s.offsets(); line < len(lines); line++ {
		text := strings.TrimRight(string(s.text[lines[line]:s.lineEnd(line)]), " \r\n")
		if text != "" && len(text)-len(strings.TrimLeft(text, " ")) < indent {
			break
		}
	}
	s.hide(diag.Range{File: s.name, Start: s.start(n), End: diag.Pos{Line: int32(line) + 1, Column: 1}})
}

// lineEnd is where the line of that index ends.
func (s *source) lineEnd(index int) int {
	if lines := s.offsets(); index+1 < len(lines) {
		return lines[index+1]
	}
	return len(s.text)
}

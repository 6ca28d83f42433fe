package loader

import (
	"bytes"
	"strings"
)

// Tokens of more than one character: names, tags, and scalars of all styles.

func (s *yamlScanner) nameEnd() int {
	n := 1
	for s.at+n < len(s.text) {
		c := s.text[s.at+n]
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
		n++
	}
	return n
}

// tagEnd: a tag goes up to a blank, whatever stands in it.
func (s *yamlScanner) tagEnd() int {
	n := 1
	for !isBlankOrEnd(s.peek(n)) {
		n++
	}
	return n
}

func (s *yamlScanner) quoteEnd(quote byte) int {
	n := 1
	for s.at+n < len(s.text) {
		switch c := s.text[s.at+n]; {
		case c == '\\' && quote == '"':
			n++
		case c == quote && c == '\'' && s.peek(n+1) == c:
			n++
		case c == quote:
			return n + 1
		}
		n++
	}
	return min(n, len(s.text)-s.at)
}

// multiline takes a token that may go over several lines.
func (s *yamlScanner) multiline(kind tokenKind, n int) *token {
	text := s.text[s.at : s.at+n]
	t := s.add(kind, n)
	if last := bytes.LastIndexByte(text, '\n'); last >= 0 {
		s.line += bytes.Count(text, []byte{'\n'})
		s.begin = t.from + last + 1
		s.simple = -1
		s.key = kind == tokenPlain && len(s.flow) == 0
	}
	return t
}

// plainEnd is how long the plain scalar is that begins here.
func (s *yamlScanner) plainEnd() int {
	limit := s.top().col + 1
	n, end := 0, 1
	for {
		word := s.plainWord(n)
		if word == n {
			return end
		}
		n, end = word, word
		begin := -1
		for c := s.peek(n); s.at+n < len(s.text) && (c == ' ' || c == '\t' || c == '\n'); c = s.peek(n) {
			if n++; c == '\n' {
				begin = n
			}
		}
		switch {
		case n == end || s.at+n >= len(s.text) || s.peek(n) == '#':
			return end
		case begin >= 0 && len(s.flow) == 0 && n-begin < limit || n == begin && s.markerAt(n):
			return end
		}
	}
}

func (s *yamlScanner) markerAt(n int) bool {
	ahead := yamlScanner{text: s.text, at: s.at + n}
	return ahead.marker()
}

// plainWord goes past the characters of a plain scalar up to a blank or what
// ends it.
func (s *yamlScanner) plainWord(n int) int {
	for s.at+n < len(s.text) {
		c := s.text[s.at+n]
		if isBlankOrEnd(c) || c == ':' && isBlankOrEnd(s.peek(n+1)) || len(s.flow) > 0 && strings.IndexByte(",?[]{}", c) >= 0 {
			break
		}
		n++
	}
	return n
}

// blockScalar takes the header of a block scalar, a comment after it, and its
// lines.
func (s *yamlScanner) blockScalar(indent int) {
	n, given := 1, 0
	strip, keep := false, false
	for ; !isBlankOrEnd(s.peek(n)) && s.peek(n) != '#'; n++ {
		switch c := s.peek(n); {
		case c >= '1' && c <= '9':
			given = int(c - '0')
		case c == '+':
			keep = true
		case c == '-':
			strip = true
		}
	}
	s.add(tokenHeader, n).indent = indent
	s.blanks()
	if s.peek(0) == '#' {
		s.add(tokenComment, s.lineEnd())
		s.blanks()
	}
	if s.at == len(s.text) {
		return
	}
	s.newline()
	keep = keep && !strip
	column := s.textColumn(given)
	end, lines := s.textEnd(column, keep)
	if lines == 0 {
		return
	}
	t := s.add(tokenBlockText, end-s.at)
	t.indent, t.text = max(indent, 2), column
	s.line += lines - 1
}

// textColumn is where the content of a block scalar begins on its lines.
func (s *yamlScanner) textColumn(given int) int {
	if given > 0 {
		return max(s.top().col, 0) + given
	}
	column := max(s.top().col+1, 1)
	for at := s.at; ; {
		n := 0
		for at+n < len(s.text) && s.text[at+n] == ' ' {
			n++
		}
		column = max(column, n)
		if at+n >= len(s.text) || s.text[at+n] != '\n' {
			return column
		}
		at += n + 1
	}
}

// textEnd is where the lines of a block scalar end, without their last line
// break, and how many they are. Blank lines at the end belong to it only if they
// are kept.
func (s *yamlScanner) textEnd(column int, keep bool) (end, lines int) {
	end = s.at
	for at, n := s.at, 1; at < len(s.text); n++ {
		next := len(s.text)
		if i := bytes.IndexByte(s.text[at:], '\n'); i >= 0 {
			next = at + i
		}
		line := s.text[at:next]
		spaces := len(line) - len(bytes.TrimLeft(line, " "))
		if spaces < column && spaces < len(line) {
			break
		}
		if len(line) > column || keep && next < len(s.text) {
			end, lines = next, n
		}
		at = next + 1
	}
	return end, lines
}

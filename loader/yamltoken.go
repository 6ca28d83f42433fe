package loader

import "bytes"

// token is one token of a YAML text, as yaml.v3 would read it. What the parser
// drops (comments, where things stand, how they are spelled) is what fmt and
// convert need.
type token struct {
	kind tokenKind
	from int // bytes
	to   int
	line int // on which it begins, from 0
	col  int // bytes from the beginning of that line

	first  bool // nothing stands before it on its line
	indent int  // if first: the column it has in canonical form
	next   bool // a comment that stands where what comes next stands; else it ends a block of column block
	block  int
	text   int // of a blockText: the column of its content
	folds  int // of a scalar: the column of its further lines in canonical form
}

type tokenKind byte

const (
	tokenPlain     tokenKind = 'p'
	tokenComment   tokenKind = '#'
	tokenHeader    tokenKind = '|' // of a block scalar, either style
	tokenBlockText tokenKind = 't' // its lines
	tokenDirective tokenKind = '%'
	tokenMarker    tokenKind = '.' // --- or ...
	// The others are the character that they begin with: - ? : , [ ] { } & * ! " '
)

// yamlScanner cuts a text into tokens. The text has passed printable and has
// no carriage returns; if the parser takes it, so does the scanner. It makes
// the same choices as scannerc.go of yaml.v3, which follows YAML 1.1 with
// exceptions of its own.
type yamlScanner struct {
	text   []byte
	at     int
	line   int
	begin  int // where the line begins
	tokens []token
	frames []yamlFrame

	flow   []int // for each bracket that is open, the indent of the line that opened it
	base   int   // the same for a bracket that opens now
	fresh  bool  // no token yet on this line
	simple int   // the token that may begin a key on this line, or -1
	key    bool  // a key may begin here
}

// scanYAML gives the tokens of the text, with the indent that each line has in
// canonical form.
func scanYAML(text []byte) []token {
	s := &yamlScanner{text: text, fresh: true, simple: -1, key: true}
	for s.skip(); s.at < len(s.text); s.skip() {
		s.next()
	}
	s.comments(-1, false)
	indent := 0
	for i := len(s.tokens) - 1; i >= 0; i-- {
		t := &s.tokens[i]
		switch {
		case t.kind == tokenComment && t.first && t.next:
			t.indent = indent
		case t.first && t.kind != tokenComment:
			indent = t.indent
		}
	}
	return s.tokens
}

func (s *yamlScanner) peek(n int) byte {
	if s.at+n >= len(s.text) {
		return 0
	}
	return s.text[s.at+n]
}

func isBlankOrEnd(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == 0 }

func (s *yamlScanner) newline() {
	s.at++
	s.line++
	s.begin = s.at
	s.fresh = true
	if len(s.flow) == 0 {
		s.key = true
		s.simple = -1
	}
}

// blanks goes past blanks.
func (s *yamlScanner) blanks() {
	for s.peek(0) == ' ' || s.peek(0) == '\t' {
		s.at++
	}
}

// skip goes past blanks and line breaks.
func (s *yamlScanner) skip() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t':
			s.at++
		case '\n':
			s.newline()
		default:
			return
		}
	}
}

// add takes the next n bytes as a token.
func (s *yamlScanner) add(kind tokenKind, n int) *token {
	s.tokens = append(s.tokens, token{kind: kind, from: s.at, to: s.at + n, line: s.line, col: s.at - s.begin, first: s.fresh})
	s.at += n
	s.fresh = false
	return &s.tokens[len(s.tokens)-1]
}

// next takes one token.
func (s *yamlScanner) next() {
	c := s.text[s.at]
	if c == '#' {
		s.add(tokenComment, s.lineEnd())
		return
	}
	col := s.at - s.begin
	if col == 0 && (c == '%' || s.marker()) {
		s.document(c)
		return
	}
	if s.fresh {
		s.comments(col, c == '-' && isBlankOrEnd(s.peek(1)))
	}
	if len(s.flow) > 0 {
		s.inFlow(c)
		return
	}
	switch blank := isBlankOrEnd(s.peek(1)); {
	case c == '-' && blank:
		s.collection(col, true)
		s.indicator(c, s.top().indent)
	case c == '?' && blank:
		s.collection(col, false)
		s.indicator(c, s.top().indent)
	case c == ':' && blank:
		s.value()
	default:
		s.node(c)
	}
}

func (s *yamlScanner) lineEnd() int {
	n := bytes.IndexByte(s.text[s.at:], '\n')
	if n < 0 {
		n = len(s.text) - s.at
	}
	return len(bytes.TrimRight(s.text[s.at:s.at+n], " \t"))
}

// marker reports whether --- or ... stands here.
func (s *yamlScanner) marker() bool {
	rest := s.text[s.at:]
	return (bytes.HasPrefix(rest, []byte("---")) || bytes.HasPrefix(rest, []byte("..."))) && isBlankOrEnd(s.peek(3))
}

func (s *yamlScanner) document(c byte) {
	s.comments(-1, false)
	s.frames, s.flow, s.simple, s.key = nil, nil, -1, false
	if c == '%' {
		s.add(tokenDirective, s.lineEnd())
		return
	}
	s.add(tokenMarker, 3)
}

package loader

import (
	"bytes"
	"strings"
)

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

// frame is a block collection that is open.
type yamlFrame struct {
	list   bool
	col    int // of its entries
	indent int // of its entries in canonical form
}

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

func (s *yamlScanner) top() yamlFrame {
	if len(s.frames) == 0 {
		return yamlFrame{col: -1, indent: -2}
	}
	return s.frames[len(s.frames)-1]
}

// comments decides to what the comments on lines of their own before a token
// at the column belong, and ends the blocks that the token ends.
func (s *yamlScanner) comments(col int, dash bool) {
	top := s.top()
	opens := col > top.col || col == top.col && dash && !top.list
	for i := len(s.tokens) - 1; i >= 0 && s.tokens[i].kind == tokenComment && s.tokens[i].first; i-- {
		t := &s.tokens[i]
		switch {
		case len(s.flow) > 0:
			t.indent, t.block = s.flow[len(s.flow)-1]+2, -1
		case opens || t.col <= col:
			t.next = true
		default:
			t.indent, t.block = s.blockAt(t.col)
		}
	}
	for len(s.flow) == 0 && len(s.frames) > 0 {
		if top := s.top(); top.col < col || top.col == col && (dash || !top.list) {
			break
		}
		s.frames = s.frames[:len(s.frames)-1]
	}
}

// blockAt is the innermost open block that does not begin behind the column:
// its indent and its column.
func (s *yamlScanner) blockAt(col int) (indent, block int) {
	for i := len(s.frames) - 1; i >= 0; i-- {
		if f := s.frames[i]; f.col <= col {
			return f.indent, f.col
		}
	}
	return 0, -1
}

// collection opens a block collection at the column, or goes on with it.
func (s *yamlScanner) collection(col int, list bool) {
	if top := s.top(); top.col == col && top.list == list {
		return
	}
	s.frames = append(s.frames, yamlFrame{list: list, col: col, indent: s.top().indent + 2})
}

// indicator takes a -, ? or : that a node follows.
func (s *yamlScanner) indicator(c byte, indent int) {
	s.add(tokenKind(c), 1).indent = indent
	s.simple, s.key = -1, true
}

// value takes a colon: of the key on this line, or of a key after a ?.
func (s *yamlScanner) value() {
	if s.simple < 0 {
		s.indicator(':', s.top().indent)
		return
	}
	key := s.simple
	s.collection(s.tokens[key].col, false)
	s.tokens[key].indent = s.top().indent
	s.indicator(':', 0)
	s.key = false
}

// node takes a token that is a node or a part of one, outside of brackets.
func (s *yamlScanner) node(c byte) {
	if s.key && s.simple < 0 {
		s.simple = len(s.tokens)
	}
	s.key = false
	indent := s.top().indent + 2
	switch c {
	case '|', '>':
		s.blockScalar(indent)
		return
	case '[', '{':
		s.base = s.top().indent
		if s.fresh || s.top().list || len(s.frames) == 0 || s.ownLine() {
			s.base = indent
		}
	}
	s.flowNode(c, indent)
}

// ownLine reports whether only properties of the node stand before it on its
// line.
func (s *yamlScanner) ownLine() bool {
	for i := len(s.tokens) - 1; i >= 0 && s.tokens[i].line == s.line; i-- {
		if k := s.tokens[i].kind; k != '&' && k != '!' {
			return false
		}
	}
	return true
}

// flowNode takes what may stand in brackets and outside of them.
func (s *yamlScanner) flowNode(c byte, indent int) {
	var t *token
	switch c {
	case '[', '{':
		s.flow = append(s.flow, s.base)
		t = s.add(tokenKind(c), 1)
	case '&', '*':
		t = s.add(tokenKind(c), s.nameEnd())
	case '!':
		t = s.add(tokenKind(c), s.tagEnd())
	case '"', '\'':
		t = s.multiline(tokenKind(c), s.quoteEnd(c))
	default:
		t = s.multiline(tokenPlain, s.plainEnd())
	}
	t.indent, t.folds = indent, max(indent, 2)
	if len(s.flow) > 0 {
		t.folds = s.base + 2
	}
}

// inFlow takes a token between brackets.
func (s *yamlScanner) inFlow(c byte) {
	last := len(s.flow) - 1
	if s.fresh {
		s.base = s.flow[last] + 2
		if c == ']' || c == '}' {
			s.base = s.flow[last]
		}
	}
	switch c {
	case ']', '}':
		s.flow = s.flow[:last]
		s.add(tokenKind(c), 1).indent = s.base
	case ',', '?', ':':
		s.add(tokenKind(c), 1).indent = s.base
	case '-':
		if isBlankOrEnd(s.peek(1)) {
			s.add(tokenKind(c), 1).indent = s.base
			return
		}
		fallthrough
	default:
		s.flowNode(c, s.base)
	}
}

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

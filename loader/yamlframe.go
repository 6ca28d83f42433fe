package loader

// Where tokens stand: the blocks and brackets that are open, and the indent
// that canonical form gives a line.

// yamlFrame is a block collection that is open.
type yamlFrame struct {
	list   bool
	col    int // of its entries
	indent int // of its entries in canonical form
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

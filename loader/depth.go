package loader

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// The parser of expressions recurses, and so does evaluation: text that nests
// without end would end the process, not in an error. Before anything is parsed,
// these functions look how deep it goes.

const maxSteps = 1000 // operators, indices and directives of one expression

// scanHCL gives the offset at which the nesting of an HCL file passes a limit,
// or -1, and the offsets at which the file can be cut: 0, then line breaks
// outside of every block, at least chunk bytes apart, and its end.
func scanHCL(text []byte, chunk int) (cuts []int, deep int) {
	cuts = []int{0}
	d := depths{text: text, frames: []frame{{kind: '{'}}}
	d.ends = func(at int) {
		if at-cuts[len(cuts)-1] >= chunk {
			cuts = append(cuts, at)
		}
	}
	deep = d.run()
	if cuts[len(cuts)-1] < len(text) || len(cuts) == 1 {
		cuts = append(cuts, len(text))
	}
	return cuts, deep
}

// deepTemplate is the offset at which the nesting of a template passes a limit,
// or -1: such as the text of a YAML scalar.
func deepTemplate(text []byte) int {
	d := depths{text: text, frames: []frame{{kind: 't'}}}
	return d.run()
}

// frame is what the text at one level of nesting is: '(', '[', '{' are code
// between brackets, '$' code within a template, 't' is a template as a whole,
// '"' a quoted one, '<' a heredoc. What ends what follows hcl's lexer, which
// has its own ideas of text that is wrong.
type frame struct {
	kind  byte
	loop  bool   // '{' with a for expression: line breaks separate nothing
	steps int    // operators since the last separator; directives of a template
	mark  []byte // the word that ends a heredoc
}

type depths struct {
	text   []byte
	at     int
	frames []frame
	ends   func(at int) // told of each line break at the top; may be nil
}

func (d *depths) run() int {
	for d.at < len(d.text) {
		f := &d.frames[len(d.frames)-1]
		start := d.at
		switch f.kind {
		case 't', '"', '<':
			d.inTemplate(f)
		default:
			d.inCode(f)
		}
		if len(d.frames) > maxDepth+1 || d.frames[len(d.frames)-1].steps > maxSteps {
			return start
		}
	}
	return -1
}

func (d *depths) push(f frame) { d.frames = append(d.frames, f) }

func (d *depths) pop() {
	if len(d.frames) > 1 {
		d.frames = d.frames[:len(d.frames)-1]
	}
}

func (d *depths) rest() []byte { return d.text[d.at:] }

func (d *depths) inCode(f *frame) {
	c := d.text[d.at]
	switch {
	case c == '#' || bytes.HasPrefix(d.rest(), []byte("//")):
		d.skipTo("\n", 0)
	case d.comment():
	case c == '"':
		d.at++
		d.push(frame{kind: '"'})
	case bytes.HasPrefix(d.rest(), []byte("<<")) && d.heredoc():
	case c == '(' || c == '[' || c == '{':
		if c == '[' {
			f.steps++
		}
		d.at++
		d.push(frame{kind: c, loop: c == '{' && d.isLoop()})
	case c == ')' || c == ']':
		d.at++
		if f.kind == c-1 || f.kind == c-2 { // ( is before ), and [ two before ]
			d.pop()
		}
	case c == '}':
		d.at++
		d.closeBrace()
	default:
		d.at++
		f.count(c)
		if c == '\n' && len(d.frames) == 1 && d.ends != nil {
			d.ends(d.at)
		}
	}
}

// isLoop reports whether a for expression begins here.
func (d *depths) isLoop() bool {
	rest := bytes.TrimLeft(d.rest(), " \t\r\n")
	return bytes.HasPrefix(rest, []byte("for")) && wordLen(rest) == 3
}

// comment takes a comment between /* and */, if one begins here and ends.
func (d *depths) comment() bool {
	if !bytes.HasPrefix(d.rest(), []byte("/*")) {
		return false
	}
	n := bytes.Index(d.rest()[2:], []byte("*/"))
	if n >= 0 {
		d.at += n + 4
	}
	return n >= 0
}

// closeBrace ends the nearest braces, and what is open within them.
func (d *depths) closeBrace() {
	for i := len(d.frames) - 1; i > 0; i-- {
		if k := d.frames[i].kind; k == '{' || k == '$' {
			d.frames = d.frames[:i]
			return
		}
	}
}

func (f *frame) count(c byte) {
	switch c {
	case ',':
		f.steps = 0
	case '\n':
		if f.kind == '{' && !f.loop {
			f.steps = 0
		}
	case '+', '-', '*', '/', '%', '<', '>', '=', '!', '&', '|', '?', '.':
		f.steps++
	}
}

func (d *depths) skipTo(end string, past int) {
	i := bytes.Index(d.rest(), []byte(end))
	if i < 0 {
		d.at = len(d.text)
		return
	}
	d.at += i + past
}

// heredoc takes <<WORD or <<-WORD up to its line's end, if that is what stands
// there.
func (d *depths) heredoc() bool {
	rest := bytes.TrimPrefix(d.rest()[2:], []byte("-"))
	n := wordLen(rest)
	after := bytes.TrimPrefix(rest[n:], []byte("\r"))
	if n == 0 || len(after) == 0 || after[0] != '\n' {
		return false
	}
	d.at = len(d.text) - len(after) + 1
	d.push(frame{kind: '<', mark: rest[:n]})
	d.heredocEnd()
	return true
}

// wordLen is how long the identifier is that text begins with.
func wordLen(text []byte) int {
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		start := r == '_' || unicode.In(r, unicode.L, unicode.Nl, unicode.Other_ID_Start)
		if !start && (n == 0 || r != '-' && !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue)) {
			break
		}
		n += size
	}
	return n
}

// heredocEnd ends the heredoc if the line that begins here is its last.
func (d *depths) heredocEnd() {
	line, _, ends := bytes.Cut(d.rest(), []byte{'\n'})
	if ends && bytes.Equal(bytes.TrimSpace(line), d.frames[len(d.frames)-1].mark) {
		d.at += len(line)
		d.pop()
	}
}

func (d *depths) inTemplate(f *frame) {
	rest := d.rest()
	switch {
	case len(rest) > 2 && rest[2] == '{' && (rest[0] == '$' && rest[1] == '$' || rest[0] == '%' && rest[1] == '%'):
		d.at += 3
	case len(rest) > 1 && rest[1] == '{' && (rest[0] == '$' || rest[0] == '%'):
		if rest[0] == '%' {
			f.steps++
		}
		d.at += 2
		d.push(frame{kind: '$'})
	case f.kind == '"' && rest[0] == '\\' && len(rest) > 1:
		d.at += 2
	case f.kind == '"' && rest[0] == '"':
		d.at++
		d.pop()
	case f.kind == '<' && rest[0] == '\n':
		d.at++
		d.heredocEnd()
	default:
		d.at++
	}
}

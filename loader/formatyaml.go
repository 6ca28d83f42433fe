package loader

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// The canonical form of YAML. Only what means nothing changes: indentation,
// blanks, line ends. No line is joined or split, and nothing is quoted or
// unquoted.

// formatYAML is the canonical form of a text that the parser takes.
func formatYAML(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	p := yamlPrinter{text: text, tokens: scanYAML(text)}
	for i := range p.tokens {
		p.token(i)
	}
	p.align()
	return p.bytes()
}

// yamlLine is a line to be printed.
type yamlLine struct {
	text    string
	comment string // behind the text
}

type yamlPrinter struct {
	text   []byte
	tokens []token
	lines  []yamlLine
	b      strings.Builder // the line that is being written
	open   bool            // b has a line
}

func (p *yamlPrinter) token(i int) {
	t := p.tokens[i]
	text := string(p.text[t.from:t.to])
	switch {
	case t.kind == tokenComment && !t.first:
		p.end(text)
		return
	case t.first:
		p.end("")
		p.blank(i)
		p.begin(t.indent)
	case apart(p.tokens[i-1].kind, t.kind):
		p.b.WriteByte(' ')
	}
	switch t.kind {
	case tokenBlockText:
		p.blockText(t, text)
	case tokenHeader:
		p.b.WriteString(p.header(i, text))
	case tokenPlain, '"', '\'':
		p.folded(i, text)
	default:
		p.b.WriteString(text)
	}
	if i == len(p.tokens)-1 {
		p.end("")
	}
}

func (p *yamlPrinter) begin(indent int) {
	p.b.WriteString(strings.Repeat(" ", indent))
	p.open = true
}

// end ends the line, with a comment or without.
func (p *yamlPrinter) end(comment string) {
	if !p.open {
		return
	}
	p.lines = append(p.lines, yamlLine{p.b.String(), comment})
	p.b.Reset()
	p.open = false
}

// blank keeps one of the blank lines before a token that begins a line.
func (p *yamlPrinter) blank(i int) {
	if i == 0 || p.tokens[i].kind == tokenBlockText {
		return
	}
	if bytes.Count(p.text[p.tokens[i-1].to:p.tokens[i].from], []byte{'\n'}) > 1 {
		p.lines = append(p.lines, yamlLine{})
	}
}

// apart reports whether a blank stands between two tokens on one line.
func apart(before, t tokenKind) bool {
	closes := t == ',' || t == ']' || t == '}'
	switch before {
	case '-', '?', ':', '!', tokenMarker:
		return true
	case '&', '*':
		return !closes
	case ',':
		return t != ']' && t != '}'
	case '[', '{':
		return false
	}
	return !closes && t != ':'
}

// folded writes a scalar whose line breaks are folded: blanks around them mean
// nothing, but for one that is escaped.
func (p *yamlPrinter) folded(i int, text string) {
	if !strings.Contains(text, "\n") {
		p.b.WriteString(text)
		return
	}
	lines := strings.Split(text, "\n")
	for n, line := range lines {
		if n > 0 {
			p.end("")
			line = strings.TrimLeft(line, " \t")
			p.begin(0)
			if line != "" {
				p.b.WriteString(strings.Repeat(" ", p.tokens[i].folds))
			}
		}
		if n < len(lines)-1 {
			line = trimFold(line, p.tokens[i].kind == '"')
		}
		p.b.WriteString(line)
	}
}

// trimFold takes the blanks off before a line break, but for one that is
// escaped by a backslash.
func trimFold(line string, escapes bool) string {
	bare := strings.TrimRight(line, " \t")
	slashes := len(bare) - len(strings.TrimRight(bare, `\`))
	if escapes && slashes%2 == 1 && len(bare) < len(line) {
		return line[:len(bare)+1]
	}
	return bare
}

// header is the header of a block scalar. An indentation that is given is that
// of the canonical form; the line break that the end of the file lacks is not
// added to the text.
func (p *yamlPrinter) header(i int, text string) string {
	text = strings.Map(func(r rune) rune {
		if r >= '1' && r <= '9' {
			return '2'
		}
		return r
	}, text)
	last := len(p.tokens) - 1
	if last > i && last <= i+2 && p.tokens[last].kind == tokenBlockText && p.tokens[last].to == len(p.text) {
		return strings.ReplaceAll(strings.ReplaceAll(text, "+", ""), "-", "") + "-"
	}
	return text
}

// blockText writes the lines of a block scalar.
func (p *yamlPrinter) blockText(t token, text string) {
	p.b.Reset()
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			p.end("")
		}
		p.open = true
		if len(line) > t.text {
			p.b.WriteString(strings.Repeat(" ", t.indent) + line[t.text:])
		}
	}
}

// align puts the comments at the ends of lines that follow one another into one
// column.
func (p *yamlPrinter) align() {
	for i := 0; i < len(p.lines); {
		n, widest := i, 0
		for ; n < len(p.lines) && p.lines[n].comment != ""; n++ {
			widest = max(widest, utf8.RuneCountInString(p.lines[n].text))
		}
		for ; i < n; i++ {
			l := &p.lines[i]
			l.text += strings.Repeat(" ", widest-utf8.RuneCountInString(l.text)+1) + l.comment
		}
		i++
	}
}

func (p *yamlPrinter) bytes() []byte {
	var out bytes.Buffer
	for _, l := range p.lines {
		out.WriteString(l.text)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

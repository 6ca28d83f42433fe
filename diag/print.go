package diag

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Printer writes diagnostics for people: the first line, the source excerpt
// with a caret, the remedy.
type Printer struct {
	Source func(file string) []byte // the text of a file, or nil where it can't be had
	Color  bool
}

const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	bold   = "\x1b[1m"
	reset  = "\x1b[0m"

	excerptWidth = 160 // characters of a source line shown; a longer one is cut around the caret
)

// Print writes every diagnostic of the list to w.
func (p Printer) Print(w io.Writer, l List) error {
	for _, d := range l {
		if _, err := io.WriteString(w, p.format(d)); err != nil {
			return err
		}
	}
	return nil
}

func (p Printer) format(d Diagnostic) string {
	var b strings.Builder
	b.WriteString(p.paint(d) + "\n")
	b.WriteString(p.excerpt(d))
	for line := range strings.SplitSeq(strings.TrimSpace(d.Detail), "\n") {
		if line != "" {
			b.WriteString("   " + line + "\n")
		}
	}
	return b.String()
}

func (p Printer) paint(d Diagnostic) string {
	text := Clean(d.String())
	if !p.Color {
		return text
	}
	colour := red
	if d.Severity == Warning {
		colour = yellow
	}
	word := d.Severity.String() + ":"
	return bold + strings.Replace(text, word, colour+word+reset+bold, 1) + reset
}

// excerpt is the line before the place, the line itself and a caret line.
func (p Printer) excerpt(d Diagnostic) string {
	if p.Source == nil || d.Range.Start.Line == 0 {
		return hintLine(d)
	}
	src := p.Source(d.Range.File)
	if src == nil {
		return hintLine(d)
	}
	lines := strings.Split(string(src), "\n")
	n := int(d.Range.Start.Line)
	if n > len(lines) {
		return hintLine(d)
	}
	var b strings.Builder
	if n > 1 && strings.TrimSpace(lines[n-2]) != "" {
		fmt.Fprintf(&b, "%5d │ %s\n", n-1, Clean(cut(lines[n-2], 0)))
	}
	line := strings.TrimRight(lines[n-1], "\r")
	col := int(d.Range.Start.Column) - 1
	from := 0
	if col > excerptWidth/2 {
		from = col - excerptWidth/2
	}
	fmt.Fprintf(&b, "%5d │ %s\n", n, Clean(cut(line, from)))
	width := 1
	if d.Range.End.Line == d.Range.Start.Line && d.Range.End.Column > d.Range.Start.Column {
		width = int(d.Range.End.Column - d.Range.Start.Column)
	}
	rest := utf8.RuneCountInString(line) - col
	width = max(1, min(width, rest, excerptWidth/2))
	fmt.Fprintf(&b, "      │ %s%s", strings.Repeat(" ", max(0, col-from)), strings.Repeat("^", width))
	if d.Hint != "" {
		b.WriteString(" " + Clean(d.Hint))
	}
	b.WriteString("\n")
	return b.String()
}

func hintLine(d Diagnostic) string {
	if d.Hint == "" {
		return ""
	}
	return "   " + Clean(d.Hint) + "\n"
}

// cut is the part of a line from character from on, at most excerptWidth long.
func cut(line string, from int) string {
	runes := []rune(line)
	if from > len(runes) {
		return ""
	}
	runes = runes[from:]
	if len(runes) > excerptWidth {
		return string(runes[:excerptWidth]) + "…"
	}
	return string(runes)
}

// Clean makes text safe for a terminal: control characters (ANSI escapes among
// them), bidirectional overrides and invalid UTF-8 are shown, not obeyed; a
// tab becomes one blank, so that carets stay in place.
func Clean(s string) string {
	if !strings.ContainsFunc(s, unsafe) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case unsafe(r):
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unsafe(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r == 0x061c, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x2069, r == 0xfeff:
		return true
	}
	return false
}

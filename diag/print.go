package diag

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
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
	out, lines := bufio.NewWriter(w), p.lines()
	for _, d := range l {
		if _, err := out.WriteString(p.format(d, lines)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// lines gives the lines of a file, each file taken apart once however many
// diagnostics it has.
func (p Printer) lines() func(file string) []string {
	known := map[string][]string{}
	return func(file string) []string {
		lines, ok := known[file]
		if ok || p.Source == nil {
			return lines
		}
		if src := p.Source(file); src != nil {
			lines = strings.Split(string(src), "\n")
		}
		known[file] = lines
		return lines
	}
}

func (p Printer) format(d Diagnostic, lines func(string) []string) string {
	var b strings.Builder
	b.WriteString(p.paint(d) + "\n")
	b.WriteString(excerpt(d, lines))
	for line := range strings.SplitSeq(strings.TrimSpace(d.Detail), "\n") {
		if line = strings.TrimSuffix(line, "\r"); line != "" {
			b.WriteString("   " + Clean(line) + "\n")
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
func excerpt(d Diagnostic, of func(string) []string) string {
	n := int(d.Range.Start.Line)
	if n == 0 {
		return hintLine(d)
	}
	lines := of(d.Range.File)
	if n > len(lines) {
		return hintLine(d)
	}
	var b strings.Builder
	if n > 1 && strings.TrimSpace(lines[n-2]) != "" {
		fmt.Fprintf(&b, "%5d │ %s\n", n-1, Clean(cut(strings.TrimRight(lines[n-2], "\r"), 0)))
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
	fmt.Fprintf(&b, "      │ %s%s", strings.Repeat(" ", shownColumns(line, from, col)), strings.Repeat("^", min(max(1, shownColumns(line, col, col+width)), excerptWidth/2)))
	if d.Hint != "" {
		b.WriteString(" " + Clean(d.Hint))
	}
	b.WriteString("\n")
	return b.String()
}

// shownColumns is how many characters a part of the line takes as it is shown.
func shownColumns(line string, from, to int) int {
	runes := []rune(line)
	from, to = min(max(from, 0), len(runes)), min(to, len(runes))
	return utf8.RuneCountInString(Clean(string(runes[from:max(from, to)])))
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

// Clean makes text safe for a terminal and for the log of a pipeline: control
// characters (ANSI escapes among them), what is not seen or turns the direction
// of text, and invalid UTF-8 are shown, not obeyed; a tab becomes one blank, so
// that carets stay in place. So does no line of a log that has it in it pass for
// a command, which runners look for anywhere in a line (##[error], ##vso[…]).
func Clean(s string) string {
	if strings.Contains(s, "##") {
		s = logCommand.ReplaceAllString(s, `#\u0023$1`)
	}
	if strings.Contains(s, "::") {
		s = lineCommand.ReplaceAllString(s, `$1:\u003a$2`)
	}
	if !strings.ContainsFunc(s, unsafe) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case r > 0xffff && unsafe(r):
			fmt.Fprintf(&b, "\\u{%x}", r)
		case unsafe(r):
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// logCommand is how a command in a log of Azure's and GitHub's runners begins.
var logCommand = regexp.MustCompile(`(?i)##((?:vso|teamcity)?\[)`)

// lineCommand is one that is looked for at the beginning of a line only; an
// IPv6 address is none.
var lineCommand = regexp.MustCompile(`^(\s*)::([A-Za-z].*::)`)

func unsafe(r rune) bool {
	if r < 0x7f {
		return r < 0x20
	}
	return r < 0xa0 || unicode.In(r, unicode.Cf, unseen) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) || r == '\u2028' || r == '\u2029'
}

// unseen are characters that are not shown, besides those for format (Cf): a
// joiner, fillers, vowels that are never written, variation selectors but for
// the two that choose between text and picture.
var unseen = &unicode.RangeTable{
	R16: []unicode.Range16{{0x034f, 0x034f, 1}, {0x115f, 0x1160, 1}, {0x17b4, 0x17b5, 1}, {0x180b, 0x180f, 1}, {0x2065, 0x2065, 1}, {0x3164, 0x3164, 1},
		{0xfe00, 0xfe0d, 1}, {0xffa0, 0xffa0, 1}, {0xfff0, 0xfff8, 1}},
	R32: []unicode.Range32{{0xe0000, 0xe0fff, 1}},
}

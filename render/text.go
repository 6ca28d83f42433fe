package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"trueup/planner"
)

// Text writes the plan for people at a terminal or in a log.
func Text(w io.Writer, p *planner.Plan, o Options) error {
	t := &texter{w: bufio.NewWriterSize(w, 1<<16), o: o, index: indexOf(p)}
	t.head(p)
	for _, c := range p.Changes {
		if c.Action != planner.NoOp {
			t.block(t.index.build(c))
		}
	}
	t.agreed(p)
	if o.Verbose {
		t.quiet(p)
	}
	t.refusals(p)
	t.summary(p)
	return t.w.Flush()
}

// texter writes lines. The first error sticks to its bufio.Writer.
type texter struct {
	w     *bufio.Writer
	o     Options
	index index
}

type colour string

const (
	green  colour = "\x1b[32m"
	yellow colour = "\x1b[33m"
	red    colour = "\x1b[31m"
	dim    colour = "\x1b[2m"
	bold   colour = "\x1b[1m"
	danger colour = "\x1b[1;31m"
	none   colour = ""

	resetColour = "\x1b[0m"
)

var symbolColours = map[string]colour{"+": green, "-": red, "~": yellow, "-/+": red, "+/-": red}

func (t *texter) paint(c colour, s string) string {
	if !t.o.Color || c == none || s == "" {
		return s
	}
	return string(c) + s + resetColour
}

func (t *texter) line(parts ...string) {
	for _, p := range parts {
		t.w.WriteString(p)
	}
	t.w.WriteByte('\n')
}

// head is `trueup.yaml · scope user · 214 resources · read in 6 requests`.
func (t *texter) head(p *planner.Plan) {
	if parts := headline(p, t.o); len(parts) > 0 {
		t.wrapped(strings.Join(parts, " · "), "  ", dim)
		t.line()
	}
}

func (t *texter) block(b *block) {
	words := append(glued("# "+b.addr), b.verb)
	if len(b.reasons) > 0 {
		words = append(words, strings.Split("("+strings.Join(b.reasons, "; ")+")", " ")...)
	}
	t.words("  ", words, "    # ", bold)
	t.w.WriteString(t.paint(symbolColours[b.symbol], fmt.Sprintf("%3s", b.symbol)) + " " + b.name)
	t.summarised(b)
	t.line()
	t.lines(b.lines)
	for _, a := range b.alerts {
		t.wrapped("    ! "+a, "      ", danger)
	}
	for _, r := range b.remarks {
		t.wrapped("    # "+r, "    #   ", dim)
	}
	t.line()
}

// summaryColumn is where summary values stand, addresses permitting.
const summaryColumn = 46

// summarised writes the summary value beside the name, or below it.
func (t *texter) summarised(b *block) {
	if b.summary == "" {
		return
	}
	used, n := 4+columns(b.name), columns(b.summary)
	gap := max(3, min(summaryColumn-used, t.room(used+n)))
	if t.o.Width > 0 && used+gap+n > t.o.Width {
		t.w.WriteString("\n" + strings.Repeat(" ", underPath))
		t.rows(plainCell(b.summary), underPath, t.room(underPath))
		return
	}
	t.w.WriteString(strings.Repeat(" ", gap) + b.summary)
}

// room is how many columns are left of the width after used ones, and enough
// for a hint of a value in any case.
func (t *texter) room(used int) int {
	if t.o.Width <= 0 {
		return 1 << 30
	}
	return max(t.o.Width-used, roomLeast)
}

const roomLeast = 8

// wrapped writes text that is never cut, over as many lines as it takes. A mark
// at its beginning (#, !) stays with the first word.
func (t *texter) wrapped(text, indent string, c colour) {
	rest := strings.TrimLeft(text, " ")
	lead := text[:len(text)-len(rest)]
	t.words(lead, glued(rest), indent, c)
}

// glued are the words of a text, with a mark of one character before the first.
func glued(text string) []string {
	words := strings.Split(text, " ")
	if len(words) < 2 || len(words[0]) != 1 {
		return words
	}
	return append([]string{words[0] + " " + words[1]}, words[2:]...)
}

// words writes words after the lead, and after the indent on further lines.
func (t *texter) words(lead string, words []string, indent string, c colour) {
	line, used := []byte(lead), columns(lead)
	for i, word := range words {
		n := columns(word)
		switch {
		case i == 0:
		case t.o.Width > 0 && used+1+n > t.o.Width:
			t.line(t.paint(c, string(line)))
			line, used = append(line[:0], indent...), columns(indent)
		default:
			line, used = append(line, ' '), used+1
		}
		line, used = append(line, word...), used+n
	}
	t.line(t.paint(c, string(line)))
}

// agreed lists drift that needs nothing: what is there is what the files say.
func (t *texter) agreed(p *planner.Plan) {
	first := true
	for _, c := range p.Changes {
		if c.Action != planner.NoOp || len(c.Drift) == 0 {
			continue
		}
		if first {
			t.wrapped("Changed outside the files, and nothing has to be done:", "", bold)
			t.line()
			first = false
		}
		t.wrapped("  # "+clean(c.Addr.String())+" was changed outside the files"+eventWords(c.Event), "    # ", none)
		t.lines(form{c.Names, t.index}.drift(c))
		t.line()
	}
}

// drift shows what was last applied -> what is there now.
func (f form) drift(c *planner.Change) []line {
	var out []line
	for i := range c.Drift {
		out = append(out, f.field(c, &c.Drift[i])...)
	}
	return out
}

// quiet lists what happens without a request, and what does not happen.
func (t *texter) quiet(p *planner.Plan) {
	for _, l := range quietLists(p) {
		t.list(l.title, l.items)
	}
}

func (t *texter) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	t.line(t.paint(bold, title))
	for _, l := range lines {
		t.wrapped("  "+l, "    ", none)
	}
	t.line()
}

func (t *texter) refusals(p *planner.Plan) {
	for _, c := range p.Changes {
		if c.Refused != "" {
			t.wrapped("Refused: "+clean(c.Addr.String()+": "+c.Refused), "  ", danger)
			t.line()
		}
	}
	for _, r := range p.Refusals {
		t.wrapped("Refused: "+clean(r.Message), "  ", danger)
		if r.Moved != nil {
			t.lines(t.index.moved(r))
		}
		if who := concerned(r, "above"); who != "" {
			t.wrapped("  "+clean(who), "  ", none)
		}
		if r.Remedy != "" {
			t.wrapped("  "+clean(strings.Join(strings.Fields(r.Remedy), " ")), "    ", none)
		}
		t.line()
	}
}

const summaryIndent = "      "

func (t *texter) summary(p *planner.Plan) {
	n := p.Counts()
	outcome := p.Outcome()
	if outcome == "none" {
		t.line(t.paint(bold, noChangesWords(p)))
	} else {
		t.line(t.paint(bold, planLine(n)))
	}
	if counts := countWords(p, n); len(counts) > 0 {
		t.wrapped(summaryIndent+strings.Join(counts, " · "), summaryIndent, none)
	}
	switch {
	case len(p.Refusals) > 0:
		t.wrapped(summaryIndent+refusedWords, summaryIndent, none)
	case outcome != "none":
		if b := budgetWords(p.Budget); b != "" {
			t.wrapped(summaryIndent+b, summaryIndent, none)
		}
	}
}

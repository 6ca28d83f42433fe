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
		t.line(t.paint(dim, strings.Join(parts, " · ")))
		t.line()
	}
}

func (t *texter) block(b *block) {
	title := "  # " + b.addr + " " + b.verb
	if len(b.reasons) > 0 {
		title += " (" + strings.Join(b.reasons, "; ") + ")"
	}
	t.wrapped(title, "    # ", bold)
	t.w.WriteString(t.paint(symbolColours[b.symbol], fmt.Sprintf("%3s", b.symbol)) + " " + b.name)
	if b.summary != "" {
		used := 4 + columns(b.name)
		gap := max(3, min(summaryColumn-used, t.room(used+columns(b.summary))))
		t.w.WriteString(strings.Repeat(" ", gap) + plainCell(b.summary).cut(t.room(used+gap)).String())
	}
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

// room is how many columns are left of the width after used ones, and enough
// for a hint of a value in any case.
func (t *texter) room(used int) int {
	if t.o.Width <= 0 {
		return 1 << 30
	}
	return max(t.o.Width-used, 8)
}

// wrapped writes text that is never cut, over as many lines as it takes.
func (t *texter) wrapped(text, indent string, c colour) {
	lead := text[:len(text)-len(strings.TrimLeft(text, " "))]
	line := lead
	used := columns(lead)
	first := true
	for word := range strings.SplitSeq(text[len(lead):], " ") {
		n := columns(word)
		if !first && t.o.Width > 0 && used+1+n > t.o.Width {
			t.line(t.paint(c, line))
			line, used, first = indent, columns(indent), true
		}
		if !first {
			line, used = line+" ", used+1
		}
		line, used, first = line+word, used+n, false
	}
	t.line(t.paint(c, line))
}

const (
	lineIndent = 6  // columns before the symbol of a line
	pathMost   = 40 // columns that paths are aligned in; a longer one pushes its line out
)

// lines writes changed paths in columns: symbol, path, change, note.
func (t *texter) lines(ls []line) {
	pathWidth, changeWidth := 0, 0
	for _, l := range ls {
		if n := columns(l.path); n <= pathMost {
			pathWidth = max(pathWidth, n)
		}
	}
	for _, l := range ls {
		if l.note != "" || l.forces {
			changeWidth = max(changeWidth, min(l.width(), pathMost))
		}
	}
	for _, l := range ls {
		t.changed(l, pathWidth, changeWidth)
	}
}

const (
	arrow     = " -> "
	forceNote = "# forces replacement"
)

func (l line) width() int {
	n := l.new.width()
	if l.old != nil {
		n += l.old.width() + len(arrow)
	}
	if l.sink {
		n += len(arrow) - 1
	}
	return n
}

func (t *texter) changed(l line, pathWidth, changeWidth int) {
	pad := max(0, pathWidth-columns(l.path))
	t.w.WriteString(strings.Repeat(" ", lineIndent) + t.paint(symbolColours[l.symbol], fmt.Sprintf("%1s", l.symbol)) + " " + l.path)
	used := lineIndent + 2 + columns(l.path) + pad + 3
	if t.o.Width > 0 && t.o.Width-used < 24 && l.width() > t.o.Width-used {
		used = lineIndent + 6
		t.w.WriteString("\n" + strings.Repeat(" ", used))
	} else {
		t.w.WriteString(strings.Repeat(" ", pad+3))
	}
	l = l.fit(t.room(used))
	t.change(l)
	n := l.width()
	suffix := l.suffix()
	switch {
	case suffix == "":
	case t.o.Width > 0 && used+max(n, changeWidth)+3+columns(suffix) > t.o.Width:
		t.line()
		t.wrapped(strings.Repeat(" ", lineIndent+6)+suffix, strings.Repeat(" ", lineIndent+8), l.suffixColour())
		return
	default:
		t.w.WriteString(strings.Repeat(" ", max(0, changeWidth-n)+3) + t.paint(l.suffixColour(), suffix))
	}
	t.line()
}

func (l line) suffix() string {
	switch {
	case l.forces && l.note != "":
		return forceNote + "; " + l.note
	case l.forces:
		return forceNote
	}
	return l.note
}

func (l line) suffixColour() colour {
	if l.forces {
		return red
	}
	return dim
}

// fit cuts values so that the change takes at most n columns.
func (l line) fit(n int) line {
	if l.width() <= n {
		return l
	}
	switch {
	case l.sink:
		l.new = l.new.cut(n - len(arrow) + 1)
	case l.old == nil:
		l.new = l.new.cut(n)
	default:
		room := n - len(arrow)
		half := room / 2
		old, now := l.old.width(), l.new.width()
		switch {
		case old <= half:
			l.new = l.new.cut(room - old)
		case now <= half:
			l.old = l.old.cut(room - now)
		default:
			l.old, l.new = l.old.cut(half), l.new.cut(room-half)
		}
	}
	return l
}

func (t *texter) change(l line) {
	if l.old != nil {
		t.cell(l.old)
		t.w.WriteString(arrow)
	}
	if l.sink {
		t.w.WriteString(arrow[1:])
	}
	t.cell(l.new)
}

var markColours = map[mark]colour{added: green, removed: red}

func (t *texter) cell(c cell) {
	for _, p := range c {
		t.w.WriteString(t.paint(markColours[p.mark], p.marked()))
	}
}

// agreed lists drift that needs nothing: what is there is what the files say.
func (t *texter) agreed(p *planner.Plan) {
	first := true
	for _, c := range p.Changes {
		if c.Action != planner.NoOp || len(c.Drift) == 0 {
			continue
		}
		if first {
			t.line(t.paint(bold, "Changed outside the files, and nothing has to be done:"))
			t.line()
			first = false
		}
		t.line("  # ", clean(c.Addr.String()), " was changed outside the files"+eventWords(c.Event))
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
		t.line("  ", l)
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
		t.line(summaryIndent, refusedWords)
	case outcome != "none":
		if b := budgetWords(p.Budget, t.o.Applying); b != "" {
			t.wrapped(summaryIndent+b, summaryIndent, none)
		}
	}
}

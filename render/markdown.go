package render

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/planner"
)

// DefaultMaxBytes fits a comment on GitHub, which takes 65,535 characters.
const DefaultMaxBytes = 65_000

const (
	noticesShown  = 20   // refusals, alerts and warnings above the blocks, of each
	noticeColumns = 600  // columns after which one of them is cut
	detailColumns = 300  // columns after which a value is cut, where not all blocks fit whole
	cutReserve    = 600  // bytes kept for saying what was cut
	movedMost     = 2000 // bytes for in what an object moved
)

// Markdown is the plan for a pull request: counts and what is destroyed first,
// one collapsible block for each object, at most Options.MaxBytes long. What
// had to be cut for that is said and counted. What is destroyed or replaced is
// never cut, not even where its names alone are longer than the budget.
//
// Whatever comes from values stands in code spans, fenced blocks or escaped
// HTML, and can't leave them.
func Markdown(p *planner.Plan, o Options) ([]byte, error) {
	m := &markdown{p: p, o: o, index: indexOf(p)}
	if m.o.MaxBytes <= 0 {
		m.o.MaxBytes = DefaultMaxBytes
	}
	head, foot := m.head(noticesShown), m.foot()
	for n := noticesShown / 2; len(head) > m.o.MaxBytes/2 && n > 0; n /= 2 {
		head = m.head(n)
	}
	body := m.body(m.o.MaxBytes - len(head) - len(foot) - cutReserve)
	return []byte(head + body + foot), nil
}

type markdown struct {
	p     *planner.Plan
	o     Options
	index index
	lines int // objects that have one line for want of room
	long  int // values that had to be shortened
}

// head shows so many refusals, alerts and warnings; more are counted.
func (m *markdown) head(shown int) string {
	var b strings.Builder
	n, outcome := m.p.Counts(), m.p.Outcome()
	b.WriteString("### trueup: ")
	if outcome == "none" {
		b.WriteString("no changes")
	} else {
		destroy := fmt.Sprintf("%d to destroy", n.Destroy)
		if n.Destroy > 0 {
			destroy = "**" + destroy + "**"
		}
		fmt.Fprintf(&b, "%d to add, %d to change, %s", n.Add, n.Change, destroy)
	}
	switch {
	case len(m.p.Refusals) > 0:
		b.WriteString(" · **refused**")
	case n.Refused > 0:
		b.WriteString(" · **" + Comma(n.Refused) + " refused**")
	}
	if scopes := scopeWords(m.p); scopes != "" {
		b.WriteString(" · " + mdText(notice(scopes)))
	}
	b.WriteString("\n\n")
	if outcome == "none" {
		b.WriteString(strings.TrimPrefix(noChangesWords(m.p), "No changes. ") + "\n\n")
	}
	m.refusals(&b, shown)
	m.alerts(&b, shown)
	m.warnings(&b, shown)
	return b.String()
}

// notice is a text above the blocks, as long as it may be there.
func notice(s string) string { return terminal.Truncate(clean(s), noticeColumns, "…") }

func (m *markdown) refusals(b *strings.Builder, shown int) {
	for i, r := range m.p.Refusals {
		if i == shown {
			b.WriteString("> ⛔ **Refused** for " + plural(len(m.p.Refusals)-i, "more reason", "more reasons") + ".\n\n")
			return
		}
		lines := []string{"> ⛔ **Refused:** " + mdText(notice(r.Message))}
		for _, l := range []string{concerned(r, "below"), strings.Join(strings.Fields(r.Remedy), " ")} {
			if l != "" {
				lines = append(lines, "> "+mdLine(notice(l)))
			}
		}
		b.WriteString(strings.Join(lines, "\\\n") + "\n\n")
		if moved := diffLines(m.index.moved(r), detailColumns); len(moved) > 0 {
			b.WriteString(fenced(moved, movedMost) + "\n")
		}
	}
}

// alerts are what a reviewer must not miss in any block.
func (m *markdown) alerts(b *strings.Builder, shown int) {
	var lines []string
	more := 0
	add := func(c *planner.Change, sign, what, text string) {
		if text == "" {
			return
		}
		if len(lines) == shown {
			more++
			return
		}
		lines = append(lines, fmt.Sprintf("> %s **%s:** %s %s\n", sign, what, codeSpan(notice(c.Addr.String())), mdText(notice(text))))
	}
	for _, c := range m.p.Changes {
		add(c, "⚠", "Privilege increase", strings.Join(c.Gains, "; "))
		add(c, "⛔", "Refused", c.Refused)
	}
	if more > 0 {
		lines = append(lines, "> and "+Comma(more)+" more\n")
	}
	if len(lines) > 0 {
		b.WriteString(strings.Join(lines, ">\n") + "\n")
	}
}

func (m *markdown) warnings(b *strings.Builder, shown int) {
	ws := m.p.Warnings
	if len(ws) == 0 {
		return
	}
	fmt.Fprintf(b, "<details><summary>%s</summary>\n\n", plural(len(ws), "warning", "warnings"))
	for i, d := range ws {
		if i == shown {
			fmt.Fprintf(b, "- and %s more\n", Comma(len(ws)-i))
			break
		}
		b.WriteString("- " + mdLine(notice(warned(d))) + "\n")
	}
	b.WriteString("\n</details>\n\n")
}

// warned is a warning with its remedy, on one line.
func warned(d diag.Diagnostic) string {
	text := d.String()
	if d.Detail != "" {
		text += ". " + strings.Join(strings.Fields(d.Detail), " ")
	}
	return text
}

func (m *markdown) foot() string {
	scopes := scopeWords(m.p) // which the head has
	parts := slices.DeleteFunc(headline(m.p, m.o), func(s string) bool { return s == scopes })
	if m.o.Commit != "" {
		parts = append([]string{"plan of " + m.o.Commit}, parts...)
	}
	parts = append(parts, countWords(m.p, m.p.Counts())...)
	switch {
	case len(m.p.Refusals) > 0:
		parts = append(parts, strings.TrimSuffix(refusedWords, "."))
	case m.p.Outcome() != "none":
		parts = append(parts, strings.TrimSuffix(budgetWords(planner.Budget{Apply: m.p.Budget.Apply, Seconds: m.p.Budget.Seconds}), "."))
	}
	for i, s := range parts {
		parts[i] = mdText(notice(s))
	}
	return "<sub>" + strings.Join(parts, " · ") + "</sub>\n"
}

// brief is an object as one line of a list.
func (m *markdown) brief(b *block) string {
	var s strings.Builder
	s.WriteString("- " + codeSpan(strings.TrimSpace(b.symbol)) + " " + codeSpan(b.addr))
	for _, p := range b.digest(true) {
		s.WriteString(" · " + mdText(p))
	}
	s.WriteString("\n")
	return s.String()
}

// markdown is an object as a collapsible block whose details take at most room
// bytes, and each value in it so many columns.
func (b *block) markdown(room, columns int) string {
	var s strings.Builder
	s.WriteString("<details><summary><code>" + html.EscapeString(strings.TrimSpace(b.symbol)) + "</code> <code>" + html.EscapeString(b.addr) + "</code>")
	for _, p := range b.digest(true) {
		s.WriteString(" · " + htmlText(p))
	}
	s.WriteString("</summary>\n\n" + fenced(b.details(columns), room) + "\n</details>\n\n")
	return s.String()
}

// details are the lines of a block for a fence of type diff: + - and ! begin
// lines that it colours.
func (b *block) details(columns int) []string {
	out := []string{"# " + b.addr + " " + b.verb}
	if len(b.reasons) > 0 {
		out[0] += " (" + strings.Join(b.reasons, "; ") + ")"
	}
	out = append(out, diffLines(b.lines, columns)...)
	for _, a := range b.alerts {
		out = append(out, "! "+a)
	}
	for _, r := range b.remarks {
		out = append(out, "# "+r)
	}
	return out
}

var diffSymbols = map[string]string{"+": "+", "-": "-", "~": "!", "": " "}

func diffLines(ls []line, columns int) []string {
	width := 0
	for _, l := range ls {
		if n := len([]rune(l.path)); n <= pathMost {
			width = max(width, n)
		}
	}
	out := make([]string, 0, len(ls))
	for _, l := range ls {
		symbol := diffSymbols[l.symbol]
		if l.member != kept {
			symbol = string(l.member)
		}
		pad, l := strings.Repeat(" ", max(0, width-len([]rune(l.path))))+"   ", l.fit(columns)
		text := symbol + " " + l.path + pad
		if l.apart() {
			out = append(out, text+l.old.String())
			text = symbol + " " + strings.Repeat(" ", len([]rune(l.path))) + pad + arrow[1:] + l.new.String()
		} else {
			text += l.String()
		}
		if suffix := l.suffix(); suffix != "" {
			text += "   " + suffix
		}
		out = append(out, text)
	}
	return out
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

// String is the change of a line: old -> new.
func (l line) String() string {
	switch {
	case l.old != nil:
		return l.old.String() + arrow + l.new.String()
	case l.sink:
		return arrow[1:] + l.new.String()
	}
	return l.new.String()
}

// agreed lists drift that needs nothing, as far as there is room.
func (m *markdown) agreed(room int) string {
	var lines []string
	for _, c := range m.p.Changes {
		if c.Action != planner.NoOp || len(c.Drift) == 0 {
			continue
		}
		lines = append(lines, "# "+clean(c.Addr.String())+" was changed outside the files"+eventWords(c.Event))
		lines = append(lines, diffLines(form{c.Names, m.index}.drift(c), detailColumns)...)
	}
	if len(lines) == 0 || room < 500 {
		return ""
	}
	return "<details><summary>Changed outside the files, and nothing has to be done</summary>\n\n" + fenced(lines, room-300) + "\n</details>\n\n"
}

package render

import (
	"fmt"
	"html"
	"strings"

	"trueup/planner"
)

// DefaultMaxBytes fits a comment on GitHub, which takes 65,535 characters.
const DefaultMaxBytes = 65_000

const (
	alertsShown   = 20   // alerts above the blocks; all of them are in their blocks too
	warningsShown = 20   // warnings of the plan
	detailColumns = 300  // columns after which a value is cut
	cutReserve    = 400  // bytes kept for saying what was cut
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
	head, foot := m.head(), m.foot()
	body := m.body(m.o.MaxBytes - len(head) - len(foot) - cutReserve)
	return []byte(head + body + foot), nil
}

type markdown struct {
	p     *planner.Plan
	o     Options
	index index
}

func (m *markdown) head() string {
	var b strings.Builder
	n, outcome := m.p.Counts(), m.p.Outcome()
	b.WriteString("### " + mdText(heading(m.o, "trueup")) + ": ")
	if outcome == "none" {
		b.WriteString("no changes")
	} else {
		destroy := fmt.Sprintf("%d to destroy", n.Destroy)
		if n.Destroy > 0 {
			destroy = "**" + destroy + "**"
		}
		fmt.Fprintf(&b, "%d to add, %d to change, %s", n.Add, n.Change, destroy)
	}
	if len(m.p.Refusals) > 0 {
		b.WriteString(" · **refused**")
	}
	b.WriteString("\n\n")
	if outcome == "none" {
		b.WriteString("Your Cloudflare configuration matches the files.\n\n")
	}
	m.refusals(&b)
	m.alerts(&b)
	m.warnings(&b)
	return b.String()
}

func (m *markdown) refusals(b *strings.Builder) {
	for _, r := range m.p.Refusals {
		lines := []string{"> ⛔ **Refused:** " + mdText(r.Message)}
		for _, l := range []string{concerned(r, "below"), strings.Join(strings.Fields(r.Remedy), " ")} {
			if l != "" {
				lines = append(lines, "> "+mdLine(l))
			}
		}
		b.WriteString(strings.Join(lines, "\\\n") + "\n\n")
		if moved := diffLines(m.index.moved(r)); len(moved) > 0 {
			b.WriteString(fenced(moved, movedMost) + "\n")
		}
	}
}

// alerts are what a reviewer must not miss in any block.
func (m *markdown) alerts(b *strings.Builder) {
	var lines []string
	more := 0
	add := func(c *planner.Change, sign, what, text string) {
		if text == "" {
			return
		}
		if len(lines) == alertsShown {
			more++
			return
		}
		lines = append(lines, fmt.Sprintf("> %s **%s:** %s %s\n", sign, what, codeSpan(c.Addr.String()), mdText(text)))
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

func (m *markdown) warnings(b *strings.Builder) {
	ws := m.p.Warnings
	if len(ws) == 0 {
		return
	}
	fmt.Fprintf(b, "<details><summary>%s</summary>\n\n", plural(len(ws), "warning", "warnings"))
	for i, d := range ws {
		if i == warningsShown {
			fmt.Fprintf(b, "- and %s more\n", Comma(len(ws)-i))
			break
		}
		b.WriteString("- " + mdLine(d.String()) + "\n")
	}
	b.WriteString("\n</details>\n\n")
}

func (m *markdown) foot() string {
	parts := headline(m.p, m.o)
	if m.o.Commit != "" {
		parts = append([]string{"plan of " + m.o.Commit}, parts...)
	}
	parts = append(parts, countWords(m.p, m.p.Counts())...)
	switch {
	case len(m.p.Refusals) > 0:
		parts = append(parts, strings.TrimSuffix(refusedWords, "."))
	case m.p.Outcome() != "none":
		parts = append(parts, strings.TrimSuffix(budgetWords(planner.Budget{Apply: m.p.Budget.Apply, Seconds: m.p.Budget.Seconds}, false), "."))
	}
	for i, s := range parts {
		parts[i] = mdText(s)
	}
	return "<sub>" + strings.Join(parts, " · ") + "</sub>\n"
}

// section is one group of blocks, the most dangerous group first.
type section struct {
	title, cut string // "Created", "created"
	changes    []*planner.Change
}

func sections(p *planner.Plan) []*section {
	out := []*section{{title: "Destroyed or replaced"}, {title: "Updated", cut: "updated"}, {title: "Created", cut: "created"}, {title: "Forgotten", cut: "forgotten"}}
	for _, c := range p.Changes {
		if i, acts := sectionOf[c.Action]; acts {
			out[i].changes = append(out[i].changes, c)
		}
	}
	return out
}

var sectionOf = map[planner.Action]int{
	planner.Delete: 0, planner.Replace: 0, planner.CreateReplace: 0, planner.Update: 1, planner.Roll: 1, planner.Create: 2, planner.Forget: 3,
}

// body fits the blocks into the room: everything whole if it fits; else every
// object as one line, as far as half the room goes, and then whole blocks in
// order. The first section is never cut.
func (m *markdown) body(room int) string {
	all := sections(m.p)
	if text, ok := m.whole(all, room); ok {
		return text
	}
	texts, cuts := make([][]string, len(all)), make([]int, len(all))
	left, brief := m.briefs(all, texts, cuts, room)
	m.unfold(all, texts, left, brief)
	var b strings.Builder
	for i, s := range all {
		s.write(&b, texts[i])
	}
	b.WriteString(cutWords(all, cuts))
	b.WriteString(m.agreed(left))
	return b.String()
}

func (s *section) write(b *strings.Builder, texts []string) {
	if len(texts) == 0 {
		return
	}
	fmt.Fprintf(b, "**%s** (%s)\n\n", s.title, Comma(len(s.changes)))
	for _, t := range texts {
		b.WriteString(t)
	}
	if !strings.HasSuffix(texts[len(texts)-1], "\n\n") {
		b.WriteString("\n")
	}
}

// whole is every block unfolded, if that fits.
func (m *markdown) whole(all []*section, room int) (string, bool) {
	var b strings.Builder
	for _, s := range all {
		texts := make([]string, 0, len(s.changes))
		for _, c := range s.changes {
			t := m.block(m.index.build(c), 1<<30)
			if room -= len(t); room < 0 {
				return "", false
			}
			texts = append(texts, t)
		}
		s.write(&b, texts)
	}
	return b.String() + m.agreed(room), true
}

// briefs puts objects down as one line each: all of the first section, and of
// the others what half of the room takes, in like parts. It gives the room that is left,
// and how many lines of each section there are.
func (m *markdown) briefs(all []*section, texts [][]string, cuts []int, room int) (left int, brief []int) {
	brief = make([]int, len(all))
	half, groups := 0, 0
	for _, s := range all[1:] {
		if len(s.changes) > 0 {
			groups++
		}
	}
	for i, s := range all {
		least := 0
		if i > 0 && len(s.changes) > 0 {
			least = room - (room-half)/groups
			groups--
		}
		if len(s.changes) > 0 {
			room -= len(s.title) + 16
		}
		for n, c := range s.changes {
			t := m.brief(m.index.build(c))
			if i > 0 && room-len(t) < least {
				cuts[i] = len(s.changes) - n
				break
			}
			room -= len(t)
			texts[i] = append(texts[i], t)
			brief[i]++
		}
		if i == 0 {
			half = room / 2
		}
	}
	return room, brief
}

// unfold turns lines into whole blocks, in order, where there is room. No block
// takes more than its share.
func (m *markdown) unfold(all []*section, texts [][]string, room int, brief []int) {
	share := max(2000, room/8)
	for i, s := range all {
		for n := range brief[i] {
			if room < 200 {
				return
			}
			t := m.block(m.index.build(s.changes[n]), share)
			if more := len(t) - len(texts[i][n]); more <= room {
				texts[i][n], room = t, room-more
			}
		}
	}
}

func cutWords(all []*section, cuts []int) string {
	var parts []string
	for i, n := range cuts {
		if n > 0 {
			parts = append(parts, Comma(n)+" "+all[i].cut)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "**Not shown, for want of room:** " + strings.Join(parts, ", ") + ". Nothing that is destroyed or replaced is among them. `trueup plan` shows everything.\n\n"
}

// brief is an object as one line of a list.
func (m *markdown) brief(b *block) string {
	var s strings.Builder
	s.WriteString("- " + codeSpan(strings.TrimSpace(b.symbol)) + " " + codeSpan(b.addr))
	for _, p := range b.digest() {
		s.WriteString(" · " + mdText(p))
	}
	s.WriteString("\n")
	return s.String()
}

// block is an object as a collapsible block whose details take at most room
// bytes.
func (m *markdown) block(b *block, room int) string {
	var s strings.Builder
	s.WriteString("<details><summary><code>" + html.EscapeString(strings.TrimSpace(b.symbol)) + "</code> <code>" + html.EscapeString(b.addr) + "</code>")
	for _, p := range b.digest() {
		s.WriteString(" · " + htmlText(p))
	}
	s.WriteString("</summary>\n\n" + fenced(b.details(), room) + "\n</details>\n\n")
	return s.String()
}

// details are the lines of a block for a fence of type diff: + - and ! begin
// lines that it colours.
func (b *block) details() []string {
	out := []string{"# " + b.addr + " " + b.verb}
	if len(b.reasons) > 0 {
		out[0] += " (" + strings.Join(b.reasons, "; ") + ")"
	}
	out = append(out, diffLines(b.lines)...)
	for _, a := range b.alerts {
		out = append(out, "! "+a)
	}
	for _, r := range b.remarks {
		out = append(out, "# "+r)
	}
	return out
}

var diffSymbols = map[string]string{"+": "+", "-": "-", "~": "!", "": " "}

func diffLines(ls []line) []string {
	width := 0
	for _, l := range ls {
		if n := len([]rune(l.path)); n <= pathMost {
			width = max(width, n)
		}
	}
	out := make([]string, len(ls))
	for i, l := range ls {
		symbol := diffSymbols[l.symbol]
		if l.member != kept {
			symbol = string(l.member)
		}
		text := symbol + " " + l.path + strings.Repeat(" ", max(0, width-len([]rune(l.path)))) + "   " + l.fit(detailColumns).String()
		if suffix := l.suffix(); suffix != "" {
			text += "   " + suffix
		}
		out[i] = text
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
		lines = append(lines, diffLines(form{c.Names, m.index}.drift(c))...)
	}
	if len(lines) == 0 || room < 500 {
		return ""
	}
	return "<details><summary>Changed outside the files, and nothing has to be done</summary>\n\n" + fenced(lines, room-300) + "\n</details>\n\n"
}

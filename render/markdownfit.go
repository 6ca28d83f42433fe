package render

import (
	"fmt"
	"slices"
	"strings"

	"trueup/planner"
)

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
	for _, s := range out {
		slices.SortStableFunc(s.changes, func(a, b *planner.Change) int { return calm(a) - calm(b) })
	}
	return out
}

// calm puts what a reviewer must not miss first, where it is not cut.
func calm(c *planner.Change) int {
	if len(c.Gains) > 0 || c.Refused != "" {
		return 0
	}
	return 1
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
	left = m.unfold(all, texts, left, brief)
	var b strings.Builder
	for i, s := range all {
		s.write(&b, texts[i])
	}
	drift := m.agreed(left)
	b.WriteString(m.cutWords(all, cuts, drift == ""))
	return b.String() + drift
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
			t := m.index.build(c).markdown(1<<30, 1<<30)
			if room -= len(t); room < 0 {
				return "", false
			}
			texts = append(texts, t)
		}
		s.write(&b, texts)
	}
	drift := m.agreed(room)
	return b.String() + drift, drift != "" || m.drifted() == 0
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
// takes more than its share. It gives the room that is left.
func (m *markdown) unfold(all []*section, texts [][]string, room int, brief []int) int {
	share := max(2000, room/8)
	for i, s := range all {
		for n := range brief[i] {
			if room < 200 {
				m.lines++
				continue
			}
			b := m.index.build(s.changes[n])
			t := b.markdown(share, detailColumns)
			more := len(t) - len(texts[i][n])
			if more > room {
				m.lines++
				continue
			}
			texts[i][n], room = t, room-more
			m.long += b.wider(detailColumns)
		}
	}
	return room
}

// cutWords say what is not there, and count it.
func (m *markdown) cutWords(all []*section, cuts []int, noDrift bool) string {
	var parts, more []string
	for i, n := range cuts {
		if n > 0 {
			parts = append(parts, Comma(n)+" "+all[i].cut)
		}
	}
	if n := m.drifted(); n > 0 && noDrift {
		parts = append(parts, Comma(n)+" changed outside the files where nothing has to be done")
	}
	if len(parts) > 0 {
		more = append(more, "**Not shown, for want of room:** "+strings.Join(parts, ", ")+". Nothing that is destroyed or replaced is among them.")
	}
	if m.lines > 0 {
		more = append(more, plural(m.lines, "object has", "objects have")+" one line instead of a block.")
	}
	if m.long > 0 {
		more = append(more, plural(m.long, "long value is", "long values are")+" shortened.")
	}
	if len(more) == 0 {
		return ""
	}
	return strings.Join(more, " ") + " `trueup plan` shows everything.\n\n"
}

// drifted counts the objects with drift that needs nothing.
func (m *markdown) drifted() int {
	n := 0
	for _, c := range m.p.Changes {
		if c.Action == planner.NoOp && len(c.Drift) > 0 {
			n++
		}
	}
	return n
}

// wider counts the lines whose values take more columns.
func (b *block) wider(columns int) int {
	n := 0
	for _, l := range b.lines {
		if l.width() > columns {
			n++
		}
	}
	return n
}

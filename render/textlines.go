package render

import (
	"fmt"
	"strings"
)

const (
	lineIndent = 6  // columns before the symbol of a line
	pathMost   = 40 // columns that paths are aligned in; a longer one pushes its line out
	valueLeast = 24 // columns that a value that has to be wrapped gets, or a line of its own
	underPath  = 12 // the column of a value below its path
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

// apart: between two texts that go from right to left, the arrow does so too, and
// old and new would change places. Each gets a line of its own.
func (l line) apart() bool { return l.old != nil && l.old.turns() && l.new.turns() }

// changed is one line, or as many as its value takes: none is cut, since what
// is not shown cannot be agreed to.
func (t *texter) changed(l line, pathWidth, changeWidth int) {
	pad := max(0, pathWidth-columns(l.path))
	used := lineIndent + 2 + columns(l.path) + pad + 3
	below := t.o.Width > 0 && t.o.Width-used < valueLeast && l.width() > t.o.Width-used
	if l.path != "" || !below {
		t.w.WriteString(strings.Repeat(" ", lineIndent) + t.paint(symbolColours[l.symbol], fmt.Sprintf("%1s", l.symbol)) + " " + l.path)
	}
	switch {
	case below && l.path == "":
		used = underPath
		t.w.WriteString(strings.Repeat(" ", used))
	case below:
		used = underPath
		t.w.WriteString("\n" + strings.Repeat(" ", used))
	default:
		t.w.WriteString(strings.Repeat(" ", pad+3))
	}
	n := t.change(l, used)
	suffix := l.suffix()
	switch {
	case suffix == "":
	case t.o.Width > 0 && used+max(n, changeWidth)+3+columns(suffix) > t.o.Width:
		t.line()
		t.wrapped(strings.Repeat(" ", underPath)+suffix, strings.Repeat(" ", underPath+2), l.suffixColour())
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

// change writes old -> new from column used on; where that does not fit, or would
// mislead, new stands below old. It gives the columns that the last line takes.
func (t *texter) change(l line, used int) int {
	room := t.room(used)
	if l.width() <= room && !l.apart() {
		if l.old != nil {
			t.cell(l.old)
			t.w.WriteString(arrow)
		}
		if l.sink {
			t.w.WriteString(arrow[1:])
		}
		t.cell(l.new)
		return l.width()
	}
	lead := ""
	if l.old != nil {
		t.rows(l.old, used, room)
		t.w.WriteString("\n" + strings.Repeat(" ", used))
	}
	if l.old != nil || l.sink {
		lead = arrow[1:]
	}
	t.w.WriteString(lead)
	return len(lead) + t.rows(l.new, used+len(lead), max(room-len(lead), roomLeast))
}

// rows writes a value over as many lines of n columns as it takes, each from
// column used on, and gives the columns of the last.
func (t *texter) rows(c cell, used, n int) int {
	rows := c.wrap(n)
	for i, r := range rows {
		if i > 0 {
			t.w.WriteString("\n" + strings.Repeat(" ", used))
		}
		t.cell(r)
	}
	return rows[len(rows)-1].width()
}

var markColours = map[mark]colour{added: green, removed: red}

func (t *texter) cell(c cell) {
	for _, p := range c {
		t.w.WriteString(t.paint(markColours[p.mark], p.marked()))
	}
}

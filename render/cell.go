package render

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"github.com/sergi/go-diff/diffmatchpatch"
	"golang.org/x/text/unicode/bidi"
)

// cell is a shown value: text in pieces, some of which are marked as new or
// gone. Its text is clean.
type cell []piece

type piece struct {
	text string
	mark mark
}

type mark byte

const (
	kept    mark = 0
	added   mark = '+'
	removed mark = '-'
)

func plainCell(s string) cell { return cell{{text: s}} }

// String is the cell with its marks in brackets: Office [+egress+].
func (c cell) String() string {
	var b strings.Builder
	for _, p := range c {
		b.WriteString(p.marked())
	}
	return b.String()
}

func (p piece) marked() string {
	if p.mark == kept {
		return p.text
	}
	return "[" + string(p.mark) + p.text + string(p.mark) + "]"
}

func (c cell) width() int {
	n := 0
	for _, p := range c {
		n += columns(p.marked())
	}
	return n
}

// cut is the cell in at most n columns, closed by … and its closing quote
// where something had to go. What is marked goes last.
func (c cell) cut(n int) cell {
	if c.width() > n && c.hasMarks() {
		c = merge(shorten(c, keepNarrow))
	}
	if c.width() <= n {
		return c
	}
	end := ""
	if last := c[len(c)-1]; last.mark == kept && strings.HasSuffix(last.text, `"`) {
		end = `"`
	}
	room := n - len(end) - 1
	var out cell
	for _, p := range c {
		brackets := columns(p.marked()) - columns(p.text)
		if whole := columns(p.text) + brackets; whole <= room {
			out, room = append(out, p), room-whole
			continue
		}
		text := terminal.Truncate(p.text, max(0, room-brackets), "") + "…"
		out = append(out, piece{text, p.mark})
		break
	}
	return append(out, piece{text: end})
}

// wrap is the cell in rows of at most n columns, broken after a blank where
// there is one in the second half of a row. A mark that goes on is closed and
// opened again.
func (c cell) wrap(n int) []cell {
	var rows []cell
	var row cell
	room := n
	for _, p := range c {
		brackets := columns(p.marked()) - columns(p.text)
		for p.text != "" {
			head := p.text
			if columns(head)+brackets > room {
				head = broken(p.text, room-brackets, n/2-(n-room))
			}
			if head != p.text && n-room >= n/2 && row.endsBlank() && !strings.ContainsRune(head, ' ') {
				head = "" // a row of its own rather than a broken word
			}
			if head == "" && len(row) == 0 {
				_, size := utf8.DecodeRuneInString(p.text)
				head = p.text[:size]
			}
			if head != "" {
				row, room = append(row, piece{head, p.mark}), room-columns(head)-brackets
				p.text = p.text[len(head):]
			}
			if p.text != "" {
				rows, row, room = append(rows, row), nil, n
			}
		}
	}
	if len(row) > 0 || len(rows) == 0 {
		rows = append(rows, row)
	}
	return rows
}

// broken is the beginning of the text in at most n columns, up to a blank if
// that leaves at least least columns.
func broken(s string, n, least int) string {
	if n <= 0 {
		return ""
	}
	head := terminal.Truncate(s, n, "")
	if i := strings.LastIndexByte(head, ' '); i >= 0 && columns(head[:i]) >= least {
		return head[:i+1]
	}
	return head
}

func (c cell) endsBlank() bool {
	return len(c) > 0 && strings.HasSuffix(c[len(c)-1].text, " ")
}

func (c cell) hasMarks() bool {
	return slices.ContainsFunc(c, func(p piece) bool { return p.mark != kept })
}

// turns reports whether the cell has letters that are written from right to
// left.
func (c cell) turns() bool {
	return slices.ContainsFunc(c, func(p piece) bool {
		return strings.ContainsFunc(p.text, func(r rune) bool {
			class, _ := bidi.LookupRune(r)
			return class.Class() == bidi.R || class.Class() == bidi.AL
		})
	})
}

// terminal measures text as most terminals show it, whatever the locale says.
var terminal = &runewidth.Condition{StrictEmojiNeutral: true}

// columns is how many columns of a terminal clean text takes.
func columns(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return terminal.StringWidth(s)
		}
	}
	return len(s)
}

const (
	inlineLeast = 32      // characters from which one-word text is compared inside
	inlineBoth  = 64      // characters up to which old and new are both shown whole
	keepAround  = 16      // unchanged characters kept beside a mark in a longer text
	keepNarrow  = 5       // the same where there is no room; the quote is one of them
	alignMost   = 1 << 13 // bytes up to which marks are moved to where words begin: that is quadratic in repetitions
	inlineMost  = 600     // words beyond which the middle counts as changed whole: the comparison is quadratic
)

// compare shows two different texts. In prose and in long text the parts that
// differ are marked; a text too long to be shown twice is shown once, marked,
// with its unchanged stretches shortened (then old is nil).
func compare(before, after string) (old, new cell) {
	old, new = plainCell(quote(before)), plainCell(quote(after))
	if !markable(before, after) {
		return old, new
	}
	ds := diffWords(before, after)
	size := map[mark]int{}
	for _, d := range ds {
		size[d.mark] += utf8.RuneCountInString(d.text)
	}
	longer := max(utf8.RuneCountInString(before), utf8.RuneCountInString(after))
	oneWay := size[added] == 0 || size[removed] == 0
	if size[kept]*3 < longer && !(oneWay && size[kept] > 0) {
		return old, new
	}
	if longer > inlineBoth {
		return nil, quoted(shorten(ds, keepAround))
	}
	return quoted(only(ds, removed)), quoted(only(ds, added))
}

// markable: text that has the marks' brackets in it is shown as it is, so that
// no value can fake a mark.
func markable(before, after string) bool {
	if before == "" || after == "" {
		return false
	}
	for _, s := range []string{before, after} {
		if strings.Contains(s, "[+") || strings.Contains(s, "[-") {
			return false
		}
	}
	return strings.ContainsAny(before+after, " \n\t") || max(len(before), len(after)) >= inlineLeast
}

// diffWords compares word by word. The pieces are raw text.
func diffWords(before, after string) cell {
	a, b := words(before), words(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	ds := []diffmatchpatch.Diff{{Type: diffmatchpatch.DiffEqual, Text: strings.Join(a[:head], "")}}
	ds = append(ds, diffMiddle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	ds = append(ds, diffmatchpatch.Diff{Type: diffmatchpatch.DiffEqual, Text: strings.Join(a[len(a)-tail:], "")})
	var out cell
	if len(before)+len(after) < alignMost {
		ds = diffmatchpatch.New().DiffCleanupSemanticLossless(ds)
	}
	for _, d := range ds {
		if d.Text != "" {
			out = append(out, piece{d.Text, marks[d.Type]})
		}
	}
	return out
}

func diffMiddle(a, b []string) []diffmatchpatch.Diff {
	if len(a) == 0 || len(b) == 0 || len(a)+len(b) > inlineMost {
		return []diffmatchpatch.Diff{{Type: diffmatchpatch.DiffDelete, Text: strings.Join(a, "")}, {Type: diffmatchpatch.DiffInsert, Text: strings.Join(b, "")}}
	}
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // a limit in time would make the output depend on the machine
	var dictionary []string
	number := map[string]rune{}
	encode := func(words []string) []rune {
		out := make([]rune, len(words))
		for i, w := range words {
			if _, known := number[w]; !known {
				number[w] = rune(len(dictionary) + 1)
				dictionary = append(dictionary, w)
			}
			out[i] = number[w]
		}
		return out
	}
	ra, rb := encode(a), encode(b)
	ds := dmp.DiffCleanupSemantic(dmp.DiffMainRunes(ra, rb, false))
	for i, d := range ds {
		var text strings.Builder
		for _, r := range d.Text {
			text.WriteString(dictionary[r-1])
		}
		ds[i].Text = text.String()
	}
	return ds
}

var marks = map[diffmatchpatch.Operation]mark{
	diffmatchpatch.DiffEqual: kept, diffmatchpatch.DiffInsert: added, diffmatchpatch.DiffDelete: removed,
}

// words splits text into runs of letters and digits, and single other
// characters; scripts without blanks between words go by character.
func words(s string) []string {
	var out []string
	start, inWord := 0, false
	for i, r := range s {
		word := unicode.IsLetter(r) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || unicode.IsDigit(r) || unicode.IsMark(r)
		if i > start && !(word && inWord) {
			out = append(out, s[start:i])
			start = i
		}
		inWord = word
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// only is the side of a comparison on which texts with the mark stand.
func only(ds cell, side mark) cell {
	return slices.DeleteFunc(slices.Clone(ds), func(p piece) bool { return p.mark != kept && p.mark != side })
}

// shorten cuts unchanged stretches down to n characters next to a mark.
func shorten(ds cell, n int) cell {
	out := slices.Clone(ds)
	for i, p := range out {
		runes := []rune(p.text)
		if p.mark != kept || len(runes) <= 2*n+1 {
			continue
		}
		head, tail := string(runes[:n]), string(runes[len(runes)-n:])
		switch {
		case i == 0:
			head = leading(runes)
		case i == len(out)-1:
			tail = trailing(runes)
		}
		out[i].text = head + "…" + tail
	}
	return out
}

// leading and trailing are the quotes of a cell that is cut at its edges.
func leading(runes []rune) string {
	if runes[0] == '"' {
		return `"`
	}
	return ""
}

func trailing(runes []rune) string {
	if runes[len(runes)-1] == '"' {
		return `"`
	}
	return ""
}

// quoted makes raw pieces harmless and puts quotes around them. Blanks at the
// edges of a mark go outside of it, where that leaves anything.
func quoted(raw cell) cell {
	out := cell{{text: `"`}}
	for _, p := range raw {
		if p.text == "" {
			continue
		}
		text := strings.Trim(p.text, " ")
		if p.mark == kept || text == "" {
			out = append(out, piece{escape(p.text), p.mark})
			continue
		}
		at := strings.Index(p.text, text)
		out = append(out, piece{text: p.text[:at]}, piece{escape(text), p.mark}, piece{text: p.text[at+len(text):]})
	}
	return merge(append(out, piece{text: `"`}))
}

// merge joins neighbours of one mark and drops what is empty.
func merge(c cell) cell {
	var out cell
	for _, p := range c {
		switch n := len(out); {
		case p.text == "":
		case n > 0 && out[n-1].mark == p.mark:
			out[n-1].text += p.text
		default:
			out = append(out, p)
		}
	}
	return out
}

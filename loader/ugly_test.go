package loader

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// ugly writes valid YAML in all the ways that nobody should.
type ugly struct {
	*rapid.T
	b       strings.Builder
	anchors int
}

func (u *ugly) n(most int) int          { return rapid.IntRange(0, most).Draw(u.T, "n") }
func (u *ugly) one(of ...string) string { return rapid.SampledFrom(of).Draw(u.T, "one") }
func (u *ugly) maybe(s string) string   { return u.one("", "", "", s) }
func (u *ugly) blanks() string          { return strings.Repeat(" ", u.n(3)) }
func (u *ugly) put(parts ...string)     { u.b.WriteString(strings.Join(parts, "")) }

// end ends a line, perhaps with a comment, and perhaps with lines that mean
// nothing; comments stand in the columns up to most.
func (u *ugly) end(most int) {
	u.put(u.maybe(" "+u.blanks()+"#"+u.one("", " x", "x  ", "# y: z", "\ta")), u.maybe("  "), "\n")
	for range u.n(1) {
		u.put(u.maybe(strings.Repeat(" ", u.n(most))+"# "+u.one("a", "b: c", "- d")+u.blanks()), u.maybe("   "), "\n")
	}
}

func (u *ugly) text() string {
	return u.one("a", "b c", "x:y", "${var.a}", "a?b", "-1", "2xx", "é", "null", "~", "http://a/b#c", "'it''s'", `"q\" \\ "`, `"\u00e9 # "`, "' # '", "!!str 5", "''", "a  b")
}

func (u *ugly) word() string {
	return u.one("a", "b c", "-1", "'it''s'", `"q\" \\ "`, "' # '", "x:y", `"${each.key}"`, "é")
}

func (u *ugly) key(i int) string {
	return fmt.Sprintf(u.one("k%d", `"k%d"`, "'k %d'", "k %d"), i)
}

func (u *ugly) props() string {
	if u.n(3) > 0 {
		return ""
	}
	u.anchors++
	return fmt.Sprintf("&n%d", u.anchors)
}

// value writes what follows an indicator on its line, within a block at col.
// zero: a list may stand in the column of its key.
func (u *ugly) value(col, depth int, zero bool) {
	deep := col + 1 + u.n(3)
	sp := " " + u.blanks()
	kind := u.n(9)
	if depth > 3 {
		kind = u.n(4)
	}
	switch kind {
	case 0:
		u.put(sp, u.maybe("&x  "), u.text())
		u.end(col + 3)
	case 1:
		u.put(u.maybe(" "))
		u.end(col + 3)
	case 2:
		u.fold(sp, deep)
	case 3:
		u.block(sp, col, deep)
	case 4:
		u.put("\n", u.one("", "\n"), strings.Repeat(" ", deep), u.text())
		u.end(col + 3)
	case 5, 6:
		u.put(sp)
		u.flow(deep, depth+1)
		u.end(col + 3)
	case 7:
		u.put(sp, u.props())
		u.end(col + 3)
		u.mapping(deep, depth+1, false)
	default:
		u.put(sp, u.props())
		u.end(col + 3)
		if zero && u.n(1) == 0 {
			deep = col
		}
		u.list(deep, depth+1, false)
	}
}

// fold writes a scalar on several lines.
func (u *ugly) fold(sp string, deep int) {
	quote := u.one("", "'", `"`)
	br := func() string {
		esc := ""
		if quote == `"` {
			esc = u.one("", `\`, `\ `, `\\`)
		}
		return esc + u.maybe("  ") + "\n" + u.maybe("  \n\n") + strings.Repeat(" ", deep+u.n(2)) + ""
	}
	u.put(sp, quote, "one", br(), "two # x"[:u.n(1)*4+3], br(), "three", quote)
	u.end(0)
}

// block writes a block scalar. Its comments after it stay left of its text.
func (u *ugly) block(sp string, col, deep int) {
	head := u.one("|", ">")
	chomp := u.one("", "-", "+")
	digit, extra := "", ""
	if u.n(2) == 0 {
		digit, extra = fmt.Sprint(deep-col), u.blanks()
	}
	if u.n(1) == 0 {
		chomp, digit = digit, chomp
	}
	in := strings.Repeat(" ", deep)
	u.put(sp, head, chomp, digit, u.maybe("   # note"), u.maybe(" "), "\n", u.maybe("\n"), in, extra, "text", u.maybe("  "), "\n", u.maybe("\n"), in, u.one("", "  more", "# no comment", "- x: y", "   "), "\n")
	u.put(u.one("", "", "\n", "\n\n\n"), u.maybe(strings.Repeat(" ", u.n(col))+"# after\n"))
}

func (u *ugly) flow(in, depth int) {
	gap := func() {
		u.put(u.blanks())
		if u.n(3) == 0 {
			u.put(u.maybe(" # in flow"), "\n", u.maybe("\n"), strings.Repeat(" ", in+u.n(4)), u.maybe("# alone\n"+strings.Repeat(" ", in)))
		}
	}
	list := u.n(1) == 0
	open, closed := "{", "}"
	if list {
		open, closed = "[", "]"
	}
	u.put(open)
	for i := range u.n(3) {
		gap()
		if !list {
			key := u.key(i)
			u.put(key, u.maybe(" "), ":")
			if key[0] != '"' || u.n(1) == 0 {
				u.put(" ")
			}
			gap()
		}
		switch {
		case depth < 4 && u.n(2) == 0:
			u.flow(in+1, depth+1)
		case !list && u.n(4) == 0: // null
		default:
			u.put(u.word())
		}
		gap()
		u.put(",")
	}
	gap()
	u.put(closed)
}

func (u *ugly) mapping(col, depth int, inline bool) {
	for i := range 1 + u.n(2) {
		if i > 0 || !inline {
			u.put(strings.Repeat(" ", col))
		}
		if u.n(12) == 0 {
			u.put("? ", u.key(i), "\n", strings.Repeat(" ", col), ":")
		} else {
			if props := u.props(); props != "" {
				u.put(props, " ")
			}
			u.put(u.key(i), u.maybe(" "), ":")
		}
		u.value(col, depth, true)
	}
}

func (u *ugly) list(col, depth int, inline bool) {
	for i := range 1 + u.n(2) {
		if i > 0 || !inline {
			u.put(strings.Repeat(" ", col))
		}
		u.put("-")
		n := 1 + u.n(2)
		switch u.n(3) {
		case 0:
			u.put(strings.Repeat(" ", n))
			u.mapping(col+1+n, depth+1, true)
		case 1:
			if depth < 4 {
				u.put(strings.Repeat(" ", n))
				u.list(col+1+n, depth+1, true)
				continue
			}
			fallthrough
		default:
			u.value(col, depth, false)
		}
	}
}

// TestFormatUgly: what the parser takes gets a canonical form, which is a tree
// with the same comments, and is its own canonical form.
func TestFormatUgly(t *testing.T) {
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		u := &ugly{T: t}
		u.put(u.maybe("---\n"), u.maybe("# first\n\n"))
		u.mapping(0, 0, false)
		text := u.b.String()
		switch u.n(5) {
		case 0:
			text = strings.TrimRight(text, "\n")
		case 1:
			text = strings.ReplaceAll(text, "\n", "\r\n")
		case 2:
			text = "\xef\xbb\xbf" + text
		}
		out, declined, ds := formatText("a.yaml", []byte(text))
		if ds.HasErrors() {
			return
		}
		taken++
		if declined {
			t.Fatalf("declined:\n%s\n---\n%s", text, formatYAML(bytes.TrimPrefix([]byte(text), utf8Mark)))
		}
		if again, _, _ := formatText("a.yaml", out); !bytes.Equal(again, out) {
			t.Fatalf("not settled:\n%s\n---\n%s\n---\n%s", text, out, again)
		}
	})
	t.Log(taken, "valid texts")
}

package render

import (
	"bytes"
	"cmp"
	"html/template"
	"strings"

	"trueup/state"
)

// StateMarkdown is what a state holds for a page or a comment: one collapsible
// block for each object, at most Options.MaxBytes long. Objects that have no
// room are single lines, and those that have none for that either are counted.
func StateMarkdown(s *state.Snapshot, o Options) []byte {
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	x := indexOfState(s)
	var b strings.Builder
	b.WriteString("### trueup: " + mdText(stateHead(s)) + "\n\n")
	for _, in := range s.Open {
		b.WriteString("> ⚠ " + mdLine(openWords(in)) + "\n\n")
	}
	room := o.MaxBytes - b.Len() - cutReserve
	var whole strings.Builder
	for _, e := range s.Entries {
		if whole.WriteString(x.entry(e).entryBlock(1<<30, 1<<30)); whole.Len() > room {
			b.WriteString(x.cutState(s.Entries, room))
			return []byte(b.String())
		}
	}
	return []byte(b.String() + whole.String())
}

// cutState is each object as one line, as far as they go, and then as a block,
// as far as there is room. What is not there is counted.
func (x index) cutState(entries []*state.Entry, room int) string {
	lines := make([]string, 0, len(entries))
	for _, e := range entries {
		l := x.entry(e).entryLine()
		if len(l) > room {
			break
		}
		lines, room = append(lines, l), room-len(l)
	}
	single, long, share := 0, 0, max(2000, room/8)
	for i := range lines {
		b := x.entry(entries[i])
		t := b.entryBlock(share, detailColumns)
		if more := len(t) - len(lines[i]); more <= room {
			lines[i], room, long = t, room-more, long+b.wider(detailColumns)
		} else {
			single++
		}
	}
	var more []string
	if left := len(entries) - len(lines); left > 0 {
		more = append(more, "**Not shown, for want of room:** "+plural(left, "object", "objects")+".")
	}
	if single > 0 {
		more = append(more, plural(single, "object has", "objects have")+" one line instead of a block.")
	}
	if long > 0 {
		more = append(more, plural(long, "long value is", "long values are")+" shortened.")
	}
	return strings.Join(lines, "") + "\n" + strings.Join(more, " ") + "\n"
}

func (b *block) entryLine() string {
	return "- " + codeSpan(b.addr) + " · " + mdText(strings.Join(b.reasons, " · ")) + "\n"
}

func (b *block) entryBlock(room, columns int) string {
	lines := diffLines(b.lines, columns)
	for _, r := range b.remarks {
		lines = append(lines, "# "+r)
	}
	return "<details><summary><code>" + htmlText(b.addr) + "</code> · " + htmlText(strings.Join(b.reasons, " · ")) + "</summary>\n\n" +
		fenced(lines, room) + "\n</details>\n\n"
}

// StateHTML is what a state holds as one page that needs nothing else: see
// writeHTML.
func StateHTML(s *state.Snapshot, o Options) ([]byte, error) {
	var b bytes.Buffer
	pg, err := newPage(&b, o)
	if err != nil {
		return nil, err
	}
	f := frame{
		Policy: policy(), Style: template.CSS(pageStyle), Script: template.JS(pageScript), Title: "trueup state",
		Line: plural(len(s.Entries), "object", "objects"), Headline: []string{cmp.Or(clean(o.Source), "state"), "serial " + Comma(int(s.Serial))}, Blocks: len(s.Entries), Open: len(s.Entries) <= unfolded,
	}
	kinds := map[string]int{}
	for _, e := range s.Entries {
		kinds[e.Addr.Kind]++
	}
	f.Filters = choices(filterGroup{"Kind", kindFilters(kinds)})
	for _, in := range s.Open {
		f.Alerts = append(f.Alerts, shownAlert{What: "Begun and not finished", Text: openWords(in)})
	}
	pg.put("head", f)
	if x := indexOfState(s); len(s.Entries) > 0 {
		pg.put("group", shownGroup{"Objects", Comma(len(s.Entries))})
		for _, e := range s.Entries {
			b := x.entry(e)
			pg.put("block", shownBlock{Kind: e.Addr.Kind, Addr: b.addr, Digest: b.reasons, Remarks: b.remarks, Lines: shownLines(b.lines), Open: f.Open})
		}
		pg.put("groupEnd", nil)
	}
	pg.put("foot", f)
	err = pg.flush()
	return b.Bytes(), err
}

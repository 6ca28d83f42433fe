package render

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"trueup/diag"
	"trueup/planner"
)

func plainText(t *testing.T, p *planner.Plan, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, p, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestText(t *testing.T) {
	for name, p := range cases() {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".txt", func() []byte { return plainText(t, p, goldenOptions) })
			o := goldenOptions
			o.Color = true
			golden(t, name+".color.txt", func() []byte { return plainText(t, p, o) })
			golden(t, name+".narrow.txt", func() []byte { return plainText(t, p, Options{Width: 60, Verbose: true}) })
		})
	}
}

// TestTextEscapes: nothing that a value contains makes a line or reaches the
// terminal as a command.
func TestTextEscapes(t *testing.T) {
	got := string(plainText(t, escapes(), Options{Verbose: true}))
	for _, l := range strings.Split(got, "\n") {
		if strings.HasPrefix(strings.TrimSpace(l), "# access_rule.fake") {
			t.Errorf("a value made a line of its own: %q", l)
		}
	}
	for _, r := range got {
		if r != '\n' && diag.Clean(string(r)) != string(r) {
			t.Errorf("%U reached the output", r)
		}
	}
}

// TestSensitive looks for the secret in every format.
func TestSensitive(t *testing.T) {
	p := sensitives()
	for name, out := range map[string][]byte{"text": plainText(t, p, Options{Verbose: true}), "json": must(JSON(p))} {
		if bytes.Contains(out, []byte(secretText)) || bytes.Contains(out, []byte("203.0.113.0")) || bytes.Contains(out, []byte("192.0.2.0/24")) || bytes.Contains(out, []byte("aa:bb")) {
			t.Errorf("%s shows a sensitive value:\n%s", name, out)
		}
	}
}

func TestJSON(t *testing.T) {
	for name, p := range cases() {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".json", func() []byte { return must(JSON(p)) })
			if out := must(JSON(p)); !json.Valid(out) {
				t.Errorf("no JSON: %s", out)
			}
		})
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// TestTextWidths: on a narrow terminal nothing of a value is lost, and no line
// is wider than it but for an address or a path, which is never broken.
func TestTextWidths(t *testing.T) {
	blanks, seams := strings.NewReplacer(" ", "", "\n", ""), strings.NewReplacer("+][+", "", "-][-", "")
	bare := func(s string) string { return seams.Replace(blanks.Replace(s)) }
	for name, p := range cases() {
		for _, width := range []int{20, 40, 80, 120} {
			out := string(plainText(t, p, Options{Width: width}))
			squeezed := bare(out)
			for _, c := range p.Changes {
				if c.Action == planner.NoOp {
					continue
				}
				for _, l := range indexOf(p).build(c).lines {
					if !strings.Contains(squeezed, bare(l.new.String())) || !strings.Contains(squeezed, bare(l.old.String())) {
						t.Errorf("%s at %d: %s %s is not shown whole", name, width, l.path, l)
					}
				}
			}
			for _, words := range []string{"will be created", "will be updated in-place", "will be destroyed", "must be replaced"} {
				if n, wide := strings.Count(out, words), strings.Count(string(plainText(t, p, Options{})), words); n != wide && name != "escape" {
					t.Errorf("%s at %d: %q is there %d times, not %d", name, width, words, n, wide)
				}
			}
			if name == "escape" || width < 40 {
				continue
			}
			for _, l := range strings.Split(out, "\n") {
				if columns(l) > width && strings.Contains(strings.TrimLeft(l, " #~+-/!"), " ") && !strings.HasPrefix(l, "Plan: ") && !strings.HasPrefix(l, "No changes.") && !strings.Contains(l, `["`) {
					t.Errorf("%s at %d: %d columns: %q", name, width, columns(l), l)
				}
			}
		}
	}
}

// TestRightToLeft: no line has two texts that go from right to left with an
// arrow between them, which a browser and many a terminal would show as new ->
// old.
func TestRightToLeft(t *testing.T) {
	p := plan(change("access_rule.a", planner.Update, with(office, obj{"notes": "שלום"}), with(office, obj{"notes": "عالم"}), field("notes", was("تم"))))
	for format, out := range map[string]string{
		"text": string(plainText(t, p, Options{})), "narrow": string(plainText(t, p, Options{Width: 80})), "markdown": string(must(Markdown(p, Options{}))),
	} {
		if !strings.Contains(out, "\"שלום\"\n") || !strings.Contains(out, "  -> \"عالم\"") {
			t.Errorf("%s:\n%s", format, out)
		}
	}
	if page := string(must(HTML(p, Options{}))); !strings.Contains(page, "<bdi>&#34;שלום&#34;</bdi> → <bdi>&#34;عالم&#34;</bdi>") {
		t.Error(page)
	}
}

// TestWrap: a row ends behind a blank of any piece, and a marked word goes to
// the next row before it is broken.
func TestWrap(t *testing.T) {
	for _, c := range []struct {
		n    int
		in   cell
		want string
	}{
		{24, cell{{"\"…word348 word349 ", kept}, {"word350", removed}, {"CHANGED", added}, {" word351 word352…\"", kept}}, "\"…word348 word349 |[-word350-][+CHANGED+] |word351 word352…\""},
		{10, plainCell("a verylongwordthatfitsnowhere"), "a verylong|wordthatfi|tsnowhere"},
		{12, cell{{"some words ", kept}, {"unbreakableword", added}}, "some words |[+unbreaka+]|[+bleword+]"},
		{10, plainCell("aaaa bbbb cccc"), "aaaa bbbb |cccc"},
	} {
		var rows []string
		for _, r := range c.in.wrap(c.n) {
			rows = append(rows, r.String())
		}
		if got := strings.Join(rows, "|"); got != c.want {
			t.Errorf("%d columns: %s, want %s", c.n, got, c.want)
		}
	}
}

// TestDiffWords: without what is new, it is the old text, and the other way
// round.
func TestDiffWords(t *testing.T) {
	word := rapid.SampledFrom([]string{"a", "b", " ", "  ", "Office", "office", "é", "の", "\n", ".", "[+", "2026"})
	rapid.Check(t, func(t *rapid.T) {
		x := strings.Join(rapid.SliceOfN(word, 0, 12).Draw(t, "before"), "")
		y := strings.Join(rapid.SliceOfN(word, 0, 12).Draw(t, "after"), "")
		ds, before, after := diffWords(x, y), "", ""
		for _, d := range ds {
			if d.mark != added {
				before += d.text
			}
			if d.mark != removed {
				after += d.text
			}
		}
		if before != x || after != y {
			t.Fatalf("%q and %q became %q", x, y, ds)
		}
	})
}

// What is left alone and has no name was shown with its id twice.
func TestLeftAloneWithoutName(t *testing.T) {
	l := schemaLeft("monitor", id(7), "not ours", 0)
	l.ID = id(7)
	p := &planner.Plan{LeftAlone: []planner.LeftAlone{l}}
	got := string(plainText(t, p, Options{Verbose: true}))
	if want := "  monitor " + id(7) + " (scope user): not ours\n"; !strings.Contains(got, want) {
		t.Errorf("want %q in\n%s", want, got)
	}
}

package render

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	mdhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"trueup/diag"
	"trueup/planner"
	"trueup/schema"
)

func TestMarkdown(t *testing.T) {
	for name, p := range cases() {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".md", func() []byte { return must(Markdown(p, goldenOptions)) })
		})
	}
}

// big is a plan of n creations, n updates and d deletions.
func big(n, d int) *planner.Plan {
	var cs []*planner.Change
	for i := range n {
		cs = append(cs, change(fmt.Sprintf("access_rule.new-%d", i), planner.Create, nil, office),
			change(fmt.Sprintf("access_rule.changed-%d", i), planner.Update, with(office, obj{"notes": lorem + "x"}), with(office, obj{"notes": lorem + "y"}), field("notes"), same(2)))
	}
	for i := range d {
		cs = append(cs, change(fmt.Sprintf("access_rule.gone-%d", i), planner.Delete, office, nil, because(planner.ReasonNotListed)))
	}
	return plan(cs...)
}

// TestMarkdownBudget: within the budget, with every destruction, and what was
// cut counted.
func TestMarkdownBudget(t *testing.T) {
	for _, c := range []struct{ n, d, max int }{{1000, 50, 0}, {1000, 0, 0}, {5, 5, 3000}, {300, 300, 65_000}, {1, 1, 1500}, {3000, 1, 1 << 20}} {
		p := big(c.n, c.d)
		out := string(must(Markdown(p, Options{MaxBytes: c.max})))
		limit := c.max
		if limit == 0 {
			limit = DefaultMaxBytes
		}
		if len(out) > limit {
			t.Errorf("%+v: %d bytes", c, len(out))
		}
		if n := len(out); c.n >= 1000 && n < limit/2 {
			t.Errorf("%+v: only %d bytes of %d are used", c, n, limit)
		}
		for i := range c.d {
			if !strings.Contains(out, fmt.Sprintf("access_rule.gone-%d", i)) {
				t.Fatalf("%+v: gone-%d was cut", c, i)
			}
		}
		shown := strings.Count(out, "`access_rule.new-") + strings.Count(out, "<code>access_rule.new-")
		if cut := c.n - shown; cut > 0 && !strings.Contains(out, Comma(cut)+" created") {
			t.Errorf("%+v: %d created were cut and are not counted", c, cut)
		}
	}
}

// TestMarkdownAlertsFirst: what gains privileges is not cut for the many changes
// that stand before it in the plan, however much of it there is.
func TestMarkdownAlertsFirst(t *testing.T) {
	p := big(1000, 0)
	for i := range 100 {
		p.Changes = append(p.Changes, change(fmt.Sprintf("token.wider-%d", i), planner.Update, reader, reader, field("expires_on"), func(c *planner.Change) { c.Gains = []string{"gains DNS Write"} }))
	}
	out := string(must(Markdown(p, Options{})))
	for i := range 100 {
		if !strings.Contains(out, fmt.Sprintf("<code>token.wider-%d</code>", i)) && !strings.Contains(out, fmt.Sprintf("`token.wider-%d` · ", i)) {
			t.Errorf("wider-%d was cut", i)
		}
	}
}

// TestMarkdownNeverCutsDestroys: not even where they alone are more than the
// budget.
func TestMarkdownNeverCutsDestroys(t *testing.T) {
	out := string(must(Markdown(big(10, 2000), Options{MaxBytes: 10_000})))
	for i := range 2000 {
		if !strings.Contains(out, fmt.Sprintf("access_rule.gone-%d", i)) {
			t.Fatalf("gone-%d was cut", i)
		}
	}
	if !strings.Contains(out, "10 created") {
		t.Error("what was cut is not counted")
	}
}

// TestMarkdownKeepsItsBudget: also where what stands above the blocks is long,
// and what was cut is counted.
func TestMarkdownKeepsItsBudget(t *testing.T) {
	all := strings.Join(corpus, " ")
	p := big(60, 3)
	for i, c := range p.Changes {
		if c.Action == planner.Update {
			c.Gains, c.Refused = []string{all, all}, all
		}
		if i%2 == 0 {
			p.Refusals = append(p.Refusals, planner.Refusal{Code: "stale", Message: all, Remedy: all, Addrs: []string{all, all, all, all}, Moved: c})
			p.Warnings = append(p.Warnings, diag.Diagnostic{Severity: diag.Warning, Summary: all})
			p.Targets = append(p.Targets, c.Addr)
		}
	}
	for range 40 {
		p.Changes = append(p.Changes, drifts().Changes[0])
	}
	for _, limit := range []int{20_000, DefaultMaxBytes, 1 << 20} {
		out := string(must(Markdown(p, Options{MaxBytes: limit, Commit: all, Source: all})))
		if len(out) > limit {
			t.Errorf("%d bytes of %d", len(out), limit)
		}
		for _, want := range []string{"access_rule.gone-0", "access_rule.gone-2", "more reasons", "more\n", "`trueup plan` shows everything"} {
			if limit > 20_000 && strings.HasPrefix(want, "`") {
				continue // what is cut is said in the blocks
			}
			if !strings.Contains(out, want) {
				t.Errorf("limit %d: there is no %q", limit, want)
			}
		}
	}
	one := plan(big(1, 0).Changes[:2]...)
	one.Changes[1].Fields[0].After = schema.String(strings.Repeat("all new ", 100))
	if out := string(must(Markdown(one, Options{}))); !strings.Contains(out, strings.Repeat("all new ", 100)) {
		t.Errorf("a value is cut where there is room:\n%s", out)
	}
	if out := string(must(Markdown(one, Options{MaxBytes: 2100}))); !strings.Contains(out, "1 long value is shortened") {
		t.Errorf("a value is cut and that is not said:\n%s", out)
	}
}

// TestMarkdownEscapes renders Markdown as a site would that lets HTML through,
// and looks for elements that are not ours, and for text outside of code that
// the site would make a mention or a link of.
func TestMarkdownEscapes(t *testing.T) {
	all := strings.Join(corpus, " ")
	ours := []string{"html", "head", "body", "h3", "p", "blockquote", "strong", "code", "details", "summary", "pre", "ul", "li", "sub", "br"}
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(mdhtml.WithUnsafe()))
	for _, limit := range []int{0, 60_000, 8_000} {
		for name, p := range cases() {
			out := must(Markdown(p, Options{Commit: all, Source: all, MaxBytes: limit}))
			var page bytes.Buffer
			if err := md.Convert(out, &page); err != nil {
				t.Fatal(err)
			}
			root, err := html.Parse(&page)
			if err != nil {
				t.Fatal(err)
			}
			details := 0
			for n := range root.Descendants() {
				switch n.Type {
				case html.ElementNode:
					if !slices.Contains(ours, n.Data) {
						t.Errorf("%s, limit %d: a value made an element %s", name, limit, n.Data)
					}
					if n.Data == "details" {
						details++
					}
					if len(n.Attr) > 0 && !(len(n.Attr) == 1 && n.Attr[0].Val == "language-diff") {
						t.Errorf("%s, limit %d: %s has attributes %v", name, limit, n.Data, n.Attr)
					}
				case html.TextNode:
					if n.Parent.Data != "code" && regexp.MustCompile(`(?i)@\w|#\d|gh-\d|:[\w+-]+:`).MatchString(n.Data) {
						t.Errorf("%s, limit %d: a mention or an emoji outside of code: %s", name, limit, n.Data)
					}
				}
			}
			if want := bytes.Count(out, []byte("\n<details>")); details != want {
				t.Errorf("%s, limit %d: %d details, and %d were written", name, limit, details, want)
			}
		}
	}
}

// TestMarkdownIPv6: no part of an address becomes a picture.
func TestMarkdownIPv6(t *testing.T) {
	v6 := with(office, obj{"value": "2001:db8:100::/48"})
	p := plan(change("access_rule.a", planner.Update, with(v6, obj{"mode": "block"}), v6, field("mode")))
	p.Refusals = []planner.Refusal{{Code: "lock-out", Message: "access_rule.a blocks 2001:db8:100:de::/64"}}
	p.Scopes = []schema.Scope{{Level: schema.Zone, ID: id(1)}}
	out := string(must(Markdown(p, Options{})))
	for _, want := range []string{" · 2001:<!-- -->db8:<!-- -->100::/48 · ", " 2001:<!-- -->db8:<!-- -->100:<!-- -->de::/64\n", "scope zone:0"} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q:\n%s", want, out)
		}
	}
}

func TestCodeSpan(t *testing.T) {
	for in, want := range map[string]string{"a": "`a`", "a`b": "``a`b``", "`": "`` ` ``", " a ": "`  a  `", "a``b`c": "```a``b`c```", "": "", "a\nb": "`a\\u000ab`"} {
		if got := codeSpan(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

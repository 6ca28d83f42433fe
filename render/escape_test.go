package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	mdhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"trueup/diag"
	"trueup/diag/diagtest"
	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// told is a value of the attribute with the text wherever text can be.
func told(a *schema.Attr, text string) schema.Value {
	switch a.Nest {
	case schema.ListOf, schema.SetOf, schema.KeyedBy:
		return schema.List{told(a.Elem(), text)}
	case schema.MapOf:
		return schema.Map{text: told(a.Elem(), text)}
	}
	switch a.Type {
	case schema.TypeObject:
		return toldRow(a.Attrs, text)
	case schema.TypeBool:
		return schema.Bool(true)
	case schema.TypeInt, schema.TypeNumber:
		return schema.Number(7)
	case schema.TypeJSON:
		return schema.Map{text: schema.String(text)}
	}
	return schema.String(text)
}

func toldRow(attrs []schema.Attr, text string) schema.Row {
	row := make(schema.Row, len(attrs))
	for i := range attrs {
		row[i] = told(&attrs[i], text)
	}
	return row
}

// everywhere is a plan with the text in every attribute of every kind, created,
// updated and deleted, and in all else that a plan holds.
func everywhere(text string) *planner.Plan {
	var cs []*planner.Change
	for _, k := range schema.Kinds {
		addr := schema.Addr{Kind: k.Name, Name: "x", Key: text + " key", Each: true}
		full, other := toldRow(k.Attrs, text), toldRow(k.Attrs, text+" more")
		made := planner.Change{Addr: addr, Kind: k, Scope: schema.UserScope, ID: text, Names: map[string]string{text: text}}
		create, gone, update, drifted := made, made, made, made
		create.Action, create.After = planner.Create, full
		gone.Action, gone.Before, gone.Deposed, gone.Reason = planner.Delete, full, true, planner.ReasonNotListed
		update.Action, update.Before, update.After, update.RenamedFrom = planner.Update, full, other, addr
		update.Gains, update.Refused, update.Event = []string{text, text}, text, &planner.Event{Actor: text, Interface: text}
		update.Referrers = []schema.Referrer{{Type: text, ID: text, Name: text}}
		drifted.Action, drifted.Before, drifted.After, drifted.Event = planner.NoOp, full, full, update.Event
		for i := range k.Attrs {
			update.Fields = append(update.Fields, planner.Field{Path: k.Attrs[i].Name, Before: full[i], After: other[i], Applied: full[i], Known: true, Drifted: i%2 == 0})
			drifted.Drift = append(drifted.Drift, planner.Field{Path: k.Attrs[i].Name, Before: other[i], After: full[i], Drifted: true})
		}
		cs = append(cs, &create, &gone, &update, &drifted)
	}
	p := plan(cs...)
	p.Paths, p.Targets = []string{text}, []schema.Addr{cs[0].Addr}
	p.LeftAlone = []planner.LeftAlone{{Kind: text, Scope: schema.UserScope, ID: text, Label: text, Why: text}}
	p.Refusals = []planner.Refusal{{Code: "stale", Message: text, Remedy: text, Addrs: []string{text, text, text, text, text}, Moved: cs[2]}}
	p.Warnings = diag.List{{Severity: diag.Warning, Summary: text, Detail: text, Hint: text, Address: text, Code: text, Range: diag.Range{File: text}}}
	return p
}

// skeleton is the elements of a page with their attributes, without values and
// the marks inside of them.
func skeleton(t *testing.T, page []byte) string {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || slices.Contains([]string{"bdi", "ins", "del"}, n.Data) {
			continue
		}
		b.WriteString("<" + n.Data)
		for _, a := range n.Attr {
			if a.Key != "content" {
				fmt.Fprintf(&b, " %s=%q", a.Key, a.Val)
			}
		}
		b.WriteString(">\n")
	}
	return b.String()
}

func rendered(t *testing.T, md []byte) []byte {
	t.Helper()
	var page bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(mdhtml.WithUnsafe())).Convert(md, &page); err != nil {
		t.Fatal(err)
	}
	return page.Bytes()
}

// shape is the lines, each by how far it is set in.
func shape(text []byte) string {
	var b strings.Builder
	for l := range strings.SplitSeq(string(text), "\n") {
		fmt.Fprintf(&b, "%d\n", len(l)-len(strings.TrimLeft(l, " ")))
	}
	return b.String()
}

// TestNothingBreaksOut: whatever text stands in any attribute of any kind, and
// in all else that a plan holds, each format has the lines and the elements
// that it has for a harmless one.
func TestNothingBreaksOut(t *testing.T) {
	o := func(text string) Options {
		return Options{Commit: text, Source: text, Verbose: true, MaxBytes: 50 << 20}
	}
	formats := map[string]struct {
		write func(text string) []byte
		shape func([]byte) string
	}{
		"text":     {func(s string) []byte { return plainText(t, everywhere(s), o(s)) }, shape},
		"markdown": {func(s string) []byte { return must(Markdown(everywhere(s), o(s))) }, func(b []byte) string { return skeleton(t, rendered(t, b)) }},
		"html":     {func(s string) []byte { return must(HTML(everywhere(s), o(s))) }, func(b []byte) string { return skeleton(t, b) }},
		"json":     {func(s string) []byte { return must(JSON(everywhere(s))) }, shape},
		"state text": {func(s string) []byte {
			var b bytes.Buffer
			if err := StateText(&b, stateOf(s), o(s)); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		}, shape},
		"state markdown": {func(s string) []byte { return StateMarkdown(stateOf(s), o(s)) }, func(b []byte) string { return skeleton(t, rendered(t, b)) }},
		"state html":     {func(s string) []byte { return must(StateHTML(stateOf(s), o(s))) }, func(b []byte) string { return skeleton(t, b) }},
		"state json":     {func(s string) []byte { return must(StateJSON(stateOf(s))) }, shape},
		"dot":            {func(s string) []byte { return must(Graph(graphOf(s), "dot")) }, shape},
		"mermaid":        {func(s string) []byte { return must(Graph(graphOf(s), "mermaid")) }, shape},
	}
	for name, f := range formats {
		harmless := f.shape(f.write("harmless text"))
		for _, text := range corpus {
			out := f.write(text)
			if got := f.shape(out); got != harmless {
				t.Errorf("%s: %.40q changes what is there: %s", name, text, firstDifference(harmless, got))
			}
			page := string(out)
			if strings.HasSuffix(name, "html") {
				page = string(withoutParts(out))
			}
			if bad := diagtest.Obeyed(page); bad != "" {
				t.Errorf("%s: %.40q would be obeyed: %.200q", name, text, bad)
			}
		}
	}
}

func firstDifference(x, y string) string {
	a, b := strings.Split(x, "\n"), strings.Split(y, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d is %q, not %q", i+1, b[i], a[i])
		}
	}
	return fmt.Sprintf("%d lines, not %d", len(b), len(a))
}

func stateOf(text string) *state.Snapshot {
	s := &state.Snapshot{Open: []state.Intent{{Op: state.OpCreate, Addr: schema.Addr{Kind: "pool", Name: "x", Key: text, Each: true}, Scope: schema.UserScope, ID: text}}}
	for _, k := range schema.Kinds {
		a := schema.Addr{Kind: k.Name, Name: "x", Key: text + " key", Each: true}
		s.Entries = append(s.Entries, &state.Entry{Addr: a, Scope: schema.UserScope, ID: text, Applied: toldRow(k.Attrs, text), DependsOn: []schema.Addr{a}, Origin: state.Created})
	}
	return s
}

func graphOf(text string) *schema.Graph {
	g := &schema.Graph{}
	for _, k := range schema.Kinds {
		a := schema.Addr{Kind: k.Name, Name: "x", Key: text, Each: true}
		g.Resources = append(g.Resources, &schema.Resource{Addr: a, Kind: k, Scope: schema.UserScope, Values: make(schema.Row, len(k.Attrs)), DependsOn: []schema.Addr{{Kind: "pool", Name: "x", Key: text, Each: true}}})
	}
	return g
}

// TestJSONKeepsText: what stands in before and after is what was put in.
func TestJSONKeepsText(t *testing.T) {
	for _, text := range corpus {
		var doc struct {
			Changes []struct {
				Type   string
				Change struct{ After map[string]any }
			} `json:"resource_changes"`
		}
		if err := json.Unmarshal(must(JSON(everywhere(text))), &doc); err != nil {
			t.Fatal(err)
		}
		kept := map[string]bool{}
		for _, c := range doc.Changes {
			for name, v := range c.Change.After {
				if v == text {
					kept[c.Type+"."+name] = true
				}
			}
		}
		for _, k := range schema.Kinds {
			for i := range k.Attrs {
				a := &k.Attrs[i]
				if _, plain := told(a, text).(schema.String); plain && shown(a) && !kept[k.Name+"."+a.Name] {
					t.Errorf("%s.%s: %.40q is not there", k.Name, a.Name, text)
				}
			}
		}
	}
	if !slices.Contains(corpus, "::error::x") {
		t.Error("the corpus is not the one of diagtest")
	}
}

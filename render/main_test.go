package render

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"trueup/planner"
	"trueup/schema"
)

var update = flag.Bool("update", false, "write the golden files")

const goldenDir = "../testdata/golden/render"

// golden compares what made gives, twice, with the file.
func golden(t *testing.T, name string, made func() []byte) {
	t.Helper()
	got := made()
	if again := made(); !bytes.Equal(got, again) {
		t.Fatalf("%s: not the same when made twice", name)
	}
	path := filepath.Join(goldenDir, name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update and read the difference. Got:\n%s", path, got)
	}
}

// obj and list are short for what a file would hold.
type (
	obj  map[string]any
	list []any
)

// value makes a value of the attribute.
func value(a *schema.Attr, v any) schema.Value {
	switch x := v.(type) {
	case nil:
		return nil
	case schema.Value:
		return x
	case string:
		return schema.String(x)
	case int:
		return schema.Number(x)
	case float64:
		return schema.Number(x)
	case bool:
		return schema.Bool(x)
	case list:
		elem, out := a.Elem(), make(schema.List, len(x))
		for i, e := range x {
			out[i] = value(elem, e)
		}
		return out
	case obj:
		if a.Type == schema.TypeObject && a.Nest != schema.MapOf {
			return rowOf(a.Attrs, x)
		}
		elem, out := a.Elem(), schema.Map{}
		for k, e := range x {
			out[k] = value(elem, e)
		}
		return out
	}
	panic(fmt.Sprintf("%T is no value", v))
}

func rowOf(attrs []schema.Attr, m obj) schema.Row {
	row := make(schema.Row, len(attrs))
	for name, v := range m {
		i := slices.IndexFunc(attrs, func(a schema.Attr) bool { return a.Name == name })
		if i < 0 {
			panic("no attribute " + name)
		}
		row[i] = value(&attrs[i], v)
	}
	return row
}

// row is a row of the kind as a plan holds it: canonical, defaults filled in.
func row(kind string, m obj) schema.Row {
	k := schema.KindNamed(kind)
	raw := rowOf(k.Attrs, m)
	built, problems := k.Build(raw)
	for _, p := range problems {
		if p.Code != "missing-attribute" && p.Code != "unknown-value" && p.Code != "header-name" {
			panic(fmt.Sprintf("%s: %+v", kind, p))
		}
	}
	for i := range k.Attrs { // what the server computes is not built
		if k.Attrs[i].Mode == schema.Computed {
			built[i] = raw[i]
		}
	}
	return built
}

func addr(s string) schema.Addr {
	a, err := schema.ParseAddr(s)
	if err != nil {
		panic(err)
	}
	return a
}

// id is an identifier that reads as its number.
func id(n int) string { return fmt.Sprintf("%032x", 0x92f1_0000+n) }

// change is a change of the address, from what is there to what is wanted.
func change(address string, action planner.Action, before, after obj, more ...func(*planner.Change)) *planner.Change {
	a := addr(address)
	c := &planner.Change{Addr: a, Kind: schema.KindNamed(a.Kind), Scope: schema.UserScope, Action: action}
	if before != nil {
		c.Before, c.ID = row(a.Kind, before), id(len(address))
	}
	if after != nil {
		c.After = row(a.Kind, after)
	}
	for _, f := range more {
		f(c)
	}
	return c
}

// field adds a changed path. Its values are those of the rows.
func field(path string, more ...func(*planner.Change, *planner.Field)) func(*planner.Change) {
	return func(c *planner.Change) {
		f := planner.Field{Path: path, Before: valueAt(c.Kind, c.Before, path), After: valueAt(c.Kind, c.After, path)}
		if len(more) == 0 {
			f.Wanted = true
		}
		for _, m := range more {
			m(c, &f)
		}
		c.Fields = append(c.Fields, f)
	}
}

func replaces(_ *planner.Change, f *planner.Field) { f.Replaces, f.Wanted = true, true }

// was says what was applied; the live value differs, so it drifted.
func was(v any) func(*planner.Change, *planner.Field) {
	return func(c *planner.Change, f *planner.Field) {
		f.Applied, f.Known, f.Drifted = value(c.Kind.AttrAt(f.Path), v), true, true
		c.Drift = append(c.Drift, planner.Field{Path: f.Path, Before: f.Applied, After: f.Before, Drifted: true})
	}
}

func wanted(_ *planner.Change, f *planner.Field) { f.Wanted = true }

// drift is drift that needs nothing.
func drift(path string, applied any) func(*planner.Change) {
	return func(c *planner.Change) {
		a := c.Kind.AttrAt(path)
		c.Drift = append(c.Drift, planner.Field{Path: path, Before: value(a, applied), After: valueAt(c.Kind, c.Before, path), Drifted: true})
	}
}

func same(n int) func(*planner.Change) { return func(c *planner.Change) { c.Same = n } }
func adopted(c *planner.Change)        { c.Adopted = true }
func deposed(c *planner.Change)        { c.Deposed = true }
func preventDestroy(c *planner.Change) { c.PreventDestroy = true }
func because(r planner.Reason) func(*planner.Change) {
	return func(c *planner.Change) { c.Reason = r }
}
func renamed(from string) func(*planner.Change) {
	return func(c *planner.Change) { c.RenamedFrom = addr(from) }
}
func named(names map[string]string) func(*planner.Change) {
	return func(c *planner.Change) { c.Names = names }
}
func gains(g ...string) func(*planner.Change) { return func(c *planner.Change) { c.Gains = g } }
func refused(why string) func(*planner.Change) {
	return func(c *planner.Change) { c.Refused = why }
}
func withID(s string) func(*planner.Change) { return func(c *planner.Change) { c.ID = s } }
func usedBy(rs ...schema.Referrer) func(*planner.Change) {
	return func(c *planner.Change) { c.Referrers = rs }
}
func by(actor, where string) func(*planner.Change) {
	return func(c *planner.Change) {
		c.Event = &planner.Event{Actor: actor, Interface: where, When: time.Date(2026, 11, 22, 14, 3, 0, 0, time.UTC)}
	}
}

func ref(address string) schema.Ref { return schema.Ref{Addr: addr(address), Attr: "id"} }

func sensitive(s string) schema.Value { return schema.Sensitive{Value: schema.String(s)} }

// valueAt is the value at a path of the row, or nil.
func valueAt(k *schema.Kind, row schema.Row, path string) schema.Value {
	var got schema.Value
	edit(k, row, path, func(v schema.Value) schema.Value { got = v; return v })
	return got
}

// plan puts changes into a plan with everything around them.
func plan(changes ...*planner.Change) *planner.Plan {
	return &planner.Plan{
		Paths: []string{"trueup.yaml"}, Scopes: []schema.Scope{schema.UserScope}, Resources: len(changes), Changes: changes,
		Budget: planner.Budget{Read: 6, Apply: len(changes), Limit: 1200, Remaining: 1188, Seconds: 2},
	}
}

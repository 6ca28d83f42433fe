package planner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"trueup/diag"
	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

var (
	now  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	salt = []byte("0123456789abcdef")
)

type attrs map[string]any

// id is an identifier that is easy to read in a failure.
func id(n int) string { return fmt.Sprintf("%032x", n) }

// value makes a Value of plain Go values, shaped by the attribute.
func value(a *schema.Attr, v any) schema.Value {
	switch x := v.(type) {
	case nil:
		return nil
	case schema.Value:
		return x
	case string:
		return schema.String(x)
	case bool:
		return schema.Bool(x)
	case int:
		return schema.Number(x)
	case float64:
		return schema.Number(x)
	case []any:
		l := schema.List{}
		for _, e := range x {
			l = append(l, value(a.Elem(), e))
		}
		return l
	case attrs:
		if a.Type != schema.TypeObject || a.Nest == schema.MapOf {
			m := schema.Map{}
			for k, e := range x {
				m[k] = value(a.Elem(), e)
			}
			return m
		}
		return raw(a.Attrs, x)
	}
	panic(fmt.Sprintf("%T", v))
}

func raw(as []schema.Attr, m attrs) schema.Row {
	row := make(schema.Row, len(as))
	n := 0
	for i := range as {
		if v, ok := m[as[i].Name]; ok {
			row[i] = value(&as[i], v)
			n++
		}
	}
	if n != len(m) {
		panic(fmt.Sprintf("unknown attribute among %v", m))
	}
	return row
}

// want is a resource as the loader would make it.
func want(address string, m attrs) *schema.Resource {
	addr, err := schema.ParseAddr(address)
	if err != nil {
		panic(err)
	}
	k := schema.KindNamed(addr.Kind)
	r := raw(k.Attrs, m)
	if k.NameAttr != "" && k.Get(r, k.NameAttr) == nil {
		r[k.Index(k.NameAttr)] = schema.String(addr.Label())
	}
	row, problems := k.Build(r)
	if len(problems) > 0 {
		panic(fmt.Sprint(address, problems))
	}
	return &schema.Resource{
		Addr: addr, Kind: k, Scope: schema.UserScope, Values: row,
		Decl: diag.Range{File: "trueup.yaml", Start: diag.Pos{Line: 1, Column: 1}},
	}
}

// live is an object as cfclient would read it.
func live(kind, id string, m attrs) *schema.Object {
	k := schema.KindNamed(kind)
	row, err := k.CanonRow(raw(k.Attrs, m))
	if err != nil {
		panic(err)
	}
	return &schema.Object{Kind: k, Scope: schema.UserScope, ID: id, Values: row, Raw: []byte(`{"id":"` + id + `"}`)}
}

// ours is a state entry that says that the object was made under the address
// and has not been changed since; change what is to be otherwise.
func ours(address string, o *schema.Object) *state.Entry {
	addr, err := schema.ParseAddr(address)
	if err != nil {
		panic(err)
	}
	e := &state.Entry{Addr: addr, Scope: o.Scope, ID: o.ID, Origin: state.Created, Applied: o.Kind.Seal(o.Values, salt)}
	if o.Kind.API.Secret {
		e.Secret = state.Delivered
	}
	return e
}

// world is an Input in the making.
type world struct {
	in    planner.Input
	lists map[planner.ListKey]int
}

func newWorld(resources ...*schema.Resource) *world {
	w := &world{lists: map[planner.ListKey]int{}}
	slices.SortFunc(resources, func(a, b *schema.Resource) int { return a.Addr.Compare(b.Addr) })
	w.in.Want = &schema.Graph{Scope: schema.UserScope, Resources: resources, Paths: []string{"trueup.yaml"},
		Settings: schema.Settings{Limits: schema.DefaultLimits, Ownership: map[string]schema.Ownership{}}}
	w.in.Have = &state.Snapshot{Salt: salt}
	w.in.Now = now
	for _, k := range schema.Kinds {
		w.list(k, schema.UserScope)
	}
	for _, r := range resources {
		w.list(r.Kind, r.Scope)
	}
	return w
}

func (w *world) list(k *schema.Kind, s schema.Scope) *planner.Listing {
	key := planner.ListKey{Kind: k, Scope: s}
	i, ok := w.lists[key]
	if !ok {
		i = len(w.in.Live)
		w.lists[key] = i
		w.in.Live = append(w.in.Live, planner.Listing{Kind: k, Scope: s})
	}
	return &w.in.Live[i]
}

func (w *world) live(os ...*schema.Object) *world {
	for _, o := range os {
		l := w.list(o.Kind, o.Scope)
		l.Objects = append(l.Objects, o)
	}
	return w
}

func (w *world) have(es ...*state.Entry) *world {
	w.in.Have.Entries = append(w.in.Have.Entries, es...)
	slices.SortFunc(w.in.Have.Entries, (*state.Entry).Compare)
	return w
}

func (w *world) make(t *testing.T) *planner.Plan {
	t.Helper()
	p, diags := planner.Make(w.in)
	if err := diags.Err(); err != nil {
		t.Fatalf("Make: %v", err)
	}
	return p
}

func (w *world) fails(t *testing.T) diag.List {
	t.Helper()
	_, diags := planner.Make(w.in)
	if !diags.HasErrors() {
		t.Fatal("Make: no error")
	}
	return diags
}

// lines is a plan in short: one change a line.
func lines(p *planner.Plan) string {
	var out []string
	for _, c := range p.Changes {
		s := string(c.Action) + " " + c.Addr.String()
		if c.ID != "" {
			s += " #" + strings.TrimLeft(c.ID, "0")
		}
		for _, word := range []struct {
			is   bool
			text string
		}{
			{c.Deposed, "deposed"}, {c.Reason != "", "(" + string(c.Reason) + ")"}, {c.Adopted, "adopted"},
			{!c.RenamedFrom.IsZero(), "from " + c.RenamedFrom.String()}, {c.Roll, "roll"}, {c.Record, "record"},
			{c.Refused != "", "refused"}, {len(c.Drift) > 0, "drifted"}, {len(c.Needs) > 0, "needs " + fmt.Sprint(c.Needs)},
		} {
			if word.is {
				s += " " + word.text
			}
		}
		for _, f := range c.Fields {
			s += " " + f.Path
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

func left(p *planner.Plan) string {
	var out []string
	for _, l := range p.LeftAlone {
		out = append(out, l.Kind+" #"+strings.TrimLeft(l.ID, "0")+" "+l.Why)
	}
	return strings.Join(out, "\n")
}

func codes(p *planner.Plan) string {
	var out []string
	for _, r := range p.Refusals {
		out = append(out, r.Code)
	}
	return strings.Join(out, " ")
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot  %s\nwant %s", what, strings.ReplaceAll(got, "\n", "\n     "), strings.ReplaceAll(want, "\n", "\n     "))
	}
}

var (
	rule    = attrs{"value": "192.0.2.1", "mode": "block"}
	ruleOff = attrs{"value": "192.0.2.1", "mode": "whitelist"}
)

// TestDecisions is the decision table: wanted, live and ours, each absent,
// equal or different.
func TestDecisions(t *testing.T) {
	equalLive := live("access_rule", id(1), rule)
	otherLive := live("access_rule", id(1), ruleOff)
	foreign := live("access_rule", id(2), rule)
	applied := func(m attrs) *state.Entry { return ours("access_rule.a", live("access_rule", id(1), m)) }
	old := func() *state.Entry { return ours("access_rule.old", equalLive) }
	for _, c := range []struct {
		name string
		want attrs
		live *schema.Object
		ours *state.Entry
		plan string
		left string
	}{
		{"nothing anywhere", nil, nil, nil, "", ""},
		{"wanted only", rule, nil, nil, "create access_rule.a", ""},
		{"live only", nil, equalLive, nil, "", "access_rule #1 not ours"},
		{"ours only", nil, nil, applied(rule), "forget access_rule.a #1 (gone)", ""},
		{"wanted, live equal", rule, equalLive, nil, "no-op access_rule.a #1 adopted record", ""},
		{"wanted, live differs", rule, otherLive, nil, "update access_rule.a #1 adopted mode", ""},
		{"wanted, ours, gone", rule, nil, applied(rule), "create access_rule.a (gone)", ""},
		{"wanted otherwise, ours, gone", ruleOff, nil, applied(rule), "create access_rule.a (gone)", ""},
		{"live, ours", nil, equalLive, applied(rule), "delete access_rule.a #1 (not-listed)", ""},
		{"live, ours, drifted", nil, otherLive, applied(rule), "delete access_rule.a #1 (not-listed) drifted", ""},
		{"all equal", rule, equalLive, applied(rule), "no-op access_rule.a #1", ""},
		{"the files changed", ruleOff, equalLive, applied(rule), "update access_rule.a #1 mode", ""},
		{"live changed", rule, otherLive, applied(rule), "update access_rule.a #1 drifted mode", ""},
		{"both changed to the same", ruleOff, otherLive, applied(rule), "no-op access_rule.a #1 record drifted", ""},
		{"both changed, otherwise", attrs{"value": "192.0.2.1", "mode": "challenge"}, otherLive, applied(rule), "update access_rule.a #1 drifted mode", ""},
		{"renamed", rule, equalLive, old(), "no-op access_rule.a #1 from access_rule.old record", ""},
		{"renamed and changed", ruleOff, equalLive, old(), "update access_rule.a #1 from access_rule.old mode", ""},
		{"ours was made anew by somebody", rule, foreign, applied(rule), "no-op access_rule.a #2 adopted record", ""},
		{"what can't be updated changed", attrs{"value": "192.0.2.9", "mode": "block"}, equalLive, applied(rule), "create-replace access_rule.a #1 (cannot-update) value", ""},
		{"the same, but it is not ours", attrs{"value": "192.0.2.9", "mode": "block"}, equalLive, nil, "create access_rule.a", "access_rule #1 not ours"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var rs []*schema.Resource
			if c.want != nil {
				rs = append(rs, want("access_rule.a", c.want))
			}
			w := newWorld(rs...)
			if c.live != nil {
				w.live(c.live)
			}
			if c.ours != nil {
				w.have(c.ours)
			}
			p := w.make(t)
			equal(t, "plan", lines(p), c.plan)
			equal(t, "left alone", left(p), c.left)
		})
	}
}

func TestSupersededAndSwapped(t *testing.T) {
	one := live("access_rule", id(1), rule)
	two := live("access_rule", id(2), attrs{"value": "192.0.2.2", "mode": "block"})

	w := newWorld(want("access_rule.a", attrs{"value": "192.0.2.2", "mode": "block"})).live(one, two).have(ours("access_rule.a", one))
	equal(t, "superseded", lines(w.make(t)), "no-op access_rule.a #2 adopted record\ndelete access_rule.a #1 deposed (superseded)")

	w = newWorld(want("access_rule.a", attrs{"value": "192.0.2.2", "mode": "block"}), want("access_rule.b", rule)).
		live(one, two).have(ours("access_rule.a", one), ours("access_rule.b", two))
	p := w.make(t)
	equal(t, "swapped", lines(p), "no-op access_rule.a #2 from access_rule.b record\nno-op access_rule.b #1 from access_rule.a record")
	equal(t, "outcome", p.Outcome(), "none")
	if n := p.Counts(); n != (planner.Counts{Rename: 2}) {
		t.Errorf("counts: %+v", n)
	}
}

func TestDeposedEntries(t *testing.T) {
	old := live("access_rule", id(1), rule)
	gone := ours("access_rule.a", live("access_rule", id(7), rule))
	e := ours("access_rule.a", old)
	e.Deposed, gone.Deposed = true, true
	w := newWorld(want("access_rule.a", attrs{"value": "192.0.2.2", "mode": "block"})).
		live(old, live("access_rule", id(2), attrs{"value": "192.0.2.2", "mode": "block"})).
		have(e, gone, ours("access_rule.a", live("access_rule", id(2), attrs{"value": "192.0.2.2", "mode": "block"})))
	equal(t, "left of a replacement", lines(w.make(t)),
		"no-op access_rule.a #2\ndelete access_rule.a #1 deposed (superseded)\nforget access_rule.a #7 deposed (gone)")

	w = newWorld(want("access_rule.a", rule)).live(old).have(e)
	equal(t, "wanted again", lines(w.make(t)), "no-op access_rule.a #1 adopted record\nforget access_rule.a #1 deposed (superseded)")
}

func TestExplicitID(t *testing.T) {
	r := want("access_rule.a", attrs{"value": "192.0.2.9", "mode": "block"})
	r.ID = id(1)
	w := newWorld(r).live(live("access_rule", id(1), rule))
	equal(t, "plan", lines(w.make(t)), "create-replace access_rule.a #1 (cannot-update) adopted value")

	d := newWorld(r).fails(t)
	equal(t, "not found", d.Error(), "trueup.yaml:1:1: error: access_rule.a: there is no access rule with the id "+id(1)+" in scope user")

	s := want("access_rule.b", rule)
	s.ID = id(1)
	d = newWorld(r, s).live(live("access_rule", id(1), rule)).fails(t)
	equal(t, "twice", d.Error(), "trueup.yaml:1:1: error: access_rule.b: it means the same object as access_rule.a: "+id(1))
}

func TestSeveralOfOneName(t *testing.T) {
	one, two := live("monitor", id(1), attrs{"description": "m"}), live("monitor", id(2), attrs{"description": "m"})
	r := want("monitor.m", attrs{})

	d := newWorld(r).live(one, two).fails(t)
	equal(t, "ambiguous", d.Error(), "trueup.yaml:1:1: error: monitor.m: 2 monitors in scope user have this description: "+id(1)+", "+id(2))

	w := newWorld(r).live(one, two).have(ours("monitor.m", two))
	equal(t, "the state knows", lines(w.make(t)), "no-op monitor.m #2")

	w = newWorld(r).live(one, two).have(ours("monitor.before", two))
	equal(t, "under a name that is gone", lines(w.make(t)), "no-op monitor.m #2 from monitor.before record")

	w = newWorld(r).live(one, two).have(ours("monitor.before", two), ours("monitor.once", one))
	w.fails(t)

	w = newWorld(r, want("monitor.n", attrs{})).live(one, two).have(ours("monitor.m", one), ours("monitor.n", two))
	equal(t, "renamed outside to another's name", lines(w.make(t)), "no-op monitor.m #1\nupdate monitor.n #2 description")
}

func TestExclusiveIgnoreAndScopes(t *testing.T) {
	soc := live("access_rule", id(3), attrs{"value": "192.0.2.3", "mode": "block", "notes": "Managed by SOC, ask"})
	w := newWorld(want("access_rule.a", rule)).live(live("access_rule", id(1), rule), live("access_rule", id(2), attrs{"value": "192.0.2.2", "mode": "block"}), soc)
	w.in.Want.Settings.Ownership["access_rule"] = schema.Exclusive
	w.in.Want.Settings.Ignore = []schema.IgnoreRule{{Kind: "monitor", Patterns: map[string]string{"id": "*"}}, {Kind: "access_rule", Patterns: map[string]string{"notes": "*managed BY soc*"}}}
	p := w.make(t)
	equal(t, "plan", lines(p), "delete access_rule."+id(2)+" #2 (exclusive)\nno-op access_rule.a #1 adopted record")
	equal(t, "left", left(p), "access_rule #3 ignore rule 2")

	w.in.Want.Resources = append(w.in.Want.Resources, want("access_rule.b", attrs{"value": "192.0.2.3", "mode": "block"}))
	d := w.fails(t)
	equal(t, "covered", d.Error(), "trueup.yaml:1:1: error: access_rule.b: the object that it means, "+id(3)+", is covered by ignore rule 2, so it is never touched")

	r := want("access_rule.a", rule)
	r.Scope = schema.Scope{Level: schema.Account, ID: id(99)}
	w = newWorld(r).live(live("access_rule", id(1), rule)).have(ours("access_rule.a", live("access_rule", id(1), rule)))
	p = w.make(t)
	equal(t, "moved", lines(p), "create access_rule.a\nforget access_rule.a #1 (moved-scope)")
	equal(t, "left", left(p), "access_rule #1 moved to another scope")
	if len(p.Warnings) != 1 || p.Warnings[0].Code != "moved-scope" {
		t.Errorf("warnings: %v", p.Warnings)
	}
	// Where others stay in the old scope, exclusive deletes it now: else the plan after the apply would not be empty.
	w = newWorld(r, want("access_rule.stays", attrs{"value": "192.0.2.2", "mode": "block"})).live(live("access_rule", id(1), rule)).have(ours("access_rule.a", live("access_rule", id(1), rule)))
	w.in.Want.Settings.Ownership["access_rule"] = schema.Exclusive
	equal(t, "moved, exclusive", lines(w.make(t)), "create access_rule.a\ndelete access_rule.a #1 (exclusive)\ncreate access_rule.stays")
}

// An undo deletes what the last apply made in the scope that a resource moved to.
func TestUndoOfMove(t *testing.T) {
	there := live("access_rule", id(1), rule)
	there.Scope = schema.Scope{Level: schema.Account, ID: id(99)}
	w := newWorld(want("access_rule.a", rule)).live(there).have(ours("access_rule.a", there))
	w.in.Undo = true
	equal(t, "plan", lines(w.make(t)), "delete access_rule.a #1 (undone)\ncreate access_rule.a (undone)")
}

// What two scopes list under one id is one object: what one of them wants, the
// other neither deletes nor wants otherwise.
func TestOneObjectInTwoScopes(t *testing.T) {
	account := schema.Scope{Level: schema.Account, ID: id(99)}
	one, other := live("monitor", id(1), attrs{"description": "m"}), live("monitor", id(1), attrs{"description": "m"})
	other.Scope = account
	n, rest := want("monitor.n", attrs{"description": "m"}), want("monitor.rest", attrs{})
	n.Scope = account
	w := newWorld(n).live(one, other).have(ours("monitor.m", one))
	equal(t, "moved and renamed", lines(w.make(t)), "forget monitor.m #1 (moved-scope)\nno-op monitor.n #1 adopted record")
	w = newWorld(n, rest).live(one, other)
	w.in.Want.Settings.Ownership["monitor"] = schema.Exclusive
	p := w.make(t)
	equal(t, "exclusive", lines(p), "no-op monitor.n #1 adopted record\ncreate monitor.rest")
	equal(t, "left", left(p), "monitor #1 wanted in another scope")
	w = newWorld(n, want("monitor.m", attrs{"path": "/x"})).live(one, other)
	equal(t, "both, and otherwise", w.fails(t)[0].Code, "same-object")
	w = newWorld(n, want("monitor.m", attrs{})).live(one, other)
	equal(t, "both alike", lines(w.make(t)), "no-op monitor.m #1 adopted record\nno-op monitor.n #1 adopted record")
	n.Addr.Name = "m"
	p = newWorld(n).live(one, other).have(ours("monitor.m", one)).make(t)
	equal(t, "moved", lines(p)+warnings(p), "no-op monitor.m #1 adopted record\nforget monitor.m #1 (moved-scope)")
}

func TestNotRead(t *testing.T) {
	w := newWorld(want("access_rule.a", rule))
	w.in.Live = nil
	if d := w.fails(t); d[0].Code != "not-read" {
		t.Errorf("%v", d)
	}
	w = newWorld().have(ours("access_rule.a", live("access_rule", id(1), rule)))
	w.in.Live = nil
	p, d := planner.Make(w.in)
	if !d.HasErrors() || len(p.Changes) > 0 {
		t.Errorf("what was not read is not gone: %v, %s", d, lines(p))
	}
}

func TestMakeOfNothing(t *testing.T) {
	p, d := planner.Make(planner.Input{})
	if len(d) > 0 || len(p.Changes) > 0 || p.Outcome() != "none" {
		t.Errorf("%v %v", p, d)
	}
}

package planner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"trueup/planner"
	"trueup/schema"
)

// show writes a value for a test.
func show(v schema.Value) string {
	switch x := v.(type) {
	case nil:
		return "-"
	case schema.Row:
		var parts []string
		for _, e := range x {
			if e != nil {
				parts = append(parts, show(e))
			}
		}
		return "(" + strings.Join(parts, " ") + ")"
	case schema.List:
		var parts []string
		for _, e := range x {
			parts = append(parts, show(e))
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	return fmt.Sprint(v)
}

func fields(fs []planner.Field) string {
	var out []string
	for _, f := range fs {
		s := f.Path + " " + show(f.Before) + " > " + show(f.After)
		if f.Known {
			s += " was " + show(f.Applied)
		}
		if f.Drifted {
			s += " drifted"
		}
		if f.Wanted {
			s += " wanted"
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

// TestFields: one line a changed path, and the smallest that says it.
func TestFields(t *testing.T) {
	origin := func(name string, more attrs) attrs {
		o := attrs{"name": name, "address": name + ".example.com"}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	policy := func(effect string, groups ...any) attrs {
		return attrs{"effect": effect, "permission_groups": groups, "resources": attrs{"com.cloudflare.api.account.*": schema.String("*")}}
	}
	for _, c := range []struct {
		name, address string
		live, want    attrs
		fields        string
		same          int
	}{
		{"a plain value", "access_rule.x", attrs{"value": "192.0.2.1", "mode": "block", "notes": "n"}, attrs{"value": "192.0.2.1", "mode": "whitelist", "notes": "n"},
			"mode block > whitelist", 3},
		{"a default appears", "monitor.x", attrs{"description": "x", "interval": 90}, attrs{}, "interval 90 > 60", 12},
		{"keyed elements", "pool.x",
			attrs{"name": "x", "origins": []any{origin("a", attrs{"weight": 0.6}), origin("b", nil)}},
			attrs{"origins": []any{origin("c", nil), origin("a", attrs{"weight": 0.8})}},
			`origins["a"].weight 0.6 > 0.8` + "\n" + `origins["b"] (b b.example.com true 1) > -` + "\n" + `origins["c"] - > (c c.example.com true 1)`, 3},
		{"a set of plain values", "pool.x", attrs{"name": "x", "origins": origins, "check_regions": []any{"WEU", "OC"}}, attrs{"origins": origins, "check_regions": []any{"OC", "ME"}},
			"check_regions [WEU OC] > [OC ME]", 4},
		{"an object comes", "pool.x", attrs{"name": "x", "origins": origins}, attrs{"origins": origins, "load_shedding": attrs{"default_percent": 5}},
			"load_shedding - > (5 random 0 hash)", 4},
		{"inside an object", "pool.x", attrs{"name": "x", "origins": origins, "load_shedding": attrs{"default_percent": 7}}, attrs{"origins": origins, "load_shedding": attrs{"default_percent": 5}},
			"load_shedding.default_percent 7 > 5", 4},
		{"a map", "monitor.x", attrs{"description": "x", "header": attrs{"Host": []any{"a"}, "X-Old": []any{"1"}}}, attrs{"header": attrs{"Host": []any{"b"}, "X-New": []any{"2"}}},
			`header["Host"] [a] > [b]` + "\n" + `header["X-New"] - > [2]` + "\n" + `header["X-Old"] [1] > -`, 13},
		{"a set of objects", "token.x",
			attrs{"name": "x", "policies": []any{policy("deny", id(3)), policy("allow", id(1))}},
			attrs{"policies": []any{policy("allow", id(1), id(2)), policy("deny", id(3))}},
			"policies[0].permission_groups [" + id(1) + "] > [" + id(1) + " " + id(2) + "]", 2},
		{"the most similar of a set go together", "token.x",
			attrs{"name": "x", "policies": []any{policy("allow", id(1), id(4))}},
			attrs{"policies": []any{policy("deny", id(3)), policy("allow", id(1))}},
			"policies[0] - > (deny [" + id(3) + "] map[com.cloudflare.api.account.*:*])\npolicies[1].permission_groups [" + id(1) + " " + id(4) + "] > [" + id(1) + "]", 2},
		{"an element of a set goes", "token.x",
			attrs{"name": "x", "policies": []any{policy("allow", id(1)), policy("deny", id(3))}},
			attrs{"policies": []any{policy("deny", id(3))}},
			"policies[0] (allow [" + id(1) + "] map[com.cloudflare.api.account.*:*]) > -", 2},
		{"an element of a set comes", "token.x",
			attrs{"name": "x", "policies": []any{policy("deny", id(3))}},
			attrs{"policies": []any{policy("allow", id(1)), policy("deny", id(3))}},
			"policies[0] - > (allow [" + id(1) + "] map[com.cloudflare.api.account.*:*])", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind, _, _ := strings.Cut(c.address, ".")
			p := newWorld(want(c.address, c.want)).live(live(kind, id(1), c.live)).make(t)
			equal(t, "fields", fields(p.Changes[0].Fields), c.fields)
			if got := p.Changes[0].Same; got != c.same {
				t.Errorf("%d stay, want %d", got, c.same)
			}
		})
	}
}

// TestDirection: what changed live, what in the files, what in both.
func TestDirection(t *testing.T) {
	applied := live("monitor", id(1), attrs{"description": "m", "interval": 60, "timeout": 5, "retries": 2})
	now := live("monitor", id(1), attrs{"description": "m", "interval": 90, "timeout": 5, "retries": 3})
	w := newWorld(want("monitor.m", attrs{"interval": 60, "timeout": 4, "retries": 1})).live(now).have(ours("monitor.m", applied))
	c := w.make(t).Changes[0]
	equal(t, "fields", fields(c.Fields), "interval 90 > 60 was 60 drifted\ntimeout 5 > 4 was 5 wanted\nretries 3 > 1 was 2 drifted wanted")
	equal(t, "drift", fields(c.Drift), "interval 60 > 90\nretries 2 > 3")

	key := planner.ObjectKey{Kind: "monitor", Scope: schema.UserScope, ID: id(1)}
	w.in.Audit = map[planner.ObjectKey]planner.Event{key: {Actor: "admin@example.com"}}
	p := w.make(t)
	if e := p.Changes[0].Event; e == nil || e.Actor != "admin@example.com" || len(p.Questions().Audit) != 1 {
		t.Errorf("event: %v", e)
	}

	// Deleted: of what is made again and of what is only forgotten.
	for _, files := range []*schema.Resource{want("monitor.m", attrs{"interval": 60}), want("monitor.other", attrs{})} {
		w = newWorld(files).have(ours("monitor.m", applied))
		w.in.Live = append(w.in.Live, planner.Listing{Kind: applied.Kind, Scope: schema.UserScope})
		w.in.Audit = map[planner.ObjectKey]planner.Event{key: {Actor: "admin@example.com"}}
		p = w.make(t)
		if e := p.Changes[0].Event; e == nil || !slices.Equal(p.Questions().Audit, []planner.ObjectKey{key}) {
			t.Errorf("%s: event %v, asked %v", files.Addr, e, p.Questions().Audit)
		}
	}
}

func TestIgnoreChanges(t *testing.T) {
	pool := live("pool", id(1), attrs{"name": "p", "origins": []any{
		attrs{"name": "a", "address": "192.0.2.1", "weight": 0.3}, attrs{"name": "b", "address": "192.0.2.2"}}, "load_shedding": attrs{"default_percent": 9}})
	files := attrs{"origins": []any{attrs{"name": "a", "address": "192.0.2.1", "weight": 0.5}, attrs{"name": "c", "address": "192.0.2.3"}}}
	for _, c := range []struct{ ignore, want string }{
		{`origins`, "load_shedding (9 random 0 hash) > -"},
		{`load_shedding`, `origins["a"].weight 0.3 > 0.5` + "\n" + `origins["b"] (b 192.0.2.2 true 1) > -` + "\n" + `origins["c"] - > (c 192.0.2.3 true 1)`},
		{`load_shedding.default_percent`, `origins["a"].weight 0.3 > 0.5` + "\n" + `origins["b"] (b 192.0.2.2 true 1) > -` + "\n" + `origins["c"] - > (c 192.0.2.3 true 1)`},
		{`load_shedding origins["a"].weight origins["b"] origins["c"]`, ""},
		{`load_shedding origins["a"] origins["b"] origins["zz"]`, `origins["c"] - > (c 192.0.2.3 true 1)`},
	} {
		r := want("pool.p", files)
		r.IgnoreChanges = strings.Fields(c.ignore)
		equal(t, c.ignore, fields(newWorld(r).live(pool).make(t).Changes[0].Fields), c.want)
		p := newWorld(r).make(t)
		equal(t, c.ignore+", on create", show(p.Changes[0].After), show(newWorld(want("pool.p", files)).make(t).Changes[0].After))
	}
}

// What the server chose for one type of monitor is not sent with another.
func TestServerChoiceOfAnotherType(t *testing.T) {
	o := live("monitor", id(1), attrs{"type": "http", "description": "m", "method": "HEAD"})
	p := newWorld(want("monitor.m", attrs{"type": "smtp", "port": 25})).live(o).have(ours("monitor.m", o)).make(t)
	for i, a := range o.Kind.Attrs {
		if got := p.Changes[0].After[i]; a.Name == "method" && got != nil {
			t.Errorf("a monitor that becomes smtp is sent with the method %v", got)
		}
	}
}

package planner_test

import (
	"strings"
	"testing"

	"trueup/planner"
	"trueup/schema"
)

func TestIgnoreRules(t *testing.T) {
	o := live("pool", id(1), attrs{"name": "Blue", "minimum_origins": 2, "enabled": false, "check_regions": []any{"WEU", "OC"},
		"origins": []any{attrs{"name": "a", "address": "192.0.2.1"}}})
	for _, c := range []struct {
		name, pattern string
		covers        bool
	}{
		{"name", "blue", true}, {"name", "b*", true}, {"name", "*l*e", true}, {"name", "b??e", true}, {"name", "b?e", false}, {"name", "*", true},
		{"name", "", false}, {"name", "lue", false}, {"name", "b*x", false}, {"name", "**", true},
		{"minimum_origins", "2", true}, {"minimum_origins", "3", false}, {"enabled", "false", true}, {"check_regions", "oc", true}, {"check_regions", "me", false},
		{"description", "", true}, {"description", "?*", false}, {"id", "0*1", true}, {"id", "2*", false}, {"nothing", "x", false},
	} {
		w := newWorld().live(o)
		w.in.Want.Settings.Ignore = []schema.IgnoreRule{{Kind: "pool", Patterns: map[string]string{c.name: c.pattern}}}
		if got := left(w.make(t)) == "pool #1 ignore rule 1"; got != c.covers {
			t.Errorf("%s %q: %t", c.name, c.pattern, got)
		}
	}
	named := func(n int, name string) *schema.Object { return livePool(n, name, nil) }
	equal(t, "in order of their names", left(newWorld().live(named(1, "c"), named(2, "a"), named(3, "b")).make(t)), "pool #2 not ours\npool #3 not ours\npool #1 not ours")
	w := newWorld().live(o).have(ours("pool.p", o))
	w.in.Want.Settings.Ignore = []schema.IgnoreRule{{Kind: "pool", Patterns: map[string]string{"name": "blue"}}}
	equal(t, "ours, ignored", lines(w.make(t)), "")
	w.in.Destroy = true
	equal(t, "destroy, ignored", lines(w.make(t)), "")
}

func TestIgnoredPaths(t *testing.T) {
	for _, c := range []struct {
		name, address string
		live, files   attrs
		ignore, want  string
	}{
		{"a key of a map", "monitor.m", attrs{"description": "m", "header": attrs{"A": []any{"1"}, "B": []any{"2"}}}, attrs{"header": attrs{"A": []any{"9"}}},
			`header["A"]`, `header["B"] [2] > -`},
		{"a key that is only live", "monitor.m", attrs{"description": "m", "header": attrs{"B": []any{"2"}}}, attrs{}, `header["B"]`, ""},
		{"a key that is only wanted", "monitor.m", attrs{"description": "m"}, attrs{"header": attrs{"A": []any{"9"}}}, `header["A"]`, ""},
		{"a part of an object", "token.t", attrs{"name": "t", "policies": readOnly, "condition": attrs{"request_ip": attrs{"in": []any{"192.0.2.0/24"}}}}, token(nil),
			"condition.request_ip.in", ""},
		{"an element by place", "token.t", attrs{"name": "t", "policies": readEdit}, token(nil), "policies[0].permission_groups", ""},
		{"a place that is not there", "token.t", attrs{"name": "t", "policies": readEdit}, token(nil), "policies[7].permission_groups", "policies[0].permission_groups [" + id(71) + " " + id(72) + "] > [" + id(71) + "]"},
		{"a path that leads nowhere", "access_rule.a", ruleOff, rule, "mode.x notes[0] nothing ]", "mode whitelist > block"},
		{"an attribute that is never sent", "token.t", attrs{"name": "t", "policies": readOnly}, token(nil), "secret rotate issued_on", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind, _, _ := strings.Cut(c.address, ".")
			r := want(c.address, c.files)
			r.IgnoreChanges = strings.Fields(c.ignore)
			p := newWorld(r).live(live(kind, id(1), c.live)).make(t)
			equal(t, "fields", fields(p.Changes[0].Fields), c.want)
		})
	}
	o := live("access_rule", id(1), ruleOff)
	r := want("access_rule.a", rule)
	r.IgnoreChanges = []string{"mode"}
	equal(t, "no drift either", lines(newWorld(r).live(o).have(ours("access_rule.a", live("access_rule", id(1), rule))).make(t)), "no-op access_rule.a #1 record")
}

func TestReferences(t *testing.T) {
	d := newWorld(want("pool.p", poolOf(ref("monitor.m")))).fails(t)
	equal(t, "to nothing", d.Error(), "trueup.yaml:1:1: error: pool.p: it refers to monitor.m, which no file lists")

	invite := schema.Ref{Addr: schema.Addr{Kind: "invite_response", Name: "i"}, Attr: "id"}
	d = newWorld(want("invite_response.i", attrs{"organization_id": id(5), "status": "accepted"}), want("pool.p", attrs{"origins": origins, "description": invite})).fails(t)
	equal(t, "to what cannot be made", d.Error(), "trueup.yaml:1:1: error: pool.p: it refers to invite_response.i, which is not there and cannot be made")

	made := schema.Ref{Addr: schema.Addr{Kind: "monitor", Name: "m"}, Attr: "created_on"}
	m := live("monitor", id(1), attrs{"description": "m", "created_on": "2026-01-02T03:04:05Z"})
	p := newWorld(want("monitor.m", attrs{}), want("pool.p", attrs{"origins": origins, "description": made})).live(m).make(t)
	equal(t, "to another attribute", schema.Text(p.Changes[1].After[1]), "2026-01-02T03:04:05Z")

	made.Attr = "modified_on"
	d = newWorld(want("monitor.m", attrs{}), want("pool.p", attrs{"origins": origins, "description": made})).live(m).fails(t)
	equal(t, "to what the API leaves out", d.Error(), "trueup.yaml:1:1: error: pool.p: it refers to monitor.m.modified_on, which the API does not give")

	a, b := want("monitor.a", attrs{"probe_zone": ref("monitor.b"), "type": "http"}), want("monitor.b", attrs{"probe_zone": ref("monitor.a")})
	newWorld(a, b).fails(t)
}

func TestTargetsLeaveOthersOut(t *testing.T) {
	one, two := live("monitor", id(1), attrs{"description": "m"}), live("monitor", id(2), attrs{"description": "m"})
	w := newWorld(want("access_rule.a", rule), want("monitor.m", attrs{}), want("pool.p", poolOf(ref("monitor.m")))).live(one, two)
	w.fails(t)
	w.in.Targets = []schema.Addr{{Kind: "access_rule", Name: "a"}}
	equal(t, "a mistake elsewhere", lines(w.make(t)), "create access_rule.a")
	w.in.Targets = []schema.Addr{{Kind: "pool", Name: "p"}}
	w.fails(t)
}

func TestExclusiveWithOddID(t *testing.T) {
	w := newWorld().live(live("access_rule", "odd id", rule))
	w.in.Want.Settings.Ownership["access_rule"] = schema.Exclusive
	p := w.make(t)
	equal(t, "address", p.Changes[0].Addr.String(), `access_rule.unlisted["odd id"]`)
	if _, err := planner.Decode(encode(t, p)); err != nil {
		t.Error(err)
	}
}

package planner_test

import (
	"fmt"
	"net/netip"
	"testing"

	"trueup/planner"
	"trueup/schema"
)

func no() *bool  { b := false; return &b }
func yes() *bool { b := true; return &b }

// gone is a world with n rules, of which the state owns the first few and the
// files list none.
func gone(n, owned int) *world {
	w := newWorld()
	for i := range n {
		o := live("access_rule", id(i+1), attrs{"value": fmt.Sprintf("192.0.2.%d", i), "mode": "block"})
		w.live(o)
		if i < owned {
			w.have(ours(fmt.Sprintf("access_rule.r%d", i), o))
		}
	}
	return w
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		n, owned, allow, max int
		message              string
	}{
		{3, 3, 0, 50, ""},
		{4, 4, 0, 50, "this plan deletes 4 of 4 access rules in scope user (100 %, the limit is 30 %)"},
		{4, 4, 3, 50, "this plan deletes 4 of 4 access rules in scope user (100 %, the limit is 30 %)"},
		{4, 4, 4, 50, ""},
		{20, 6, 0, 50, ""},
		{19, 6, 0, 50, "this plan deletes 6 of 19 access rules in scope user (32 %, the limit is 30 %)"},
		{200, 51, 0, 50, "this plan deletes 51 of 200 access rules in scope user (the limit is 50)"},
		{200, 50, 0, 50, ""},
		{200, 1, 0, 0, "this plan deletes 1 of 200 access rules in scope user (the limit is 0)"},
	} {
		w := gone(c.n, c.owned)
		w.in.Options.AllowDeletes = c.allow
		w.in.Want.Settings.Limits.MaxDeletes = c.max
		p := w.make(t)
		got := ""
		if len(p.Refusals) > 0 {
			got = p.Refusals[0].Message
			equal(t, "remedy", p.Refusals[0].Remedy, fmt.Sprintf("If that is meant: trueup apply --allow-deletes %d", c.owned))
		}
		equal(t, fmt.Sprintf("%+v", c), got, c.message)
		w.in.Destroy = true
		equal(t, "destroy", codes(w.make(t)), "")
	}
	w := gone(100, 20)
	for i := range 20 {
		m := live("monitor", id(1000+i), attrs{"description": fmt.Sprint(i)})
		w.live(m).have(ours(fmt.Sprintf("monitor.m%d", i), m))
	}
	w.in.Want.Settings.Limits = schema.Limits{MaxDeletePercent: 100, MaxDeletes: 30}
	equal(t, "in all", w.make(t).Refusals[0].Message, "this plan deletes 40 objects (the limit is 30)")

	w = newWorld()
	for i := range 5 {
		o := live("access_rule", id(i+1), attrs{"value": fmt.Sprintf("192.0.2.%d", i), "mode": "block"})
		addr := fmt.Sprintf("access_rule.r%d", i)
		w.live(o).have(ours(addr, o))
		w.in.Want.Resources = append(w.in.Want.Resources, want(addr, attrs{"value": fmt.Sprintf("192.0.3.%d", i), "mode": "block"}))
	}
	equal(t, "replacements", codes(w.make(t)), "")
}

func TestOwnAddress(t *testing.T) {
	own := []netip.Addr{netip.MustParseAddr("198.51.100.23")}
	block := attrs{"value": "198.51.100.0/24", "mode": "block"}
	allow := attrs{"value": "198.51.100.0/24", "mode": "whitelist"}
	check := func(name, code string, w *world) {
		t.Helper()
		w.in.Own = own
		equal(t, name, codes(w.make(t)), code)
		w.in.Options.AllowLockout = true
		equal(t, name+", allowed", codes(w.make(t)), "")
	}
	check("created", "lock-out", newWorld(want("access_rule.a", block)))
	check("changed to block", "lock-out", newWorld(want("access_rule.a", block)).live(live("access_rule", id(1), allow)))
	check("changed though it blocked before", "lock-out", newWorld(want("access_rule.a", attrs{"value": "198.51.100.0/24", "mode": "challenge"})).live(live("access_rule", id(1), block)))
	check("as it is", "", newWorld(want("access_rule.a", block)).live(live("access_rule", id(1), block)))
	check("allowed", "", newWorld(want("access_rule.a", allow)))
	check("another address", "", newWorld(want("access_rule.a", attrs{"value": "192.0.2.1", "mode": "block"})))
	check("replaced", "lock-out", newWorld(want("access_rule.a", block)).live(live("access_rule", id(1), rule)).have(ours("access_rule.a", live("access_rule", id(1), rule))))

	p := newWorld(want("access_rule.a", block)).make(t)
	if !p.Questions().Own {
		t.Error("own addresses matter")
	}
	w := newWorld(want("access_rule.a", block))
	w.in.Own = own
	equal(t, "message", w.make(t).Refusals[0].Message, "lock-out. access_rule.a blocks 198.51.100.0/24, and this machine's requests come from 198.51.100.23")
	for _, harmless := range []attrs{allow, {"value": "AS64500", "mode": "block"}} {
		if newWorld(want("access_rule.a", harmless)).make(t).Questions().Own {
			t.Errorf("%v blocks no address", harmless)
		}
	}
}

func TestPreventDestroy(t *testing.T) {
	m, po := live("monitor", id(1), attrs{"description": "m"}), livePool(2, "p", id(1))
	e, other := ours("pool.p", po), live("access_rule", id(3), rule)
	e.PreventDestroy = true
	w := newWorld().live(m, po, other).have(ours("monitor.m", m), e, ours("access_rule.a", other))
	p := w.make(t)
	equal(t, "remembered, with what needs it", lines(p),
		"delete access_rule.a #3 (not-listed)\ndelete monitor.m #1 (not-listed) refused needs [2]\ndelete pool.p #2 (not-listed) refused")
	equal(t, "outcome", p.Outcome(), "refused")
	if n := p.Counts(); n != (planner.Counts{Destroy: 1, Refused: 2}) || p.Budget.Apply != 1 {
		t.Errorf("%+v %+v", n, p.Budget)
	}
	w.in.Destroy = true
	equal(t, "destroy", lines(w.make(t)), "delete access_rule.a #3 (destroy)\ndelete monitor.m #1 (destroy) refused needs [2]\ndelete pool.p #2 (destroy) refused")

	r := want("access_rule.a", attrs{"value": "192.0.2.9", "mode": "block"})
	r.PreventDestroy = yes()
	p = newWorld(r).live(other).have(ours("access_rule.a", other)).make(t)
	equal(t, "replacement", lines(p), "create-replace access_rule.a #3 (cannot-update) refused value")

	kept := ours("access_rule.a", other)
	kept.PreventDestroy = true
	r = want("access_rule.a", rule)
	p = newWorld(r).live(other).have(kept).make(t)
	equal(t, "taking it out lifts nothing", lines(p), "no-op access_rule.a #3")
	if !p.Changes[0].PreventDestroy {
		t.Error("it is still to be remembered")
	}
	r.PreventDestroy = no()
	equal(t, "false lifts it", lines(newWorld(r).live(other).have(kept).make(t)), "no-op access_rule.a #3 record")
}

func TestTargets(t *testing.T) {
	a, m, p := want("access_rule.a", rule), want("monitor.m", attrs{}), want("pool.p", poolOf(ref("monitor.m")))
	n := want(`monitor.n["x"]`, attrs{})
	o := live("access_rule", id(7), attrs{"value": "192.0.2.7", "mode": "block"})
	with := func(targets ...string) *world {
		w := newWorld(a, m, p, n).live(o).have(ours("access_rule.old", o))
		for _, text := range targets {
			addr, err := schema.ParseAddr(text)
			if err != nil {
				t.Fatal(err)
			}
			w.in.Targets = append(w.in.Targets, addr)
		}
		return w
	}
	plan := with("pool.p").make(t)
	equal(t, "with what it needs", lines(plan), "create monitor.m\ncreate pool.p needs [0]")
	equal(t, "said", warnings(plan), "targeted")
	equal(t, "all instances", lines(with("monitor.n").make(t)), `create monitor.n["x"]`)
	equal(t, "what goes", lines(with("access_rule.old").make(t)), "delete access_rule.old #7 (not-listed)")
	there := live("monitor", id(8), attrs{"description": "m"})
	in := with("pool.p").live(there).have(ours("monitor.m", there))
	equal(t, "what it refers to has a name", in.make(t).Changes[0].Names[id(8)], "monitor.m")
	d := with("access_rule.odl").fails(t)
	equal(t, "unknown", d[0].Summary+" "+d[0].Hint, "the target access_rule.odl is neither in the files nor in the state did you mean access_rule.old?")
}

func TestBudget(t *testing.T) {
	o := live("access_rule", id(1), ruleOff)
	tok := liveToken(2, attrs{"policies": readEdit})
	w := newWorld(want("access_rule.a", rule), want("monitor.m", attrs{}), want("token.t", token(nil)),
		want("token.off", token(attrs{"status": "disabled"}))).live(o, tok)
	p := w.make(t)
	// PATCH 1, POST 1, GET and PUT and GET 3, POST and GET, PUT and GET 4
	if p.Budget.Apply != 9 {
		t.Errorf("%s: %d requests", lines(p), p.Budget.Apply)
	}
	for _, c := range []struct{ apply, limit, remaining, seconds int }{
		{0, 1200, 1190, 0}, {8, 1200, 1190, 1}, {26, 1200, 1190, 2}, {8, 1200, 8, 1}, {8, 1200, 0, 2}, {1208, 1200, 8, 301}, {8, 0, -1, 1}, {2400, 0, -1, 348}, {1201, 1200, 1200, 49},
	} {
		p.Budget.Apply = c.apply
		p.SetWindow(5, c.limit, c.remaining)
		if p.Budget.Seconds != c.seconds {
			t.Errorf("%+v: %+v", c, p.Budget)
		}
	}
}

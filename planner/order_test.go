package planner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"trueup/planner"
	"trueup/schema"
)

func ref(address string) schema.Value {
	addr, err := schema.ParseAddr(address)
	if err != nil {
		panic(err)
	}
	return schema.Ref{Addr: addr, Attr: "id"}
}

var origins = []any{attrs{"name": "app-1", "address": "203.0.113.10"}}

func poolOf(monitor any) attrs { return attrs{"origins": origins, "monitor": monitor} }

func livePool(n int, name string, monitor any) *schema.Object {
	return live("pool", id(n), attrs{"name": name, "origins": origins, "monitor": monitor})
}

func TestMonitorBeforePool(t *testing.T) {
	p := newWorld(want("monitor.m", attrs{}), want("pool.p", poolOf(ref("monitor.m")))).make(t)
	equal(t, "create", lines(p), "create monitor.m\ncreate pool.p needs [0]")
	if p.Changes[1].Kind.Get(p.Changes[1].After, "monitor") != ref("monitor.m") {
		t.Error("the id of what is created is not known yet")
	}

	m := live("monitor", id(1), attrs{"description": "m"})
	p = newWorld(want("monitor.m", attrs{}), want("pool.p", poolOf(ref("monitor.m")))).live(m).make(t)
	equal(t, "the monitor is there", lines(p), "no-op monitor.m #1 adopted record\ncreate pool.p")
	if got := p.Changes[1].Kind.Get(p.Changes[1].After, "monitor"); got != schema.String(id(1)) {
		t.Errorf("monitor: %v", got)
	}

	p = newWorld(want("monitor.m", attrs{}), want("pool.p", poolOf(ref("monitor.m")))).live(m, livePool(2, "p", id(1))).make(t)
	equal(t, "both are there", p.Outcome(), "none")

	mo, po := m, livePool(2, "p", id(1))
	p = newWorld().live(mo, po).have(ours("monitor.m", mo), ours("pool.p", po)).make(t)
	equal(t, "delete", lines(p), "delete monitor.m #1 (not-listed) needs [1]\ndelete pool.p #2 (not-listed)")
	equal(t, "refusals", codes(p), "")

	p = newWorld(want("pool.p", attrs{"origins": origins})).live(mo, po).have(ours("monitor.m", mo), ours("pool.p", po)).make(t)
	equal(t, "taken out first", lines(p), "delete monitor.m #1 (not-listed) needs [1]\nupdate pool.p #2 monitor")

	w := newWorld().live(mo, po).have(ours("monitor.m", mo), ours("pool.p", po))
	w.in.Destroy = true
	equal(t, "destroy", lines(w.make(t)), "delete monitor.m #1 (destroy) needs [1]\ndelete pool.p #2 (destroy)")
}

func TestReferenceInTemplate(t *testing.T) {
	m := live("monitor", id(1), attrs{"description": "m"})
	r := want("pool.p", attrs{"origins": origins, "description": schema.Template{schema.String("by "), ref("monitor.m")}})
	p := newWorld(want("monitor.m", attrs{}), r).live(m, live("pool", id(2), attrs{"name": "p", "origins": origins, "description": "by " + id(1)})).make(t)
	equal(t, "resolved", p.Outcome(), "none")

	n := want("monitor.n", attrs{"description": schema.Template{schema.String("after "), ref("monitor.m")}})
	p = newWorld(want("monitor.m", attrs{}), n).live(m, live("monitor", id(2), attrs{"description": "after " + id(1)})).make(t)
	equal(t, "in a natural key", lines(p), "no-op monitor.m #1 adopted record\nno-op monitor.n #2 adopted record")

	equal(t, "not known yet", lines(newWorld(want("monitor.m", attrs{}), n).make(t)), "create monitor.m\ncreate monitor.n needs [0]")
}

// API facts §10, 6 (issues 66, 7306): what is still referred to is refused at
// plan, and says by whom.
func TestInUse(t *testing.T) {
	m := live("monitor", id(1), attrs{"description": "m"})
	w := newWorld().live(m, livePool(2, "primary", id(1))).have(ours("monitor.m", m))
	p := w.make(t)
	equal(t, "codes", codes(p), "in-use")
	equal(t, "message", p.Refusals[0].Message, "monitor.m cannot be deleted, since pool primary still refers to it")
	equal(t, "outcome", p.Outcome(), "refused")

	keeps := want("pool.primary", attrs{"origins": origins, "monitor": id(1), "description": "changed"})
	equal(t, "changed, and refers to it still", codes(newWorld(keeps).live(m, livePool(2, "primary", id(1))).have(ours("monitor.m", m)).make(t)), "in-use")

	po := livePool(2, "primary", nil)
	w = newWorld().live(po).have(ours("pool.primary", po))
	key := planner.ObjectKey{Kind: "pool", Scope: schema.UserScope, ID: id(2)}
	equal(t, "asked", fmt.Sprint(w.make(t).Questions().Referrers), fmt.Sprint([]planner.ObjectKey{key}))
	many := newWorld()
	for i := range 80 {
		name := fmt.Sprint("p", i)
		many.live(livePool(100+i, name, nil))
		many.in.Want.Resources = append(many.in.Want.Resources, want("pool."+name, attrs{"origins": origins, "description": "changed"}))
	}
	many.live(po).have(ours("pool.primary", po))
	asked := many.make(t).Questions().Referrers
	equal(t, "of many that are changed", fmt.Sprint(len(asked), slices.Contains(asked, key)), "51 true")
	w.in.Referrers = map[planner.ObjectKey][]schema.Referrer{key: {{Type: "load_balancer", ID: id(9), Name: "www.example.com"}}}
	p = w.make(t)
	equal(t, "message", p.Refusals[0].Message, "pool.primary cannot be deleted, since load balancer www.example.com still refers to it")

	po = livePool(2, "primary", id(1))
	w = newWorld().live(m, po).have(ours("monitor.m", m), ours("pool.primary", po))
	w.in.Referrers = map[planner.ObjectKey][]schema.Referrer{{Kind: "monitor", Scope: schema.UserScope, ID: id(1)}: {{Type: "pool", ID: id(2), Name: "primary"}}}
	p = w.make(t)
	equal(t, "goes too", codes(p), "")
	if len(p.Changes[0].Referrers) != 1 {
		t.Errorf("used by: %v", p.Changes[0].Referrers)
	}
}

// API facts §10, 7 (issue 6275): names that the server wants unique.
func TestNamesTakenInOrder(t *testing.T) {
	a, b := livePool(1, "a", nil), livePool(2, "b", nil)
	named := func(address, oid, name string) *schema.Resource {
		r := want(address, attrs{"name": name, "origins": origins})
		r.ID = oid
		return r
	}
	w := newWorld(named("pool.x", id(1), "b"), named("pool.y", id(2), "c")).live(a, b)
	equal(t, "given up first", lines(w.make(t)), "update pool.x #1 adopted needs [1] name\nupdate pool.y #2 adopted name")

	w = newWorld(named("pool.x", id(1), "b")).live(a, b).have(ours("pool.old", b))
	equal(t, "deleted first", lines(w.make(t)), "delete pool.old #2 (not-listed)\nupdate pool.x #1 adopted needs [0] name")

	d := newWorld(named("pool.x", id(1), "b"), named("pool.y", id(2), "a")).live(a, b).fails(t)
	equal(t, "exchanged", d.Error(), "trueup.yaml:1:1: error: each of these must be changed before the other: pool.x, pool.y")

	d = newWorld(named("pool.x", id(1), "b")).live(a, b).fails(t)
	equal(t, "taken", d.Error(), "trueup.yaml:1:1: error: pool.x: its name is taken by the pool "+id(2)+", which stays")
}

func TestDependsOn(t *testing.T) {
	a, b := want("access_rule.a", rule), want("monitor.m", attrs{})
	a.DependsOn = []schema.Addr{{Kind: "monitor", Name: "m"}}
	equal(t, "create", lines(newWorld(a, b).make(t)), "create access_rule.a needs [1]\ncreate monitor.m")

	ao, mo := live("access_rule", id(1), rule), live("monitor", id(2), attrs{"description": "m"})
	ea, em := ours("access_rule.a", ao), ours("monitor.m", mo)
	ea.DependsOn = a.DependsOn
	equal(t, "delete", lines(newWorld().live(ao, mo).have(ea, em).make(t)), "delete access_rule.a #1 (not-listed)\ndelete monitor.m #2 (not-listed) needs [0]")

	p := newWorld(want("access_rule.a", rule)).live(ao).have(ea).make(t)
	equal(t, "no longer written", lines(p), "no-op access_rule.a #1 record")

	each := want(`monitor.m["x"]`, attrs{})
	equal(t, "all instances", lines(newWorld(a, each).make(t)), "create access_rule.a needs [1]\ncreate monitor.m[\"x\"]")
}

func waves(p *planner.Plan) string {
	var out []string
	for _, c := range p.Changes {
		out = append(out, fmt.Sprintf("%s %s %d", c.Action, c.Addr.Name, c.Wave))
	}
	return strings.Join(out, ", ")
}

func TestWaves(t *testing.T) {
	rule := func(n int, mode string) attrs { return attrs{"value": fmt.Sprintf("192.0.2.%d", n), "mode": mode} }
	allow, block := live("access_rule", id(3), rule(3, "whitelist")), live("access_rule", id(4), rule(4, "block"))
	p := newWorld(want("access_rule.a", rule(1, "block")), want("access_rule.b", rule(2, "whitelist"))).
		live(allow, block).have(ours("access_rule.c", allow), ours("access_rule.d", block)).make(t)
	equal(t, "allow first, and last to go", waves(p), "create a 1, create b 0, delete c 3, delete d 2")

	a, b, m := want("access_rule.a", rule(1, "block")), want("access_rule.b", rule(2, "whitelist")), want("monitor.m", attrs{})
	b.DependsOn, m.DependsOn = []schema.Addr{m.Addr}, []schema.Addr{a.Addr}
	p = newWorld(a, b, m).make(t)
	equal(t, "what is written goes first", waves(p), "create a 0, create b 0, create m 0")
}

func TestCreateBeforeDeleteOfRule(t *testing.T) {
	o := live("access_rule", id(1), rule)
	p := newWorld(want("access_rule.a", attrs{"value": "192.0.2.9", "mode": "block"})).live(o).have(ours("access_rule.a", o)).make(t)
	c := p.Changes[0]
	if c.Action != planner.CreateReplace || !c.Fields[0].Replaces || c.ID != id(1) {
		t.Errorf("%s", lines(p))
	}
	if n := p.Counts(); n != (planner.Counts{Add: 1, Destroy: 1}) {
		t.Errorf("%+v", n)
	}
}

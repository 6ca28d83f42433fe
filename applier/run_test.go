package applier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

var (
	ruleKind    = schema.KindNamed("access_rule")
	monitorKind = schema.KindNamed("monitor")
	poolKind    = schema.KindNamed("pool")
	tokenKind   = schema.KindNamed("token")
)

// TestCreateInOrder: what is made is known to what refers to it, with all that
// only the server knows.
func TestCreateInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		ref, made := schema.Ref{Addr: addr("monitor.m"), Attr: "id"}, schema.Ref{Addr: addr("monitor.m"), Attr: "created_on"}
		pool := change(planner.Create, "pool.p", nil, poolRow(t, "p", ref, "192.0.2.1"), "")
		pool.After[poolKind.Index("description")] = schema.Sensitive{Value: schema.Template{
			schema.String("by "), ref, schema.String(" of "), made, schema.String(", "), schema.Number(0.5), schema.Bool(true)}}
		pool.Needs = []int{0}
		pool.PreventDestroy, pool.DependsOn = true, []schema.Addr{addr("monitor.m")}
		g.must(change(planner.Create, "monitor.m", nil, row(t, "monitor", "description", "m"), ""), pool)
		m, p := g.world.one(monitorKind, "m"), g.world.one(poolKind, "p")
		if m == nil || p == nil || schema.Text(p.Get("monitor")) != m.ID {
			t.Fatalf("%v", g.world.log)
		}
		if got, want := schema.Text(p.Get("description")), "by "+m.ID+" of "+schema.Text(m.Get("created_on"))+", 0.5true"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		e := g.entry("pool.p")
		if e == nil || e.ID != p.ID || e.Origin != state.Created || !e.PreventDestroy || len(e.DependsOn) != 1 || schema.Text(poolKind.Get(e.Applied, "monitor")) != m.ID {
			t.Errorf("%+v", e)
		}
		s := g.load()
		if len(s.Open) != 0 || len(s.Last) != 2 || s.Last[1].Op != state.OpCreate || s.Last[1].ID != p.ID || s.Serial != 1 {
			t.Errorf("%+v", s)
		}
		if g.store.saves != 1 || len(g.store.journal) != 0 {
			t.Errorf("%d saves, journal %v", g.store.saves, g.store.journal)
		}
	})
}

func TestNoOpWritesNothing(t *testing.T) {
	g := newRig(t)
	v := rule(t, "192.0.2.1", "block")
	o := g.world.add(ruleKind, schema.UserScope, v)
	g.must(change(planner.NoOp, "access_rule.a", v, v, o.ID))
	if g.store.appends != 0 || g.store.saves != 0 || len(g.world.log) != 0 || len(g.events) != 0 {
		t.Errorf("%d appends, %d saves, %v, %v", g.store.appends, g.store.saves, g.world.log, g.events)
	}
}

// TestBookkeeping: what needs no request is recorded in one go, also where
// addresses are exchanged or passed on.
func TestBookkeeping(t *testing.T) {
	g := newRig(t)
	v := rule(t, "192.0.2.1", "block")
	adopt := func(a, id string) *planner.Change {
		c := change(planner.NoOp, a, v, v, id)
		c.Adopted, c.Record = true, true
		return c
	}
	tok := tokenRow(t, "t")
	foreign := change(planner.NoOp, "token.t", tok, tok, "9")
	foreign.Adopted, foreign.Record = true, true
	res := g.must(adopt("access_rule.a", "1"), adopt("access_rule.b", "2"), adopt("access_rule.c", "3"), adopt("access_rule.d", "4"), foreign)
	if len(res.Done) != 5 || res.Done[0].Op != "adopted" || g.store.appends != 1 || len(g.world.log) != 0 {
		t.Fatalf("%+v, %d appends", res, g.store.appends)
	}
	if e := g.entry("token.t"); e.Secret != state.Foreign || e.Origin != state.Adopted {
		t.Errorf("%+v", e)
	}
	rename := func(from, to, id string) *planner.Change {
		c := change(planner.NoOp, to, v, v, id)
		c.RenamedFrom, c.Record = addr(from), true
		return c
	}
	superseded := change(planner.Delete, "access_rule.c", v, nil, "3") // c means 4 from now on
	superseded.Deposed, superseded.Refused = true, ""
	g.world.fault = func(int, string) fault { return refused }
	res, err := g.run(rename("access_rule.b", "access_rule.a", "2"), rename("access_rule.a", "access_rule.b", "1"),
		rename("access_rule.d", "access_rule.c", "4"), superseded)
	if err != nil || len(res.Done) != 3 || len(res.Failed) != 1 {
		t.Fatalf("%v, %+v", err, res)
	}
	got := map[string]string{}
	for _, e := range g.load().Entries {
		got[fmt.Sprint(e.Addr, e.Deposed)] = e.ID
	}
	want := "map[access_rule.a false:2 access_rule.b false:1 access_rule.c false:4 access_rule.c true:3 token.t false:9]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v, want %v", got, want)
	}
	g.must(func() *planner.Change {
		c := change(planner.Forget, "access_rule.c", v, nil, "3")
		c.Deposed = true
		return c
	}())
	var history []string
	for _, u := range g.load().Last {
		history = append(history, fmt.Sprint(u.Op, " ", u.From, " ", u.Addr, " ", u.ID))
	}
	if want := []string{"rename access_rule.b access_rule.a 2", "rename access_rule.a access_rule.b 1", "rename access_rule.d access_rule.c 4"}; !slices.Equal(history, want) {
		t.Errorf("%q", history)
	}
	if len(g.load().At(addr("access_rule.c"))) != 1 {
		t.Errorf("%+v", g.load())
	}
}

// TestLastSurvives: an apply that only keeps books leaves the history for undo.
func TestLastSurvives(t *testing.T) {
	g := newRig(t)
	v := rule(t, "192.0.2.1", "block")
	g.must(change(planner.Create, "access_rule.a", nil, v, ""))
	c := change(planner.NoOp, "access_rule.b", v, v, "77")
	c.Adopted, c.Record = true, true
	g.must(c)
	if len(g.load().Last) != 1 {
		t.Errorf("%+v", g.load().Last)
	}
}

func TestFailureStopsOnlyWhatNeedsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.world.fault = func(_ int, op string) fault {
			if strings.HasPrefix(g.world.log[len(g.world.log)-1], "create monitor") {
				return refused
			}
			return fine
		}
		pool := change(planner.Create, "pool.p", nil, poolRow(t, "p", schema.Ref{Addr: addr("monitor.m"), Attr: "id"}, "192.0.2.1"), "")
		pool.Needs = []int{1}
		last := change(planner.Create, "pool.q", nil, poolRow(t, "q", nil, "192.0.2.1"), "")
		last.Needs = []int{2}
		kept := change(planner.Delete, "access_rule.kept", rule(t, "192.0.2.9", "block"), nil, "1")
		kept.Refused = "prevent_destroy"
		after := change(planner.Create, "access_rule.after", nil, rule(t, "192.0.2.8", "block"), "")
		after.Needs = []int{4}
		res, err := g.run(change(planner.Create, "access_rule.a", nil, rule(t, "192.0.2.1", "block"), ""),
			change(planner.Create, "monitor.m", nil, row(t, "monitor", "description", "m"), ""), pool, last, kept, after)
		if err != nil || len(res.Done) != 1 || len(res.Failed) != 1 || len(res.NotTried) != 4 || res.Stopped {
			t.Fatalf("%v, %+v", err, res)
		}
		for i, want := range []string{"it needs monitor.m", "it needs pool.p", "prevent_destroy", "it needs access_rule.kept"} {
			if res.NotTried[i].Detail != want {
				t.Errorf("%d: %q, want %q", i, res.NotTried[i].Detail, want)
			}
		}
		if s := g.load(); len(s.Entries) != 1 || len(s.Open) != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		var cs []*planner.Change
		for i := range 30 {
			c := change(planner.Create, fmt.Sprintf("access_rule.r%02d", i), nil, rule(t, fmt.Sprintf("192.0.2.%d", i), "block"), "")
			c.Wave = 2 - i%3
			cs = append(cs, c)
		}
		g.world.fault = func(n int, _ string) fault {
			if n == 3 {
				return refused // a wave is an order, not a condition
			}
			return fine
		}
		res, err := g.run(cs...)
		if err != nil || len(res.Done) != 29 || len(res.Failed) != 1 {
			t.Fatalf("%v, %+v", err, res)
		}
		wave := 0
		for n, e := range g.events {
			if e.Type == Started {
				if e.Change.Wave < wave {
					t.Fatalf("event %d: wave %d after %d", n, e.Change.Wave, wave)
				}
				wave = e.Change.Wave
			}
		}
	})
}

func TestCircleEnds(t *testing.T) {
	g := newRig(t)
	a := change(planner.Create, "access_rule.a", nil, rule(t, "192.0.2.1", "block"), "")
	b := change(planner.Create, "access_rule.b", nil, rule(t, "192.0.2.2", "block"), "")
	a.Needs, b.Needs = []int{1}, []int{0}
	res, err := g.run(a, b)
	if err != nil || len(res.NotTried) != 2 || res.Stopped {
		t.Errorf("%v, %+v", err, res)
	}
}

func TestRefusedPlan(t *testing.T) {
	g := newRig(t)
	p := &planner.Plan{Refusals: []planner.Refusal{{Message: "too many deletions"}}, Changes: []*planner.Change{change(planner.Create, "access_rule.a", nil, rule(t, "192.0.2.1", "block"), "")}}
	if _, err := Run(t.Context(), p, g.world, g.store, g.load(), g.o); err == nil || len(g.world.log) != 0 {
		t.Errorf("%v, %v", err, g.world.log)
	}
}

func TestStopAndCancel(t *testing.T) {
	many := func(t *testing.T) []*planner.Change {
		var cs []*planner.Change
		for i := range 20 {
			cs = append(cs, change(planner.Create, fmt.Sprintf("access_rule.r%02d", i), nil, rule(t, fmt.Sprintf("192.0.2.%d", i), "block"), ""))
		}
		return cs
	}
	t.Run("stop", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.o.Parallelism = 3
			g.world.fault = func(n int, _ string) fault {
				if n == 5 {
					close(g.stop)
				}
				return fine
			}
			res, err := g.run(many(t)...)
			if err != nil || !res.Stopped || len(res.Failed) != 0 || len(res.Done) < 5 || len(res.Done) > 8 || len(res.Done)+len(res.NotTried) != 20 {
				t.Fatalf("%v, %d done, %d failed, %d not tried", err, len(res.Done), len(res.Failed), len(res.NotTried))
			}
			if s := g.load(); len(s.Entries) != len(res.Done) || s.Serial != 1 {
				t.Errorf("%d entries, serial %d", len(s.Entries), s.Serial)
			}
		})
	})
	t.Run("stop after the last", func(t *testing.T) {
		g := newRig(t)
		g.world.fault = func(int, string) fault { close(g.stop); return fine }
		res, err := g.run(many(t)[:1]...)
		if err != nil || res.Stopped || len(res.Done) != 1 {
			t.Errorf("%v, %+v", err, res)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := newRig(t)
			g.o.Parallelism = 3
			ctx, cancel := context.WithCancel(t.Context())
			g.world.fault = func(n int, _ string) fault {
				if n == 5 {
					cancel()
					return lostAfter
				}
				return fine
			}
			res, err := Run(ctx, &planner.Plan{Changes: many(t)}, g.world, g.store, g.load(), g.o)
			if err != nil || !res.Stopped || len(res.Failed) != 1 {
				t.Fatalf("%v, %+v", err, res)
			}
			if s := g.load(); len(s.Open) != 1 || s.Serial != 1 {
				t.Errorf("%+v", s)
			}
		})
	})
}

// TestStateCannotBeWritten: nothing is sent that could not be written down.
func TestStateCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.o.Parallelism = 1
		full := errors.New("disk full")
		g.world.fault = func(n int, _ string) fault {
			if n == 2 {
				g.store.broken = full
			}
			return fine
		}
		var cs []*planner.Change
		for i := range 5 {
			cs = append(cs, change(planner.Create, fmt.Sprintf("access_rule.r%d", i), nil, rule(t, fmt.Sprintf("192.0.2.%d", i), "block"), ""))
		}
		res, err := g.run(cs...)
		if !errors.Is(err, full) || len(g.world.log) != 2 || len(res.Done) != 1 || len(res.NotTried) != 3 {
			t.Fatalf("%v, %v, %+v", err, g.world.log, res)
		}
		g.store.broken = nil
		s := g.load()
		if len(s.Open) != 1 || len(s.Entries) != 1 {
			t.Fatalf("%+v", s)
		}
		if err := Settle(t.Context(), g.world, g.store, s, g.o); err != nil {
			t.Fatal(err)
		}
		if s = g.load(); len(s.Open) != 0 || len(s.Entries) != 2 {
			t.Errorf("%+v", s)
		}
	})
}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.must(change(planner.Create, "token.t", nil, tokenRow(t, "t"), ""))
		var got []string
		for _, e := range g.events {
			got = append(got, fmt.Sprintf("%d %s %s %s", e.Type, e.Op, e.ID, e.Detail))
		}
		want := fmt.Sprintf("[0    1 created %s secret written to the vault]", g.world.one(tokenKind, "t").ID)
		if fmt.Sprint(got) != want {
			t.Errorf("%v, want %v", got, want)
		}
		for _, e := range g.events {
			if e.Elapsed > time.Second {
				t.Errorf("%+v", e)
			}
		}
	})
}

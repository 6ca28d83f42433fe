package applier

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// bubble runs a test with a rig on virtual time.
func bubble(t *testing.T, name string, f func(t *testing.T, g *rig)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { f(t, newRig(t)) })
	})
}

// on makes the n-th request whose log line starts so go wrong.
func (g *rig) on(prefix string, n int, f fault) {
	before := g.world.fault
	seen := 0
	g.world.fault = func(i int, op string) fault {
		if strings.HasPrefix(g.world.log[len(g.world.log)-1], prefix) {
			if seen++; seen == n {
				return f
			}
		}
		if before != nil {
			return before(i, op)
		}
		return fine
	}
}

func TestLostCreate(t *testing.T) {
	newRule := func(t *testing.T) *planner.Change {
		return change(planner.Create, "access_rule.a", nil, rule(t, "192.0.2.1", "block"), "")
	}
	newMonitor := func(t *testing.T) *planner.Change {
		return change(planner.Create, "monitor.m", nil, row(t, "monitor", "description", "m"), "")
	}
	newPool := func(t *testing.T) *planner.Change {
		return change(planner.Create, "pool.p", nil, poolRow(t, "p", nil, "192.0.2.1"), "")
	}
	newToken := func(t *testing.T) *planner.Change {
		return change(planner.Create, "token.t", nil, tokenRow(t, "t"), "")
	}
	for _, c := range []struct {
		name             string
		change           func(*testing.T) *planner.Change
		creates, rolls   int
		before, dupLists int
	}{
		{"rule", newRule, 2, 0, 2, 1},
		{"monitor", newMonitor, 1, 0, 2, 1},
		{"pool", newPool, 1, 0, 2, 1},
		{"token", newToken, 1, 1, 2, 1},
	} {
		check := func(t *testing.T, g *rig, creates, rolls int) {
			t.Helper()
			if len(g.world.objects) != 1 || g.world.count("create") != creates || g.world.count("roll") != rolls {
				t.Fatalf("%d objects, %v", len(g.world.objects), g.world.log)
			}
			s := g.load()
			if len(s.Entries) != 1 || g.world.objects[s.Entries[0].ID] == nil || s.Entries[0].Origin != state.Created || len(s.Open) != 0 || len(s.Last) < 1 {
				t.Errorf("%+v", s)
			}
			for id, secret := range g.world.secrets {
				if g.vault.got["token.t"] != secret {
					t.Errorf("%s: the sink has %q, not %q", id, g.vault.got["token.t"], secret)
				}
				if s.Entries[0].Secret != state.Delivered {
					t.Errorf("%+v", s.Entries[0])
				}
			}
		}
		bubble(t, c.name+" executed", func(t *testing.T, g *rig) {
			g.on("create", 1, lostAfter)
			g.must(c.change(t))
			check(t, g, c.creates, c.rolls)
		})
		bubble(t, c.name+" not executed", func(t *testing.T, g *rig) {
			g.on("create", 1, lostBefore)
			g.must(c.change(t))
			check(t, g, c.before, 0)
		})
		bubble(t, c.name+" executed and listed late", func(t *testing.T, g *rig) {
			g.world.lag = 3 * time.Second
			g.on("create", 1, lostAfter)
			g.must(c.change(t))
			check(t, g, c.creates, c.rolls)
		})
		bubble(t, c.name+" and the list is lost", func(t *testing.T, g *rig) {
			g.on("list", 1, lostBefore)
			g.on("create", 1, lostAfter)
			g.must(c.change(t))
			check(t, g, c.creates, c.rolls)
		})
		bubble(t, c.name+" never answered", func(t *testing.T, g *rig) {
			g.world.fault = func(_ int, op string) fault {
				if op == "create" {
					return lostBefore
				}
				return fine
			}
			text := g.fails(c.change(t))
			if s := g.load(); len(s.Open) != 1 || len(s.Entries) != 0 || !strings.Contains(text, "the next run") {
				t.Fatalf("%+v, %s", s, text)
			}
			g.world.fault = nil
			s := g.load()
			if err := Settle(t.Context(), g.world, g.store, s, g.o); err != nil {
				t.Fatal(err)
			}
			if len(s.Open) != 0 || len(g.load().Open) != 0 || len(s.Entries) != 0 {
				t.Errorf("%+v", s)
			}
			g.must(c.change(t))
		})
	}
}

// TestLostSecret: the secret is lost with the answer, and no other can be had:
// that is no success, and the next apply knows what is missing.
func TestLostSecret(t *testing.T) {
	bubble(t, "roll refused", func(t *testing.T, g *rig) {
		g.on("create", 1, lostAfter)
		g.on("roll", 1, refused)
		text := g.fails(change(planner.Create, "token.t", nil, tokenRow(t, "t"), ""))
		if e := g.entry("token.t"); !strings.Contains(text, "Its secret is not where it belongs") || e == nil || e.Secret != state.Pending || len(g.vault.got) != 0 {
			t.Errorf("%s, %+v", text, e)
		}
	})
}

// TestLostCreateOfAnother: what somebody else made at the same time is not
// taken for ours.
func TestLostCreateOfAnother(t *testing.T) {
	bubble(t, "rule", func(t *testing.T, g *rig) {
		g.on("create", 1, lostBefore)
		g.world.accept = nil
		g.world.add(ruleKind, schema.UserScope, rule(t, "192.0.2.1", "whitelist"))
		text := g.fails(change(planner.Create, "access_rule.a", nil, rule(t, "192.0.2.1", "block"), ""))
		if !strings.Contains(text, "not what was sent") || len(g.load().Entries) != 0 || len(g.load().Open) != 0 {
			t.Errorf("%s, %+v", text, g.load())
		}
	})
	bubble(t, "duplicate of ours that no list had", func(t *testing.T, g *rig) {
		o := g.made("access_rule.a", rule(t, "192.0.2.1", "block"))
		again := change(planner.Create, "access_rule.a", nil, rule(t, "192.0.2.1", "whitelist"), "")
		again.Reason = planner.ReasonGone
		g.must(again)
		if e := g.entry("access_rule.a"); e.ID != o.ID || len(g.world.objects) != 1 || len(g.load().Open) != 0 {
			t.Errorf("%+v, %v", e, g.world.log)
		}
	})
	bubble(t, "duplicate of another one", func(t *testing.T, g *rig) {
		g.made("access_rule.a", rule(t, "192.0.2.1", "block"))
		g.made("access_rule.b", rule(t, "192.0.2.2", "block"))
		other := change(planner.Create, "access_rule.a", nil, rule(t, "192.0.2.2", "whitelist"), "")
		other.Reason = planner.ReasonGone
		g.fails(other)
		if g.world.count("update") != 0 {
			t.Errorf("%v", g.world.log)
		}
	})
	bubble(t, "rule, not lost", func(t *testing.T, g *rig) {
		g.world.add(ruleKind, schema.UserScope, rule(t, "192.0.2.1", "block"))
		if text := g.fails(change(planner.Create, "access_rule.a", nil, rule(t, "192.0.2.1", "block"), "")); !strings.Contains(text, "duplicate") {
			t.Error(text)
		}
	})
	bubble(t, "token of that name, older", func(t *testing.T, g *rig) {
		old := g.world.add(tokenKind, schema.UserScope, tokenRow(t, "t"))
		secret := g.world.secrets[old.ID]
		time.Sleep(time.Hour)
		g.on("create", 1, lostBefore)
		g.must(change(planner.Create, "token.t", nil, tokenRow(t, "t"), ""))
		if g.world.secrets[old.ID] != secret || g.entry("token.t").ID == old.ID {
			t.Errorf("%v", g.world.log)
		}
	})
	bubble(t, "token of that name, known to the plan", func(t *testing.T, g *rig) {
		old := g.world.add(tokenKind, schema.UserScope, tokenRow(t, "t"))
		known := change(planner.NoOp, "token.other", tokenRow(t, "t"), tokenRow(t, "t"), old.ID)
		g.on("create", 1, lostAfter)
		g.must(change(planner.Create, "token.t", nil, tokenRow(t, "t"), ""), known)
		if g.entry("token.t").ID == old.ID || len(g.world.objects) != 2 {
			t.Errorf("%v", g.world.log)
		}
	})
	bubble(t, "several", func(t *testing.T, g *rig) {
		a := g.world.add(monitorKind, schema.UserScope, row(t, "monitor", "description", "m"))
		b := g.world.add(monitorKind, schema.UserScope, row(t, "monitor", "description", "m"))
		g.on("create", 1, lostBefore)
		text := g.fails(change(planner.Create, "monitor.m", nil, row(t, "monitor", "description", "m"), ""))
		if !strings.Contains(text, a.ID) || !strings.Contains(text, b.ID) || g.world.count("create") != 1 {
			t.Errorf("%s, %v", text, g.world.log)
		}
	})
}

// A run whose time is up while it looks for what it made says so in a user's words.
func TestTimeUpWhileLooking(t *testing.T) {
	bubble(t, "monitor", func(t *testing.T, g *rig) {
		g.on("create", 1, lostBefore)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p := &planner.Plan{Changes: []*planner.Change{change(planner.Create, "monitor.m", nil, row(t, "monitor", "description", "m"), "")}}
		res, err := Run(ctx, p, g.world, g.store, g.load(), g.o)
		if err != nil || len(res.Failed) != 1 {
			t.Fatalf("%v, %+v", err, res)
		}
		if said := res.Failed[0].Err.Error(); strings.Contains(said, "context") || !strings.Contains(said, "the next run finds out") {
			t.Error(said)
		}
		if open := g.load().Open; len(open) != 1 {
			t.Errorf("open: %v", open)
		}
	})
}

// TestExecutedLate: the first of two creates was executed after all, once the
// second was on its way. The state has it as one to be deleted.
func TestExecutedLate(t *testing.T) {
	late := func(address string, v schema.Row) func(t *testing.T, g *rig) {
		return func(t *testing.T, g *rig) {
			g.world.loose = true
			create := change(planner.Create, address, nil, v, "")
			g.world.fault = func(_ int, op string) fault {
				if g.world.count("create") == 1 && op == "create" {
					return lostBefore
				}
				if g.world.count("create") == 2 && op == "create" {
					o := g.world.add(create.Kind, schema.UserScope, v)
					g.world.born[o.ID] = time.Now()
				}
				return fine
			}
			g.must(create)
			all := g.load().At(addr(address))
			if len(all) != 2 || all[0].Deposed || !all[1].Deposed || all[0].ID == all[1].ID {
				t.Errorf("%+v", all)
			}
		}
	}
	bubble(t, "monitor", late("monitor.m", row(t, "monitor", "description", "m")))
	bubble(t, "pool", late("pool.p", poolRow(t, "p", nil, "192.0.2.1")))
}

func TestSettle(t *testing.T) {
	intend := func(g *rig, in state.Intent) *state.Snapshot {
		in.Seq, in.Start, in.Scope = 1, time.Now(), schema.UserScope
		g.store.journal = append(g.store.journal, state.Record{Intent: &in})
		return g.load()
	}
	settle := func(t *testing.T, g *rig, s *state.Snapshot) *state.Snapshot {
		t.Helper()
		if err := Settle(t.Context(), g.world, g.store, s, g.o); err != nil {
			t.Fatal(err)
		}
		if got := g.load(); len(got.Open) != 0 || fmt.Sprint(len(got.Entries)) != fmt.Sprint(len(s.Entries)) {
			t.Fatalf("%+v, %+v", got, s)
		}
		return s
	}
	bubble(t, "token made", func(t *testing.T, g *rig) {
		o := g.world.add(tokenKind, schema.UserScope, tokenRow(t, "t"))
		s := settle(t, g, intend(g, state.Intent{Op: state.OpCreate, Addr: addr("token.t"), Values: tokenRow(t, "t")}))
		if len(s.Entries) != 1 || s.Entries[0].ID != o.ID || s.Entries[0].Secret != state.Pending || len(s.Last) != 1 {
			t.Errorf("%+v", s)
		}
	})
	bubble(t, "nothing made", func(t *testing.T, g *rig) {
		start := time.Now()
		s := settle(t, g, intend(g, state.Intent{Op: state.OpCreate, Addr: addr("token.t"), Values: tokenRow(t, "t")}))
		if len(s.Entries) != 0 || time.Since(start) != 7*time.Second {
			t.Errorf("%+v after %s", s, time.Since(start))
		}
	})
	bubble(t, "made when a limit had been waited out, not listed yet", func(t *testing.T, g *rig) {
		s := intend(g, state.Intent{Op: state.OpCreate, Addr: addr("token.t"), Values: tokenRow(t, "t")})
		time.Sleep(5 * time.Minute)
		g.world.lag = 5 * time.Second
		o := g.world.add(tokenKind, schema.UserScope, tokenRow(t, "t"))
		g.world.born[o.ID] = time.Now()
		if settle(t, g, s); len(s.Entries) != 1 || s.Entries[0].ID != o.ID {
			t.Errorf("%+v", s.Entries)
		}
	})
	bubble(t, "nothing made long ago", func(t *testing.T, g *rig) {
		s := intend(g, state.Intent{Op: state.OpCreate, Addr: addr("token.t"), Values: tokenRow(t, "t")})
		time.Sleep(2 * time.Hour)
		start := time.Now()
		settle(t, g, s)
		if time.Since(start) != 0 {
			t.Errorf("looked for %s", time.Since(start))
		}
	})
	bubble(t, "sensitive values", func(t *testing.T, g *rig) {
		v := rule(t, "192.0.2.1", "block")
		v[ruleKind.Index("notes")] = schema.Sensitive{Value: schema.String("hush")}
		o := g.world.add(ruleKind, schema.UserScope, v)
		s := settle(t, g, intend(g, state.Intent{Op: state.OpCreate, Addr: addr("access_rule.a"), Values: ruleKind.Seal(v, []byte("0123456789abcdef"))}))
		if len(s.Entries) != 1 || s.Entries[0].ID != o.ID {
			t.Errorf("%+v", s)
		}
	})
	bubble(t, "another was made", func(t *testing.T, g *rig) {
		g.world.add(ruleKind, schema.UserScope, rule(t, "192.0.2.1", "whitelist"))
		s := settle(t, g, intend(g, state.Intent{Op: state.OpCreate, Addr: addr("access_rule.a"), Values: rule(t, "192.0.2.1", "block")}))
		if len(s.Entries) != 0 {
			t.Errorf("%+v", s)
		}
	})
	entry := func(t *testing.T, g *rig) *schema.Object {
		g.must(change(planner.Create, "token.t", nil, tokenRow(t, "t"), ""))
		return g.world.one(tokenKind, "t")
	}
	bubble(t, "roll", func(t *testing.T, g *rig) {
		o := entry(t, g)
		s := settle(t, g, intend(g, state.Intent{Op: state.OpRoll, Addr: addr("token.t"), ID: o.ID}))
		if s.Entries[0].Secret != state.Pending {
			t.Errorf("%+v", s.Entries[0])
		}
	})
	bubble(t, "create of a replacement", func(t *testing.T, g *rig) {
		o := entry(t, g) // as new as what is looked for, but ours already
		s := settle(t, g, intend(g, state.Intent{Op: state.OpCreate, Addr: addr("token.t"), Values: tokenRow(t, "t")}))
		if len(s.Entries) != 1 || s.Entries[0].ID != o.ID || s.Entries[0].Secret != state.Delivered {
			t.Errorf("%+v", s.Entries)
		}
	})
	bubble(t, "update and delete", func(t *testing.T, g *rig) {
		o := entry(t, g)
		intend(g, state.Intent{Op: state.OpUpdate, Addr: addr("token.t"), ID: o.ID, Values: tokenRow(t, "u")})
		s := intend(g, state.Intent{Op: state.OpDelete, Addr: addr("token.t"), ID: o.ID})
		g.world.log = nil
		settle(t, g, s)
		if len(g.world.log) != 0 {
			t.Errorf("%v", g.world.log)
		}
	})
	bubble(t, "retired", func(t *testing.T, g *rig) {
		o := entry(t, g)
		retired := tokenRow(t, "t (retiring 2026-12-01)")
		s := intend(g, state.Intent{Op: state.OpUpdate, Addr: addr("token.t"), ID: o.ID, Deposed: true, Values: retired})
		settle(t, g, s)
		if s.Entries[0].Deposed {
			t.Fatal("it was not retired")
		}
		o.Values = retired
		s = settle(t, g, intend(g, state.Intent{Op: state.OpUpdate, Addr: addr("token.t"), ID: o.ID, Deposed: true, Values: retired}))
		if len(s.Entries) != 1 || !s.Entries[0].Deposed {
			t.Errorf("%+v", s.Entries[0])
		}
	})
	bubble(t, "retired or not, and it cannot be read; gone", func(t *testing.T, g *rig) {
		o := entry(t, g)
		s := intend(g, state.Intent{Op: state.OpUpdate, Addr: addr("token.t"), ID: o.ID, Deposed: true, Values: tokenRow(t, "t (retiring 2026-12-01)")})
		g.on("get", 1, refused)
		if err := Settle(t.Context(), g.world, g.store, s, g.o); err == nil || len(g.load().Open) != 1 {
			t.Errorf("%v, %+v", err, g.load().Open)
		}
		delete(g.world.objects, o.ID)
		if settle(t, g, s); s.Entries[0].Deposed {
			t.Errorf("%+v", s.Entries[0])
		}
	})
}

// TestTakenOver: right after an object gave up its natural key, the server may
// still hold it to be taken (API facts §0.6): that passes. Where nothing gave
// way, it does not.
func TestTakenOver(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		bubble(t, fmt.Sprint(n), func(t *testing.T, g *rig) {
			o := g.made("access_rule.old", rule(t, "192.0.2.1", "block"))
			for i := range n {
				g.on("create", i+1, taken)
			}
			made := change(planner.Create, "access_rule.new", nil, rule(t, "192.0.2.1", "whitelist"), "")
			made.Needs = []int{1}
			res, err := g.run(made, change(planner.Delete, "access_rule.old", o.Values, nil, o.ID))
			if err != nil || len(res.Failed) != n/3 || len(res.Done) != 2-n/3 || g.world.count("create") != min(n+1, 3) {
				t.Errorf("%v, %+v, %v", err, res, g.world.log)
			}
		})
	}
	bubble(t, "not", func(t *testing.T, g *rig) {
		g.on("create", 1, taken)
		g.fails(change(planner.Create, "access_rule.new", nil, rule(t, "192.0.2.1", "whitelist"), ""))
	})
}

package applier

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// scene is a configuration over a world in which every kind of action occurs.
type scene struct {
	world *world
	store *memory
	vault *vault
	now   time.Time // of every plan
}

func (s *scene) clone() *scene {
	w := newWorld()
	w.objects, w.secrets, w.born, w.last = maps.Clone(s.world.objects), maps.Clone(s.world.secrets), maps.Clone(s.world.born), s.world.last
	saved := *s.store.saved
	return &scene{world: w, store: &memory{saved: &saved}, vault: &vault{got: maps.Clone(s.vault.got)}, now: s.now}
}

func resource(address string, values schema.Row) *schema.Resource {
	a := addr(address)
	return &schema.Resource{Addr: a, Kind: schema.KindNamed(a.Kind), Scope: schema.UserScope, Values: values}
}

func graph(rs ...*schema.Resource) *schema.Graph {
	slices.SortFunc(rs, func(a, b *schema.Resource) int { return a.Addr.Compare(b.Addr) })
	return &schema.Graph{Scope: schema.UserScope, Resources: rs, Settings: schema.Settings{Limits: schema.DefaultLimits}}
}

func monitorRef(name string) schema.Value {
	return schema.Ref{Addr: addr("monitor." + name), Attr: "id"}
}

func rotate(every string) schema.Value { return schema.Row{schema.String(every), nil} }

// first is what was applied long ago, second what is wanted now.
func first(t testing.TB) *schema.Graph {
	return graph(
		resource("access_rule.same", rule(t, "192.0.2.1", "block")),
		resource("access_rule.updated", rule(t, "192.0.2.2", "block")),
		resource("access_rule.deleted", rule(t, "192.0.2.3", "block")),
		resource("access_rule.replaced", rule(t, "192.0.2.5", "block")),
		resource("access_rule.before", rule(t, "192.0.2.6", "block")),
		resource("monitor.updated", row(t, "monitor", "description", "updated")),
		resource("monitor.deleted", row(t, "monitor", "description", "deleted")),
		resource("pool.updated", poolRow(t, "updated", monitorRef("deleted"), "192.0.2.1")),
		resource("pool.deleted", poolRow(t, "deleted", monitorRef("updated"), "192.0.2.1")),
		resource("token.updated", tokenRow(t, "updated")),
		resource("token.rotated", tokenRow(t, "rotated", "rotate", rotate("30d"))),
		resource("token.deleted", tokenRow(t, "deleted")),
	)
}

func second(t testing.TB) *schema.Graph {
	return graph(
		resource("access_rule.same", rule(t, "192.0.2.1", "block")),
		resource("access_rule.updated", rule(t, "192.0.2.2", "whitelist")),
		resource("access_rule.created", rule(t, "192.0.2.4", "whitelist")),
		resource("access_rule.replaced", rule(t, "192.0.2.55", "block")),
		resource("access_rule.after", rule(t, "192.0.2.6", "block")),
		resource("access_rule.adopted", rule(t, "192.0.2.7", "block")),
		resource("monitor.updated", row(t, "monitor", "description", "updated", "interval", 90)),
		resource("monitor.created", row(t, "monitor", "description", "created")),
		resource("pool.updated", poolRow(t, "updated", monitorRef("created"), "192.0.2.1")),
		resource("pool.created", poolRow(t, "created", monitorRef("created"), "192.0.2.1")),
		resource("token.updated", tokenRow(t, "updated", "expires_on", "2031-01-01T00:00:00Z")),
		resource("token.rotated", tokenRow(t, "rotated", "rotate", rotate("30d"))),
		resource("token.created", tokenRow(t, "created", "condition", condition("192.0.2.0/24"), "status", "disabled")),
	)
}

// setScene applies first and lets time go by.
func setScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{world: newWorld(), store: &memory{}, vault: &vault{}, now: time.Now()}
	if res, err := s.apply(t, first(t), 1); err != nil || len(res.Failed)+len(res.NotTried) > 0 {
		t.Fatalf("%v, %+v", err, res)
	}
	time.Sleep(40 * 24 * time.Hour)
	s.world.add(ruleKind, schema.UserScope, rule(t, "192.0.2.7", "block"))
	s.world.log = nil
	s.now = time.Now()
	return s
}

// plan settles what is open and plans, as the command does.
func (s *scene) plan(t *testing.T, want *schema.Graph) (*planner.Plan, *state.Snapshot) {
	t.Helper()
	snap, err := s.store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := Settle(t.Context(), s.world, s.store, snap, Options{}); err != nil {
		t.Fatal(err)
	}
	in := planner.Input{Want: want, Have: snap, Now: s.now}
	for _, k := range schema.Kinds {
		if k.Has(schema.User) {
			in.Live = append(in.Live, planner.Listing{Kind: k, Scope: schema.UserScope, Objects: s.world.list(k, schema.UserScope)})
		}
	}
	p, diags := planner.Make(in)
	if diags.HasErrors() || len(p.Refusals) > 0 {
		t.Fatalf("%v, %v", diags, p.Refusals)
	}
	return p, snap
}

func (s *scene) apply(t *testing.T, want *schema.Graph, parallelism int) (Result, error) {
	t.Helper()
	p, snap := s.plan(t, want)
	s.world.log = nil
	return Run(t.Context(), p, s.world, s.store, snap, Options{Sinks: s.vault, Parallelism: parallelism})
}

// end describes where a scene has come to, without ids.
func (s *scene) end(t *testing.T) string {
	t.Helper()
	var lines []string
	for _, o := range s.world.objects {
		row := slices.Clone(o.Values)
		for i := range o.Kind.Attrs {
			if a := &o.Kind.Attrs[i]; a.Mode == schema.Computed || a.Mode == schema.Local {
				row[i] = nil
			} else if a.Refers != "" && row[i] != nil {
				row[i] = s.world.objects[schema.Text(row[i])].Values[1] // the monitor's description
			}
		}
		b, err := o.Kind.AppendRow(nil, row)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, "live "+o.Kind.Name+" "+string(b))
	}
	snap, err := s.store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range snap.Entries {
		k := schema.KindNamed(e.Addr.Kind)
		o := s.world.objects[e.ID]
		if o == nil {
			t.Errorf("the state has %s %s, which is not there", e.Addr, e.ID)
			continue
		}
		if !k.SameRow(e.Applied, o.Values) {
			t.Errorf("%s: applied %v, live %v", e.Addr, e.Applied, o.Values)
		}
		if e.Secret == state.Delivered && !e.Deposed && s.vault.got[e.Addr.String()] != s.world.secrets[e.ID] {
			t.Errorf("%s: the sink has %q, live is %q", e.Addr, s.vault.got[e.Addr.String()], s.world.secrets[e.ID])
		}
		lines = append(lines, fmt.Sprintf("state %s %t %s", e.Addr, e.Deposed, e.Secret))
	}
	if len(snap.Open) > 0 {
		t.Errorf("open: %+v", snap.Open)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// empty fails where a plan is not.
func (s *scene) empty(t *testing.T, want *schema.Graph) {
	t.Helper()
	p, _ := s.plan(t, want)
	for _, c := range p.Changes {
		if c.Action != planner.NoOp || c.Record {
			t.Errorf("%s %s %s is left", c.Addr, c.Action, c.Reason)
		}
	}
}

// undisturbed is the end that every other run must reach, and its requests and
// records.
func undisturbed(t *testing.T, s *scene, parallelism int) (end string, requests, appends int) {
	t.Helper()
	u := s.clone()
	if res, err := u.apply(t, second(t), parallelism); err != nil || len(res.Failed)+len(res.NotTried) > 0 {
		t.Fatalf("%v, %+v", err, res)
	}
	requests, appends = len(u.world.log), u.store.appends
	end = u.end(t)
	u.empty(t, second(t))
	return end, requests, appends
}

// TestSceneHasEverything: every action of a plan, and the end is what is wanted.
func TestSceneHasEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := setScene(t)
		p, _ := s.plan(t, second(t))
		got := map[planner.Action]bool{}
		for _, c := range p.Changes {
			got[c.Action] = true
		}
		for _, a := range []planner.Action{planner.NoOp, planner.Create, planner.Update, planner.CreateReplace, planner.Delete} {
			if !got[a] {
				t.Errorf("no %s", a)
			}
		}
		end, requests, appends := undisturbed(t, s, 1)
		if requests < 25 || appends < 30 || strings.Count("\n"+end, "\nlive ") != 14 || strings.Count(end, "retiring") != 1 {
			t.Errorf("%d requests, %d appends\n%s", requests, appends, end)
		}
	})
}

// TestFaultMatrix: whatever goes wrong with any one request, the next plain
// apply reaches the undisturbed end.
func TestFaultMatrix(t *testing.T) {
	for _, parallelism := range []int{1, 4} {
		for name, f := range map[string]fault{"refused": refused, "lost before": lostBefore, "lost after": lostAfter} {
			t.Run(fmt.Sprint(name, parallelism), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := setScene(t)
					want, requests, _ := undisturbed(t, s, parallelism)
					for n := 1; n <= requests; n++ {
						d := s.clone()
						d.world.fault = func(i int, _ string) fault {
							if i == n {
								return f
							}
							return fine
						}
						res, err := d.apply(t, second(t), parallelism)
						if err != nil {
							t.Fatal(err)
						}
						at := d.world.log[n-1]
						d.world.fault = nil
						d.finish(t, fmt.Sprintf("%s %s at request %d (%s): %v", t.Name(), name, n, at, res.Failed), want, parallelism)
					}
				})
			})
		}
	}
}

// finish applies once more and compares the end.
func (s *scene) finish(t *testing.T, what, want string, parallelism int) {
	t.Helper()
	res, err := s.apply(t, second(t), parallelism)
	if err != nil || len(res.Failed)+len(res.NotTried) > 0 {
		t.Errorf("%s: the second apply: %v, %+v", what, err, res)
		return
	}
	if got := s.end(t); got != want || t.Failed() {
		t.Fatalf("%s: the end is\n%s\nwant\n%s", what, got, want)
	}
	s.empty(t, second(t))
}

// kill makes everything fail from here on: the process is dead.
func (s *scene) kill() {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.died = true
}

func (s *scene) dead() bool {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return s.store.died
}

// mortal makes requests and sinks of a dead process do nothing.
func (s *scene) mortal(at func(n int) fault) {
	s.world.fault = func(n int, _ string) fault {
		if s.dead() {
			return dead
		}
		f := at(n)
		if f != fine {
			s.kill()
		}
		return f
	}
	s.vault.broken = func() error {
		if s.dead() {
			return errDead
		}
		return nil
	}
}

func (s *scene) revive() {
	s.store.fuse, s.store.died, s.world.fault, s.vault.broken = nil, false, nil, nil
}

// TestCrashMatrix: wherever the process dies, the next apply reaches the
// undisturbed end.
func TestCrashMatrix(t *testing.T) {
	for _, parallelism := range []int{1, 4} {
		t.Run(fmt.Sprint("request", parallelism), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := setScene(t)
				want, requests, _ := undisturbed(t, s, parallelism)
				for n := 1; n <= requests; n++ {
					for _, f := range []fault{dead, lostAfter} {
						d := s.clone()
						d.mortal(func(i int) fault {
							if i == n {
								return f
							}
							return fine
						})
						d.apply(t, second(t), parallelism)
						at := d.world.log[n-1]
						d.revive()
						d.finish(t, fmt.Sprintf("%s: killed at request %d (%s), fault %d", t.Name(), n, at, f), want, parallelism)
					}
				}
			})
		})
		t.Run(fmt.Sprint("journal", parallelism), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := setScene(t)
				want, _, appends := undisturbed(t, s, parallelism)
				for n := 1; n <= appends+1; n++ {
					for _, after := range []bool{false, true} {
						d := s.clone()
						d.mortal(func(int) fault { return fine })
						d.store.fuse = func(op string, i int) (bool, bool) {
							hit := i == n && op == "append" || n > appends && op == "save"
							return hit && !after, hit && after
						}
						d.apply(t, second(t), parallelism)
						if !d.dead() {
							t.Fatalf("append %d was never reached", n)
						}
						d.revive()
						d.finish(t, fmt.Sprintf("%s: killed at append %d, after %t", t.Name(), n, after), want, parallelism)
					}
				}
			})
		})
	}
}

package applier

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// keep is a server that does with the attribute what f says.
func keep(attr string, f func(op string, sent, is schema.Value) schema.Value) func(string, *schema.Kind, schema.Row, schema.Row) schema.Row {
	return func(op string, k *schema.Kind, sent, is schema.Row) schema.Row {
		out := slices.Clone(sent)
		if i := k.Index(attr); i >= 0 {
			out[i] = f(op, sent[i], is.At(i))
		}
		return out
	}
}

// made puts an object there that is ours.
func (g *rig) made(address string, values schema.Row) *schema.Object {
	g.t.Helper()
	g.must(change(planner.Create, address, nil, values, ""))
	g.world.log = nil
	return g.world.objects[g.entry(address).ID]
}

func TestUpdate(t *testing.T) {
	bubble(t, "pool", func(t *testing.T, g *rig) {
		was, want := poolRow(t, "p", nil, "192.0.2.1"), poolRow(t, "p", nil, "192.0.2.2")
		o := g.made("pool.p", was)
		res := g.must(change(planner.Update, "pool.p", o.Values, want, o.ID))
		if fmt.Sprint(g.world.log) != fmt.Sprintf("[get %s update %s]", o.ID, o.ID) || res.Done[0].Op != "updated" {
			t.Errorf("%v", g.world.log)
		}
		s := g.load()
		if !poolKind.SameRow(want, s.Entries[0].Applied) || len(s.Last) != 1 || !poolKind.SameRow(was, s.Last[0].Before) || !poolKind.SameRow(want, s.Last[0].After) {
			t.Errorf("%+v", s)
		}
	})
	bubble(t, "moved", func(t *testing.T, g *rig) {
		was := poolRow(t, "p", nil, "192.0.2.1")
		o := g.made("pool.p", poolRow(t, "p", nil, "192.0.2.9"))
		res, err := g.run(change(planner.Update, "pool.p", was, poolRow(t, "p", nil, "192.0.2.2"), o.ID))
		var stale *StaleError
		if err != nil || len(res.Stale) != 1 || !errors.As(res.Stale[0].Err, &stale) || fmt.Sprint(stale.Paths) != "[origins]" || g.world.count("update") != 0 {
			t.Errorf("%v, %+v, %v", err, res, g.world.log)
		}
	})
	bubble(t, "gone", func(t *testing.T, g *rig) {
		was := poolRow(t, "p", nil, "192.0.2.1")
		res, err := g.run(change(planner.Update, "pool.p", was, poolRow(t, "p", nil, "192.0.2.2"), "77"))
		if err != nil || len(res.Stale) != 1 || !strings.HasPrefix(res.Stale[0].Err.Error(), "77 is gone since the plan was made") {
			t.Errorf("%v, %+v", err, res)
		}
		res, err = g.run(change(planner.Update, "access_rule.a", rule(t, "192.0.2.1", "block"), rule(t, "192.0.2.1", "whitelist"), "78"))
		if err != nil || len(res.Stale) != 1 || len(g.load().Open) != 0 {
			t.Errorf("%v, %+v, %+v", err, res, g.load().Open)
		}
	})
	bubble(t, "done by somebody already", func(t *testing.T, g *rig) {
		want := poolRow(t, "p", nil, "192.0.2.2")
		o := g.made("pool.p", want)
		g.must(change(planner.Update, "pool.p", poolRow(t, "p", nil, "192.0.2.1"), want, o.ID))
		if g.world.count("update") != 0 {
			t.Errorf("%v", g.world.log)
		}
	})
	bubble(t, "refused", func(t *testing.T, g *rig) {
		o := g.made("access_rule.a", rule(t, "192.0.2.1", "block"))
		g.on("update", 1, refused)
		g.fails(change(planner.Update, "access_rule.a", o.Values, rule(t, "192.0.2.1", "whitelist"), o.ID))
		if s := g.load(); len(s.Open) != 0 || !ruleKind.SameRow(s.Entries[0].Applied, o.Values) {
			t.Errorf("%+v", s)
		}
	})
	for _, f := range []fault{lostBefore, lostAfter} {
		bubble(t, fmt.Sprint("lost ", f), func(t *testing.T, g *rig) {
			want := rule(t, "192.0.2.1", "whitelist")
			o := g.made("access_rule.a", rule(t, "192.0.2.1", "block"))
			g.on("update", 1, f)
			res, err := g.run(change(planner.Update, "access_rule.a", o.Values, want, o.ID))
			if err != nil || len(res.Done) != int(f-lostBefore) || len(g.load().Open) != 0 {
				t.Errorf("%v, %+v", err, res)
			}
		})
	}
	bubble(t, "sensitive", func(t *testing.T, g *rig) {
		want := rule(t, "192.0.2.1", "whitelist")
		want[ruleKind.Index("notes")] = schema.Sensitive{Value: schema.String("hush")}
		o := g.made("access_rule.a", rule(t, "192.0.2.1", "block"))
		o.Values[ruleKind.Index("notes")] = schema.String("earlier hush")
		g.must(change(planner.Update, "access_rule.a", o.Values, want, o.ID))
		for _, r := range append(g.store.journal, record(g.load())...) {
			if text := fmt.Sprintf("%+v %+v", r.Intent, r.Outcome); strings.Contains(text, "hush") {
				t.Error(text)
			}
		}
		if s := g.load(); ruleKind.Get(s.Last[0].Before, "notes").(schema.Sensitive).Digest == "" {
			t.Errorf("%+v", s.Last[0])
		}
	})
}

// record is a snapshot as records, to look through.
func record(s *state.Snapshot) []state.Record {
	var out []state.Record
	for _, e := range s.Entries {
		out = append(out, state.Record{Outcome: &state.Outcome{Put: e}})
	}
	for i := range s.Last {
		out = append(out, state.Record{Outcome: &state.Outcome{Undo: &s.Last[i]}})
	}
	return out
}

// TestVerify: an answer of success is no proof.
func TestVerify(t *testing.T) {
	was := func(t *testing.T) schema.Row { return poolRow(t, "p", nil, "192.0.2.1") }
	bubble(t, "removed only by null", func(t *testing.T, g *rig) {
		with := was(t)
		with[poolKind.Index("description")] = schema.String("d")
		o := g.made("pool.p", with)
		g.world.accept = keep("description", func(op string, sent, is schema.Value) schema.Value {
			if sent == nil && op == "update" {
				return is
			}
			return sent
		})
		g.must(change(planner.Update, "pool.p", o.Values, was(t), o.ID))
		if g.world.count("update with nulls") != 1 || g.world.objects[o.ID].Get("description") != nil {
			t.Errorf("%v", g.world.log)
		}
	})
	bubble(t, "never removed", func(t *testing.T, g *rig) {
		with := was(t)
		with[poolKind.Index("description")] = schema.String("d")
		o := g.made("pool.p", with)
		g.world.accept = keep("description", func(_ string, _, is schema.Value) schema.Value { return is })
		text := g.fails(change(planner.Update, "pool.p", o.Values, was(t), o.ID))
		if !strings.Contains(text, "description is still there") || g.world.count("update") != 2 {
			t.Errorf("%s, %v", text, g.world.log)
		}
		if e := g.entry("pool.p"); schema.Text(poolKind.Get(e.Applied, "description")) != "d" {
			t.Errorf("%+v", e)
		}
	})
	bubble(t, "kept", func(t *testing.T, g *rig) {
		o := g.made("access_rule.a", rule(t, "192.0.2.1", "block"))
		g.world.accept = keep("mode", func(_ string, _, is schema.Value) schema.Value { return is })
		if text := g.fails(change(planner.Update, "access_rule.a", o.Values, rule(t, "192.0.2.1", "whitelist"), o.ID)); !strings.Contains(text, "kept the old value of mode") {
			t.Error(text)
		}
	})
	bubble(t, "something else", func(t *testing.T, g *rig) {
		o := g.made("access_rule.a", rule(t, "192.0.2.1", "block"))
		g.world.accept = keep("mode", func(string, schema.Value, schema.Value) schema.Value { return schema.String("challenge") })
		g.must(change(planner.Update, "access_rule.a", o.Values, rule(t, "192.0.2.1", "whitelist"), o.ID))
		if e := g.events[1]; e.Type != Warned || !strings.Contains(e.Detail, `mode than was sent: "challenge"`) {
			t.Errorf("%+v", e)
		}
		if e := g.entry("access_rule.a"); schema.Text(ruleKind.Get(e.Applied, "mode")) != "challenge" {
			t.Errorf("%+v", e)
		}
	})
	bubble(t, "something else from the start", func(t *testing.T, g *rig) {
		g.world.accept = keep("notes", func(string, schema.Value, schema.Value) schema.Value { return schema.String("other") })
		want := rule(t, "192.0.2.1", "block")
		for name, notes := range map[string]schema.Value{`: "other"`: schema.String("mine"), "sent": schema.Sensitive{Value: schema.String("hush")}} {
			want[ruleKind.Index("notes")] = notes
			g.must(change(planner.Create, "access_rule.a", nil, want, ""))
			if e := g.events[1]; e.Type != Warned || !strings.HasSuffix(e.Detail, name) {
				t.Errorf("%+v", e)
			}
			kept := ruleKind.Get(g.entry("access_rule.a").Applied, "notes")
			if x, is := kept.(schema.Sensitive); schema.HasSensitive(notes) != is || !is && schema.Text(kept) != "other" || is && x.Value != nil {
				t.Errorf("%v: %+v", notes, kept)
			}
			clear(g.world.objects)
			g.store.saved = nil
		}
	})
}

func condition(ips ...string) schema.Value {
	return schema.Row{schema.Row{schema.Strings(ips...), nil}}
}

// TestRestrictionsLost: a token that came back without a restriction is
// disabled, and nobody gets its secret (API facts §4).
func TestRestrictionsLost(t *testing.T) {
	drop := keep("condition", func(string, schema.Value, schema.Value) schema.Value { return nil })
	bubble(t, "create", func(t *testing.T, g *rig) {
		g.world.accept = drop
		text := g.fails(change(planner.Create, "token.t", nil, tokenRow(t, "t", "condition", condition("192.0.2.0/24")), ""))
		o := g.world.one(tokenKind, "t")
		if schema.Text(o.Get("status")) != "disabled" || len(g.vault.got) != 0 || !strings.Contains(text, "without condition") || !strings.Contains(text, "disabled") {
			t.Errorf("%s, %v", text, o)
		}
		e := g.entry("token.t")
		if e.Secret != state.Pending || schema.Text(tokenKind.Get(e.Applied, "status")) != "disabled" || tokenKind.Get(e.Applied, "condition") != nil {
			t.Errorf("%+v", e)
		}
	})
	bubble(t, "wanted disabled anyway", func(t *testing.T, g *rig) {
		g.world.accept = func(op string, k *schema.Kind, sent, is schema.Row) schema.Row {
			if op == "create" {
				return sent
			}
			return drop(op, k, sent, is)
		}
		g.fails(change(planner.Create, "token.t", nil, tokenRow(t, "t", "condition", condition("192.0.2.0/24"), "status", "disabled"), ""))
		if len(g.vault.got) != 0 {
			t.Errorf("%v", g.vault.got)
		}
	})
	bubble(t, "update", func(t *testing.T, g *rig) {
		o := g.made("token.t", tokenRow(t, "t"))
		g.world.accept = drop
		text := g.fails(change(planner.Update, "token.t", o.Values, tokenRow(t, "t", "condition", condition("192.0.2.0/24")), o.ID))
		if schema.Text(g.world.objects[o.ID].Get("status")) != "disabled" || strings.Contains(text, "secret is not") {
			t.Error(text)
		}
	})
	bubble(t, "cannot be disabled", func(t *testing.T, g *rig) {
		g.world.accept = drop
		g.on("update", 1, refused)
		text := g.fails(change(planner.Create, "token.t", nil, tokenRow(t, "t", "condition", condition("192.0.2.0/24")), ""))
		if !strings.Contains(text, "could not be disabled") || !strings.Contains(text, g.world.one(tokenKind, "t").ID) || len(g.vault.got) != 0 {
			t.Error(text)
		}
	})
	bubble(t, "disabling changes nothing", func(t *testing.T, g *rig) {
		g.world.accept = func(op string, k *schema.Kind, sent, is schema.Row) schema.Row {
			return keep("status", func(string, schema.Value, schema.Value) schema.Value { return schema.String("active") })(op, k, drop(op, k, sent, is), is)
		}
		text := g.fails(change(planner.Create, "token.t", nil, tokenRow(t, "t", "condition", condition("192.0.2.0/24")), ""))
		if !strings.Contains(text, `could not be disabled either`) || !strings.Contains(text, `its status stayed "active"`) || len(g.vault.got) != 0 {
			t.Error(text)
		}
	})
	bubble(t, "answer of disabling lost", func(t *testing.T, g *rig) {
		g.world.accept = drop
		g.on("update", 1, lostAfter)
		text := g.fails(change(planner.Create, "token.t", nil, tokenRow(t, "t", "condition", condition("192.0.2.0/24")), ""))
		if s := g.load(); !strings.Contains(text, "was disabled") || len(s.Open) != 0 {
			t.Errorf("%s, %+v", text, s.Open)
		}
	})
	bubble(t, "lost answer too", func(t *testing.T, g *rig) {
		g.world.accept = drop
		g.on("create", 1, lostAfter)
		g.fails(change(planner.Create, "token.t", nil, tokenRow(t, "t", "condition", condition("192.0.2.0/24")), ""))
		if o := g.world.one(tokenKind, "t"); o == nil || schema.Text(o.Get("status")) != "disabled" {
			t.Errorf("%v", g.world.log)
		}
	})
}

func TestTokens(t *testing.T) {
	bubble(t, "created disabled", func(t *testing.T, g *rig) {
		want := tokenRow(t, "t", "status", "disabled")
		g.must(change(planner.Create, "token.t", nil, want, ""))
		o := g.world.one(tokenKind, "t")
		if schema.Text(o.Get("status")) != "disabled" || g.vault.got["token.t"] != g.world.secrets[o.ID] {
			t.Errorf("%v, %v", o, g.vault.got)
		}
		if e := g.entry("token.t"); e.Secret != state.Delivered || !tokenKind.SameRow(want, e.Applied) {
			t.Errorf("%+v", e)
		}
	})
	bubble(t, "not readable at once", func(t *testing.T, g *rig) {
		g.world.lag = 2e9
		g.must(change(planner.Create, "token.t", nil, tokenRow(t, "t"), ""))
	})
	bubble(t, "no sink", func(t *testing.T, g *rig) {
		want := tokenRow(t, "t")
		want[tokenKind.Index("secret")] = nil
		g.fails(change(planner.Create, "token.t", nil, want, ""))
		if len(g.world.log) != 0 {
			t.Errorf("%v", g.world.log)
		}
	})
	bubble(t, "sink that cannot work", func(t *testing.T, g *rig) {
		g.vault.shut = errors.New("secrets is not a directory")
		text := g.fails(change(planner.Create, "token.t", nil, tokenRow(t, "t"), ""))
		if len(g.world.log) != 0 || !strings.Contains(text, "not a directory") || len(g.load().Open) != 0 {
			t.Errorf("%s: %v", text, g.world.log)
		}
	})
	bubble(t, "sink fails", func(t *testing.T, g *rig) {
		g.vault.broken = func() error { return errors.New("no space left") }
		text := g.fails(change(planner.Create, "token.t", nil, tokenRow(t, "t"), ""))
		e := g.entry("token.t")
		if e == nil || e.Secret != state.Pending || !strings.Contains(text, "no space left") || !strings.Contains(text, "trueup apply") {
			t.Fatalf("%s, %+v", text, e)
		}
		g.vault.broken = nil
		res := g.must(change(planner.Roll, "token.t", tokenRow(t, "t"), tokenRow(t, "t"), e.ID))
		if e = g.entry("token.t"); e.Secret != state.Delivered || g.vault.got["token.t"] != g.world.secrets[e.ID] || res.Done[0].Op != "rolled" {
			t.Errorf("%+v", e)
		}
	})
	bubble(t, "update and roll", func(t *testing.T, g *rig) {
		g.vault.broken = func() error { return errors.New("no space left") }
		g.fails(change(planner.Create, "token.t", nil, tokenRow(t, "t"), ""))
		g.vault.broken = nil
		o := g.world.one(tokenKind, "t")
		c := change(planner.Update, "token.t", o.Values, tokenRow(t, "t", "expires_on", "2030-01-01T00:00:00Z"), o.ID)
		c.Roll = true
		g.must(c)
		if e := g.entry("token.t"); e.Secret != state.Delivered || g.vault.got["token.t"] != g.world.secrets[o.ID] {
			t.Errorf("%+v", e)
		}
	})
	for _, f := range []fault{lostBefore, lostAfter} {
		bubble(t, fmt.Sprint("roll lost ", f), func(t *testing.T, g *rig) {
			o := g.made("token.t", tokenRow(t, "t"))
			g.on("roll", 1, f)
			g.must(change(planner.Roll, "token.t", o.Values, tokenRow(t, "t"), o.ID))
			if g.vault.got["token.t"] != g.world.secrets[o.ID] {
				t.Errorf("%v, %v", g.vault.got, g.world.secrets)
			}
		})
	}
	bubble(t, "roll never answered", func(t *testing.T, g *rig) {
		o := g.made("token.t", tokenRow(t, "t"))
		g.world.fault = func(_ int, op string) fault { return lostAfter }
		g.fails(change(planner.Roll, "token.t", o.Values, tokenRow(t, "t"), o.ID))
		if e := g.entry("token.t"); e.Secret != state.Pending {
			t.Errorf("%+v", e)
		}
	})
	bubble(t, "roll refused", func(t *testing.T, g *rig) {
		o := g.made("token.t", tokenRow(t, "t"))
		g.on("roll", 1, refused)
		text := g.fails(change(planner.Roll, "token.t", o.Values, tokenRow(t, "t"), o.ID))
		if e := g.entry("token.t"); e.Secret != state.Delivered || strings.Contains(text, "lost") {
			t.Errorf("%s, %+v", text, e)
		}
	})
	bubble(t, "rotation", func(t *testing.T, g *rig) {
		o := g.made("token.t", tokenRow(t, "t"))
		retired := tokenRow(t, "t (retiring 2026-12-01)", "expires_on", "2026-12-01T00:00:00Z")
		old := change(planner.Update, "token.t", o.Values, retired, o.ID)
		old.Deposed = true
		next := change(planner.Create, "token.t", nil, tokenRow(t, "t"), "")
		next.Needs = []int{1}
		res := g.must(next, old)
		all := g.load().At(addr("token.t"))
		if len(all) != 2 || all[0].ID == o.ID || all[1].ID != o.ID || res.Done[1].Op != "retired" || len(g.world.secrets) != 2 {
			t.Errorf("%+v, %+v", all, res)
		}
		if g.vault.got["token.t"] != g.world.secrets[all[0].ID] {
			t.Errorf("%v, %v", g.vault.got, g.world.secrets)
		}
	})
	bubble(t, "rotation with a sink that cannot work", func(t *testing.T, g *rig) {
		o := g.made("token.t", tokenRow(t, "t"))
		old := change(planner.Update, "token.t", o.Values, tokenRow(t, "t (retiring 2026-12-01)", "expires_on", "2026-12-01T00:00:00Z"), o.ID)
		old.Deposed = true
		next := change(planner.Create, "token.t", nil, tokenRow(t, "t"), "")
		next.Needs = []int{1}
		sent := len(g.world.log)
		g.vault.shut = errors.New("secrets is not a directory")
		if text := g.fails(next, old); !strings.Contains(text, "not retired") || len(g.world.log) != sent {
			t.Errorf("%s: %v", text, g.world.log[sent:])
		}
	})
	// The seeds found that the state had the retired one under both addresses.
	bubble(t, "rotation with a rename", func(t *testing.T, g *rig) {
		o := g.made("token.old", tokenRow(t, "t"))
		retired := tokenRow(t, "t (retiring 2026-12-01)", "expires_on", "2026-12-01T00:00:00Z")
		old := change(planner.Update, "token.t", o.Values, retired, o.ID)
		old.Deposed, old.RenamedFrom = true, addr("token.old")
		next := change(planner.Create, "token.t", nil, tokenRow(t, "t"), "")
		next.Needs = []int{1}
		g.must(next, old)
		if s := g.load(); len(s.Entries) != 2 || len(s.At(addr("token.old"))) != 0 {
			t.Errorf("%+v", s.Entries)
		}
	})
}

func TestDelete(t *testing.T) {
	bubble(t, "plain", func(t *testing.T, g *rig) {
		v := rule(t, "192.0.2.1", "block")
		o := g.made("access_rule.a", v)
		g.must(change(planner.Delete, "access_rule.a", v, nil, o.ID))
		s := g.load()
		if len(s.Entries) != 0 || len(s.Last) != 1 || s.Last[0].ID != o.ID || !ruleKind.SameRow(v, s.Last[0].Before) {
			t.Errorf("%+v", s)
		}
	})
	bubble(t, "in use for a while", func(t *testing.T, g *rig) {
		o := g.made("pool.p", poolRow(t, "p", nil, "192.0.2.1"))
		g.world.inUse = func(string) bool { return g.world.count("delete") < 4 }
		g.must(change(planner.Delete, "pool.p", o.Values, nil, o.ID))
	})
	bubble(t, "in use", func(t *testing.T, g *rig) {
		o := g.made("pool.p", poolRow(t, "p", nil, "192.0.2.1"))
		g.world.inUse = func(string) bool { return true }
		text := g.fails(change(planner.Delete, "pool.p", o.Values, nil, o.ID))
		if s := g.load(); !strings.Contains(text, "still use it") || len(s.Entries) != 1 || len(s.Open) != 0 {
			t.Errorf("%s, %+v", text, s)
		}
	})
	for _, f := range []fault{lostBefore, lostAfter} {
		bubble(t, fmt.Sprint("lost ", f), func(t *testing.T, g *rig) {
			o := g.made("pool.p", poolRow(t, "p", nil, "192.0.2.1"))
			g.on("delete", 1, f)
			g.must(change(planner.Delete, "pool.p", o.Values, nil, o.ID))
			if len(g.world.objects)+len(g.load().Entries) != 0 {
				t.Errorf("%v", g.world.objects)
			}
		})
	}
}

func TestDeleteNeverAnswered(t *testing.T) {
	for _, f := range []fault{lostBefore, lostAfter} {
		bubble(t, fmt.Sprint(f), func(t *testing.T, g *rig) {
			o := g.made("pool.p", poolRow(t, "p", nil, "192.0.2.1"))
			g.world.fault = func(_ int, op string) fault {
				if op == "delete" {
					return f
				}
				return fine
			}
			res, err := g.run(change(planner.Delete, "pool.p", o.Values, nil, o.ID))
			s, done := g.load(), f == lostAfter
			if err != nil || (len(res.Done) == 1) != done || (len(s.Open) == 0) != done || (len(s.Entries) == 0) != done {
				t.Errorf("%v, %+v, %+v", err, res, s)
			}
		})
	}
}

func TestReplace(t *testing.T) {
	v, w := func(t *testing.T) schema.Row { return rule(t, "192.0.2.1", "block") }, func(t *testing.T) schema.Row { return rule(t, "192.0.2.2", "block") }
	bubble(t, "create first", func(t *testing.T, g *rig) {
		o := g.made("access_rule.a", v(t))
		g.must(change(planner.CreateReplace, "access_rule.a", v(t), w(t), o.ID))
		all := g.load().At(addr("access_rule.a"))
		if len(all) != 1 || all[0].ID == o.ID || len(g.world.objects) != 1 || g.world.count("create") != 1 || !strings.HasPrefix(g.world.log[0], "create") {
			t.Errorf("%+v, %v", all, g.world.log)
		}
		if s := g.load(); len(s.Last) != 2 || s.Last[1].ID != o.ID || s.Last[1].Op != state.OpDelete {
			t.Errorf("%+v", s.Last)
		}
	})
	bubble(t, "create first, delete fails", func(t *testing.T, g *rig) {
		o := g.made("access_rule.a", v(t))
		g.on("delete", 1, refused)
		g.fails(change(planner.CreateReplace, "access_rule.a", v(t), w(t), o.ID))
		all := g.load().At(addr("access_rule.a"))
		if len(all) != 2 || all[0].ID == o.ID || !all[1].Deposed || all[1].ID != o.ID {
			t.Errorf("%+v", all)
		}
	})
	bubble(t, "delete first", func(t *testing.T, g *rig) {
		o := g.made("access_rule.a", v(t))
		g.must(change(planner.Replace, "access_rule.a", v(t), v(t), o.ID))
		if all := g.load().At(addr("access_rule.a")); len(all) != 1 || all[0].ID == o.ID || !strings.HasPrefix(g.world.log[0], "delete") {
			t.Errorf("%+v, %v", all, g.world.log)
		}
	})
	bubble(t, "delete first, create fails", func(t *testing.T, g *rig) {
		o := g.made("access_rule.a", v(t))
		g.on("create", 1, refused)
		text := g.fails(change(planner.Replace, "access_rule.a", v(t), v(t), o.ID))
		if len(g.load().Entries) != 0 || !strings.Contains(text, "the old one was deleted") {
			t.Error(text)
		}
	})
	bubble(t, "replaced because gone", func(t *testing.T, g *rig) {
		o := g.made("access_rule.a", v(t))
		delete(g.world.objects, o.ID)
		g.must(change(planner.Create, "access_rule.a", nil, w(t), ""))
		if all := g.load().At(addr("access_rule.a")); len(all) != 1 || all[0].ID == o.ID {
			t.Errorf("%+v", all)
		}
	})
}

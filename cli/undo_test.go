package cli

import (
	"context"
	"io"
	"testing"
	"time"

	"pgregory.net/rapid"

	"trueup/applier"
	"trueup/diag"
	"trueup/planner"
	"trueup/schema"
	"trueup/sim"
	"trueup/sink"
)

// TestUndoLeadsBack: a random configuration is applied, another one over it,
// and that is undone with the files put back: then the first plans to nothing.
func TestUndoLeadsBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHousehold(t, rt, sim.New(sim.Options{RateLimit: sim.RateLimit{Requests: -1}, TokenQuota: -1}))
		catalogue, err := h.client.Catalogue(context.Background(), schema.UserScope)
		if err != nil {
			rt.Fatal(err)
		}
		gen := func() *schema.Graph {
			g := generator{rt: rt, dir: h.dir, groups: catalogue, seen: map[string]bool{}}
			return g.graph(schema.UserScope)
		}
		first, second := gen(), gen()
		h.apply(first, 0)
		if p := h.plan(second, h.load()); p.Outcome() == "none" {
			rt.Skip("the second asks for nothing")
		}
		h.apply(second, 1)
		if kept := h.undo(first); len(kept) > 0 {
			rt.Skip("not all of it can be taken back", kept)
		}
		h.wantEmpty(first, h.load(), "undone")
	})
}

// undo takes the last apply back and gives what stays.
func (h household) undo(files *schema.Graph) diag.List {
	have := h.load()
	back := planner.Undo(have, files)
	a := &app{IO: IO{Env: func(string) (string, bool) { return "", false }, Out: io.Discard, Err: io.Discard}}
	p, err := a.plan(context.Background(), h.client, planner.Input{Want: back.Want, Have: back.Have, Undo: true, Release: back.Release}, back.Needs(), guardFlags{AllowDeletes: 1000, AllowLockout: true})
	if err != nil {
		h.rt.Fatal(err)
	}
	result, err := applier.Run(context.Background(), p, h.client, h.store, have, applier.Options{
		Sinks: sink.Sinks{}, Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		h.rt.Fatal(err)
	}
	for _, e := range append(result.Failed, result.NotTried...) {
		h.rt.Fatalf("undo: %s: %v %s; %v", e.Change.Addr, e.Err, e.Detail, e.Change.After)
	}
	return back.Kept
}

package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"trueup/loader"
	"trueup/schema"
	"trueup/sim"
	"trueup/state"
)

// TestAcceptedDriftIsNoDifference: files that list an account, in which then
// others change whatever they like, plan to nothing once the drift of every
// resource is accepted, with the state and without.
func TestAcceptedDriftIsNoDifference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := sim.New(sim.Options{RateLimit: sim.RateLimit{Requests: -1}, TokenQuota: -1})
		h, other := newHousehold(t, rt, s), newHousehold(t, rt, s)
		groups, err := h.client.Catalogue(context.Background(), schema.UserScope)
		if err != nil {
			rt.Fatal(err)
		}
		first := generator{rt: rt, dir: h.dir, groups: groups, seen: map[string]bool{}}
		h.apply(first.graph(schema.UserScope), 0)
		format := rapid.SampledFrom([]loader.Format{loader.YAML, loader.HCL}).Draw(rt, "format")
		d := loader.NewDraft(h.live([]schema.Scope{schema.UserScope}))
		if d.Resources() == 0 {
			return
		}
		before := strings.ReplaceAll(string(d.Text(format)), "\n", " # kept\n")
		path := filepath.Join(h.dir, "trueup."+string(format))
		if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
			rt.Fatal(err)
		}
		second := generator{rt: rt, dir: h.dir, groups: groups, seen: map[string]bool{}}
		other.apply(second.graph(schema.UserScope), 1)
		have := h.load()
		if rapid.Bool().Draw(rt, "state lost") {
			have = &state.Snapshot{Salt: make([]byte, 16)}
		}
		h.acceptAll(path, have)
	})
}

// acceptAll accepts the drift of everything in the file.
func (h household) acceptAll(path string, have *state.Snapshot) {
	c, a := &planCmd{}, &app{IO: IO{Env: func(string) (string, bool) { return "", false }, Out: io.Discard, Err: io.Discard}}
	c.Paths = []string{path}
	g, err := a.load(context.Background(), c.fileFlags)
	if err != nil {
		text, _ := os.ReadFile(path)
		h.rt.Fatalf("%v\n%s", a.said, text)
	}
	for _, r := range g.Resources {
		c.AcceptDrift = append(c.AcceptDrift, r.Addr.String())
	}
	before, _ := os.ReadFile(path)
	_, g, err = c.accept(context.Background(), a, h.client, g, have)
	if err != nil {
		h.rt.Fatalf("%v %v", err, a.said)
	}
	after, _ := os.ReadFile(path)
	for _, d := range a.loaded {
		if d.Code == loader.DriftLeft {
			h.rt.Fatalf("left: %s %s\n%s", d.Address, d.Summary, before)
		}
	}
	h.wantEmpty(g, have, "after accepting:\n"+string(before)+"\n"+string(after))
}

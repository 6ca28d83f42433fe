package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"trueup/diag"
	"trueup/planner"
	"trueup/render"
	"trueup/schema"
	"trueup/sim"
)

func bytesOf(t *testing.T) func([]byte, error) []byte {
	return func(data []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
}

// formats are a plan in each format.
func formats(t *testing.T, p *planner.Plan) map[string][]byte {
	out := map[string][]byte{}
	for name, o := range map[string]render.Options{"text": {Verbose: true}, "colour": {Color: true, Width: 60}} {
		var b bytes.Buffer
		if err := render.Text(&b, p, o); err != nil {
			t.Fatal(err)
		}
		out[name] = b.Bytes()
	}
	out["json"] = bytesOf(t)(render.JSON(p))
	out["markdown"] = bytesOf(t)(render.Markdown(p, render.Options{}))
	out["html"] = bytesOf(t)(render.HTML(p, render.Options{}))
	return out
}

// outputs are all that is written of a plan and of the state.
func outputs(t *testing.T, h household, p *planner.Plan) map[string][]byte {
	out, s := formats(t, p), h.load()
	out["saved plan"] = bytesOf(t)(p.Encode())
	ds := append(render.Diagnostics(p), p.Warnings...)
	out["annotations"] = []byte(strings.Join(diag.Annotations(ds), "\n"))
	out["sarif"] = bytesOf(t)(diag.SARIF(ds, nil, ""))
	out["state json"] = bytesOf(t)(render.StateJSON(s))
	out["state markdown"] = render.StateMarkdown(s, render.Options{})
	out["state html"] = bytesOf(t)(render.StateHTML(s, render.Options{}))
	out["state"], _ = os.ReadFile(filepath.Join(h.dir, "state.json")) // there is none at first
	return out
}

// drawGraph is a graph from the table alone, the same for a seed.
func drawGraph(t *testing.T, h household, seed int) *schema.Graph {
	catalogue, err := h.client.Catalogue(t.Context(), schema.UserScope)
	if err != nil {
		t.Fatal(err)
	}
	return rapid.Custom(func(rt *rapid.T) *schema.Graph {
		g := generator{rt: rt, dir: h.dir, groups: catalogue, seen: map[string]bool{}, mixes: true}
		return g.graph(schema.UserScope)
	}).Example(seed)
}

// TestSavedPlanIsThePlan: a saved plan shows in every format what the plan
// showed, byte for byte, and its JSON is as docs/plan.schema.json says.
func TestSavedPlanIsThePlan(t *testing.T) {
	s, err := jsonschema.NewCompiler().Compile("../docs/plan.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range 10 {
		h := newHousehold(t, t, sim.New(sim.Options{RateLimit: sim.RateLimit{Requests: -1}, TokenQuota: -1}))
		first, secrets := drawGraph(t, h, seed), hider{n: 100}
		check := func(p *planner.Plan) {
			data := bytesOf(t)(p.Encode())
			saved, err := planner.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			want := formats(t, p)
			for name, got := range formats(t, saved) {
				if !bytes.Equal(got, want[name]) {
					t.Errorf("%s of the saved plan:\n%s\nof the plan:\n%s", name, got, want[name])
				}
			}
			if again := bytesOf(t)(saved.Encode()); !bytes.Equal(again, data) {
				t.Errorf("saved again:\n%s\n%s", again, data)
			}
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(want["json"]))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(v); err != nil {
				t.Errorf("%v", err)
			}
		}
		check(h.plan(first, h.load()))
		h.apply(first, 0)
		check(h.plan(first, h.load()))
		check(h.plan(secrets.hidden(t, first), h.load()))
		check(h.plan(drawGraph(t, h, seed+100), h.load()))
	}
}

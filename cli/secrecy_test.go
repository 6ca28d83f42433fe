package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"trueup/planner"
	"trueup/schema"
	"trueup/sim"
	"trueup/state"
)

// hider makes values sensitive, each with a text that occurs nowhere else.
type hider struct {
	n     int
	texts []string
}

func (h *hider) hide(text string) schema.Value {
	h.n++
	text = fmt.Sprintf(text, h.n)
	h.texts = append(h.texts, text)
	return schema.Sensitive{Value: schema.String(text)}
}

// value is v with a sensitive value wherever the table lets any text be.
func (h *hider) value(a *schema.Attr, v schema.Value) schema.Value {
	switch x := v.(type) {
	case schema.Row:
		return h.row(a.Attrs, x)
	case schema.List:
		out := slices.Clone(x)
		for i := range out {
			out[i] = h.value(a.Elem(), x[i])
		}
		return out
	case schema.Map:
		if a.Type == schema.TypeJSON {
			return schema.Map{"com.cloudflare.api.account.zone.*": schema.Sensitive{Value: schema.String("*")}}
		}
		out := schema.Map{}
		for k, e := range x {
			out[k] = h.value(a.Elem(), e)
		}
		return out
	case schema.String:
		return h.text(a, v)
	}
	return v
}

func (h *hider) text(a *schema.Attr, v schema.Value) schema.Value {
	switch a.Type {
	case schema.TypeText:
		if len(a.Enum) == 0 && a.Pattern == "" && a.Lookup == "" && a.Name != "path" && a.Name != "name" {
			return h.hide("hush-%d-must-not-be-seen/+&<")
		}
	case schema.TypeTarget:
		return h.hide("2001:db8:5ec2:e7::%d")
	case schema.TypePrefix:
		return h.hide("2001:db8:5ec2:%d::/64")
	case schema.TypeHost:
		return h.hide("hush-%d.secret.example.com")
	case schema.TypeTime:
		return h.hide("2%03d-05-05T05:05:05Z")
	}
	return v
}

func (h *hider) row(attrs []schema.Attr, row schema.Row) schema.Row {
	out := slices.Clone(row)
	for i := range out {
		switch a := &attrs[i]; {
		case out[i] == nil || a.Mode == schema.Computed:
		case a.Mode == schema.Inferred:
			out[i] = nil
		default:
			out[i] = h.value(a, out[i])
		}
	}
	return out
}

// hidden is the graph with all that can be sensitive so.
func (h *hider) hidden(t *testing.T, g *schema.Graph) *schema.Graph {
	out := *g
	out.Resources = nil
	for _, r := range g.Resources {
		hushed := *r
		row := h.row(r.Kind.Attrs, r.Values)
		if i := r.Kind.Index(r.Kind.NameAttr); i >= 0 {
			row[i] = r.Values[i]
		}
		if i := r.Kind.Index(r.Kind.API.Sink); i >= 0 {
			row[i] = schema.List{schema.Row{nil, schema.List{schema.String("sh"), schema.String("-c"), schema.String("cat >/dev/null"), h.hide("hush-argument-%d")}, nil}}
		}
		built, problems := r.Kind.Build(row)
		if len(problems) > 0 {
			t.Fatalf("%s: %+v", r.Addr, problems)
		}
		hushed.Values = built
		out.Resources = append(out.Resources, &hushed)
	}
	return &out
}

// spellings are the value and what it looks like encoded.
func spellings(text string) []string {
	quoted, _ := json.Marshal(text)
	out := []string{text, url.QueryEscape(text), url.PathEscape(text), hex.EncodeToString([]byte(text)), strings.Trim(string(quoted), `"`)}
	for skip := range 3 { // what stands before it shifts base64
		whole := base64.StdEncoding.EncodeToString([]byte(text[min(skip, len(text)):]))
		out = append(out, whole[:len(whole)/4*4-4])
	}
	return out
}

// TestSensitiveNowhere: what is sensitive in the files, in any attribute of any
// kind, is in no output, no saved plan and no state, in no spelling; not when
// it is created, nor changed, nor when its object goes.
func TestSensitiveNowhere(t *testing.T) {
	for seed := range 20 {
		h := newHousehold(t, t, sim.New(sim.Options{RateLimit: sim.RateLimit{Requests: -1}, TokenQuota: -1}))
		plain := drawGraph(t, h, seed)
		secrets := hider{n: 100}
		check := func(when string, p *planner.Plan) {
			for name, data := range outputs(t, h, p) {
				for _, text := range secrets.texts {
					for _, s := range spellings(text) {
						if bytes.Contains(data, []byte(s)) {
							at := bytes.Index(data, []byte(s))
							t.Errorf("%s, %s: %s is in it as %s: …%s…", when, name, text, s, data[max(0, at-200):min(len(data), at+100)])
						}
					}
				}
			}
		}
		first := secrets.hidden(t, plain)
		check("to be created", h.plan(first, h.load()))
		h.apply(first, 0)
		second := secrets.hidden(t, plain)
		check("to be changed", h.plan(second, h.load()))
		check("nothing to do", h.plan(first, h.load()))
		empty := *plain
		empty.Resources = plain.Resources[:min(1, len(plain.Resources))]
		check("to be deleted", h.plan(&empty, h.load()))
		check("state lost", h.plan(first, &state.Snapshot{Salt: make([]byte, 16)}))
	}
}

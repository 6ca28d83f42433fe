package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"trueup/applier"
	"trueup/cfclient"
	"trueup/planner"
	"trueup/schema"
	"trueup/sim"
	"trueup/sink"
	"trueup/state"
)

// refusing are the switches under which the API rightly refuses some valid
// objects, or drops what it must keep (which fails the step on purpose).
var refusing = []string{"ConditionDropped", "NoLoadBalancing", "RegionsRequired", "BasicTypesOnly", "CountryBlockRefused", "RetriesZeroRefused", "PrivateNeedsNetwork", "MonitorTypeFixed"}

// TestApplyThenPlanIsEmpty: random valid objects of every kind, applied, plan
// to nothing; and to nothing again when the state is lost; under every switch
// of the simulator. A second configuration over the first, likewise.
func TestApplyThenPlanIsEmpty(t *testing.T) {
	options := slices.DeleteFunc(append([]string{""}, sim.Switches()...), func(name string) bool { return slices.Contains(refusing, name) })
	rapid.Check(t, func(rt *rapid.T) { applyTwice(t, rt, rapid.SampledFrom(options).Draw(rt, "option")) })
}

func applyTwice(t *testing.T, rt *rapid.T, option string) {
	o := sim.Options{RateLimit: sim.RateLimit{Requests: -1}, TokenQuota: -1}
	if option != "" {
		if err := o.Set(option, true); err != nil {
			rt.Fatal(err)
		}
	}
	h := newHousehold(t, rt, sim.New(o))
	catalogue, err := h.client.Catalogue(context.Background(), schema.UserScope)
	if err != nil {
		rt.Fatal(err)
	}
	for round := range 2 {
		g := generator{rt: rt, dir: h.dir, groups: catalogue, seen: map[string]bool{}, mixes: true}
		graph := g.graph(schema.UserScope)
		sent := h.apply(graph, round)
		if option == "" && sent.took != sent.said {
			rt.Errorf("round %d: apply took %d requests, and the plan said %d", round, sent.took, sent.said)
		}
		h.wantEmpty(graph, h.load(), fmt.Sprintf("round %d", round))
		h.wantEmpty(graph, &state.Snapshot{Salt: make([]byte, 16)}, fmt.Sprintf("round %d, state lost", round))
	}
}

// counter is randomness enough for a salt.
type counter struct{ n byte }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		c.n++
		p[i] = c.n
	}
	return len(p), nil
}

// household is an account and what we know of it.
type household struct {
	rt     failer
	client *cfclient.Client
	store  state.Store
	dir    string
}

// failer is a test or one draw of a property.
type failer interface {
	Fatal(...any)
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

func newHousehold(t *testing.T, rt failer, s *sim.Server) household {
	token, email, key := s.Credentials()
	client, err := cfclient.New(cfclient.Config{Token: token, Email: email, Key: key, Transport: s.Transport(),
		Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		rt.Fatal(err)
	}
	dir := t.TempDir()
	return household{rt: rt, client: client, dir: dir,
		store: state.OpenFile(filepath.Join(dir, "state.json"), state.FileOptions{Now: time.Now, Rand: &counter{}})}
}

func (h household) load() *state.Snapshot {
	s, err := h.store.Load(context.Background())
	if err != nil {
		h.rt.Fatal(err)
	}
	return s
}

func (h household) plan(g *schema.Graph, have *state.Snapshot) *planner.Plan {
	a := &app{IO: IO{Env: func(string) (string, bool) { return "", false }, Out: io.Discard, Err: io.Discard}}
	p, err := a.decide(context.Background(), h.client, g, have, guardFlags{AllowDeletes: 1000, AllowLockout: true}, false)
	if err != nil {
		h.rt.Fatal(err)
	}
	return p
}

// budget is how many requests a plan said that an apply takes, and how many it
// took.
type budget struct{ said, took int }

func (h household) apply(g *schema.Graph, round int) budget {
	have := h.load()
	p := h.plan(g, have)
	if len(p.Refusals) > 0 {
		h.rt.Fatalf("round %d: refused: %+v", round, p.Refusals)
	}
	before := h.client.Requests()
	result, err := applier.Run(context.Background(), p, h.client, h.store, have, applier.Options{
		Sinks: sink.Sinks{}, Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		h.rt.Fatal(err)
	}
	for _, e := range append(result.Failed, result.NotTried...) {
		h.rt.Fatalf("round %d: %s: %v %s; %v", round, e.Change.Addr, e.Err, e.Detail, e.Change.After)
	}
	return budget{said: p.Budget.Apply, took: h.client.Requests() - before}
}

func (h household) wantEmpty(g *schema.Graph, have *state.Snapshot, when string) {
	p := h.plan(g, have)
	if p.Outcome() == "none" {
		return
	}
	for _, c := range p.Changes {
		if c.Action != planner.NoOp {
			h.rt.Errorf("%s: %s %s: %+v", when, c.Addr, c.Action, c.Fields)
		}
	}
}

// generator makes valid resources from the table alone.
type generator struct {
	rt     *rapid.T
	dir    string
	groups schema.Catalogue
	scope  schema.Scope    // of the resource that is being made
	kind   *schema.Kind    // of it
	seen   map[string]bool // natural keys
	n      int             // makes what must be unique so
	mixes  bool            // text may hold what only the server knows of others: an undo cannot tell it from text
}

func (g *generator) graph(scopes ...schema.Scope) *schema.Graph {
	out := &schema.Graph{Scope: schema.UserScope, Dir: g.dir, Settings: schema.Settings{Limits: schema.DefaultLimits}}
	for _, s := range scopes {
		for _, k := range schema.Kinds {
			if !k.API.Create || !k.Has(s.Level) {
				continue
			}
			for i := range rapid.IntRange(0, 3).Draw(g.rt, k.Plural) {
				addr := schema.Addr{Kind: k.Name, Name: fmt.Sprintf("%s%d", s.Level, i)}
				if r := g.resource(k, addr, s, out); r != nil {
					out.Resources = append(out.Resources, r)
				}
			}
		}
	}
	slices.SortFunc(out.Resources, func(a, b *schema.Resource) int { return a.Addr.Compare(b.Addr) })
	return out
}

// resource is a valid one, or nil where chance made none.
func (g *generator) resource(k *schema.Kind, addr schema.Addr, s schema.Scope, graph *schema.Graph) *schema.Resource {
	g.scope, g.kind = s, k
	for range 10 {
		raw := g.row(k.Attrs, graph)
		if k.NameAttr != "" {
			raw[k.Index(k.NameAttr)] = schema.String(addr.Label())
		}
		if k.API.Sink != "" {
			raw[k.Index(k.API.Sink)] = schema.List{schema.Row{schema.String(filepath.Join(g.dir, addr.Name)), nil, nil}}
		}
		if k.Rotate != nil {
			raw[k.Index(k.Rotate.Spec)] = nil
		}
		row, problems := k.Build(raw)
		key := k.Name + s.String() + k.NaturalKey(row)
		if len(problems) > 0 || g.seen[key] {
			continue
		}
		g.seen[key] = true
		return &schema.Resource{Addr: addr, Kind: k, Scope: s, Values: row}
	}
	return nil
}

func (g *generator) row(attrs []schema.Attr, graph *schema.Graph) schema.Row {
	row := make(schema.Row, len(attrs))
	for i := range attrs {
		a := &attrs[i]
		settled := slices.Clone(row)
		for j := range attrs {
			if settled[j] == nil {
				settled[j] = attrs[j].DefaultIn(attrs, settled)
			}
		}
		must := a.Mode == schema.Required || a.Needs != nil && a.Needs.Holds(attrs, settled)
		if !a.Sent() || a.Mode == schema.Inferred || !a.Only.Holds(attrs, settled) || !must && !rapid.Bool().Draw(g.rt, a.Name) {
			continue
		}
		row[i] = g.value(a, graph)
	}
	return row
}

func (g *generator) value(a *schema.Attr, graph *schema.Graph) schema.Value {
	switch a.Nest {
	case schema.ListOf, schema.SetOf, schema.KeyedBy:
		n := rapid.IntRange(1, 3).Draw(g.rt, a.Name+" length")
		if a.MaxItems > 0 {
			n = min(n, a.MaxItems)
		}
		l := schema.List{}
		for range n {
			v := g.value(a.Elem(), graph)
			if !slices.ContainsFunc(l, func(w schema.Value) bool { return a.Elem().Equal(v, w) }) {
				l = append(l, v)
			}
		}
		return l
	case schema.MapOf:
		m := schema.Map{}
		for range rapid.IntRange(1, 2).Draw(g.rt, a.Name+" size") {
			m[g.pick("x-one", "Host", "accept-language")] = g.value(a.Elem(), graph)
		}
		return m
	}
	switch a.Type {
	case schema.TypeObject:
		return g.row(a.Attrs, graph)
	case schema.TypeBool:
		return schema.Bool(rapid.Bool().Draw(g.rt, a.Name))
	case schema.TypeInt:
		return schema.Number(rapid.IntRange(int(a.Min), int(a.Max)).Draw(g.rt, a.Name))
	case schema.TypeNumber:
		steps := int((a.Max - a.Min) * 100)
		return schema.Number(a.Min + float64(rapid.IntRange(0, steps).Draw(g.rt, a.Name))/100)
	case schema.TypeTime:
		return schema.String(g.pick("2031-01-01T00:00:00Z", "2032-06-30T12:30:00+02:00", "2033-01-01T00:00:00.5Z"))
	case schema.TypeTarget:
		return schema.String(g.pick("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:DB8:0:0::2", "198.51.100.7/24", "198.51.0.0/16", "2001:db8::/32", "2001:db8:1::/48", "as64500", "us", "T1"))
	case schema.TypePrefix:
		return schema.String(g.pick("192.0.2.1", "192.0.2.0/24", "198.51.100.7/24", "2001:db8::/32", "2001:DB8::1"))
	case schema.TypeHost:
		g.n++
		return schema.String(fmt.Sprintf(g.pick("203.0.113.%d", "App%d.example.com", "app%d.example.com.", "2001:db8::%x"), g.n%250))
	case schema.TypeJSON:
		nested := schema.Map{"com.cloudflare.api.account.zone.*": schema.String("*")}
		if rapid.Bool().Draw(g.rt, "nested") || g.scope.Level == schema.Account { // API facts §4
			return schema.Map{"com.cloudflare.api.account." + sim.AccountID: nested}
		}
		return nested
	}
	return g.text(a, graph)
}

func (g *generator) text(a *schema.Attr, graph *schema.Graph) schema.Value {
	switch {
	case a.Refers != "":
		for _, r := range graph.Resources {
			if r.Kind.Name == a.Refers && r.Scope == g.scope {
				return schema.Ref{Addr: r.Addr, Attr: "id"}
			}
		}
		return nil
	case a.Lookup != "":
		return schema.String(g.groups[rapid.IntRange(0, len(g.groups)-1).Draw(g.rt, "group")].ID)
	case len(a.Enum) > 0:
		return schema.String(g.pick(a.Enum...))
	case a.Pattern != "":
		return schema.String(g.pick("200", "2xx", "404", "GET", "head", "connection_established"))
	case a.Name == "path":
		return schema.String(g.pick("/", "/health?x=<1>&y=%{2}"))
	case a.Name == "name":
		g.n++
		return schema.String(fmt.Sprintf("o-%d", 1000-g.n))
	}
	if t := g.template(a, graph); g.mixes && t != nil && rapid.Bool().Draw(g.rt, "template") {
		return t
	}
	return schema.String(g.pick("a & b <c>", `"quoted" 'text'`, "&amp; &lt;", "grün e\u0301", "${x} %{y}", " blanks ", "line\nbreak"))
}

// template is text with what only the server knows of an object of another
// kind in it; nil where there is none, or where the text is the identity.
func (g *generator) template(a *schema.Attr, graph *schema.Graph) schema.Value {
	for _, r := range graph.Resources {
		if r.Kind == g.kind || r.Scope != g.scope || g.kind.Attr(a.Name) == nil || slices.Contains(g.kind.Match, a.Name) {
			continue
		}
		t := schema.Template{schema.String("by <"), schema.Ref{Addr: r.Addr, Attr: "id"}, schema.String("> & ")}
		if r.Kind.Made != "" {
			t = append(t, schema.Ref{Addr: r.Addr, Attr: r.Kind.Made})
		}
		return t
	}
	return nil
}

func (g *generator) pick(from ...string) string { return rapid.SampledFrom(from).Draw(g.rt, "pick") }

package planner_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"trueup/diag"
	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// texts are tried for attributes of text; those that a pattern refuses are not
// used.
var texts = []string{"a", "b-1", "C_2", "/path", "200", "2xx", "GET", "HEAD", "connection_established", "é & <x>"}

func drawText(t *rapid.T, a *schema.Attr) schema.Value {
	fit := slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return !a.Matches(s) })
	if len(a.Enum) > 0 {
		fit = a.Enum
	}
	if len(fit) == 0 {
		return schema.String(id(rapid.IntRange(100, 103).Draw(t, a.Name)))
	}
	return schema.String(rapid.SampledFrom(fit).Draw(t, a.Name))
}

func draw(t *rapid.T, a *schema.Attr) schema.Value {
	sample := func(vs ...string) schema.Value { return schema.String(rapid.SampledFrom(vs).Draw(t, a.Name)) }
	switch a.Nest {
	case schema.ListOf, schema.SetOf, schema.KeyedBy:
		l := schema.List{}
		for range rapid.IntRange(1, 3).Draw(t, a.Name+" length") {
			if e := draw(t, a.Elem()); !slices.ContainsFunc(l, func(f schema.Value) bool { return a.Elem().Equal(e, f) || a.Key != "" && a.KeyOf(e) == a.KeyOf(f) }) {
				l = append(l, e)
			}
		}
		return l
	case schema.MapOf:
		m := schema.Map{}
		for range rapid.IntRange(1, 2).Draw(t, a.Name+" length") {
			m[rapid.SampledFrom([]string{"Host", "X-One"}).Draw(t, "key")] = draw(t, a.Elem())
		}
		return m
	}
	switch a.Type {
	case schema.TypeObject:
		return drawRow(t, a.Attrs)
	case schema.TypeBool:
		return schema.Bool(rapid.Bool().Draw(t, a.Name))
	case schema.TypeInt, schema.TypeNumber:
		return schema.Number(rapid.IntRange(int(a.Min), int(a.Max)).Draw(t, a.Name))
	case schema.TypeTime:
		return sample("2027-01-01T00:00:00Z", "2028-01-01T00:00:00.5Z")
	case schema.TypeDuration:
		return sample("90d", "24h")
	case schema.TypeTarget:
		return sample("192.0.2.1", "192.0.2.2", "198.51.100.0/24", "2001:db8::1", "2001:DB8::/32", "as64500", "us")
	case schema.TypePrefix:
		return sample("192.0.2.1", "198.51.100.0/24", "2001:db8::/32")
	case schema.TypeHost:
		return sample("192.0.2.10", "192.0.2.11", "a.example.com", "B.example.com.")
	case schema.TypePath:
		return sample("secrets/a", "secrets/b")
	case schema.TypeJSON:
		return schema.Map{rapid.SampledFrom([]string{"com.cloudflare.api.account.*", "com.cloudflare.api.account." + id(9)}).Draw(t, a.Name): schema.String("*")}
	}
	if a.Lookup != "" {
		return schema.String(id(rapid.IntRange(70, 73).Draw(t, a.Name)))
	}
	return drawText(t, a)
}

func drawRow(t *rapid.T, as []schema.Attr) schema.Row {
	row := make(schema.Row, len(as))
	for i := range as {
		a := &as[i]
		if a.Writable() && a.Refers == "" && (a.Mode == schema.Required || rapid.Bool().Draw(t, "has "+a.Name)) {
			row[i] = draw(t, a)
		}
	}
	return row
}

// drawValid is a row that a file may hold; nil if the one that was drawn is
// not valid.
func drawValid(t *rapid.T, k *schema.Kind) schema.Row {
	row := drawRow(t, k.Attrs)
	if k.API.Sink != "" {
		row[k.Index(k.API.Sink)] = schema.List{schema.Row{schema.String("secrets/x"), nil, nil}}
	}
	if k.NameAttr != "" {
		row[k.Index(k.NameAttr)] = schema.String(rapid.SampledFrom([]string{"n1", "n2", "n3"}).Draw(t, "name"))
	}
	built, problems := k.Build(row)
	if len(problems) > 0 {
		return nil
	}
	return built
}

// sim is the server and the applier in a few lines.
type sim struct {
	objects []*schema.Object
	entries []*state.Entry
	next    int
}

// stored is what the server makes of a row: without what is not sent, sets in
// another order.
func stored(k *schema.Kind, row schema.Row, computed schema.Row) schema.Row {
	out := slices.Clone(row)
	for i := range k.Attrs {
		a := &k.Attrs[i]
		switch {
		case a.Mode == schema.Local:
			out[i] = nil
		case a.Mode == schema.Computed:
			out[i] = nil
			if a.Name == k.Made {
				out[i] = schema.String("2026-11-23T12:00:00Z")
			}
			if computed != nil {
				out[i] = computed[i]
			}
		default:
			out[i] = reversed(a, schema.Reveal(out[i]))
		}
	}
	return out
}

func reversed(a *schema.Attr, v schema.Value) schema.Value {
	if l, ok := v.(schema.List); ok && (a.Nest == schema.SetOf || a.Nest == schema.KeyedBy) {
		l = slices.Clone(l)
		slices.Reverse(l)
		return l
	}
	return v
}

func (s *sim) find(id string) int {
	return slices.IndexFunc(s.objects, func(o *schema.Object) bool { return o.ID == id })
}

func (s *sim) drop(e *state.Entry) {
	s.entries = slices.DeleteFunc(s.entries, func(f *state.Entry) bool { return f.Key() == e.Key() && f.ID == e.ID })
}

func (s *sim) put(e *state.Entry) {
	s.entries = slices.DeleteFunc(s.entries, func(f *state.Entry) bool { return f.Key() == e.Key() })
	s.entries = append(s.entries, e)
	slices.SortFunc(s.entries, (*state.Entry).Compare)
}

func (s *sim) apply(t *rapid.T, p *planner.Plan) {
	for _, c := range p.Changes {
		for _, e := range s.entries {
			if c.Deposed && e.Addr == c.Addr && e.ID == c.ID {
				e.Deposed = true
			}
		}
	}
	ids, done := map[schema.Addr]string{}, make([]bool, len(p.Changes))
	for progress := true; progress; {
		progress = false
		for i, c := range p.Changes {
			if done[i] || slices.ContainsFunc(c.Needs, func(n int) bool { return !done[n] }) {
				continue
			}
			s.change(t, c, ids)
			done[i], progress = true, true
		}
	}
	if slices.Contains(done, false) {
		t.Fatalf("changes wait for each other:\n%s", lines(p))
	}
}

func (s *sim) change(t *rapid.T, c *planner.Change, ids map[schema.Addr]string) {
	after, _ := schema.Transform(c.After, func(v schema.Value) schema.Value {
		if r, ok := v.(schema.Ref); ok {
			if ids[r.Addr] == "" {
				t.Fatalf("%s: %s is not known yet", c.Addr, r)
			}
			return schema.String(ids[r.Addr])
		}
		return v
	}).(schema.Row)
	oid, i := c.ID, s.find(c.ID)
	switch c.Action {
	case planner.Create, planner.CreateReplace, planner.Replace:
		if i >= 0 {
			s.objects = slices.Delete(s.objects, i, i+1)
		}
		s.next++
		oid = id(s.next)
		s.objects = append(s.objects, &schema.Object{Kind: c.Kind, Scope: c.Scope, ID: oid, Values: stored(c.Kind, after, nil)})
	case planner.Update:
		o := *s.objects[i]
		o.Values = stored(c.Kind, after, o.Values)
		s.objects[i] = &o
	case planner.Delete, planner.Forget:
		if c.Action == planner.Delete {
			s.objects = slices.Delete(s.objects, i, i+1)
		}
		s.drop(&state.Entry{Addr: c.Addr, Scope: c.Scope, ID: c.ID, Deposed: c.Deposed})
		return
	}
	if !c.Deposed {
		ids[c.Addr] = oid
	}
	if c.Action == planner.NoOp && !c.Record {
		return
	}
	if !c.RenamedFrom.IsZero() {
		s.drop(&state.Entry{Addr: c.RenamedFrom, Scope: c.Scope, ID: c.ID})
	}
	e := &state.Entry{Addr: c.Addr, Scope: c.Scope, ID: oid, Deposed: c.Deposed, Applied: c.Kind.Seal(after, salt),
		PreventDestroy: c.PreventDestroy, DependsOn: c.DependsOn}
	if c.Kind.API.Secret {
		e.Secret = state.Delivered
	}
	s.put(e)
}

func (s *sim) world(files []*schema.Resource) *world {
	w := newWorld(slices.Clone(files)...).live(s.objects...)
	w.in.Have.Entries = s.entries
	w.in.Options = planner.Options{AllowDeletes: 1 << 20, AllowLockout: true}
	return w
}

// drawFiles are resources with natural keys that differ, pools with references.
func drawFiles(t *rapid.T) []*schema.Resource {
	var out []*schema.Resource
	keys := map[string]bool{}
	for n := range rapid.IntRange(0, 8).Draw(t, "resources") {
		k := schema.KindNamed(rapid.SampledFrom(schema.KindNames()).Draw(t, "kind"))
		row := drawValid(t, k)
		if row == nil || keys[k.Name+k.NaturalKey(row)] || k.Answer != nil && keys[k.Name] {
			continue
		}
		keys[k.Name+k.NaturalKey(row)], keys[k.Name] = true, true
		r := &schema.Resource{Addr: schema.Addr{Kind: k.Name, Name: fmt.Sprintf("r%d", n)}, Kind: k, Scope: schema.UserScope, Values: row}
		for i := range k.Attrs {
			for _, m := range out {
				if k.Attrs[i].Refers == m.Kind.Name && rapid.Bool().Draw(t, "refers") {
					row[i] = schema.Ref{Addr: m.Addr, Attr: "id"}
				}
			}
		}
		hide(t, r)
		out = append(out, r)
	}
	return out
}

// hide makes an attribute sensitive that is no part of the natural key.
func hide(t *rapid.T, r *schema.Resource) {
	i := rapid.IntRange(0, 3*len(r.Kind.Attrs)).Draw(t, "sensitive")
	if i >= len(r.Kind.Attrs) || r.Values[i] == nil || !r.Kind.Attrs[i].Sent() || slices.Contains(r.Kind.Match, r.Kind.Attrs[i].Name) {
		return
	}
	r.Values[i] = schema.Sensitive{Value: r.Values[i]}
}

// saved is the plan after it was saved, loaded and found to fit what is there.
func saved(t *rapid.T, p *planner.Plan, in planner.Input) *planner.Plan {
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	q, err := planner.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if stale := q.Stale(in.Live); len(stale) > 0 {
		t.Fatalf("%s\n%v", lines(p), stale)
	}
	if err := q.Unseal(in.Want); err != nil {
		t.Fatalf("%s\n%v", lines(p), err)
	}
	for i, c := range q.Changes {
		if c.Action != planner.NoOp && !c.Kind.SameRow(c.After, p.Changes[i].After) {
			t.Fatalf("%s: %v, was %v", c.Addr, c.After, p.Changes[i].After)
		}
	}
	return q
}

// drawLive is a server with objects of every kind, some of them ours.
func drawLive(t *rapid.T) *sim {
	s := &sim{next: 1000}
	for n := range rapid.IntRange(0, 8).Draw(t, "live") {
		k := schema.KindNamed(rapid.SampledFrom(schema.KindNames()).Draw(t, "kind"))
		row := drawValid(t, k)
		if row == nil {
			continue
		}
		if k.Unique && slices.ContainsFunc(s.objects, func(o *schema.Object) bool { return o.Kind == k && k.NaturalKey(o.Values) == k.NaturalKey(row) }) {
			continue
		}
		if k.Answer != nil && rapid.Bool().Draw(t, "pending") {
			row[k.Index(k.Answer.Attr)] = schema.String(k.Answer.Pending)
		}
		o := &schema.Object{Kind: k, Scope: schema.UserScope, ID: id(n + 1), Values: stored(k, row, nil)}
		if k.Rotate != nil && rapid.Bool().Draw(t, "old") {
			o.Values[k.Index(k.Made)] = schema.String("2025-01-01T00:00:00Z")
		}
		s.objects = append(s.objects, o)
		if rapid.Bool().Draw(t, "ours") {
			applied := o.Values
			if other := drawValid(t, k); other != nil && rapid.Bool().Draw(t, "drifted") {
				applied = other
			}
			s.put(&state.Entry{Addr: schema.Addr{Kind: k.Name, Name: fmt.Sprintf("r%d", rapid.IntRange(0, 8).Draw(t, "address"))},
				Scope: schema.UserScope, ID: o.ID, Applied: applied, Deposed: rapid.Bool().Draw(t, "deposed")})
		}
	}
	return s
}

// TestConverges: carry a plan out, and the next one is empty, with the state
// and without it; whatever was there, whatever was ours.
func TestConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawLive(t)
		files := drawFiles(t)
		in := s.world(files).in
		first, diags := planner.Make(in)
		if diags.HasErrors() || len(first.Refusals) > 0 {
			t.Skip("ambiguous or refused")
		}
		s.apply(t, saved(t, first, in))
		again, diags := planner.Make(s.world(files).in)
		if diags.HasErrors() || again.Outcome() != "none" || slices.ContainsFunc(again.Changes, func(c *planner.Change) bool { return c.Record || len(c.Drift) > 0 || c.Action != planner.NoOp }) {
			t.Fatalf("first:\n%s\nagain: %v\n%s", lines(first), diags, lines(again))
		}
		w := s.world(files)
		w.in.Have.Entries = nil
		lost, diags := planner.Make(w.in)
		if !diags.HasErrors() && lost.Outcome() != "none" {
			t.Fatalf("first:\n%s\nwithout state:\n%s", lines(first), lines(lost))
		}
	})
}

// TestDestroyAll: nothing of ours is left, and nothing else is gone.
func TestDestroyAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &sim{next: 1000}
		files := drawFiles(t)
		p, diags := planner.Make(s.world(files).in)
		if diags.HasErrors() || len(p.Refusals) > 0 {
			t.Skip("refused")
		}
		s.apply(t, p)
		foreign := &schema.Object{Kind: schema.KindNamed("access_rule"), Scope: schema.UserScope, ID: id(1), Values: live("access_rule", id(1), attrs{"value": "203.0.113.99", "mode": "block"}).Values}
		s.objects = append(s.objects, foreign)
		w := s.world(files)
		w.in.Destroy = true
		p, diags = planner.Make(w.in)
		if diags.HasErrors() || len(p.Refusals) > 0 {
			t.Fatal(diags, codes(p))
		}
		s.apply(t, p)
		if len(s.objects) != 1 || s.objects[0] != foreign || len(s.entries) != 0 {
			t.Fatalf("left: %v %v\n%s", s.objects, s.entries, lines(p))
		}
	})
}

// TestNarrow: a plan about a target is the same whether all was read or only
// what Narrow and Needs ask for.
func TestNarrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, files := drawLive(t), drawFiles(t)
		var addrs []schema.Addr
		for i, r := range files {
			addrs = append(addrs, r.Addr)
			if i > 0 && rapid.IntRange(0, 3).Draw(t, "depends") == 0 {
				r.DependsOn = []schema.Addr{files[rapid.IntRange(0, i-1).Draw(t, "on")].Addr}
			}
		}
		for _, e := range s.entries {
			addrs = append(addrs, e.Addr)
			if rapid.IntRange(0, 3).Draw(t, "depended") == 0 {
				e.DependsOn = []schema.Addr{addrs[rapid.IntRange(0, len(addrs)-1).Draw(t, "on")]}
			}
		}
		if len(addrs) == 0 {
			t.Skip("nothing to aim at")
		}
		in := s.world(files).in
		in.Destroy = rapid.Bool().Draw(t, "destroy")
		in.Targets = []schema.Addr{rapid.SampledFrom(addrs).Draw(t, "target")}
		if k := rapid.SampledFrom(schema.KindNames()).Draw(t, "kind"); rapid.Bool().Draw(t, "exclusive") {
			in.Want.Settings.Ownership = map[string]schema.Ownership{k: schema.Exclusive}
		}
		whole, said := planner.Make(in)
		in.Want, in.Have = planner.Narrow(in.Want, in.Have, in.Destroy, in.Targets)
		reads := planner.Needs(in.Want, in.Have, in.Destroy)
		in.Live = slices.DeleteFunc(slices.Clone(in.Live), func(l planner.Listing) bool {
			return !slices.Contains(reads.Lists, planner.ListKey{Kind: l.Kind, Scope: l.Scope})
		})
		part, heard := planner.Make(in)
		show := func(p *planner.Plan, d diag.List) string {
			return fmt.Sprintf("%s\nrefused: %s\nwarnings: %s\nmistakes: %v", lines(p), codes(p), warnings(p), d)
		}
		if a, b := show(whole, said), show(part, heard); a != b {
			t.Fatalf("about %v, of all that there is:\n%s\nof what is read:\n%s", in.Targets, a, b)
		}
	})
}

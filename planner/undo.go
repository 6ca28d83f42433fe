package planner

import (
	"fmt"
	"slices"

	"trueup/diag"
	"trueup/schema"
	"trueup/state"
)

// Undone is what a plan that takes the last apply back is made from.
type Undone struct {
	Want    *schema.Graph        // what that apply touched, as it was before; what it made is not in it
	Have    *state.Snapshot      // what the state has of that, and nothing else
	Release map[schema.Addr]bool // what that apply took over: nobody's again
	Kept    diag.List            // warnings: what cannot be taken back, and why
}

// Needs is Needs for the way back, in which the names of what is looked up are
// only ids.
func (u Undone) Needs() Reads {
	r := Needs(u.Want, u.Have, false)
	for _, w := range u.Want.Resources {
		if looksUp(w.Kind.Attrs) && !slices.Contains(r.Catalogues, w.Scope) {
			r.Catalogues = append(r.Catalogues, w.Scope)
		}
	}
	slices.SortFunc(r.Catalogues, compareScopes)
	return r
}

// Undo works out the way back from the state's memory of the last apply. Only
// what that apply changed is wanted otherwise than it is. files may be nil:
// they give settings, sinks of secrets and sensitive values, which the state
// does not hold.
func Undo(have *state.Snapshot, files *schema.Graph) Undone {
	u := undoer{have: have, entries: map[ObjectKey]*state.Entry{}, files: files, deleted: map[string]schema.Addr{}}
	for _, e := range have.Entries {
		if !e.Deposed {
			u.entries[ObjectKey{e.Addr.Kind, e.Scope, e.ID}] = e
		}
	}
	want := &schema.Graph{Scope: schema.UserScope, Settings: schema.Settings{Limits: schema.DefaultLimits}}
	if files != nil {
		*want = *files
		want.Resources, want.Settings.Ownership = nil, nil
	}
	u.out = Undone{Want: want, Have: &state.Snapshot{Serial: have.Serial, Salt: have.Salt, Open: have.Open, Last: have.Last, Recent: have.Recent}, Release: map[schema.Addr]bool{}}
	for _, p := range u.pasts() {
		u.takeBack(p)
	}
	slices.SortFunc(want.Resources, func(a, b *schema.Resource) int { return a.Addr.Compare(b.Addr) })
	slices.SortFunc(u.out.Have.Entries, (*state.Entry).Compare)
	return u.out
}

type undoer struct {
	have    *state.Snapshot
	entries map[ObjectKey]*state.Entry // the current ones
	files   *schema.Graph
	deleted map[string]schema.Addr // by the id that is gone
	out     Undone
}

// past is what the last apply did for one address, by the name that it had
// before.
type past struct {
	addr    schema.Addr
	scope   schema.Scope
	objects []*touched // in the order in which they were touched
	adopted bool
	renamed bool
}

// touched is what the last apply did to one object, all in all.
type touched struct {
	id            string
	before, after schema.Row // nil where it was not there
	rolled        bool
	kept          bool // it was not written to
}

// pasts sums the records up by address, in order of address.
func (u *undoer) pasts() []*past {
	type place struct {
		addr  schema.Addr
		scope schema.Scope
	}
	before := u.before()
	byPlace := map[place]*past{}
	var all []*past
	for _, r := range u.have.Last {
		if schema.KindNamed(r.Addr.Kind) == nil {
			continue
		}
		if from, ok := before[keyOf(r)]; ok {
			r.Addr = from
		}
		at := place{r.Addr, r.Scope}
		if byPlace[at] == nil {
			byPlace[at] = &past{addr: r.Addr, scope: r.Scope}
			all = append(all, byPlace[at])
		}
		byPlace[at].add(r)
	}
	for _, p := range all {
		for _, t := range p.objects {
			if t.gone() {
				u.deleted[t.id] = p.addr
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *past) int { return a.addr.Compare(b.addr) })
	return all
}

// before are the addresses that objects had before they were renamed.
func (u *undoer) before() map[ObjectKey]schema.Addr {
	out := map[ObjectKey]schema.Addr{}
	for _, r := range u.have.Last {
		if r.Op == state.OpRename {
			out[keyOf(r)] = r.From
		}
	}
	return out
}

func keyOf(r state.Undo) ObjectKey { return ObjectKey{r.Addr.Kind, r.Scope, r.ID} }

func (t *touched) gone() bool { return t.before != nil && t.after == nil }

// add takes in one record, in the order in which they were made.
func (p *past) add(r state.Undo) {
	i := slices.IndexFunc(p.objects, func(t *touched) bool { return t.id == r.ID })
	if i < 0 {
		i = len(p.objects)
		p.objects = append(p.objects, &touched{id: r.ID, before: r.Before, kept: true})
	}
	t := p.objects[i]
	switch r.Op {
	case state.OpAdopt:
		p.adopted = true
	case state.OpRename:
		p.renamed = true
	case state.OpRoll:
		t.rolled = true
	default:
		if t.kept {
			t.before = r.Before
		}
		t.after, t.kept = r.After, false
	}
}

// takeBack puts what is to become of the address into the graph.
func (u *undoer) takeBack(p *past) {
	k := schema.KindNamed(p.addr.Kind)
	p.objects = slices.DeleteFunc(p.objects, func(t *touched) bool { return !t.kept && t.before == nil && t.after == nil })
	old, now, why := p.ends(k)
	for _, t := range p.objects {
		if t.rolled && t.before == nil && t.after == nil && why == "" {
			u.keep(p, "its earlier secret is gone; a new one can be had with trueup "+k.Name+" roll")
		}
	}
	switch {
	case why != "":
		u.keep(p, why)
	case old != nil:
		u.want(p, k, old.before, now)
	case now != nil:
		u.own(p)
	case p.adopted || p.renamed:
		u.asItIs(p, k)
	}
}

// ends are the object that the address meant before the last apply, if that
// wrote to it, and what it means since; or why there is no way back.
func (p *past) ends(k *schema.Kind) (old, now *touched, why string) {
	retired := func(row schema.Row) bool { return row != nil && (&schema.Object{Kind: k, Values: row}).Retiring() }
	for _, t := range p.objects {
		switch {
		case t.kept && len(p.objects) == 1:
			return nil, nil, ""
		case k.Answer != nil:
			return nil, nil, "an answer is given once"
		case retired(t.after) && !retired(t.before):
			return nil, nil, "its rotation stays: the sink holds the new secret, and the old one is not known"
		case t.kept, t.before != nil && old != nil, t.after != nil && now != nil:
			return nil, nil, "its address meant several objects; put the files back and apply them instead"
		}
		if t.before != nil {
			old = t
		}
		if t.after != nil {
			now = t
		}
	}
	return old, now, ""
}

// want wants the address as it was. Of an object that stays, only what the last
// apply changed is wanted otherwise than it is now.
func (u *undoer) want(p *past, k *schema.Kind, before schema.Row, now *touched) {
	r := &schema.Resource{Addr: p.addr, Kind: k, Scope: p.scope, Values: u.referring(k, before)}
	if now != nil {
		r.ID = now.id
	}
	file := u.files.Find(p.addr)
	for i := range k.Attrs {
		a := &k.Attrs[i]
		switch {
		case a.Mode == schema.Local:
			r.Values[i] = valueOf(file, i)
		case !a.Sent():
		case now != nil && a.Equal(before.At(i), now.after.At(i)):
			r.IgnoreChanges = append(r.IgnoreChanges, a.Name)
		case !schema.HasSensitive(r.Values[i]):
		case a.Equal(r.Values[i], schema.Reveal(valueOf(file, i))):
			r.Values[i] = valueOf(file, i)
		case now != nil:
			u.keep(p, fmt.Sprintf("its earlier %s was sensitive and is not kept anywhere", a.Name))
			r.Values[i], r.IgnoreChanges = now.after.At(i), append(r.IgnoreChanges, a.Name)
		default:
			u.keep(p, fmt.Sprintf("it is gone, and its %s was sensitive and is not kept anywhere", a.Name))
			return
		}
	}
	if now == nil && k.API.Secret && k.Get(r.Values, k.API.Sink) == nil {
		u.keep(p, fmt.Sprintf("it is gone with its secret, and no file says where a new one is to go; list it with %s", k.API.Sink))
		return
	}
	u.add(p, r)
}

// asItIs wants an object as it is, under the name that it had; one that was
// adopted is released.
func (u *undoer) asItIs(p *past, k *schema.Kind) {
	e := u.entries[ObjectKey{k.Name, p.scope, p.objects[0].id}]
	if e == nil || u.wanted(p.addr) {
		return
	}
	r := &schema.Resource{Addr: p.addr, Kind: k, Scope: p.scope, ID: e.ID, Values: slices.Clone(e.Applied)}
	for i := range k.Attrs {
		if k.Attrs[i].Sent() {
			r.IgnoreChanges = append(r.IgnoreChanges, k.Attrs[i].Name)
		}
	}
	u.add(p, r)
}

// add wants the resource.
func (u *undoer) add(p *past, r *schema.Resource) {
	if u.wanted(p.addr) {
		u.keep(p, "its address has a past in two scopes")
		return
	}
	u.out.Want.Resources = append(u.out.Want.Resources, r)
	u.own(p)
	if p.adopted {
		u.out.Release[p.addr] = true
	}
}

// referring is a row as wanted: an id that is gone stands for what its address
// will mean.
func (u *undoer) referring(k *schema.Kind, row schema.Row) schema.Row {
	out := make(schema.Row, len(k.Attrs))
	copy(out, row)
	for i, v := range out {
		if k.Attrs[i].Refers == "" || v == nil {
			continue
		}
		out[i] = schema.Transform(v, func(v schema.Value) schema.Value {
			s, ok := v.(schema.String)
			if addr, gone := u.deleted[string(s)]; ok && gone && addr.Kind == k.Attrs[i].Refers {
				return schema.Ref{Addr: addr, Attr: "id"}
			}
			return v
		})
	}
	return out
}

// own lets the plan know what the state has of the objects, under the name that
// they had.
func (u *undoer) own(p *past) {
	for _, t := range p.objects {
		if e := u.entries[ObjectKey{p.addr.Kind, p.scope, t.id}]; e != nil {
			renamed := *e
			renamed.Addr = p.addr
			u.out.Have.Entries = append(u.out.Have.Entries, &renamed)
		}
	}
}

func (u *undoer) wanted(addr schema.Addr) bool {
	return slices.ContainsFunc(u.out.Want.Resources, func(r *schema.Resource) bool { return r.Addr == addr })
}

func (u *undoer) keep(p *past, why string) {
	d := diag.Diagnostic{Severity: diag.Warning, Code: "not-undone", Address: p.addr.String(), Summary: "it is not taken back: " + why}
	if r := u.files.Find(p.addr); r != nil {
		d.Range = r.Decl
	}
	u.out.Kept.Add(d)
}

func valueOf(r *schema.Resource, i int) schema.Value {
	if r == nil {
		return nil
	}
	return r.Values.At(i)
}

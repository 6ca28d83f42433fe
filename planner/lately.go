package planner

import (
	"slices"

	"trueup/schema"
	"trueup/state"
)

// Lists may lag behind what was just done (API facts §0.6): what the state made
// in the last minute is not gone because a list lacks it, and what it deleted is
// not there because a list has it.

// Absent is an object that was just made and that no list has. ID is empty for
// a create of which no outcome is known.
type Absent struct {
	ListKey
	ID string
}

// DropGone takes out of Live what the state knows to be deleted.
func (in *Input) DropGone() {
	if in.Have == nil {
		return
	}
	gone := map[ObjectKey]bool{}
	for _, u := range in.Have.Lately(in.Now) {
		if in.Have.Gone(u) {
			gone[ObjectKey{u.Addr.Kind, u.Scope, u.ID}] = true
		}
	}
	if len(gone) == 0 {
		return
	}
	for i := range in.Live {
		l := &in.Live[i]
		l.Objects = slices.DeleteFunc(slices.Clone(l.Objects), func(o *schema.Object) bool {
			return gone[ObjectKey{l.Kind.Name, l.Scope, o.ID}]
		})
	}
}

// Absent are those that Live should have, in the order in which they were made.
// cli looks for them before Make.
func (in *Input) Absent() []Absent {
	if in.Have == nil {
		return nil
	}
	var out []Absent
	missing := map[ObjectKey]bool{}
	for _, u := range in.Have.Lately(in.Now) {
		key := ObjectKey{u.Addr.Kind, u.Scope, u.ID}
		k := schema.KindNamed(key.Kind)
		if u.Op == state.OpCreate && !missing[key] && in.listing(k, u.Scope) != nil && in.owns(u) {
			out, missing[key] = append(out, Absent{ListKey{k, u.Scope}, u.ID}), true
		}
	}
	if len(missing) > 0 {
		in.eachLive(func(o *schema.Object) { delete(missing, ObjectKey{o.Kind.Name, o.Scope, o.ID}) })
	}
	out = slices.DeleteFunc(out, func(x Absent) bool { return !missing[ObjectKey{x.Kind.Name, x.Scope, x.ID}] })
	for _, open := range in.Have.Open {
		k := schema.KindNamed(open.Addr.Kind)
		l := in.listing(k, open.Scope)
		if open.Op == state.OpCreate && l != nil && open.MayLag(in.Now) &&
			!slices.ContainsFunc(l.Objects, func(o *schema.Object) bool { return k.MatchesKey(open.Values, o.Values) }) {
			out = append(out, Absent{ListKey: ListKey{k, open.Scope}})
		}
	}
	return out
}

func (in *Input) eachLive(f func(*schema.Object)) {
	for i := range in.Live {
		for _, o := range in.Live[i].Objects {
			f(o)
		}
	}
}

func (in *Input) listing(k *schema.Kind, s schema.Scope) *Listing {
	for i := range in.Live {
		if in.Live[i].Kind == k && in.Live[i].Scope == s {
			return &in.Live[i]
		}
	}
	return nil
}

// owns reports whether the state still has what it made.
func (in *Input) owns(u state.Undo) bool {
	return slices.ContainsFunc(in.Have.At(u.Addr), func(e *state.Entry) bool { return e.ID == u.ID && e.Scope == u.Scope })
}

// Add puts an object into the list that lacks it.
func (in *Input) Add(o *schema.Object) {
	if l := in.listing(o.Kind, o.Scope); l != nil {
		l.Objects = append(slices.Clip(l.Objects), o)
	}
}

// Set replaces a list.
func (in *Input) Set(key ListKey, objects []*schema.Object) {
	if l := in.listing(key.Kind, key.Scope); l != nil {
		l.Objects = objects
	}
}

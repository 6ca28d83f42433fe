package planner

import (
	"maps"
	"slices"

	"trueup/schema"
	"trueup/state"
)

// Narrow leaves of what is wanted and ours what a plan about the targets has to
// know: every resource of the kinds and scopes that they are in, that those
// refer to or depend on, and that may use what of them might be deleted. Nothing
// else then has to be read. A target that neither has may be an object that
// only the API knows: nothing is left out.
func Narrow(want *schema.Graph, have *state.Snapshot, destroy bool, targets []schema.Addr) (*schema.Graph, *state.Snapshot) {
	if want == nil || have == nil || len(targets) == 0 {
		return want, have
	}
	n := narrower{want: want, have: have, keys: map[ListKey]bool{}, at: map[schema.Addr][]ListKey{}}
	for _, r := range want.Resources {
		n.know(r.Addr, ListKey{r.Kind, r.Scope})
	}
	for _, e := range have.Entries {
		n.know(e.Addr, ListKey{schema.KindNamed(e.Addr.Kind), e.Scope})
	}
	for _, o := range have.Open {
		n.know(o.Addr, ListKey{schema.KindNamed(o.Addr.Kind), o.Scope})
	}
	for _, t := range targets {
		if !n.add(t) {
			return want, have
		}
	}
	for {
		before := len(n.keys)
		w, h := n.within()
		for _, l := range Needs(w, h, destroy).Lists {
			n.keys[l] = true
		}
		for _, r := range w.Resources {
			for _, ref := range schema.Refs(r.Values) {
				n.add(ref.Addr)
			}
		}
		n.dependencies()
		if len(n.keys) == before {
			return w, h
		}
	}
}

type narrower struct {
	want *schema.Graph
	have *state.Snapshot
	keys map[ListKey]bool
	at   map[schema.Addr][]ListKey // where an address is, with and without its key
}

func (n *narrower) know(a schema.Addr, key ListKey) {
	for _, a := range []schema.Addr{a, a.Stem()} {
		if !slices.Contains(n.at[a], key) {
			n.at[a] = append(n.at[a], key)
		}
	}
}

// add takes in where the address is, and reports whether it is anywhere.
func (n *narrower) add(a schema.Addr) bool {
	for _, key := range n.at[a] {
		n.keys[key] = true
	}
	return len(n.at[a]) > 0
}

// dependencies takes in both ends of what is written in depends_on: creation
// goes one way, deletion the other.
func (n *narrower) dependencies() {
	link := func(from ListKey, to []schema.Addr) {
		for _, a := range to {
			for _, key := range n.at[a] {
				if n.keys[from] || n.keys[key] {
					n.keys[from], n.keys[key] = true, true
				}
			}
		}
	}
	for _, r := range n.want.Resources {
		link(ListKey{r.Kind, r.Scope}, r.DependsOn)
	}
	for _, e := range n.have.Entries {
		link(ListKey{schema.KindNamed(e.Addr.Kind), e.Scope}, e.DependsOn)
	}
}

// within is what is wanted and ours in the kinds and scopes taken in.
func (n *narrower) within() (*schema.Graph, *state.Snapshot) {
	w, h := *n.want, *n.have
	in := func(kind string, s schema.Scope) bool { return n.keys[ListKey{schema.KindNamed(kind), s}] }
	w.Resources = slices.DeleteFunc(slices.Clone(w.Resources), func(r *schema.Resource) bool { return !in(r.Kind.Name, r.Scope) })
	w.Settings.Ownership = maps.Clone(w.Settings.Ownership)
	maps.DeleteFunc(w.Settings.Ownership, func(kind string, _ schema.Ownership) bool {
		return !slices.ContainsFunc(w.Resources, func(r *schema.Resource) bool { return r.Kind.Name == kind })
	})
	h.Entries = slices.DeleteFunc(slices.Clone(h.Entries), func(e *state.Entry) bool { return !in(e.Addr.Kind, e.Scope) })
	h.Open = slices.DeleteFunc(slices.Clone(h.Open), func(o state.Intent) bool { return !in(o.Addr.Kind, o.Scope) })
	return &w, &h
}

package planner

import (
	"cmp"
	"net/netip"
	"slices"

	"trueup/schema"
	"trueup/state"
)

// Needs tells what has to be read before Make: the lists of the kinds and
// scopes that the files, the state or exclusive ownership concern, and of the
// kinds that may use what might be deleted. Either of want and have may be nil.
func Needs(want *schema.Graph, have *state.Snapshot, destroy bool) Reads {
	n := needs{lists: map[ListKey]bool{}, deletes: map[ListKey]bool{}, catalogues: map[schema.Scope]bool{}}
	if destroy {
		want = nil
	}
	if want != nil {
		for _, r := range want.Resources {
			n.resource(r)
		}
		n.exclusives(want)
	}
	if have != nil {
		for _, e := range have.Entries {
			n.entry(e, want.Find(e.Addr), destroy)
		}
		for _, in := range have.Open {
			n.entry(&state.Entry{Addr: in.Addr, Scope: in.Scope, Applied: in.Values}, want.Find(in.Addr), destroy)
		}
	}
	n.users()
	return n.reads()
}

type needs struct {
	lists, deletes map[ListKey]bool
	catalogues     map[schema.Scope]bool
}

func (n *needs) resource(r *schema.Resource) {
	n.lists[ListKey{r.Kind, r.Scope}] = true
	if !n.catalogues[r.Scope] && looksUp(r.Kind.Attrs) && hasNames(r.Kind, r.Values) {
		n.catalogues[r.Scope] = true
	}
}

// hasNames reports whether an attribute that is looked up holds a name.
func hasNames(k *schema.Kind, row schema.Row) bool {
	found := false
	eachLeaf(k.Attrs, row, func(a *schema.Attr, v schema.Value) {
		found = found || a.Lookup != "" && !schema.ValidID(schema.Text(v))
	})
	return found
}

func (n *needs) exclusives(want *schema.Graph) {
	for _, k := range schema.Kinds {
		if want.Settings.Ownership[k.Name] != schema.Exclusive {
			continue
		}
		for _, s := range exclusiveScopes(want, k) {
			n.lists[ListKey{k, s}], n.deletes[ListKey{k, s}] = true, true
		}
	}
}

// exclusiveScopes are the scopes in which files list resources of the kind; the
// default scope, where they list none anywhere.
func exclusiveScopes(want *schema.Graph, k *schema.Kind) []schema.Scope {
	var scopes []schema.Scope
	for _, r := range want.Resources {
		if r.Kind == k && !slices.Contains(scopes, r.Scope) {
			scopes = append(scopes, r.Scope)
		}
	}
	if scopes == nil {
		scope := want.Scope
		if scope.Level == "" {
			scope = schema.UserScope
		}
		if k.Has(scope.Level) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// entry: what the state has is read; it may be deleted where the files no
// longer mean it, or mean something else by its address.
func (n *needs) entry(e *state.Entry, r *schema.Resource, destroy bool) {
	k := schema.KindNamed(e.Addr.Kind)
	if k == nil {
		return
	}
	key := ListKey{k, e.Scope}
	n.lists[key] = true
	if destroy || r == nil || r.Scope != e.Scope || e.Deposed || r.ID != "" || k.NaturalKey(r.Values) != k.NaturalKey(e.Applied) {
		n.deletes[key] = true
	}
}

// users: who may use what is deleted is read too.
func (n *needs) users() {
	for key := range n.deletes {
		for _, k := range referrersOf(key.Kind) {
			if k.Has(key.Scope.Level) {
				n.lists[ListKey{k, key.Scope}] = true
			}
		}
	}
}

func (n *needs) reads() Reads {
	var r Reads
	for key := range n.lists {
		r.Lists = append(r.Lists, key)
	}
	for s := range n.catalogues {
		r.Catalogues = append(r.Catalogues, s)
	}
	slices.SortFunc(r.Lists, ListKey.compare)
	slices.SortFunc(r.Catalogues, compareScopes)
	return r
}

// Unlisted are the objects of the state that are in no list of the input and
// that the API can be asked for one by one, in order. A list may lack what was
// made a moment ago (API facts §0.6), so one alone does not say that something
// is gone. Answers are left out: what was answered need not be listed any more.
func Unlisted(in Input) []ObjectKey {
	if in.Have == nil || len(in.Have.Entries) == 0 {
		return nil
	}
	lists := map[ListKey]map[string]bool{}
	for _, l := range in.Live {
		ids := make(map[string]bool, len(l.Objects))
		for _, o := range l.Objects {
			ids[o.ID] = true
		}
		lists[l.Key()] = ids
	}
	var out []ObjectKey
	for _, e := range in.Have.Entries {
		k := schema.KindNamed(e.Addr.Kind)
		if ids, read := lists[ListKey{k, e.Scope}]; read && !ids[e.ID] && k.Answer == nil && k.HasGet(e.Scope.Level) {
			out = append(out, ObjectKey{k.Name, e.Scope, e.ID})
		}
	}
	slices.SortFunc(out, compareKeys)
	return out
}

// mostAsked is of how many objects that are only changed it is asked who uses
// them: each is a request, and nothing but the display hangs on it.
const mostAsked = 50

// Questions are what a plan that was made without the answers would be better
// for knowing.
func (p *Plan) Questions() Questions {
	var q Questions
	changed := 0
	for _, c := range p.Changes {
		key := c.Key()
		if c.Acts() && c.ID != "" && c.Kind.API.References {
			if c.Action == Update {
				changed++
			}
			if c.Action != Update || changed <= mostAsked {
				q.Referrers = append(q.Referrers, key)
			}
		}
		if key, drifted := c.drifted(); drifted {
			q.Audit = append(q.Audit, key)
		}
		q.Own = q.Own || c.Acts() && c.After != nil && couldBlock(c)
		if c.Acts() && c.ID != "" && c.Kind.Narrows != nil {
			q.Self = append(q.Self, c.Scope)
		}
	}
	slices.SortFunc(q.Self, compareScopes)
	q.Self = slices.Compact(q.Self)
	slices.SortFunc(q.Referrers, compareKeys)
	slices.SortFunc(q.Audit, compareKeys)
	return q
}

// drifted reports whether the object was changed or deleted outside the files,
// and which one that is.
func (c *Change) drifted() (ObjectKey, bool) {
	id := cmp.Or(c.ID, c.Lost)
	return ObjectKey{c.Kind.Name, c.Scope, id}, id != "" && (len(c.Drift) > 0 || c.Reason == ReasonGone)
}

func compareKeys(a, b ObjectKey) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), compareScopes(a.Scope, b.Scope), cmp.Compare(a.ID, b.ID))
}

// couldBlock reports whether some address is kept out by the object: it is
// tried with the addresses that its own texts name.
func couldBlock(c *Change) bool {
	if c.Kind.Blocks == nil {
		return false
	}
	could, after := false, c.Kind.View(reveal(c.After))
	eachLeaf(c.Kind.Attrs, after.Row, func(_ *schema.Attr, v schema.Value) {
		if addr, ok := someAddr(schema.Text(v)); ok && !could {
			could = c.Kind.Blocks(after, addr)
		}
	})
	return could
}

func someAddr(text string) (netip.Addr, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Addr(), true
	}
	a, err := netip.ParseAddr(text)
	return a, err == nil
}

func compareLeft(a, b LeftAlone) int {
	return cmp.Or(cmp.Compare(slices.Index(schema.KindNames(), a.Kind), slices.Index(schema.KindNames(), b.Kind)),
		compareScopes(a.Scope, b.Scope), cmp.Compare(a.Label, b.Label), cmp.Compare(a.ID, b.ID))
}

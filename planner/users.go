package planner

import (
	"cmp"
	"slices"

	"trueup/schema"
)

// refersTo reports whether an attribute in the list may hold the id of an
// object of the kind.
func refersTo(attrs []schema.Attr, kind string) bool {
	return slices.ContainsFunc(attrs, func(a schema.Attr) bool { return a.Refers == kind || refersTo(a.Attrs, kind) })
}

// refersToAny reports whether the attribute may hold the id of some object.
func refersToAny(a *schema.Attr) bool {
	return a.Refers != "" || slices.ContainsFunc(a.Attrs, func(b schema.Attr) bool { return refersToAny(&b) })
}

// referrersOf are the kinds whose objects may use objects of the kind.
func referrersOf(k *schema.Kind) []*schema.Kind {
	return slices.DeleteFunc(slices.Clone(schema.Kinds), func(u *schema.Kind) bool { return !refersTo(u.Attrs, k.Name) })
}

// eachUse calls f with every object that the row refers to by id.
func eachUse(k *schema.Kind, row schema.Row, f func(kind, id string)) {
	for i := range k.Attrs {
		if a := &k.Attrs[i]; row.At(i) != nil && refersToAny(a) {
			eachLeafOf(a, row[i], func(leaf *schema.Attr, v schema.Value) {
				if id := schema.Text(v); leaf.Refers != "" && id != "" {
					f(leaf.Refers, id)
				}
			})
		}
	}
}

// findUsers records which live objects refer to which.
func (m *maker) findUsers() {
	m.users = map[ObjectKey][]*object{}
	for _, g := range m.groups {
		if !slices.ContainsFunc(g.Kind.Attrs, func(a schema.Attr) bool { return refersToAny(&a) }) {
			continue
		}
		for _, o := range g.objects {
			eachUse(g.Kind, o.Values, func(kind, id string) {
				key := ObjectKey{kind, g.Scope, id}
				if !slices.Contains(m.users[key], o) {
					m.users[key] = append(m.users[key], o)
				}
			})
		}
	}
}

// frees reports whether the step takes the object out of what it uses.
func (s *step) frees(key ObjectKey) bool {
	switch {
	case s == nil || !s.Acts() || s.Action == Roll:
		return false
	case s.Action == Delete:
		return true
	}
	free := true
	eachUse(s.Kind, s.After, func(kind, id string) {
		if kind == key.Kind && id == key.ID {
			free = false
		}
	})
	return free
}

// holders are who still refers to the object when the plan is carried out:
// live objects that were read, and what the API names besides.
func (m *maker) holders(s *step) []schema.Referrer {
	var out []schema.Referrer
	for _, u := range m.users[s.Key()] {
		if !u.step.frees(s.Key()) {
			out = append(out, referrer(u))
		}
	}
	for _, r := range m.in.Referrers[s.Key()] {
		if !m.touches(s.Scope, r.ID) {
			out = append(out, r)
		}
	}
	return orderReferrers(out)
}

// touches reports whether the plan changes or deletes the object with the id,
// of whatever kind.
func (m *maker) touches(scope schema.Scope, id string) bool {
	for _, g := range m.groups {
		o := g.byID[id]
		if o != nil && g.Scope == scope && o.step != nil && o.step.Acts() && (o.step.kept || len(m.in.Targets) == 0) {
			return true
		}
	}
	return false
}

// usedBy is everybody who refers to the step's object now.
func (m *maker) usedBy(s *step) []schema.Referrer {
	out := slices.Clone(m.in.Referrers[s.Key()])
	for _, u := range m.users[s.Key()] {
		out = append(out, referrer(u))
	}
	return orderReferrers(out)
}

func referrer(o *object) schema.Referrer {
	r := schema.Referrer{Type: o.Kind.Name, ID: o.ID, Name: label(o.Kind, o.Values, o.ID)}
	if o.step != nil {
		r.Name = label(o.Kind, o.step.Before, o.ID)
	}
	return r
}

// orderReferrers orders by type and name; an object that is there twice is
// there once.
func orderReferrers(rs []schema.Referrer) []schema.Referrer {
	slices.SortStableFunc(rs, func(a, b schema.Referrer) int { return cmp.Compare(a.ID, b.ID) })
	rs = slices.CompactFunc(rs, func(a, b schema.Referrer) bool { return a.ID == b.ID })
	slices.SortStableFunc(rs, func(a, b schema.Referrer) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return rs
}

package planner

// sameID is one object of a kind, whatever the scope in whose list it stands.
// Lists of two scopes may hold one and the same (API facts §1, §9: whether a
// user and an account see the same monitors and pools is not known).
type sameID struct{ kind, id string }

// twins finds the objects that resources mean, and reports those of which two
// scopes' resources want different things: each would put back what the other
// changes.
func (m *maker) twins() {
	if len(m.plan.Scopes) < 2 {
		return
	}
	m.meant = map[sameID]*wanted{}
	for _, w := range m.all {
		if w.object == nil {
			continue
		}
		key := sameID{w.Kind.Name, w.object.ID}
		switch first := m.meant[key]; {
		case first == nil:
			m.meant[key] = w
		case !w.Kind.SameRow(first.row, w.row):
			m.fail(w, "", twice(first.Addr, w.object))
		}
	}
}

// twin is the resource of another scope that means the object, or nil.
func (m *maker) twin(o *object) *wanted { return m.meant[sameID{o.Kind.Name, o.ID}] }

// share leaves an object to the scope in which it is wanted.
func (m *maker) share(g *group, o *object) {
	m.alone(o, whyTwin)
	if o.entry != nil {
		m.fill(m.newStep(g, o.entry.Addr, Forget, ReasonMovedScope), o, nil)
	}
}

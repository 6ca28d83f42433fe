package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/schema"
)

// connect finds what must be done before what.
func (m *maker) connect() {
	m.findUsers()
	deps := m.dependents()
	for _, s := range m.steps {
		if !s.Acts() {
			continue
		}
		m.needsRefs(s)
		m.needsUsers(s)
		m.needsWritten(s, deps)
		m.needsName(s)
	}
	m.refuseCycles()
}

// need records that t must have been done before s. That it is recorded twice
// does no harm, and looking for it would cost too much where thousands are
// needed.
func (s *step) need(t *step) {
	if t != nil && t != s && t.Acts() {
		s.needs = append(s.needs, t)
	}
}

// needsRefs: what is made comes before what refers to it.
func (m *maker) needsRefs(s *step) {
	if s.want == nil || s.Deposed {
		return
	}
	for _, r := range s.want.refs {
		if t := m.wants[r.Addr]; t != nil && t.step != nil && t.step.Makes() {
			s.need(t.step)
		}
	}
}

// needsUsers: an object is taken out of what uses it before it goes.
func (m *maker) needsUsers(s *step) {
	if s.Action != Delete && s.Action != Replace {
		return
	}
	for _, u := range m.users[s.Key()] {
		if u.step.frees(s.Key()) {
			s.need(u.step)
		}
	}
}

// dependents are the steps by address, and by address without key; nil where
// nobody wrote a dependency.
func (m *maker) dependents() map[schema.Addr][]*step {
	if !slices.ContainsFunc(m.steps, func(s *step) bool { return len(s.DependsOn) > 0 }) {
		return nil
	}
	by := map[schema.Addr][]*step{}
	for _, s := range m.steps {
		by[s.Addr] = append(by[s.Addr], s)
		if s.Addr.Each {
			by[s.Addr.Stem()] = append(by[s.Addr.Stem()], s)
		}
	}
	return by
}

// needsWritten: depends_on orders what is made and changed, and in reverse
// what is deleted.
func (m *maker) needsWritten(s *step, deps map[schema.Addr][]*step) {
	for _, addr := range s.DependsOn {
		for _, t := range deps[addr] {
			switch {
			case s.Action == Delete && t.Action == Delete:
				t.need(s)
			case s.Action != Delete && t.Action != Delete && !t.Deposed:
				s.need(t)
			}
		}
	}
}

// needsName: where the server holds names to be unique, an object that takes
// the name of another comes after the step in which that one gives it up.
func (m *maker) needsName(s *step) {
	if !s.Kind.Unique || s.After == nil || s.Action == Roll || s.Deposed {
		return
	}
	key := s.Kind.NaturalKey(s.After)
	if s.object != nil && s.Kind.NaturalKey(s.object.Values) == key {
		return
	}
	for o := m.byList[s.List()].byKey[key]; o != nil; o = o.next {
		switch {
		case o == s.object:
		case o.step != nil && (o.step.destroys() || o.step.Action == Update && s.Kind.NaturalKey(o.step.After) != key):
			s.need(o.step)
		case s.want != nil:
			m.fail(s.want, s.want.keyAttr(), diag.Diagnostic{
				Code: "taken", Summary: fmt.Sprintf("its %s is taken by the %s %s, which stays", strings.Join(s.Kind.Match, " and "), singular(s.Kind), o.ID),
				Detail: "Choose another, or let the files change or delete that one too.",
			})
		}
	}
}

// refuseCycles reports steps that each need the other first.
func (m *maker) refuseCycles() {
	if !slices.ContainsFunc(m.steps, func(s *step) bool { return len(s.needs) > 0 }) {
		return
	}
	_, stuck := order(m.steps, func(s *step) []*step { return s.needs })
	if len(stuck) == 0 {
		return
	}
	stuck = cycle(stuck)
	addrs := make([]string, len(stuck))
	for i, s := range stuck {
		addrs[i] = s.Addr.String()
	}
	slices.Sort(addrs)
	d := diag.Diagnostic{
		Code: "cycle", Address: addrs[0], Summary: "each of these must be changed before the other: " + strings.Join(addrs, ", "),
		Detail: "Names that the server wants unique cannot be exchanged in one step: give one of them a third name first, and apply. Where depends_on is the cause, take one of the dependencies out.",
	}
	if w := stuck[0].want; w != nil {
		d.Range = w.Decl
	}
	m.diags.Add(d)
}

// cycle is one cycle among steps that all need one of them.
func cycle(stuck []*step) []*step {
	in := map[*step]bool{}
	for _, s := range stuck {
		in[s] = true
	}
	seen := map[*step]int{}
	var path []*step
	for s := stuck[0]; s != nil; {
		if from, twice := seen[s]; twice {
			return path[from:]
		}
		seen[s] = len(path)
		path = append(path, s)
		i := slices.IndexFunc(s.needs, func(t *step) bool { return in[t] })
		if i < 0 {
			return path
		}
		s = s.needs[i]
	}
	return path
}

// order is the steps such that each comes after what it needs; stuck are those
// for which there is no such order. It takes time linear in steps and needs.
func order(steps []*step, needs func(*step) []*step) (sorted, stuck []*step) {
	waits, waiters := map[*step]int{}, map[*step][]*step{}
	var ready []*step
	for _, s := range steps {
		n := 0
		for _, t := range needs(s) {
			waiters[t] = append(waiters[t], s)
			n++
		}
		if n == 0 {
			ready = append(ready, s)
		} else {
			waits[s] = n
		}
	}
	for len(ready) > 0 {
		s := ready[0]
		ready = ready[1:]
		sorted = append(sorted, s)
		for _, t := range waiters[s] {
			if waits[t]--; waits[t] == 0 {
				delete(waits, t)
				ready = append(ready, t)
			}
		}
	}
	for _, s := range steps {
		if waits[s] > 0 {
			stuck = append(stuck, s)
		}
	}
	return sorted, stuck
}

// sort brings the steps into the order of display and makes changes of them.
func (m *maker) sort() {
	slices.SortFunc(m.steps, (*step).compare)
	m.plan.Changes = make([]*Change, len(m.steps))
	for i, s := range m.steps {
		s.pos, m.plan.Changes[i] = i, &s.Change
	}
	for _, s := range m.steps {
		for _, t := range s.needs {
			s.Needs = append(s.Needs, t.pos)
		}
		slices.Sort(s.Needs)
		s.Needs = slices.Compact(s.Needs)
	}
	m.waves()
}

// compare orders by address, scope, then current before deposed. It is Addr.Compare
// for the most part, spared where the kinds are one.
func (s *step) compare(t *step) int {
	if s.Kind != t.Kind {
		return s.Addr.Compare(t.Addr)
	}
	if c := cmp.Compare(s.Addr.Name, t.Addr.Name); c != 0 {
		return c
	}
	if c := cmp.Compare(s.Addr.Key, t.Addr.Key); c != 0 {
		return c
	}
	return cmp.Or(compareScopes(s.Scope, t.Scope), compareBool(s.Deposed, t.Deposed), cmp.Compare(s.ID, t.ID))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

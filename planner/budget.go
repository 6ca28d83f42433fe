package planner

import (
	"slices"
)

// The API's limit (API facts §0.4).
const (
	windowRequests = 1200
	windowSeconds  = 300
)

// fullSpeed is how many requests a second are sent while the window has room:
// ten at a time, each of which takes about 0.4 s.
const fullSpeed = 25

// requests is how many requests the change takes if nothing goes wrong.
func (c *Change) requests() int {
	if c.Refused != "" {
		return 0
	}
	switch c.Action {
	case Create:
		return c.creating()
	case Update:
		return c.updating()
	case Replace, CreateReplace:
		return c.creating() + 1
	case Delete, Roll:
		return 1
	}
	return 0
}

// creating: an attribute that POST does not take is set by an update after it.
func (c *Change) creating() int {
	n := c.writing()
	for i := range c.Kind.Attrs {
		a := &c.Kind.Attrs[i]
		if a.AfterPost && !a.Same(c.After.At(i), a.DefaultIn(c.Kind.Attrs, c.After)) {
			return n + c.writing()
		}
	}
	return n
}

// writing: where an answer of success is no proof, the object is read after it.
func (c *Change) writing() int {
	if c.Kind.API.ReadBack {
		return 2
	}
	return 1
}

// updating: before a PUT the object is read, so that nothing that the table
// does not know is lost, and before what cannot be taken back.
func (c *Change) updating() int {
	n, api := c.writing(), &c.Kind.API
	if (api.Update == "PUT" || c.Kind.Answer != nil) && c.Kind.HasGet(c.Scope.Level) {
		n++
	}
	if c.Roll {
		n++
	}
	return n
}

// SetWindow says what it took to make the plan, and what the window has left:
// limit is 0 and remaining -1 where they are not known.
func (p *Plan) SetWindow(read, limit, remaining int) {
	b := &p.Budget
	b.Read, b.Limit, b.Remaining = read, limit, remaining
	if limit <= 0 {
		limit = windowRequests
	}
	room := remaining
	if room < 0 {
		room = limit
	}
	over := max(0, b.Apply-room)
	b.Seconds = (b.Apply-over+fullSpeed-1)/fullSpeed + (over*windowSeconds+limit-1)/limit
}

// Counts are what the summary line says. A replacement adds and destroys; what
// is refused by itself counts only as such.
func (p *Plan) Counts() Counts {
	var n Counts
	for _, c := range p.Changes {
		if c.Refused != "" {
			n.Refused++
			continue
		}
		if c.Adopted {
			n.Adopt++
		}
		if !c.RenamedFrom.IsZero() {
			n.Rename++
		}
		switch c.Action {
		case Create:
			n.Add++
		case Update, Roll:
			n.Change++
		case Replace, CreateReplace:
			n.Add++
			n.Destroy++
		case Delete:
			n.Destroy++
		case Forget:
			n.Forget++
		}
	}
	return n
}

// Outcome is "refused" if the plan or a part of it is refused, "changes" if
// anything is sent, else "none". What only the state has to take note of
// (adoptions, renames, what is forgotten) is no change.
func (p *Plan) Outcome() string {
	switch {
	case len(p.Refusals) > 0 || slices.ContainsFunc(p.Changes, func(c *Change) bool { return c.Refused != "" }):
		return "refused"
	case slices.ContainsFunc(p.Changes, (*Change).Acts):
		return "changes"
	}
	return "none"
}

// finish completes the plan.
func (m *maker) finish() {
	p := m.plan
	for _, s := range m.steps {
		if s.Acts() && s.object != nil && s.Kind.API.References {
			s.Referrers = m.usedBy(s)
		}
		if key, drifted := s.drifted(); drifted {
			s.Event = m.event(key)
		}
		p.Budget.Apply += s.requests()
	}
	p.SetWindow(0, 0, -1)
	slices.SortFunc(p.LeftAlone, compareLeft)
}

// event is who changed the object last, nil if that is not known.
func (m *maker) event(key ObjectKey) *Event {
	if e, known := m.in.Audit[key]; known {
		return &e
	}
	return nil
}

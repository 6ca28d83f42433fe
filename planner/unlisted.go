package planner

import "trueup/schema"

// Listed are the live objects that resources mean, with the resources'
// addresses.
func (p *Plan) Listed() map[ObjectKey]schema.Addr {
	out := map[ObjectKey]schema.Addr{}
	for _, c := range p.Changes {
		if c.ID != "" && !c.Deposed && c.Action != Delete && c.Action != Forget {
			out[c.Key()] = c.Addr
		}
	}
	return out
}

// Unlisted are the live objects that no resource means and that a file could
// list: what is not ours, and what would be deleted because no file lists it.
// Not those that an ignore rule covers, nor old ones that a rotation or a
// replacement has left.
func (p *Plan) Unlisted() map[ObjectKey]bool {
	out := map[ObjectKey]bool{}
	for _, l := range p.LeftAlone {
		if l.Why == whyForeign || l.Why == whyMoved {
			out[ObjectKey{l.Kind, l.Scope, l.ID}] = true
		}
	}
	for _, c := range p.Changes {
		if c.Action == Delete && !c.Deposed {
			out[c.Key()] = true
		}
	}
	return out
}

package planner

import (
	"fmt"

	"trueup/diag"
	"trueup/schema"
	"trueup/state"
)

// Why a live object is left alone.
const (
	whyForeign  = "not ours"
	whyRetiring = "retiring"
	whyMoved    = "moved to another scope"
	whyTwin     = "wanted in another scope"
	whyUndo     = "not a part of the last apply"
)

// leftovers decides about what no resource means: live objects, and entries of
// the state.
func (m *maker) leftovers() {
	for _, g := range m.groups {
		if !g.read {
			continue
		}
		for _, o := range g.objects {
			if o.taker == nil {
				m.leftover(g, o)
			}
		}
		for _, e := range g.entries {
			m.entry(g, e)
		}
	}
}

func (m *maker) leftover(g *group, o *object) {
	e := o.entry
	switch {
	case o.ignored > 0:
		m.alone(o, fmt.Sprintf("ignore rule %d", o.ignored))
	case m.twin(o) != nil:
		m.share(g, o)
	case m.in.Destroy && e != nil:
		m.remove(g, o, ReasonDestroy, e.Deposed)
	case o.retiring:
		m.alone(o, whyRetiring)
	case e == nil && g.exclusive:
		m.remove(g, o, ReasonExclusive, false)
	case e == nil:
		m.alone(o, whyForeign)
	case e.Deposed:
		m.remove(g, o, ReasonSuperseded, true)
	default:
		m.owned(g, o)
	}
}

// owned decides about an object that is ours and that no resource means.
func (m *maker) owned(g *group, o *object) {
	w := m.wants[o.entry.Addr]
	switch {
	case (w == nil || w.group != g) && m.in.Undo:
		m.remove(g, o, ReasonUndone, false)
	case w == nil:
		m.remove(g, o, ReasonNotListed, false)
	case w.group != g && g.exclusive:
		m.remove(g, o, ReasonExclusive, false)
	case w.group != g:
		m.moved(g, o, w)
	case w.failed:
	case g.Kind.Answer != nil:
		m.alone(o, whyForeign)
	default:
		m.remove(g, o, ReasonSuperseded, true)
	}
}

// moved forgets an object whose address is now in another scope.
func (m *maker) moved(g *group, o *object, w *wanted) {
	s := m.newStep(g, o.entry.Addr, Forget, ReasonMovedScope)
	m.fill(s, o, w)
	m.alone(o, whyMoved)
	m.plan.Warnings.Add(diag.Diagnostic{
		Severity: diag.Warning, Code: "moved-scope", Address: w.Addr.String(), Range: w.Decl,
		Summary: fmt.Sprintf("it is now in scope %s; the %s %s in scope %s is left as it is and no longer ours", w.Scope, singular(g.Kind), o.ID, g.Scope),
		Detail:  "Delete that one by hand if it is not wanted any more, or put the scope back and remove the resource first.",
	})
}

// remove deletes an object, or only forgets it where the kind cannot be
// deleted.
func (m *maker) remove(g *group, o *object, reason Reason, deposed bool) {
	addr := unlisted(o)
	if o.entry != nil {
		addr = o.entry.Addr
	}
	action := Delete
	if !g.Kind.API.Delete {
		action = Forget
	}
	s := m.newStep(g, addr, action, reason)
	s.Deposed = deposed
	w := m.wants[addr]
	if w != nil && w.Kind != g.Kind {
		w = nil
	}
	m.fill(s, o, w)
	if action == Delete {
		o.step = s
	}
}

// unlisted is an address for an object that has none: its id for a name.
func unlisted(o *object) schema.Addr {
	if schema.ValidName(o.ID) {
		return schema.Addr{Kind: o.Kind.Name, Name: o.ID}
	}
	return schema.Addr{Kind: o.Kind.Name, Name: "unlisted", Key: o.ID, Each: true}
}

// fill tells what the step's object was; w is the resource of its address, if
// there is one.
func (m *maker) fill(s *step, o *object, w *wanted) {
	var applied, marks schema.Row
	if e := o.entry; e != nil {
		s.entry, applied = e, e.Applied
		s.PreventDestroy, s.DependsOn = e.PreventDestroy, e.DependsOn
	}
	if w != nil {
		marks = w.Values
		if w.PreventDestroy != nil {
			s.PreventDestroy = *w.PreventDestroy
		}
	}
	v := newView(s.Kind, o.Values, nil, applied, marks)
	s.object, s.ID, s.Raw, s.Before = o, o.ID, o.Raw, v.before
	s.Drift = v.drift(nil)
	s.Names = m.idNames(s.Kind, s.Scope, o.Names, s.Before)
}

func (m *maker) alone(o *object, why string) {
	if m.in.Undo && why == whyForeign {
		why = whyUndo
	}
	row := o.Values
	if o.entry != nil {
		row = newView(o.Kind, o.Values, nil, o.entry.Applied, nil).before
	}
	m.plan.LeftAlone = append(m.plan.LeftAlone, LeftAlone{
		Kind: o.Kind.Name, Scope: o.Scope, ID: o.ID, Label: label(o.Kind, row, o.ID), Why: why,
	})
}

// entry forgets what the state has of an object that is gone or that another
// entry already stands for.
func (m *maker) entry(g *group, e *state.Entry) {
	o := g.byID[e.ID]
	reason := ReasonGone
	switch {
	case o == nil && !e.Deposed && m.stands(g, e):
		return
	case o == nil:
	case o.entry == e && (!e.Deposed || o.taker == nil || o.step != nil && o.step.Deposed && o.step.Addr == e.Addr):
		return
	case !e.Deposed && m.stands(g, e):
		return
	default:
		reason = ReasonSuperseded
	}
	s := m.newStep(g, e.Addr, Forget, reason)
	s.entry, s.ID, s.Deposed, s.Before = e, e.ID, e.Deposed, e.Applied
}

// stands reports whether the entry's address is in the files, so that the
// entry is written anew by what is done for the address.
func (m *maker) stands(g *group, e *state.Entry) bool {
	w := m.wants[e.Addr]
	return w != nil && w.group == g && !m.in.Destroy
}

package planner

import (
	"fmt"
	"slices"

	"trueup/diag"
	"trueup/schema"
	"trueup/state"
)

// decideAll decides what is done for every resource.
func (m *maker) decideAll() {
	for _, w := range m.all {
		m.decide(w)
	}
}

// decide decides what is done for a resource, after all that it refers to:
// only then is it known which references are ids already.
func (m *maker) decide(w *wanted) {
	if w.decided {
		return
	}
	w.decided = true
	for _, r := range w.refs {
		if t := m.wants[r.Addr]; t != nil {
			m.decide(t)
		}
	}
	m.resolve(w)
	if w.object == nil && len(w.refs) > 0 {
		m.matchKey(w)
		w.matchState()
	}
	switch {
	case w.failed || !w.group.read:
	case w.object == nil:
		m.create(w)
	case w.Kind.Answer != nil:
		m.answer(w)
	case m.rotationDue(w):
		m.rotate(w)
	default:
		m.keep(w)
	}
}

// resolve puts ids in place of references to objects that stay what they are.
// References to what this plan makes stay.
func (m *maker) resolve(w *wanted) {
	if len(w.refs) == 0 {
		return
	}
	for _, r := range w.refs {
		switch t := m.wants[r.Addr]; {
		case t == nil:
			m.fail(w, "", diag.Diagnostic{Code: "unknown-reference", Summary: fmt.Sprintf("it refers to %s, which no file lists", r.Addr)})
			return
		case t.step == nil && !t.failed && t.group.read:
			m.fail(w, "", diag.Diagnostic{Code: "unknown-reference", Summary: fmt.Sprintf("it refers to %s, which is not there and cannot be made", r.Addr)})
			return
		case m.refersTo(r) == r && t.step != nil && !t.step.Makes():
			m.fail(w, "", diag.Diagnostic{Code: "unknown-reference", Summary: fmt.Sprintf("it refers to %s, which the API does not give", r)})
			return
		}
	}
	row := make(schema.Row, len(w.row))
	for i, v := range w.row {
		row[i] = v
		if !hasRef(v) {
			continue
		}
		a := &w.Kind.Attrs[i]
		c, err := a.Canon(schema.Transform(v, m.dereference))
		if err != nil {
			m.fail(w, a.Name, diag.Diagnostic{Code: "bad-reference", Summary: fmt.Sprintf("%s: %v", a.Name, err)})
			return
		}
		row[i] = c
	}
	w.row = row
}

// dereference is the text that a reference stands for, or a template once all
// its parts are text; v itself where that is not known yet.
func (m *maker) dereference(v schema.Value) schema.Value {
	switch x := v.(type) {
	case schema.Ref:
		return m.refersTo(x)
	case schema.Template:
		return x.Joined()
	}
	return v
}

func (m *maker) refersTo(r schema.Ref) schema.Value {
	t := m.wants[r.Addr]
	if t == nil || t.object == nil || t.step == nil || t.step.Makes() {
		return r
	}
	if r.Attr == "id" {
		return schema.String(t.object.ID)
	}
	if v := t.object.Get(r.Attr); v != nil {
		return v
	}
	return r
}

// place records the step for the resource.
func (m *maker) place(w *wanted, s *step) {
	s.want, s.entry = w, w.entry
	s.PreventDestroy, s.DependsOn = m.prevents(w), w.DependsOn
	w.step = s
	if o := w.object; o != nil && !s.Deposed && s.Action != Create {
		s.object, s.ID, s.Raw = o, o.ID, o.Raw
		o.step = s
	}
	rows := []schema.Row{s.Before, s.After}
	if w.object != nil {
		rows = append(rows, w.applied())
	}
	s.Names = m.idNames(w.Kind, w.Scope, namesOf(w.object), rows...)
}

func namesOf(o *object) map[string]string {
	if o == nil {
		return nil
	}
	return o.Names
}

// prevents is whether the object must not be destroyed: what the files say,
// else what the state remembers.
func (m *maker) prevents(w *wanted) bool {
	switch {
	case w.PreventDestroy != nil:
		return *w.PreventDestroy
	case w.object != nil && w.object.entry != nil:
		return w.object.entry.PreventDestroy
	}
	return w.entry != nil && w.entry.PreventDestroy
}

// create makes what is not there.
func (m *maker) create(w *wanted) {
	if w.Kind.Answer != nil {
		m.unanswerable(w)
		return
	}
	reason, lost := ReasonNone, ""
	if w.entry != nil {
		switch old := w.group.byID[w.entry.ID]; {
		case old == nil:
			reason, lost = ReasonGone, w.entry.ID
		case old.retiring:
			reason = ReasonRotation
		}
	}
	s := m.newStep(w.group, w.Addr, Create, reason)
	s.Lost = lost
	s.After = planned(w.Kind, w.row, nil)
	m.place(w, s)
	m.undone(w, s)
}

// undone says of what is done that it takes the last apply back, and gives up
// what that took over.
func (m *maker) undone(w *wanted, s *step) {
	if !m.in.Undo {
		return
	}
	if s.Release = m.in.Release[w.Addr]; s.Release && s.Action == NoOp {
		s.Action = Forget
	}
	s.Record = s.Action == NoOp
	if s.Action != NoOp && (s.Reason == ReasonNone || s.Reason == ReasonGone) {
		s.Reason = ReasonUndone
	}
}

// keep decides about an object that is there: nothing, an update or a
// replacement.
func (m *maker) keep(w *wanted) {
	o, k := w.object, w.Kind
	m.serverWords(w)
	want := w.overlay()
	s := m.newStep(w.group, w.Addr, NoOp, ReasonNone)
	v := newView(k, o.Values, want, w.applied(), w.Values)
	s.Before, s.After = v.before, v.after()
	s.Drift = v.drift(w.IgnoreChanges)
	dead := isDead(o.Object)
	if !k.SameRow(want, o.Values) {
		s.Fields, s.Same = v.fields()
		s.Action = Update
	}
	switch {
	case dead:
		s.Action, s.Reason = CreateReplace, ReasonDead
	case slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Replaces }):
		s.Action, s.Reason = CreateReplace, ReasonReplaceField
	}
	if s.Action == CreateReplace {
		s.After = v.planned(nil)
		if k.Unique && k.NaturalKey(s.After) == k.NaturalKey(o.Values) {
			s.Action = Replace
		}
	}
	m.ownership(w, s)
	m.place(w, s)
	m.secret(w, s)
	m.undone(w, s)
	if s.Action == NoOp {
		s.Record = s.Record || s.Adopted || !s.RenamedFrom.IsZero() || w.outdated(s)
	}
}

// applied is what was last applied to the object; nil if that is not known.
func (w *wanted) applied() schema.Row {
	if w.object.entry == nil {
		return nil
	}
	return w.object.entry.Applied
}

// ownership says that the object is taken over or was ours under another
// address.
func (m *maker) ownership(w *wanted, s *step) {
	e := w.object.entry
	switch {
	case e == nil || e.Deposed || slices.Contains(m.recent, e):
		s.Adopted = true
	case e.Addr != w.Addr:
		s.RenamedFrom = e.Addr
	}
}

// secret renews the secret of an object whose secret never reached its sink,
// and says of an adopted one that its secret is not known.
func (m *maker) secret(w *wanted, s *step) {
	e := w.object.entry
	switch {
	case !w.Kind.API.Secret || s.Makes():
	case e != nil && e.Secret == state.Pending && s.Action == Update:
		s.Roll, s.Reason = true, ReasonSecretLost
	case e != nil && e.Secret == state.Pending:
		s.Action, s.Reason = Roll, ReasonSecretLost
	case s.Adopted:
		m.plan.Warnings.Add(diag.Diagnostic{
			Severity: diag.Warning, Code: "secret-unknown", Address: w.Addr.String(), Range: w.Decl,
			Summary: "adopted; its secret is unknown, since only its creation shows it",
			Detail:  fmt.Sprintf("To have a new one delivered: trueup %s roll %s. The old one stops working then.", w.Kind.Name, w.Addr),
		})
	}
}

// outdated reports whether the state's memory of an unchanged object differs
// from what it is.
func (w *wanted) outdated(s *step) bool {
	e, k := w.object.entry, w.Kind
	if e.PreventDestroy != s.PreventDestroy || !slices.Equal(e.DependsOn, s.DependsOn) || len(s.Drift) > 0 {
		return true
	}
	for i := range k.Attrs {
		a := &k.Attrs[i]
		if a.Sent() && !a.ServerWord(s.After.At(i)) && !(a.Equal(s.After.At(i), e.Applied.At(i)) && schema.HasSensitive(s.After.At(i)) == schema.HasSensitive(e.Applied.At(i))) {
			return true
		}
	}
	return false
}

// serverWords warns of what only the server says (expired, revoked).
func (m *maker) serverWords(w *wanted) {
	for i := range w.Kind.Attrs {
		a, v := &w.Kind.Attrs[i], w.object.Values.At(i)
		if v == nil || !a.ServerWord(v) {
			continue
		}
		detail := "What depends on it does not work any more. Change it so that it does, or take it out of the files."
		if a.FinalWord(v) {
			detail = "That is final, so a replacement is planned."
		}
		m.plan.Warnings.Add(diag.Diagnostic{
			Severity: diag.Warning, Code: "server-status", Address: w.Addr.String(), Range: w.Decl,
			Summary: fmt.Sprintf("its %s is %q", a.Name, schema.Text(v)), Detail: detail,
		})
	}
}

// answer answers what waits for an answer, and leaves alone what was answered.
func (m *maker) answer(w *wanted) {
	if w.answered(w.object) || m.answerable(w.object) {
		m.keep(w)
		return
	}
	m.unanswerable(w)
}

// unanswerable warns that there is nothing to answer, unless it was answered
// as wanted and is only no longer listed.
func (m *maker) unanswerable(w *wanted) {
	a := w.Kind.Attr(w.Kind.Answer.Attr)
	want := schema.Text(w.Kind.Get(w.row, a.Name))
	summary := "there is nothing to answer: no " + singular(w.Kind) + " like it is there"
	detail := "It may have been withdrawn, or not be sent yet."
	switch o := w.object; {
	case o == nil && w.entry != nil && a.Equal(w.Kind.Get(w.row, a.Name), w.Kind.Get(w.entry.Applied, a.Name)):
		return
	case o == nil:
	case schema.Text(o.Get(a.Name)) == w.Kind.Answer.Pending:
		summary, detail = "it can no longer be answered: it expired on "+schema.Text(o.Get(w.Kind.Answer.Expires)), "Ask for a new one, or take it out of the files."
	default:
		summary = fmt.Sprintf("it can no longer be answered: its %s is %q, not %q", a.Name, schema.Text(o.Get(a.Name)), want)
		detail = "An answer is given once. Take it out of the files."
	}
	m.plan.Warnings.Add(diag.Diagnostic{
		Severity: diag.Warning, Code: "unanswerable", Address: w.Addr.String(), Range: w.Decl, Summary: summary, Detail: detail,
	})
}

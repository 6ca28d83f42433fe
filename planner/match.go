package planner

import (
	"fmt"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/schema"
	"trueup/state"
)

// match finds for every resource the object that it means: by id, by natural
// key, or as the one that the state has for its address. Each way is gone
// through for all before the next, so that the stronger claim wins.
func (m *maker) match() {
	for _, g := range m.groups {
		for _, w := range g.wants {
			m.matchID(w)
		}
		for _, w := range g.wants {
			if w.keyKnown() {
				m.matchKey(w)
			}
		}
		for _, w := range g.wants {
			if w.keyKnown() {
				w.matchState()
			}
		}
	}
}

// keyKnown reports whether no part of the natural key hangs on a reference.
// Where one does, the resource is matched when the reference is resolved.
func (w *wanted) keyKnown() bool {
	if len(w.refs) == 0 {
		return true
	}
	return !slices.ContainsFunc(w.Kind.Match, func(name string) bool { return hasRef(w.Kind.Get(w.row, name)) })
}

// take settles that the resource means the object.
func (w *wanted) take(o *object) { w.object, o.taker = o, w }

// fail reports a mistake in the resource, which is then left out of the plan.
func (m *maker) fail(w *wanted, attr string, d diag.Diagnostic) {
	w.failed = true
	d.Address, d.Range = w.Addr.String(), w.RangeOf(attr)
	m.diags.Add(d)
}

func (m *maker) matchID(w *wanted) {
	if w.ID == "" {
		return
	}
	o := w.group.byID[w.ID]
	switch {
	case o == nil && w.group.read && m.in.Undo:
		w.failed = true
		m.plan.Warnings.Add(diag.Diagnostic{
			Severity: diag.Warning, Code: "not-undone", Address: w.Addr.String(), Range: w.Decl,
			Summary: "it is not taken back: it was deleted outside the files since",
		})
	case o == nil && w.group.read:
		m.fail(w, "", diag.Diagnostic{
			Code: "id-not-found", Summary: fmt.Sprintf("there is no %s with the id %s in scope %s", singular(w.Kind), w.ID, w.Scope),
			Detail: "Correct the id, or take it out: what does not exist is created.",
		})
	case o == nil:
		w.failed = true
	case o.taker != nil:
		m.fail(w, "", twice(o.taker.Addr, o))
	default:
		m.claim(w, o)
	}
}

func twice(first schema.Addr, o *object) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "same-object", Summary: fmt.Sprintf("it means the same object as %s: %s", first, o.ID),
		Detail: "One object is one resource: remove one of them, or settle by id which object each of them means.",
	}
}

// claim takes the object, unless an ignore rule covers it.
func (m *maker) claim(w *wanted, o *object) {
	if o.ignored == 0 {
		w.take(o)
		return
	}
	rule := m.in.Want.Settings.Ignore[o.ignored-1]
	detail := "Narrow the rule, or take the resource out of the files."
	if rule.Range.Known() {
		detail = "The rule stands at " + rule.Range.String() + ". " + detail
	}
	m.fail(w, "", diag.Diagnostic{
		Code: "ignored", Summary: fmt.Sprintf("the object that it means, %s, is covered by ignore rule %d, so it is never touched", o.ID, o.ignored),
		Detail: detail,
	})
}

func (m *maker) matchKey(w *wanted) {
	if w.object != nil || w.failed {
		return
	}
	cands := w.candidates()
	free := prefer(cands, func(o *object) bool { return o.taker == nil })
	switch {
	case len(cands) == 0:
	case free[0].taker != nil:
		m.fail(w, w.keyAttr(), twice(cands[0].taker.Addr, cands[0]))
	case w.Kind.Answer != nil:
		m.matchAnswer(w, free)
	default:
		m.matchOne(w, free)
	}
}

// candidates are the live objects of the natural key, but for those that some
// resource means by id or by the state alone, and old ones of a rotation.
func (w *wanted) candidates() []*object {
	var out []*object
	add := func(o *object) {
		if !o.retiring && (o.taker == nil || o.taker.ID == "" && w.Kind.MatchesKey(o.taker.row, o.Values)) {
			out = append(out, o)
		}
	}
	if w.keyWhole() {
		for o := w.group.byKey[w.Kind.NaturalKey(w.row)]; o != nil; o = o.next {
			add(o)
		}
		return out
	}
	for _, o := range w.group.objects {
		if w.Kind.MatchesKey(w.row, o.Values) {
			add(o)
		}
	}
	return out
}

// keyWhole reports whether every part of the natural key is set.
func (w *wanted) keyWhole() bool {
	return !slices.ContainsFunc(w.Kind.Match, func(name string) bool { return w.Kind.Get(w.row, name) == nil })
}

// keyAttr is the attribute of the natural key that is written.
func (w *wanted) keyAttr() string {
	for _, name := range slices.Backward(w.Kind.Match) {
		if w.Kind.Get(w.row, name) != nil {
			return name
		}
	}
	return ""
}

// matchOne takes the one of several objects of a natural key that the state
// knows, first under this address, then under one that the files no longer
// have; of others only one that is alone.
func (m *maker) matchOne(w *wanted, cands []*object) {
	cands = prefer(cands, func(o *object) bool { return o.ignored == 0 })
	cands = prefer(cands, func(o *object) bool { return w.entry != nil && o.entry == w.entry })
	cands = prefer(cands, func(o *object) bool { return !isDead(o.Object) && (o.entry == nil || !o.entry.Deposed) })
	cands = prefer(cands, func(o *object) bool { return m.orphaned(o.entry) })
	if len(cands) == 1 {
		m.claim(w, cands[0])
		return
	}
	m.fail(w, w.keyAttr(), diag.Diagnostic{
		Code:    "ambiguous",
		Summary: fmt.Sprintf("%s in scope %s have this %s: %s", counted(len(cands), w.Kind), w.Scope, strings.Join(w.Kind.Match, " and "), ids(cands)),
		Detail:  fmt.Sprintf("Settle which one is meant by writing its id: %s, or rename one of them.", cands[0].ID),
	})
}

// prefer leaves those for which f holds, if there is one.
func prefer(cands []*object, f func(*object) bool) []*object {
	if len(cands) < 2 {
		return cands
	}
	kept := slices.DeleteFunc(slices.Clone(cands), func(o *object) bool { return !f(o) })
	if len(kept) == 0 {
		return cands
	}
	return kept
}

// orphaned reports whether the entry's address is no longer in the files.
func (m *maker) orphaned(e *state.Entry) bool {
	return e != nil && !e.Deposed && m.wants[e.Addr] == nil
}

const idsShown = 10

func ids(os []*object) string {
	var b strings.Builder
	for i, o := range os[:min(len(os), idsShown)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(o.ID)
	}
	if n := len(os) - idsShown; n > 0 {
		fmt.Fprintf(&b, " and %d more", n)
	}
	return b.String()
}

// matchAnswer takes what can still be answered, unless something as new is
// answered as wanted: of two that were sent, one is answered. Else it takes the
// newest.
func (m *maker) matchAnswer(w *wanted, cands []*object) {
	if names := several(w, cands); names != "" {
		m.fail(w, w.keyAttr(), diag.Diagnostic{
			Code:    "ambiguous",
			Summary: fmt.Sprintf("%s in scope %s have this %s and are not alike: %s", counted(len(cands), w.Kind), w.Scope, w.keyAttr(), names),
			Detail:  fmt.Sprintf("Write %s, so that it is clear which one is meant.", w.Kind.Match[0]),
		})
		return
	}
	cands = prefer(cands, func(o *object) bool { return o.ignored == 0 })
	open := w.newest(cands, m.answerable)
	done := w.newest(prefer(cands, func(o *object) bool { return w.entry != nil && o.entry == w.entry && w.answered(o) }), w.answered)
	switch {
	case open != nil && (done == nil || w.sent(open) > w.sent(done)):
		m.claim(w, open)
	case done != nil:
		m.claim(w, done)
	default:
		m.claim(w, w.newest(cands, func(*object) bool { return true }))
	}
}

// newest is the latest of those for which f holds, nil if there is none.
func (w *wanted) newest(cands []*object, f func(*object) bool) *object {
	var best *object
	for _, o := range cands {
		if f(o) && (best == nil || w.sent(o) > w.sent(best)) {
			best = o
		}
	}
	return best
}

// sent is when the object that waits for an answer was made.
func (w *wanted) sent(o *object) string { return schema.Text(o.Get(w.Kind.Answer.Newest)) }

// several names the objects' values of the first attribute of the natural key,
// where the resource does not say which and they differ.
func several(w *wanted, cands []*object) string {
	first := w.Kind.Match[0]
	if w.Kind.Get(w.row, first) != nil {
		return ""
	}
	var names []string
	for _, o := range cands {
		names = append(names, schema.Text(o.Get(first)))
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) < 2 {
		return ""
	}
	return strings.Join(names, ", ")
}

// answerable reports whether the object waits for an answer and still may
// have one.
func (m *maker) answerable(o *object) bool {
	a := o.Kind.Answer
	if schema.Text(o.Get(a.Attr)) != a.Pending {
		return false
	}
	until := schema.Text(o.Get(a.Expires))
	return until == "" || until > m.now
}

// answered reports whether the object was answered as the files want.
func (w *wanted) answered(o *object) bool {
	a := w.Kind.Attr(w.Kind.Answer.Attr)
	return a.Equal(w.Kind.Get(w.row, a.Name), o.Get(a.Name))
}

// matchState takes the object that the state has for the address, where it
// still lives and nothing else means it: what told it apart was changed, in the
// files or outside.
func (w *wanted) matchState() {
	if w.object != nil || w.failed || w.entry == nil || w.ID != "" || w.Kind.Answer != nil {
		return
	}
	if o := w.group.byID[w.entry.ID]; o != nil && o.taker == nil && o.ignored == 0 && !o.retiring {
		w.take(o)
	}
}

// isDead reports whether the server's word for the object is final.
func isDead(o *schema.Object) bool {
	for i := range o.Kind.Attrs {
		if a := &o.Kind.Attrs[i]; len(a.Final) > 0 && a.FinalWord(o.Values.At(i)) {
			return true
		}
	}
	return false
}

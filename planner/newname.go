package planner

import (
	"fmt"

	"trueup/diag"
	"trueup/schema"
)

// newNameMost is how many objects of a list may go for the new ones to be
// compared with each: more are no slip of the pen.
const newNameMost = 20

// newNames warns of objects that go and are made again under another name,
// which is what comes of another name in the files where that is what the API
// calls the object. Nobody who renames a token in a file means a new secret.
func (m *maker) newNames() {
	if m.in.Undo {
		return
	}
	gone := map[ListKey][]*step{}
	for _, s := range m.steps {
		if s.Action == Delete && s.Reason == ReasonNotListed && s.Kind.NameAttr != "" {
			key := s.List()
			gone[key] = append(gone[key], s)
		}
	}
	for _, s := range m.steps {
		old := gone[s.List()]
		if s.Action != Create || s.Reason != ReasonNone || s.want == nil || len(old) > newNameMost {
			continue
		}
		var like []*step
		for _, o := range old {
			if s.want.sameButName(o.object) {
				like = append(like, o)
			}
		}
		if len(like) == 1 {
			m.newName(s, like[0])
		}
	}
}

func (m *maker) newName(s, old *step) {
	name := s.Kind.NameAttr
	m.plan.Warnings.Add(diag.Diagnostic{
		Severity: diag.Warning, Code: "new-name", Address: s.Addr.String(), Range: s.want.Decl,
		Summary: fmt.Sprintf("it is %s under another name: that %s is destroyed, and this one made", old.Addr, singular(s.Kind)),
		Detail: fmt.Sprintf("To keep it, write its %s (%s), or first: trueup state mv '%s' '%s'.",
			name, schema.Quote(schema.Text(old.object.Get(name))), old.Addr, s.Addr),
	})
}

// sameButName reports whether the resource wants what the object is, but for
// what it is called. A reference to what is not there yet may be to the same.
func (w *wanted) sameButName(o *object) bool {
	for i := range w.Kind.Attrs {
		a := &w.Kind.Attrs[i]
		want := w.row.At(i)
		if a.Name != w.Kind.NameAttr && !hasRef(want) && !a.Same(want, o.Values.At(i)) {
			return false
		}
	}
	return true
}

package planner

import (
	"time"

	"trueup/schema"
)

// retiringName is the name under which an object lives until its expiry, cut
// so that it is no longer than the API takes.
func retiringName(a *schema.Attr, name, expires string) string {
	suffix := " (retiring " + expires[:len("2006-01-02")] + ")"
	runes := []rune(name)
	if most := int(a.Max) - len(suffix); most > 0 && len(runes) > most {
		runes = runes[:most]
	}
	return string(runes) + suffix
}

// rotationDue reports whether the object is as old as the files let it become.
func (m *maker) rotationDue(w *wanted) bool {
	r := w.Kind.Rotate
	if r == nil || isDead(w.object.Object) {
		return false
	}
	every, _ := schema.RotateTimes(w.Kind.View(w.row))
	issued, known := moment(w.object.Get(r.Issued))
	return every > 0 && known && !m.in.Now.Before(issued.Add(every))
}

// rotate gives the object a name and an expiry that retire it, in one update,
// and then makes a new one for the address.
func (m *maker) rotate(w *wanted) {
	m.serverWords(w)
	o := w.object
	old := m.newStep(w.group, w.Addr, Update, ReasonRetiring)
	v := newView(w.Kind, o.Values, m.retired(w), w.applied(), w.Values)
	old.Before, old.After = v.before, v.planned(o.Values)
	if i := w.Kind.Index(w.Kind.Rotate.Expires); !w.Kind.Attrs[i].Equal(old.After[i], o.Values.At(i)) {
		old.After[i] = schema.Reveal(old.After[i]) // the end of the overlap is nobody's secret, and no file has it
	}
	old.Fields, old.Same = v.fields()
	old.Drift = v.drift(w.IgnoreChanges)
	old.Deposed = true
	m.ownership(w, old)
	old.object, old.entry, old.ID, old.Raw = o, o.entry, o.ID, o.Raw
	old.Names = m.idNames(w.Kind, w.Scope, o.Names, old.Before)
	o.step = old

	s := m.newStep(w.group, w.Addr, Create, ReasonRotation)
	s.After = planned(w.Kind, w.row, nil)
	s.needs = append(s.needs, old)
	m.place(w, s)
}

// retired is the live row of w's object, renamed and with the earlier of its
// expiry and the end of the overlap. What only the server says is as the files
// want it, since it cannot be sent.
func (m *maker) retired(w *wanted) schema.Row {
	k, r := w.Kind, w.Kind.Rotate
	_, overlap := schema.RotateTimes(k.View(w.row))
	expires := instant(m.in.Now.Truncate(time.Second).Add(overlap))
	if have := schema.Text(w.object.Get(r.Expires)); have != "" && have < expires {
		expires = have
	}
	row := planned(k, w.object.Values, w.object.Values)
	for i := range k.Attrs {
		if k.Attrs[i].ServerWord(row[i]) {
			row[i] = w.row.At(i)
		}
	}
	name := k.Attr(r.Name)
	row[k.Index(r.Name)] = schema.String(retiringName(name, schema.Text(w.object.Get(r.Name)), expires))
	row[k.Index(r.Expires)] = schema.String(expires)
	return row
}

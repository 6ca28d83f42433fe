package planner

import (
	"maps"
	"slices"

	"trueup/schema"
)

// view is one object from three sides.
type view struct {
	kind       *schema.Kind
	live, want schema.Row
	applied    schema.Row // nil: not known
	marks      schema.Row // what the files say before ignore_changes: where it is sensitive, so is the rest
	plain      bool       // nothing in marks and applied is sensitive
	before     schema.Row // live, with what is sensitive on another side masked
}

func newView(k *schema.Kind, live, want, applied, marks schema.Row) view {
	v := view{kind: k, live: live, want: want, applied: applied, marks: marks, before: live}
	v.plain = !schema.AnyOf(marks, schema.IsSensitive) && !schema.AnyOf(applied, schema.IsSensitive)
	if !v.plain {
		v.before = maskRow(k.Attrs, live, marks, applied)
	}
	return v
}

// after is the row that will be there if the object stays. An object that is
// as wanted keeps its live row, with what only trueup has from the files.
func (v *view) after() schema.Row {
	if !v.kind.SameRow(v.want, v.live) {
		return v.planned(v.live)
	}
	if v.plain && !v.local() {
		return v.live
	}
	out := slices.Clone(v.live)
	if !v.plain {
		out = maskAs(v.kind.Attrs, v.live, v.marks)
	}
	for i := range v.kind.Attrs {
		if v.kind.Attrs[i].Mode == schema.Local {
			out[i] = v.want.At(i)
		}
	}
	return out
}

// planned is the row that will be there, with what is left to the server as in
// live.
func (v *view) planned(live schema.Row) schema.Row {
	out := planned(v.kind, v.want, live)
	if !v.plain {
		out = maskAs(v.kind.Attrs, out, v.marks)
	}
	return out
}

// local reports whether an attribute that only trueup has is set.
func (v *view) local() bool {
	for i := range v.kind.Attrs {
		if v.kind.Attrs[i].Mode == schema.Local && v.want.At(i) != nil {
			return true
		}
	}
	return false
}

// planned is the wanted row, with what is left to the server taken from the live
// row; live is nil where there is no object. What the server chose for another
// type is not taken over (API facts §2, method).
func planned(k *schema.Kind, want, live schema.Row) schema.Row {
	out := make(schema.Row, len(k.Attrs))
	for i := range k.Attrs {
		out[i] = want.At(i)
		a := &k.Attrs[i]
		if (a.Mode == schema.Fixed || a.Mode == schema.Defaulted) && out[i] == nil && a.By.Same(k.Attrs, want, live) {
			out[i] = live.At(i)
		}
	}
	return out
}

// fields are the changed paths, and same is how many set attributes stay.
func (v *view) fields() (fields []Field, same int) {
	d := differ{known: v.applied != nil}
	live := v.before
	for i := range v.kind.Attrs {
		a, n := &v.kind.Attrs[i], len(d.fields)
		d.value(a.Name, a, live.At(i), v.want.At(i), v.applied.At(i))
		if len(d.fields) == n && a.Sent() && live.At(i) != nil {
			same++
		}
	}
	return d.fields, same
}

// drift is what differs from what was last applied, but for the paths that the
// files ignore.
func (v *view) drift(ignore []string) []Field {
	if v.applied == nil || v.kind.SameRow(v.applied, v.live) {
		return nil
	}
	d := differ{drift: true}
	live := v.before
	for i := range v.kind.Attrs {
		a := &v.kind.Attrs[i]
		d.value(a.Name, a, v.applied.At(i), live.At(i), nil)
	}
	return slices.DeleteFunc(d.fields, func(f Field) bool {
		return slices.ContainsFunc(ignore, func(path string) bool { return schema.Covers(path, f.Path) })
	})
}

// differ gathers the paths in which values differ. Every method is given what
// is there, what is wanted and what was last applied.
type differ struct {
	fields []Field
	known  bool // the last is known
	drift  bool // the first is what was applied, the second what is there
}

func (d *differ) same(a *schema.Attr, live, want schema.Value) bool {
	if d.drift {
		return a.Same(live, want)
	}
	return a.Same(want, live)
}

func (d *differ) value(path string, a *schema.Attr, live, want, applied schema.Value) {
	if d.same(a, live, want) {
		return
	}
	switch x := live.(type) {
	case schema.Row:
		if y, ok := want.(schema.Row); ok {
			d.row(path, a.Attrs, x, y, applied)
			return
		}
	case schema.Map:
		if y, ok := want.(schema.Map); ok && a.Nest == schema.MapOf {
			d.entries(path, a, x, y, applied)
			return
		}
	case schema.List:
		if y, ok := want.(schema.List); ok && d.elements(path, a, x, y, applied) {
			return
		}
	}
	d.leaf(path, a, live, want, applied)
}

// leaf records a difference. What is sensitive on one side is masked on all.
func (d *differ) leaf(path string, a *schema.Attr, live, want, applied schema.Value) {
	f := Field{Path: path, Before: live, After: want, Applied: applied, Known: d.known, Replaces: a.Replace}
	if d.known {
		f.Drifted, f.Wanted = !a.Same(applied, live), !a.Same(want, applied)
	}
	if schema.HasSensitive(live) || schema.HasSensitive(want) || schema.HasSensitive(applied) {
		f.Before, f.After, f.Applied = mask(a, live, want, applied), mask(a, want, live, applied), mask(a, applied, live, want)
	}
	d.fields = append(d.fields, f)
}

func (d *differ) row(path string, attrs []schema.Attr, live, want schema.Row, applied schema.Value) {
	last, _ := applied.(schema.Row)
	for i := range attrs {
		d.value(schema.Join(path, attrs[i].Name), &attrs[i], live.At(i), want.At(i), last.At(i))
	}
}

// entries compares maps by key.
func (d *differ) entries(path string, a *schema.Attr, live, want schema.Map, applied schema.Value) {
	last, _ := applied.(schema.Map)
	elem := a.Elem()
	for _, key := range keys(live, want) {
		d.value(schema.KeyPath(path, key), elem, live[key], want[key], last[key])
	}
}

// elements compares lists of which parts can be named, and reports whether
// these are such: keyed ones, and sets of objects.
func (d *differ) elements(path string, a *schema.Attr, live, want schema.List, applied schema.Value) bool {
	last, _ := applied.(schema.List)
	switch {
	case a.Type != schema.TypeObject:
		return false
	case a.Nest == schema.SetOf:
		d.set(path, a.Elem(), live, want, last)
		return true
	case a.Nest != schema.KeyedBy:
		return false
	}
	x, okX := byKey(a, live)
	y, okY := byKey(a, want)
	z, okZ := byKey(a, last)
	if !okX || !okY || !okZ {
		return false
	}
	d.entries(path, &schema.Attr{Nest: schema.MapOf, Type: a.Type, Attrs: a.Attrs, Name: a.Name, Replace: a.Replace}, x, y, z)
	return true
}

// byKey is a keyed list by its keys; false where a key is missing, twice there
// or not to be shown.
func byKey(a *schema.Attr, l schema.List) (schema.Map, bool) {
	m := make(schema.Map, len(l))
	for _, e := range l {
		key, ok := a.Part(e, a.Key).(schema.String)
		if _, twice := m[string(key)]; !ok || twice {
			return nil, false
		}
		m[string(key)] = e
	}
	return m, true
}

func keys(ms ...schema.Map) []string {
	var all []string
	for _, m := range ms {
		all = slices.AppendSeq(all, maps.Keys(m))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// set compares sets of objects: equal ones go together first, then those that
// agree in most, as far as any are left. What comes or stays has its place in
// the wanted list in the path, what goes its place in the live one.
func (d *differ) set(path string, elem *schema.Attr, live, want, applied schema.List) {
	pairs, left := pair(elem, live, want)
	for i, e := range want {
		if pairs[i] != nil {
			d.value(schema.IndexPath(path, i), elem, pairs[i], e, nearest(elem, applied, pairs[i], e))
			continue
		}
		d.leaf(schema.IndexPath(path, i), elem, nil, e, nearest(elem, applied, e))
	}
	for i, e := range live {
		if left[i] {
			d.leaf(schema.IndexPath(path, i), elem, e, nil, nearest(elem, applied, e))
		}
	}
}

// pair gives for every wanted element the live one that it goes with, nil if
// none is left, and which live ones are left.
func pair(elem *schema.Attr, live, want schema.List) (pairs []schema.Value, left []bool) {
	pairs, left = make([]schema.Value, len(want)), make([]bool, len(live))
	for i := range left {
		left[i] = true
	}
	for i, e := range want {
		for j, f := range live {
			if left[j] && elem.Equal(e, f) {
				pairs[i], left[j] = f, false
				break
			}
		}
	}
	for _, m := range matches(elem, live, want, pairs, left) {
		if pairs[m.want] == nil && left[m.live] {
			pairs[m.want], left[m.live] = live[m.live], false
		}
	}
	return pairs, left
}

// match is a wanted and a live element, by place, and in how much they agree.
type match struct{ want, live, alike int }

// matches are those of which neither is paired yet, what agrees in most first.
func matches(elem *schema.Attr, live, want schema.List, pairs []schema.Value, left []bool) []match {
	var out []match
	for i, e := range want {
		for j, f := range live {
			if pairs[i] == nil && left[j] {
				out = append(out, match{i, j, similar(elem, e, f)})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b match) int { return b.alike - a.alike })
	return out
}

// nearest is the element of the applied list that is equal to the first of the
// probes that has one, else nil.
func nearest(elem *schema.Attr, applied schema.List, probes ...schema.Value) schema.Value {
	for _, p := range probes {
		for _, e := range applied {
			if elem.Equal(e, p) {
				return e
			}
		}
	}
	best, most := schema.Value(nil), 0
	for _, e := range applied {
		if n := similar(elem, probes[0], e); n > most {
			best, most = e, n
		}
	}
	return best
}

// similar counts the attributes in which two objects agree.
func similar(elem *schema.Attr, x, y schema.Value) int {
	a, _ := x.(schema.Row)
	b, _ := y.(schema.Row)
	n := 0
	for i := range elem.Attrs {
		if elem.Attrs[i].Equal(a.At(i), b.At(i)) {
			n++
		}
	}
	return n
}

package cfclient

import "trueup/schema"

// rows is the JSON of a list of objects. Each wanted one is laid over the live
// one that it stands for, so that what the table does not know survives.
func (e *encoder) rows(f *field, old [][]byte, live, want schema.List) []byte {
	if len(old) != len(live) {
		old = make([][]byte, len(live)) // not told apart: nothing to keep
	}
	partner := pair(f.attr, live, want)
	b := []byte{'['}
	for i, v := range want {
		if i > 0 {
			b = append(b, ',')
		}
		row, ok := v.(schema.Row)
		if !ok {
			b = e.value(b, f.elem, v)
			continue
		}
		var raw memberList
		var was schema.Row
		if j := partner[i]; j >= 0 {
			raw, was = members(old[j]), asRow(live[j])
		}
		b = e.object(f.object, raw, was, row, nil).append(b)
	}
	return append(b, ']')
}

// pair finds the live element for each wanted one, or -1: the equal one first,
// then the one with the same key, or for a set the next that is left.
func pair(a *schema.Attr, live, want schema.List) []int {
	elem, taken, out := a.Elem(), make([]bool, len(live)), make([]int, len(want))
	match := func(fits func(i, j int) bool) {
		for i := range want {
			for j := range live {
				if out[i] < 0 && !taken[j] && fits(i, j) {
					out[i], taken[j] = j, true
				}
			}
		}
	}
	for i := range out {
		out[i] = -1
	}
	switch a.Nest {
	case schema.KeyedBy:
		match(func(i, j int) bool { return elem.Equal(want[i], live[j]) })
		match(func(i, j int) bool { return a.KeyOf(want[i]) == a.KeyOf(live[j]) })
	case schema.SetOf:
		match(func(i, j int) bool { return elem.Equal(want[i], live[j]) })
		match(func(i, j int) bool { return true })
	default:
		match(func(i, j int) bool { return i == j })
	}
	return out
}

// unset is the JSON for an attribute that is not wanted, or nil where leaving
// it out says so.
func (e *encoder) unset(f *field, attrs []schema.Attr, old []byte, live, want schema.Row) []byte {
	a, was := f.attr, live.At(f.index) != nil
	switch {
	case e.verb == post:
		if a.Always {
			return e.zero(f)
		}
		return nil
	case e.verb == patch && a.Scalar() && isText(a):
		if e.nulls && was {
			return []byte("null")
		}
		return []byte(`""`) // a PATCH keeps what it does not name
	case a.Mode == schema.Defaulted && was && e.verb == put && a.By.Same(attrs, live, want):
		return old // the server's choice stays
	case e.nulls && was && f.object != nil && !a.IsList() && e.unknown(f, old) != nil:
		return e.unknownAndNulls(f, old, asRow(live.At(f.index)))
	case e.nulls && was:
		return []byte("null")
	case a.Always:
		return e.zero(f)
	}
	if kept := e.unknown(f, old); kept != nil {
		return kept.append(nil)
	}
	switch {
	case !was:
		return nil
	case a.Clear == schema.ClearZero:
		return e.zero(f)
	case a.Clear == schema.ClearNull || e.verb == patch:
		return []byte("null")
	}
	return nil
}

// unknown are the members of a nested object that the table does not know.
func (e *encoder) unknown(f *field, old []byte) memberList {
	if f.object == nil || f.attr.IsList() {
		return nil
	}
	kept := encoder{verb: put}
	list := kept.object(f.object, members(old), nil, nil, nil)
	if len(list) == 0 {
		return nil
	}
	return list
}

func (e *encoder) unknownAndNulls(f *field, old []byte, live schema.Row) []byte {
	return e.object(f.object, members(old), live, nil, nil).append(nil)
}

// zero is the attribute's zero value; of an object, its defaults.
func (e *encoder) zero(f *field) []byte {
	a := f.attr
	switch {
	case a.IsList():
		return []byte("[]")
	case a.Nest == schema.MapOf:
		return []byte("{}")
	case f.object != nil:
		row := make(schema.Row, len(a.Attrs))
		for i := range a.Attrs {
			row[i] = a.Attrs[i].DefaultIn(a.Attrs, row)
		}
		fresh := encoder{verb: post}
		return fresh.object(f.object, nil, nil, row, nil).append(nil)
	case a.Type == schema.TypeBool:
		return []byte("false")
	case a.Type == schema.TypeInt || a.Type == schema.TypeNumber:
		return []byte("0")
	}
	return []byte(`""`)
}

func isText(a *schema.Attr) bool {
	return a.Type != schema.TypeBool && a.Type != schema.TypeInt && a.Type != schema.TypeNumber
}

package cfclient

import (
	"fmt"
	"math"
	"strconv"

	"trueup/schema"
)

// encoder makes the bodies of writes. It is the one place where Sensitive
// values are revealed.
type encoder struct {
	verb  verb
	level schema.Level
	nulls bool     // an update sends what it takes away as null
	texts []string // the sensitive texts that went in: to be kept out of error messages
	err   error
}

type verb uint8

const (
	post  verb = iota // what is set
	put               // the whole object over what is there
	patch             // what can change
)

// encodeCreate is the body of a POST.
func encodeCreate(c *codec, s schema.Scope, want schema.Row) (body []byte, sensitive []string, err error) {
	e := encoder{verb: post, level: s.Level}
	list := e.object(c.root, nil, nil, want, c.kind)
	return list.append(nil), e.texts, e.err
}

// encodeUpdate is the body of a PUT or PATCH of want over live. A PUT keeps
// what the table does not know of live.Raw.
func encodeUpdate(c *codec, live *schema.Object, want schema.Row, nulls bool) (body []byte, sensitive []string, err error) {
	e := encoder{verb: patch, level: live.Scope.Level, nulls: nulls}
	var raw memberList
	if c.kind.API.Update == "PUT" {
		e.verb = put
		raw = members(live.Raw).without("id")
	}
	list := e.object(c.root, raw, live.Values, want, c.kind)
	return list.append(nil), e.texts, e.err
}

// object gives the members of an object that holds a row: first what the table
// does not know of raw, then the attributes. live is what is there, nil if
// nothing. k is the kind for its own attributes, nil for nested ones.
func (e *encoder) object(o *object, raw memberList, live, want schema.Row, k *schema.Kind) memberList {
	var out memberList
	for _, m := range raw {
		if o.fields[m.name] == nil {
			out = append(out, m)
		}
	}
	for _, f := range o.order {
		old := raw.get(append([]string{f.name}, f.aliases...)...)
		if f.group != nil {
			if inner := e.object(f.group, members(old), live, want, k); len(inner) > 0 {
				out = append(out, member{f.name, inner.append(nil)})
			}
			continue
		}
		if !f.attr.Sent() || k != nil && !e.sends(k, f.attr) {
			continue
		}
		if v := e.attr(f, o.attrs, old, live, want); v != nil {
			out = append(out, member{f.name, v})
		}
	}
	return out
}

// sends reports whether the body has the attribute of the kind at all.
func (e *encoder) sends(k *schema.Kind, a *schema.Attr) bool {
	switch {
	case k.Answer != nil:
		return a.Name == k.Answer.Attr
	case e.verb == post:
		return !a.AfterPost
	case e.verb == patch && a.Replace:
		return has(k.API.Repeat, e.level)
	}
	return true
}

func has(levels []schema.Level, l schema.Level) bool {
	for _, x := range levels {
		if x == l {
			return true
		}
	}
	return false
}

// attr is the JSON of the attribute's value, or nil where it is not sent.
func (e *encoder) attr(f *field, attrs []schema.Attr, old []byte, live, want schema.Row) []byte {
	l, w := at(live, f.index), at(want, f.index)
	if w == nil {
		return e.unset(f, attrs, old, live, want)
	}
	if f.object == nil || isSealed(w) {
		return e.value(nil, f.attr, w)
	}
	switch v := schema.Reveal(w).(type) {
	case schema.Row:
		inner := e.object(f.object, members(old), asRow(schema.Reveal(l)), v, nil)
		if len(inner) == 0 {
			return nil // an empty condition would shut everybody out (API facts §4)
		}
		e.note(w)
		return inner.append(nil)
	case schema.List:
		e.note(w)
		return e.rows(f, elements(old), asList(schema.Reveal(l)), v)
	}
	return e.value(nil, f.attr, w)
}

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
	a, was := f.attr, at(live, f.index) != nil
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
	case a.Mode == schema.Defaulted && was && e.verb == put && sameSibling(a, attrs, live, want):
		return old // the server's choice stays
	case e.nulls && was && f.object != nil && !isList(a) && e.unknown(f, old) != nil:
		return e.unknownAndNulls(f, old, asRow(at(live, f.index)))
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

// sameSibling reports whether what the default follows is as it was.
func sameSibling(a *schema.Attr, attrs []schema.Attr, live, want schema.Row) bool {
	for i := range attrs {
		if a.By != nil && attrs[i].Name == a.By.Attr {
			return attrs[i].Equal(at(live, i), at(want, i))
		}
	}
	return true
}

// unknown are the members of a nested object that the table does not know.
func (e *encoder) unknown(f *field, old []byte) memberList {
	if f.object == nil || isList(f.attr) {
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
	case isList(a):
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

// value appends the JSON of a value that holds no attributes the table names,
// or whose wire form is the table's own.
func (e *encoder) value(b []byte, a *schema.Attr, v schema.Value) []byte {
	switch x := v.(type) {
	case nil:
		return append(b, "null"...)
	case schema.Bool:
		return strconv.AppendBool(b, bool(x))
	case schema.Number:
		return appendNumber(b, a, float64(x))
	case schema.String:
		if a.ElemWire != "" && a.Nest == schema.Single {
			b = append(schema.AppendString(append(b, '{'), a.ElemWire), ':')
			return append(schema.AppendString(b, string(x)), '}')
		}
		return schema.AppendString(b, string(x))
	case schema.List:
		b = append(b, '[')
		for i, v := range x {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.value(b, elemOf(a), v)
		}
		return append(b, ']')
	case schema.Map:
		b = append(b, '{')
		for i, k := range x.Keys() {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.value(append(schema.AppendString(b, k), ':'), elemOf(a), x[k])
		}
		return append(b, '}')
	case schema.Sensitive:
		if x.Value != nil {
			e.note(x)
			return e.value(b, a, x.Value)
		}
	}
	if e.err == nil {
		e.err = fmt.Errorf("%s: %s cannot be sent", a.Name, describe(v))
	}
	return append(b, "null"...)
}

// elemOf is the attribute of the elements; inside a JSON value everything is
// one.
func elemOf(a *schema.Attr) *schema.Attr {
	if a.Type == schema.TypeJSON && a.Nest == schema.Single {
		return a
	}
	return a.Elem()
}

func describe(v schema.Value) string {
	switch v.(type) {
	case schema.Ref, schema.Template:
		return "a reference that has not been resolved"
	case schema.Sensitive:
		return "a sensitive value of which only the digest is known"
	}
	return schema.Describe(v)
}

// appendNumber writes a number; one in steps without the noise of binary
// fractions.
func appendNumber(b []byte, a *schema.Attr, n float64) []byte {
	if a.Step > 0 && a.Step < 1 {
		whole := math.Round(1 / a.Step)
		n = math.Round(n*whole) / whole
	}
	return strconv.AppendFloat(b, n, 'f', -1, 64)
}

// note remembers the sensitive texts in v.
func (e *encoder) note(v schema.Value) {
	schema.Walk(v, func(v schema.Value) bool {
		s, ok := v.(schema.Sensitive)
		if !ok {
			return true
		}
		schema.Walk(s.Value, func(v schema.Value) bool {
			if text, ok := v.(schema.String); ok && text != "" {
				e.texts = append(e.texts, string(text))
			}
			return true
		})
		return false
	})
}

func isSealed(v schema.Value) bool {
	s, ok := v.(schema.Sensitive)
	return ok && s.Value == nil
}

func at(row schema.Row, i int) schema.Value {
	if i < len(row) {
		return row[i]
	}
	return nil
}

func asRow(v schema.Value) schema.Row {
	row, _ := v.(schema.Row)
	return row
}

func asList(v schema.Value) schema.List {
	l, _ := v.(schema.List)
	return l
}

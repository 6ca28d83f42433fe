package cfclient

import (
	"fmt"
	"slices"
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
		return slices.Contains(k.API.Repeat, e.level)
	}
	return true
}

// attr is the JSON of the attribute's value, or nil where it is not sent.
func (e *encoder) attr(f *field, attrs []schema.Attr, old []byte, live, want schema.Row) []byte {
	l, w := live.At(f.index), want.At(f.index)
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

// value appends the JSON of a value that holds no attributes the table names,
// or whose wire form is the table's own.
func (e *encoder) value(b []byte, a *schema.Attr, v schema.Value) []byte {
	switch x := v.(type) {
	case nil:
		return append(b, "null"...)
	case schema.Bool:
		return strconv.AppendBool(b, bool(x))
	case schema.Number:
		return strconv.AppendFloat(b, a.Stepped(float64(x)), 'f', -1, 64)
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
			b = e.value(b, a.Elem(), v)
		}
		return append(b, ']')
	case schema.Map:
		b = append(b, '{')
		for i, k := range x.Keys() {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.value(append(schema.AppendString(b, k), ':'), a.Elem(), x[k])
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

func describe(v schema.Value) string {
	switch v.(type) {
	case schema.Ref, schema.Template:
		return "a reference that has not been resolved"
	case schema.Sensitive:
		return "a sensitive value of which only the digest is known"
	}
	return schema.Describe(v)
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

func asRow(v schema.Value) schema.Row {
	row, _ := v.(schema.Row)
	return row
}

func asList(v schema.Value) schema.List {
	l, _ := v.(schema.List)
	return l
}

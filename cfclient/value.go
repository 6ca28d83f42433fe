package cfclient

import (
	"bytes"
	"html"
	"math"
	"regexp"
	"strconv"

	"trueup/schema"
)

// value reads any value into the shape that the attribute has, not canonical.
func (d *decoder) value(f *field, a *schema.Attr) (schema.Value, error) {
	kind := d.dec.PeekKind()
	switch {
	case kind == 'n':
		return nil, d.dec.SkipValue()
	case a.Nest == schema.MapOf && kind == '{':
		return d.mapOf(f)
	case a.IsList() && kind == '[':
		return d.listOf(f, a)
	case a.IsList() || a.Nest == schema.MapOf:
		return d.anything(a)
	case a.Type == schema.TypeJSON:
		return d.json()
	case a.Type == schema.TypeObject && kind == '{':
		row := make(schema.Row, len(f.object.attrs))
		return row, d.members(func(name []byte) error { return d.member(f.object, name, row, false) })
	}
	return d.anything(a)
}

func (d *decoder) listOf(f *field, a *schema.Attr) (schema.Value, error) {
	if _, err := d.dec.ReadToken(); err != nil {
		return nil, err
	}
	elem, l := a.Elem(), schema.List{}
	for d.dec.PeekKind() != ']' {
		v, err := d.element(f, elem)
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	_, err := d.dec.ReadToken()
	return l, err
}

// element reads one element; one that is an object around its value
// (ElemWire) is taken out of it, and its name remembered.
func (d *decoder) element(f *field, elem *schema.Attr) (v schema.Value, err error) {
	if elem.ElemWire == "" || d.dec.PeekKind() != '{' {
		return d.value(f, elem)
	}
	var name string
	err = d.members(func(member []byte) (err error) {
		switch string(member) {
		case elem.ElemWire:
			v, err = d.value(f, elem)
		case "name":
			var text []byte
			text, err = d.text()
			name = string(text)
		default:
			err = d.dec.SkipValue()
		}
		return err
	})
	if id := schema.Text(v); id != "" && name != "" {
		if d.names == nil {
			d.names = map[string]string{}
		}
		d.names[id] = name
	}
	return v, err
}

func (d *decoder) mapOf(f *field) (schema.Value, error) {
	m := schema.Map{}
	return m, d.members(func(name []byte) error {
		key := string(name)
		v, err := d.value(f, f.elem)
		m[key] = v
		return err
	})
}

// json reads any value as it is.
func (d *decoder) json() (schema.Value, error) {
	switch d.dec.PeekKind() {
	case '{':
		m := schema.Map{}
		return m, d.members(func(name []byte) error {
			key := string(name)
			v, err := d.json()
			m[key] = v
			return err
		})
	case '[':
		if _, err := d.dec.ReadToken(); err != nil {
			return nil, err
		}
		l := schema.List{}
		for d.dec.PeekKind() != ']' {
			v, err := d.json()
			if err != nil {
				return nil, err
			}
			l = append(l, v)
		}
		_, err := d.dec.ReadToken()
		return l, err
	}
	raw, err := d.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	return d.plainValue(raw), nil
}

// plainValue is a JSON value that is no object and no array.
func (d *decoder) plainValue(raw []byte) schema.Value {
	switch raw[0] {
	case 'n':
		return nil
	case 't', 'f':
		return schema.Bool(raw[0] == 't')
	case '"':
		return schema.String(d.unquote(raw))
	}
	return number(raw)
}

// number is the number that text holds, or the text if it holds none that is
// finite.
func number(text []byte) schema.Value {
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return schema.String(text)
	}
	return schema.Number(n)
}

// anything reads a value where a plain one is wanted. What is of another type
// is text.
func (d *decoder) anything(a *schema.Attr) (schema.Value, error) {
	raw, err := d.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	return d.leaf(a, raw), nil
}

func (d *decoder) leaf(a *schema.Attr, raw []byte) schema.Value {
	if raw[0] == 'n' {
		return nil
	}
	var text []byte
	if raw[0] == '"' {
		text = d.unquote(raw)
	} else {
		text = bytes.ToValidUTF8(raw, []byte("\ufffd"))
	}
	if a.IsList() || a.Nest == schema.MapOf || a.Type == schema.TypeObject {
		return schema.String(text)
	}
	switch a.Type {
	case schema.TypeBool:
		if b, err := strconv.ParseBool(string(text)); err == nil && len(text) > 1 {
			return schema.Bool(b)
		}
	case schema.TypeInt, schema.TypeNumber:
		v := number(text)
		if n, ok := v.(schema.Number); ok { // some servers calculate in single precision (API facts §3, weight)
			return schema.Number(a.Stepped(float64(n)))
		}
		return v
	}
	if a.HTML && bytes.IndexByte(text, '&') >= 0 {
		return schema.String(unencoded(string(text)))
	}
	return schema.String(text)
}

// encoded is all that encoding leaves of an ampersand: the five characters that
// HTML has names for, and numbers.
var encoded = regexp.MustCompile(`^&(amp|lt|gt|quot|apos|#[0-9]+|#[xX][0-9a-fA-F]+);`)

// unencoded decodes what comes back HTML-encoded (API facts §1, notes). Text
// that cannot be the outcome of encoding is as it was written.
func unencoded(text string) string {
	for i := range len(text) {
		switch text[i] {
		case '<', '>':
			return text
		case '&':
			if !encoded.MatchString(text[i:]) {
				return text
			}
		}
	}
	return html.UnescapeString(text)
}

// canonScalar reads a plain value and gives its canonical form, the same one
// for the same text where that is likely to repeat.
func (d *decoder) canonScalar(f *field) (schema.Value, error) {
	raw, err := d.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	if !f.repeats {
		return canon(f.attr, d.leaf(f.attr, raw)), nil
	}
	seen := d.shared[f]
	if v, ok := seen[string(raw)]; ok {
		return v, nil
	}
	key := string(raw)
	v := canon(f.attr, d.leaf(f.attr, raw))
	if seen == nil {
		seen = map[string]schema.Value{}
		d.shared[f] = seen
	}
	if len(seen) < sharedValues {
		seen[key] = v
	}
	return v, nil
}

// canon is the canonical form of v, as far as it has one: a part that has none
// stays as it came.
func canon(a *schema.Attr, v schema.Value) schema.Value {
	c, err := a.Canon(v)
	if err == nil {
		return c
	}
	switch v := v.(type) {
	case schema.Row:
		return canonParts(a.Attrs, v)
	case schema.List:
		elem, out := a.Elem(), make(schema.List, len(v))
		for i, e := range v {
			out[i] = canonElem(elem, e)
		}
		return out
	case schema.Map:
		elem, out := a.Elem(), make(schema.Map, len(v))
		for k, e := range v {
			out[k] = canonElem(elem, e)
		}
		return out
	}
	return v
}

func canonParts(attrs []schema.Attr, row schema.Row) schema.Row {
	out := make(schema.Row, len(attrs))
	for i := range attrs {
		if out[i] = canon(&attrs[i], row[i]); out[i] == nil {
			out[i] = attrs[i].DefaultIn(attrs, out)
		}
	}
	return out
}

// canonElem is canon for an element, which is never dropped for being empty.
func canonElem(elem *schema.Attr, e schema.Value) schema.Value {
	if row, ok := e.(schema.Row); ok && elem.Type == schema.TypeObject {
		return canonParts(elem.Attrs, row)
	}
	if c := canon(elem, e); c != nil {
		return c
	}
	return e
}

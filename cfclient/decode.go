package cfclient

import (
	"bytes"
	"errors"
	"html"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"trueup/schema"
)

// sharedValues bounds how many values of one attribute are remembered so that
// equal ones share memory.
const sharedValues = 512

// decoder reads items of one kind in one scope out of JSON, one pass, straight
// into rows. It belongs to one goroutine.
//
// It refuses only what is no JSON, or is no object with an id. A value that
// has no canonical form stays as the text that came; what the table does not
// know is skipped.
type decoder struct {
	*codec
	scope  schema.Scope
	shared map[*field]map[string]schema.Value
	arena  strings.Builder // ids of many objects in one piece of memory
	plain  []byte          // scratch for text with escapes

	body  []byte // what dec reads
	dec   *jsontext.Decoder
	names map[string]string // of the item that is being read
}

// item is one object and what is not part of it.
type item struct {
	*schema.Object
	foreign bool   // it is another scope's
	secret  string // "value" of the answer to a create
}

var (
	errNoObject = errors.New("an object is wanted")
	errNoList   = errors.New("a list is wanted")
	errNoID     = errors.New("an object without an id")
)

func newDecoder(c *codec, s schema.Scope) *decoder {
	return &decoder{codec: c, scope: s, shared: map[*field]map[string]schema.Value{}}
}

// tolerant are the options of every decoder: what Go can represent is not
// refused. Of two members of one name, the last counts.
var tolerant = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// list reads an array of items. dec reads body; it stands before the value.
// null is an empty list.
func (d *decoder) list(body []byte, dec *jsontext.Decoder, on func(item)) error {
	switch dec.PeekKind() {
	case 'n':
		return dec.SkipValue()
	case '[':
	default:
		return unreadable(dec, errNoList)
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		it, err := d.item(body, dec)
		if err != nil {
			return err
		}
		on(it)
	}
	_, err := dec.ReadToken()
	return err
}

// item reads one object.
func (d *decoder) item(body []byte, dec *jsontext.Decoder) (item, error) {
	d.body, d.dec, d.names = body, dec, nil
	if dec.PeekKind() != '{' {
		return item{}, unreadable(dec, errNoObject)
	}
	start := dec.InputOffset()
	it := item{Object: &schema.Object{Kind: d.kind, Scope: d.scope, Values: make(schema.Row, len(d.kind.Attrs))}}
	err := d.members(func(name []byte) error {
		switch {
		case string(name) == "id":
			text, err := d.text()
			it.ID = d.keep(text)
			return err
		case d.kind.API.Scope != "" && string(name) == d.kind.API.Scope:
			foreign, err := d.foreign()
			it.foreign = foreign
			return err
		case d.kind.API.Secret && string(name) == "value":
			text, err := d.text()
			it.secret = string(text)
			return err
		}
		return d.member(d.root, name, it.Values, true)
	})
	switch {
	case err != nil:
		return item{}, err
	case it.ID == "":
		return item{}, errNoID
	}
	d.kind.Settle(it.Values)
	it.Names = d.names
	if d.kind.API.Update == "PUT" {
		it.Raw = d.raw(start)
	}
	return it, nil
}

// raw is a copy of the item that began after offset start, without its secret.
func (d *decoder) raw(start int64) []byte {
	raw := d.body[start:d.dec.InputOffset()]
	raw = raw[bytes.IndexByte(raw, '{'):]
	if !d.kind.API.Secret {
		return bytes.Clone(raw)
	}
	return members(raw).without("value").append(nil)
}

// members reads an object and calls f before each value; f reads the value. A
// name is valid until f reads.
func (d *decoder) members(f func(name []byte) error) error {
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	for d.dec.PeekKind() != '}' {
		name, err := d.text()
		if err != nil {
			return err
		}
		if err := f(name); err != nil {
			return err
		}
	}
	_, err := d.dec.ReadToken()
	return err
}

// member reads the value of one member into the row. top is true for the
// attributes of a kind, whose values leave canonical; those of nested objects
// are made canonical with the whole.
func (d *decoder) member(o *object, name []byte, row schema.Row, top bool) error {
	f := o.fields[string(name)]
	switch {
	case f == nil:
		return d.dec.SkipValue()
	case f.group != nil && d.dec.PeekKind() == '{':
		return d.members(func(name []byte) error { return d.member(f.group, name, row, top) })
	case f.group != nil:
		return d.dec.SkipValue()
	}
	alias := string(name) != f.name
	var v schema.Value
	var err error
	if top && f.attr.Scalar() {
		v, err = d.canonScalar(f)
	} else {
		v, err = d.value(f, f.attr)
		if top {
			v = canon(f.attr, v)
		}
	}
	if err == nil && v != nil && !(alias && row[f.index] != nil) {
		row[f.index] = v
	}
	return err
}

// foreign reads whose object it is: {"type", "id"}. What says nothing belongs
// to the scope that was asked (API facts §1).
func (d *decoder) foreign() (bool, error) {
	if d.dec.PeekKind() != '{' {
		return false, d.dec.SkipValue()
	}
	var kind, id string
	err := d.members(func(name []byte) (err error) {
		var into *string
		switch string(name) {
		case "type":
			into = &kind
		case "id":
			into = &id
		default:
			return d.dec.SkipValue()
		}
		text, err := d.text()
		*into = string(text)
		return err
	})
	level := schema.Level(strings.ToLower(kind))
	if level == "organization" {
		level = schema.Account // the older word
	}
	wanted := d.scope.Level
	if wanted == "" {
		wanted = schema.User
	}
	return level != "" && level != wanted || id != "" && d.scope.ID != "" && id != d.scope.ID, err
}

// value reads any value into the shape that the attribute has, not canonical.
func (d *decoder) value(f *field, a *schema.Attr) (schema.Value, error) {
	kind := d.dec.PeekKind()
	switch {
	case kind == 'n':
		return nil, d.dec.SkipValue()
	case a.Nest == schema.MapOf && kind == '{':
		return d.mapOf(f)
	case isList(a) && kind == '[':
		return d.listOf(f, a)
	case isList(a) || a.Nest == schema.MapOf:
		return d.anything(a)
	case a.Type == schema.TypeJSON:
		return d.json()
	case a.Type == schema.TypeObject && kind == '{':
		row := make(schema.Row, len(f.object.attrs))
		return row, d.members(func(name []byte) error { return d.member(f.object, name, row, false) })
	}
	return d.anything(a)
}

func isList(a *schema.Attr) bool {
	return a.Nest == schema.ListOf || a.Nest == schema.SetOf || a.Nest == schema.KeyedBy
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
	if isList(a) || a.Nest == schema.MapOf || a.Type == schema.TypeObject {
		return schema.String(text)
	}
	switch a.Type {
	case schema.TypeBool:
		if b, err := strconv.ParseBool(string(text)); err == nil && len(text) > 1 {
			return schema.Bool(b)
		}
	case schema.TypeInt, schema.TypeNumber:
		return number(text)
	}
	if a.HTML && bytes.IndexByte(text, '&') >= 0 {
		return schema.String(html.UnescapeString(string(text))) // API facts §1, notes
	}
	return schema.String(text)
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

// text reads a string; anything else reads as "". It is valid until the next
// read.
func (d *decoder) text() ([]byte, error) {
	raw, err := d.dec.ReadValue()
	if err != nil || raw[0] != '"' {
		return nil, err
	}
	return d.unquote(raw), nil
}

// unquote is the text of a JSON string, valid until the next read.
func (d *decoder) unquote(raw []byte) []byte {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 && isASCII(inner) {
		return inner
	}
	// The error is about invalid UTF-8, which has been replaced.
	d.plain, _ = jsontext.AppendUnquote(d.plain[:0], raw)
	return d.plain
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// keep is a copy of text in memory shared by many.
func (d *decoder) keep(text []byte) string {
	if d.arena.Cap()-d.arena.Len() < len(text) {
		d.arena.Reset()
		d.arena.Grow(max(32<<10, len(text)))
	}
	from := d.arena.Len()
	d.arena.Write(text)
	return d.arena.String()[from:]
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

// unreadable is the decoder's own error where the JSON is broken, else err.
func unreadable(dec *jsontext.Decoder, err error) error {
	if e := dec.SkipValue(); e != nil {
		return e
	}
	return err
}

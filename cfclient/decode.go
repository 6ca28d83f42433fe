package cfclient

import (
	"bytes"
	"errors"
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

// keep is a copy of text in memory shared by many. A piece of it stays as long
// as any of its texts, so the first ones are small: an object that is read
// alone holds no more than its own.
func (d *decoder) keep(text []byte) string {
	if size := d.arena.Cap(); size-d.arena.Len() < len(text) {
		d.arena.Reset()
		d.arena.Grow(max(min(2*size, 32<<10), len(text)))
	}
	from := d.arena.Len()
	d.arena.Write(text)
	return d.arena.String()[from:]
}

// unreadable is the decoder's own error where the JSON is broken, else err.
func unreadable(dec *jsontext.Decoder, err error) error {
	if e := dec.SkipValue(); e != nil {
		return e
	}
	return err
}

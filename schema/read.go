package schema

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// A RowReader is DecodeRow for many rows in one stream of JSON, without an
// intermediate form. Words of enumerations are held once.
type RowReader struct {
	dec   *jsontext.Decoder
	words map[string]Value
}

// NewRowReader reads rows from dec, which must stand before a row at each call
// of Read.
func NewRowReader(dec *jsontext.Decoder) *RowReader {
	return &RowReader{dec: dec, words: map[string]Value{}}
}

// Read reads one row of the kind, as AppendRow wrote it.
func (r *RowReader) Read(k *Kind) (Row, error) {
	if kind := r.dec.PeekKind(); kind != '{' {
		return nil, fmt.Errorf("%s: an object is wanted", k.Name)
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, err
	}
	return r.row(k.Attrs, nil)
}

// row reads the rest of an object whose brace was read, and its first name too
// where that is not nil. Rows are written in the order of the table, so each
// name is looked for after the one before.
func (r *RowReader) row(attrs []Attr, name []byte) (row Row, err error) {
	row = make(Row, len(attrs))
	for next := 0; name != nil || r.dec.PeekKind() == '"'; name = nil {
		if name == nil {
			if name, err = r.dec.ReadValue(); err != nil {
				return nil, err
			}
		}
		i := find(attrs, name, next)
		if i < 0 {
			if err := r.dec.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		if row[i], err = r.value(&attrs[i]); err != nil {
			return nil, err
		}
		next = i + 1
	}
	_, err = r.dec.ReadToken()
	return row, err
}

// find is the position of the attribute with the quoted name, looked for from
// position next on and then from the start.
func find(attrs []Attr, quoted []byte, next int) int {
	name := quoted[1 : len(quoted)-1]
	for n := range attrs {
		i := next + n
		if i >= len(attrs) {
			i -= len(attrs)
		}
		if attrs[i].Name == string(name) {
			return i
		}
	}
	return -1
}

func (r *RowReader) value(a *Attr) (Value, error) {
	switch r.dec.PeekKind() {
	case '[':
		l, err := r.list(a.Elem())
		if err != nil {
			return nil, err
		}
		return l, nil
	case '{':
		return r.object(a)
	case '"':
		raw, err := r.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		return r.text(a, raw)
	}
	tok, err := r.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case 't', 'f':
		return Bool(tok.Bool()), nil
	case '0':
		n, err := tok.Float()
		return Number(n), err
	}
	return nil, nil
}

func (r *RowReader) text(a *Attr, raw []byte) (Value, error) {
	if len(a.Enum) > 0 {
		if v, ok := r.words[string(raw)]; ok {
			return v, nil
		}
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return nil, err
	}
	v := String(text)
	if len(a.Enum) > 0 && len(r.words) < 1000 {
		r.words[string(raw)] = v
	}
	return v, nil
}

func (r *RowReader) list(elem *Attr) (List, error) {
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, err
	}
	out := List{}
	for r.dec.PeekKind() != ']' {
		v, err := r.value(elem)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	_, err := r.dec.ReadToken()
	return out, err
}

// object reads a nested object, a map, or one of the forms that JSON has no
// word for. Only nested objects are worth reading without an intermediate form.
func (r *RowReader) object(a *Attr) (Value, error) {
	if a.Type != TypeObject || a.Nest == MapOf {
		raw, err := r.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		return a.DecodeValue(raw)
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, err
	}
	var name []byte
	if r.dec.PeekKind() == '"' {
		var err error
		if name, err = r.dec.ReadValue(); err != nil {
			return nil, err
		}
	}
	if bytes.HasPrefix(name, []byte(`"$`)) {
		return r.special(a, name)
	}
	row, err := r.row(a.Attrs, name)
	if err != nil {
		return nil, err
	}
	return row, nil
}

// special reads the rest of {"$ref": …} or its like, whose first name was read.
func (r *RowReader) special(a *Attr, name []byte) (Value, error) {
	text := append(append([]byte{'{'}, name...), ':')
	value, err := r.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	text = append(append(text, value...), '}')
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, err
	}
	return a.DecodeValue(text)
}

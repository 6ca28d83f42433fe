package schema

import (
	"bytes"
	"encoding/json"
)

// AttrAt is the attribute of the part of a resource that the path names: of
// one element, where the path ends in a key or a number. nil if there is none.
func (k *Kind) AttrAt(path string) *Attr {
	attrs, a := k.Attrs, (*Attr)(nil)
	for path != "" {
		inside := path[0] == '['
		step, _, rest, ok := SplitPath(path)
		switch {
		case !ok:
			return nil
		case inside && (a == nil || a.Nest == Single):
			return nil
		case inside:
			a = a.Elem()
		default:
			i := Index(attrs, step)
			if i < 0 || a != nil && a.Nest != Single {
				return nil
			}
			a = &attrs[i]
		}
		attrs, path = a.Attrs, rest
	}
	return a
}

// AppendValue is AppendRow for one value of the attribute.
func (a *Attr) AppendValue(b []byte, v Value) ([]byte, error) { return a.appendValue(b, v) }

// DecodeValue reads what AppendValue wrote.
func (a *Attr) DecodeValue(data []byte) (Value, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return a.decode(v)
}

// Seal is Kind.Seal for one value of the attribute.
func (a *Attr) Seal(v Value, salt []byte) Value { return a.seal(v, salt) }

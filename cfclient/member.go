package cfclient

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"trueup/schema"
)

// object members, in order: what is kept of the API's JSON that the table does
// not know.
type (
	member struct {
		name  string
		value []byte // one JSON value
	}
	memberList []member
)

// members are the members of raw, or none where it is no object. Of two of one
// name the last counts.
func members(raw []byte) memberList {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), tolerant...)
	if dec.PeekKind() != '{' {
		return nil
	}
	var list memberList
	d := decoder{dec: dec}
	err := d.members(func(name []byte) error {
		m := member{name: string(name)}
		value, err := dec.ReadValue()
		m.value = bytes.Clone(value)
		list = append(list.without(m.name), m)
		return err
	})
	if err != nil {
		return nil
	}
	return list
}

// elements are the elements of raw, or none where it is no array.
func elements(raw []byte) [][]byte {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), tolerant...)
	if dec.PeekKind() != '[' {
		return nil
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil
	}
	var out [][]byte
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			return nil
		}
		out = append(out, bytes.Clone(value))
	}
	return out
}

// get is the value of the first of the names that is there, or nil.
func (l memberList) get(names ...string) []byte {
	for _, name := range names {
		for _, m := range l {
			if m.name == name {
				return m.value
			}
		}
	}
	return nil
}

func (l memberList) without(name string) memberList {
	return slices.DeleteFunc(l, func(m member) bool { return m.name == name })
}

// append appends the members as a JSON object.
func (l memberList) append(b []byte) []byte {
	b = append(b, '{')
	for i, m := range l {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(schema.AppendString(b, m.name), ':')
		b = append(b, m.value...)
	}
	return append(b, '}')
}

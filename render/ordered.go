package render

import (
	"bytes"
	"encoding/json"
)

// members is a JSON object that keeps its order, so that a generated schema
// reads from the general to the particular.
type members []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in order.
func (ms members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range ms {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, v := range []any{m.name, m.value} {
			if j > 0 {
				b.WriteByte(':')
			}
			text, err := marshal(v)
			if err != nil {
				return nil, err
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// document is v as a file: indented, with a line break at its end.
func document(v any) ([]byte, error) {
	text, err := marshal(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// with is the object with more members; those without a value are left out.
func (ms members) with(name string, value any) members {
	switch v := value.(type) {
	case nil:
		return ms
	case string:
		if v == "" {
			return ms
		}
	case []string:
		if len(v) == 0 {
			return ms
		}
	}
	return append(ms[:len(ms):len(ms)], member{name, value})
}

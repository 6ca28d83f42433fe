package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The encoding of rows in state, journal and saved plans: a JSON object by
// attribute name, in table order, unset left out. What JSON has no word for is
// an object with one key: {"$ref": "monitor.login-page.id"},
// {"$template": [...]}, {"$sensitive": "digest"}. A map key that starts with $
// gets a second one.

// AppendRow appends the encoding of a row of the kind. A Sensitive that has
// not been sealed is an error, so that no value can leak.
func (k *Kind) AppendRow(b []byte, row Row) ([]byte, error) { return appendRow(b, k.Attrs, row) }

func appendRow(b []byte, attrs []Attr, row Row) ([]byte, error) {
	b = append(b, '{')
	first := true
	for i := range attrs {
		v := row.At(i)
		if v == nil {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(AppendString(b, attrs[i].Name), ':')
		var err error
		if b, err = attrs[i].appendValue(b, v); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func (a *Attr) appendValue(b []byte, v Value) ([]byte, error) {
	switch x := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case String:
		return AppendString(b, string(x)), nil
	case Number:
		return strconv.AppendFloat(b, float64(x), 'f', -1, 64), nil
	case Bool:
		return strconv.AppendBool(b, bool(x)), nil
	case Ref:
		return append(AppendString(append(b, `{"$ref":`...), x.String()), '}'), nil
	case Sensitive:
		if x.Digest == "" {
			return nil, fmt.Errorf("%s: a sensitive value was about to be stored", a.Name)
		}
		return append(AppendString(append(b, `{"$sensitive":`...), x.Digest), '}'), nil
	case Template:
		b, err := a.appendAll(append(b, `{"$template":`...), x)
		return append(b, '}'), err
	case List:
		return a.Elem().appendAll(b, x)
	case Row:
		return appendRow(b, a.Attrs, x)
	case Map:
		return a.appendMap(b, x)
	}
	return nil, fmt.Errorf("%s: a value of no known type", a.Name)
}

func (a *Attr) appendAll(b []byte, vs []Value) ([]byte, error) {
	b = append(b, '[')
	for i, e := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = a.appendValue(b, e); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func (a *Attr) appendMap(b []byte, m Map) ([]byte, error) {
	elem := a.Elem()
	b = append(b, '{')
	for i, k := range m.Keys() {
		if i > 0 {
			b = append(b, ',')
		}
		name := k
		if strings.HasPrefix(k, "$") {
			name = "$" + k
		}
		b = append(AppendString(b, name), ':')
		var err error
		if b, err = elem.appendValue(b, m[k]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// AppendString appends s as a JSON string, without the escapes that only HTML
// needs.
func AppendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < 0x20 || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				b = append(b, `\ufffd`...)
			case r == '\u2028' || r == '\u2029':
				b = append(b, '\\', 'u', '2', '0', '2', hex[r&15])
			default:
				b = append(b, s[i:i+n]...)
			}
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}

// DecodeRow reads what AppendRow wrote. Attributes that the table no longer
// knows are dropped: rows that trueup stored are its own record, not the API's.
func (k *Kind) DecodeRow(data []byte) (Row, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: an object is wanted", k.Name)
	}
	return decodeRow(k.Attrs, m)
}

func decodeRow(attrs []Attr, m map[string]any) (Row, error) {
	row := make(Row, len(attrs))
	for i := range attrs {
		var err error
		if row[i], err = attrs[i].decode(m[attrs[i].Name]); err != nil {
			return nil, err
		}
	}
	return row, nil
}

func (a *Attr) decode(v any) (Value, error) {
	switch x := v.(type) {
	case nil:
		return nil, nil
	case string:
		return String(x), nil
	case bool:
		return Bool(x), nil
	case json.Number:
		n, err := x.Float64()
		return Number(n), err
	case []any:
		return a.Elem().decodeList(x)
	case map[string]any:
		if v, ok, err := a.decodeSpecial(x); ok {
			return v, err
		}
		if a.Type == TypeObject && a.Nest != MapOf {
			return decodeRow(a.Attrs, x)
		}
		return a.decodeMap(x)
	}
	return nil, fmt.Errorf("%s: a value of no known type", a.Name)
}

func (a *Attr) decodeList(vs []any) (List, error) {
	out := make(List, len(vs))
	for i, e := range vs {
		var err error
		if out[i], err = a.decode(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (a *Attr) decodeMap(m map[string]any) (Value, error) {
	elem, out := a.Elem(), make(Map, len(m))
	for k, e := range m {
		v, err := elem.decode(e)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(k, "$$") {
			k = k[1:]
		}
		out[k] = v
	}
	return out, nil
}

func (a *Attr) decodeSpecial(m map[string]any) (Value, bool, error) {
	if len(m) != 1 {
		return nil, false, nil
	}
	if text, ok := m["$ref"].(string); ok {
		r, err := parseRef(text)
		return r, true, err
	}
	if text, ok := m["$sensitive"].(string); ok {
		return Sensitive{Digest: text}, true, nil
	}
	if parts, ok := m["$template"].([]any); ok {
		l, err := a.decodeList(parts)
		return Template(l), true, err
	}
	return nil, false, nil
}

// parseRef reads what Ref.String wrote.
func parseRef(text string) (Ref, error) {
	i := strings.LastIndexByte(text, '.')
	if i < 0 {
		return Ref{}, fmt.Errorf("%q is not a reference", text)
	}
	addr, err := ParseAddr(text[:i])
	return Ref{Addr: addr, Attr: text[i+1:]}, err
}

// Package schema holds the one table of kinds that drives everything, and the
// types that the rooms hand to each other: values, objects, addresses,
// references, the graph of what is wanted.
//
// A kind of resource is one file here and one line in kinds.go. Decoding,
// validation, defaults, differences, the API codec, the order of apply, export,
// the simulator's validation, JSON Schema and the reference docs are derived
// from the table. The package reads no file, sends no request and prints
// nothing. Every other package but diag uses it.
package schema

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Value is the value of one attribute. A nil Value is "unset". The types that
// implement it are all in this file; a Value is never changed once made.
//
// Canonical values (see Attr.Canon) hold text in one spelling, so that two
// values mean the same if and only if Equal says so.
type Value interface{ isValue() }

type (
	// String is text, and also every value that the API writes as a string:
	// instants (RFC 3339, UTC, whole seconds), addresses, prefixes, durations.
	String string
	// Number is an integer or a float64; 2^53 is far beyond any limit here.
	Number float64
	// Bool is true or false.
	Bool bool
	// List holds elements in the order written. Whether the order means
	// anything is said by the attribute's Nest.
	List []Value
	// Map goes from text to values.
	Map map[string]Value
	// Row is a nested object: its values in the order of the attribute's Attrs.
	Row []Value
	// Ref stands for an attribute of another resource that is only known after
	// apply, in practice its id. Refs are the edges of the graph.
	Ref struct {
		Addr Addr
		Attr string
	}
	// Template is text with Refs in it: its parts are Strings and Refs.
	Template []Value
	// Sensitive wraps a value that must not be shown, logged or stored. Either
	// Value is set (in memory) or Digest is (read back from a state or a saved
	// plan; see Digest).
	Sensitive struct {
		Value  Value
		Digest string
	}
)

func (String) isValue()    {}
func (Number) isValue()    {}
func (Bool) isValue()      {}
func (List) isValue()      {}
func (Map) isValue()       {}
func (Row) isValue()       {}
func (Ref) isValue()       {}
func (Template) isValue()  {}
func (Sensitive) isValue() {}

// Masked is what is shown in place of a sensitive value.
const Masked = "(sensitive value)"

func (r Ref) String() string { return r.Addr.String() + "." + r.Attr }

// String never shows what a Sensitive holds.
func (Sensitive) String() string { return Masked }

// GoString never shows what a Sensitive holds.
func (Sensitive) GoString() string { return Masked }

// MarshalJSON never writes what a Sensitive holds; WriteValue is the encoder.
func (Sensitive) MarshalJSON() ([]byte, error) { return []byte(`"` + Masked + `"`), nil }

// Secret is text that must never be printed, such as a token's value. Reveal
// is called only where it is handed to its sink.
type Secret struct{ text string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal gives the text; Empty tells whether there is any.
func (s Secret) Reveal() string { return s.text }
func (s Secret) Empty() bool    { return s.text == "" }

func (Secret) String() string               { return Masked }
func (Secret) GoString() string             { return Masked }
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + Masked + `"`), nil }

// Text is the text of a String, of a Sensitive around one too; else "".
func Text(v Value) string {
	switch v := v.(type) {
	case String:
		return string(v)
	case Sensitive:
		return Text(v.Value)
	}
	return ""
}

// Truth reports whether v is Bool(true).
func Truth(v Value) bool {
	b, ok := v.(Bool)
	return ok && bool(b)
}

// Strings makes a List of Strings.
func Strings(texts ...string) List {
	l := make(List, len(texts))
	for i, t := range texts {
		l[i] = String(t)
	}
	return l
}

// At is the value at position i; nil where the row does not go that far.
func (r Row) At(i int) Value {
	if i >= 0 && i < len(r) {
		return r[i]
	}
	return nil
}

// Joined is the text of a template all of whose parts are plain values,
// sensitive if one of them is; else the template itself.
func (t Template) Joined() Value {
	var b strings.Builder
	for _, part := range t {
		switch p := Reveal(part).(type) {
		case String:
			b.WriteString(string(p))
		case Number:
			b.WriteString(FormatNumber(p))
		case Bool:
			b.WriteString(strconv.FormatBool(bool(p)))
		default:
			return t
		}
	}
	if HasSensitive(t) {
		return Sensitive{Value: String(b.String())}
	}
	return String(b.String())
}

// Keys are the keys of a map in order.
func (m Map) Keys() []string { return slices.Sorted(maps.Keys(m)) }

// Reveal strips Sensitive wherever it stands in v. A Sensitive of which only
// the digest is known stays.
func Reveal(v Value) Value {
	return Transform(v, func(v Value) Value {
		if s, ok := v.(Sensitive); ok && s.Value != nil {
			return s.Value
		}
		return v
	})
}

// Transform rebuilds v, children first, with f applied to every part that is
// not nil.
func Transform(v Value, f func(Value) Value) Value {
	switch x := v.(type) {
	case nil:
		return nil
	case List:
		v = List(transformAll(x, f))
	case Row:
		v = Row(transformAll(x, f))
	case Template:
		v = Template(transformAll(x, f))
	case Map:
		m := make(Map, len(x))
		for k, e := range x {
			m[k] = Transform(e, f)
		}
		v = m
	case Sensitive:
		if x.Value != nil {
			x.Value = Transform(x.Value, f)
			v = x
		}
	}
	return f(v)
}

func transformAll(vs []Value, f func(Value) Value) []Value {
	out := make([]Value, len(vs))
	for i, e := range vs {
		out[i] = Transform(e, f)
	}
	return out
}

// Walk calls f for v and every part of it, parents first, map keys in order.
// It does not descend where f says false.
func Walk(v Value, f func(Value) bool) {
	if v == nil || !f(v) {
		return
	}
	switch x := v.(type) {
	case List:
		walkAll(x, f)
	case Row:
		walkAll(x, f)
	case Template:
		walkAll(x, f)
	case Map:
		for _, k := range x.Keys() {
			Walk(x[k], f)
		}
	case Sensitive:
		Walk(x.Value, f)
	}
}

func walkAll(vs []Value, f func(Value) bool) {
	for _, e := range vs {
		Walk(e, f)
	}
}

// Refs are the references in v, in order of appearance.
func Refs(v Value) []Ref {
	var refs []Ref
	Walk(v, func(v Value) bool {
		if r, ok := v.(Ref); ok {
			refs = append(refs, r)
		}
		return true
	})
	return refs
}

// IsSensitive reports whether v itself is Sensitive.
func IsSensitive(v Value) bool {
	_, ok := v.(Sensitive)
	return ok
}

// HasSensitive reports whether any part of v is Sensitive. For whole rows use
// AnyOf, which costs no allocation.
func HasSensitive(v Value) bool { return Any(v, IsSensitive) }

// Any reports whether f holds for v or a part of it, in no certain order and
// without the cost of one. It does not hold for nil.
func Any(v Value, f func(Value) bool) bool {
	if v == nil || f(v) {
		return v != nil
	}
	switch x := v.(type) {
	case List:
		return AnyOf(x, f)
	case Row:
		return AnyOf(x, f)
	case Template:
		return AnyOf(x, f)
	case Sensitive:
		return Any(x.Value, f)
	case Map:
		for _, e := range x {
			if Any(e, f) {
				return true
			}
		}
	}
	return false
}

// AnyOf is Any for several values.
func AnyOf(vs []Value, f func(Value) bool) bool {
	for _, e := range vs {
		if Any(e, f) {
			return true
		}
	}
	return false
}

// FormatNumber is a number as people write it: no exponent, no trailing zeros.
func FormatNumber(n Number) string {
	return strconv.FormatFloat(float64(n), 'f', -1, 64)
}

var quoteEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// Quote is text in double quotes as a path or an address shows it.
func Quote(s string) string { return `"` + quoteEscapes.Replace(s) + `"` }

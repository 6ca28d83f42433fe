package schema

import (
	"fmt"
	"math"
	"net/textproto"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"
)

// Canon brings v into the one spelling of its meaning, and checks nothing but
// that it has one. It is lenient enough for what the API gives back: text of
// an unknown enum is kept, nil and empty are unset. Refs and Templates pass
// as they are; inside a Sensitive the value is made canonical.
//
// An unset part of a nested object becomes its default, and a nested object
// of which every part is at its default is unset, as is an empty list or map.
func (a *Attr) Canon(v Value) (Value, error) {
	switch x := v.(type) {
	case nil:
		return nil, nil
	case Ref, Template:
		return v, nil
	case Sensitive:
		if x.Value == nil {
			return v, nil
		}
		inner, err := a.Canon(x.Value)
		if err != nil || inner == nil {
			return nil, err
		}
		x.Value = inner
		return x, nil
	}
	switch a.Nest {
	case ListOf, SetOf, KeyedBy:
		return a.canonList(v)
	case MapOf:
		return a.canonMap(v)
	}
	return a.canonOne(v)
}

func (a *Attr) canonList(v Value) (Value, error) {
	l, ok := v.(List)
	if !ok {
		return nil, wrongType("a list", v)
	}
	if len(l) == 0 {
		if a.Empty {
			return List{}, nil
		}
		return nil, nil
	}
	elem, out := a.Elem(), make(List, 0, len(l))
	for i, e := range l {
		if row, ok := e.(Row); ok && a.Type == TypeObject {
			filled, err := canonRow(a.Attrs, row)
			if err != nil {
				return nil, fmt.Errorf("[%d]%w", i, err)
			}
			out = append(out, filled)
			continue
		}
		c, err := elem.Canon(e)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		if c == nil {
			c = e // an element is never dropped for being empty
		}
		out = append(out, c)
	}
	return out, nil
}

func (a *Attr) canonMap(v Value) (Value, error) {
	m, ok := v.(Map)
	if !ok {
		return nil, wrongType("a map", v)
	}
	if len(m) == 0 {
		return nil, nil
	}
	elem, out := a.Elem(), make(Map, len(m))
	for _, k := range m.Keys() {
		c, err := elem.Canon(m[k])
		if err != nil {
			return nil, fmt.Errorf("[%s]: %w", Quote(k), err)
		}
		name := k
		if a.Fold == HeaderKeys {
			name = textproto.CanonicalMIMEHeaderKey(k)
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("[%s]: given twice; letter case makes no difference", Quote(k))
		}
		out[name] = c
	}
	return out, nil
}

func (a *Attr) canonOne(v Value) (Value, error) {
	switch a.Type {
	case TypeObject:
		return a.canonObject(v)
	case TypeJSON:
		return canonJSON(v), nil
	case TypeBool:
		if _, ok := v.(Bool); !ok {
			return nil, wrongType("true or false", v)
		}
		return v, nil
	case TypeInt, TypeNumber:
		return a.canonNumber(v)
	}
	s, ok := v.(String)
	if !ok {
		return nil, wrongType("text", v)
	}
	return a.canonText(string(s))
}

func (a *Attr) canonObject(v Value) (Value, error) {
	row, ok := v.(Row)
	if !ok {
		return nil, wrongType("an object", v)
	}
	out, err := canonRow(a.Attrs, row)
	if err != nil {
		return nil, err
	}
	for i := range a.Attrs {
		if !a.Attrs[i].Equal(out[i], a.Attrs[i].DefaultIn(a.Attrs, out)) {
			return out, nil
		}
	}
	return nil, nil
}

// canonRow is Canon for every value of a row, with defaults filled in. Its
// errors start with the path: ".name: …".
func canonRow(attrs []Attr, row Row) (Row, error) {
	out := make(Row, len(attrs))
	for i := range attrs {
		var err error
		if i < len(row) {
			if out[i], err = attrs[i].Canon(row[i]); err != nil {
				return nil, fmt.Errorf(".%s%s", attrs[i].Name, joinPath(err))
			}
		}
		if out[i] == nil {
			out[i] = attrs[i].DefaultIn(attrs, out)
		}
	}
	return out, nil
}

func joinPath(err error) string {
	text := err.Error()
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "[") {
		return text
	}
	return ": " + text
}

func (a *Attr) canonNumber(v Value) (Value, error) {
	n, ok := v.(Number)
	if !ok {
		return nil, wrongType("a number", v)
	}
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return nil, fmt.Errorf("not a finite number")
	}
	if a.Type == TypeInt && n != Number(math.Trunc(float64(n))) {
		return nil, fmt.Errorf("%s is not a whole number", FormatNumber(n))
	}
	if n == 0 {
		return Number(0), nil // no negative zero
	}
	return n, nil
}

func (a *Attr) canonText(s string) (Value, error) {
	s = NFC(s)
	switch a.Fold {
	case Upper:
		s = strings.ToUpper(s)
	case Lower:
		s = strings.ToLower(s)
	case Method:
		if !strings.Contains(s, "_") {
			s = strings.ToUpper(s)
		}
	}
	if s == "" {
		return nil, nil
	}
	var err error
	switch a.Type {
	case TypeTime:
		s, err = canonTime(s)
	case TypeDuration:
		_, err = ParseDuration(s)
	case TypeTarget:
		_, s, err = ParseTarget(s)
	case TypePrefix:
		s, err = canonPrefix(s)
	case TypeHost:
		s = canonHost(s)
	}
	if err != nil || s == "" {
		return nil, err
	}
	return String(s), nil
}

// NFC is the text in Unicode's normalisation form C, in which text is compared.
func NFC(s string) string {
	if isASCII(s) || norm.NFC.IsNormalString(s) {
		return s
	}
	return norm.NFC.String(s)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func canonTime(s string) (string, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return "", fmt.Errorf("%q is not an instant: write it as 2027-01-01T00:00:00Z", s)
	}
	t = t.UTC()
	if t.Year() <= 1 {
		return "", nil // the API's way to say "none" (API facts §3, created_on)
	}
	return t.Format("2006-01-02T15:04:05Z"), nil
}

// canonJSON drops nothing: in a JSON value, null and empty mean themselves.
func canonJSON(v Value) Value {
	return Transform(v, func(v Value) Value {
		if s, ok := v.(String); ok {
			return String(NFC(string(s)))
		}
		return v
	})
}

// typeError is that a value is of another sort than is wanted.
type typeError struct{ want, got string }

func (e typeError) Error() string { return e.want + " is wanted, not " + e.got }

func wrongType(want string, v Value) error { return typeError{want, Describe(v)} }

// Describe says in words what sort of value v is.
func Describe(v Value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case Number:
		return "the number " + FormatNumber(v)
	case Bool:
		return fmt.Sprintf("%t", bool(v))
	case String, Template:
		return "text"
	case List:
		return "a list"
	case Map, Row:
		return "an object"
	case Ref:
		return "a reference"
	}
	return "a sensitive value"
}

// CanonRow brings a row of the kind into canonical form, defaults filled in,
// what does not go together unset, what follows from others inferred. The
// error starts with the attribute's path. It changes nothing in row.
func (k *Kind) CanonRow(row Row) (Row, error) {
	out, err := canonRow(k.Attrs, row)
	if err != nil {
		return nil, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "."))
	}
	k.Settle(out)
	return out, nil
}

// Settle finishes a row whose values are canonical, in place: unsets what does
// not go with its type, fills defaults and what follows from others.
func (k *Kind) Settle(row Row) {
	for i := range k.Attrs {
		a := &k.Attrs[i]
		switch {
		case !a.Only.Holds(k.Attrs, row):
			row[i] = nil
		case row[i] == nil:
			row[i] = a.DefaultIn(k.Attrs, row)
		}
	}
	if k.Infer != nil {
		k.Infer(k.View(row))
	}
}

// ParseDuration reads a duration as Go does, and days (`90d`, `1d12h`) besides.
func ParseDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a duration: write it as 90d, 24h or 1h30m", s)
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	if rest == "" {
		rest = "0s"
	}
	var n int
	if _, err := fmt.Sscanf(days+"|", "%d|", &n); err != nil || n < 0 || n > 36500 {
		return 0, bad
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 {
		return 0, bad
	}
	return time.Duration(n)*24*time.Hour + d, nil
}

var patterns sync.Map // pattern text to *regexp.Regexp

// Matches reports whether text fits the attribute's Pattern whole.
func (a *Attr) Matches(text string) bool {
	if a.Pattern == "" {
		return true
	}
	re, ok := patterns.Load(a.Pattern)
	if !ok {
		re, _ = patterns.LoadOrStore(a.Pattern, regexp.MustCompile(`^(?:`+a.Pattern+`)$`))
	}
	return re.(*regexp.Regexp).MatchString(text)
}

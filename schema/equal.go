package schema

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Equal reports whether two canonical values of the attribute mean the same.
// The order of sets and keyed lists, computed and local parts make no
// difference; a Sensitive is equal to what it holds.
func (a *Attr) Equal(x, y Value) bool {
	if x == nil || y == nil {
		return x == nil && y == nil
	}
	sx, xs := x.(Sensitive)
	sy, ys := y.(Sensitive)
	if xs || ys {
		return a.equalSensitive(x, y, sx, sy, xs, ys)
	}
	switch v := x.(type) {
	case Number:
		w, ok := y.(Number)
		return ok && a.sameNumber(float64(v), float64(w))
	case List:
		w, ok := y.(List)
		return ok && len(v) == len(w) && a.equalList(v, w)
	case Map:
		w, ok := y.(Map)
		return ok && a.equalMap(v, w)
	case Row:
		w, ok := y.(Row)
		return ok && equalRow(a.Attrs, v, w)
	case Ref:
		w, ok := y.(Ref)
		return ok && v == w
	case Template:
		w, ok := y.(Template)
		return ok && slices.EqualFunc(v, w, a.Elem().Equal)
	}
	switch y.(type) {
	case List, Map, Row, Template:
		return false // not comparable with ==
	}
	return x == y
}

func (a *Attr) equalSensitive(x, y Value, sx, sy Sensitive, xs, ys bool) bool {
	switch {
	case xs && sx.Value != nil:
		return a.Equal(sx.Value, y)
	case ys && sy.Value != nil:
		return a.Equal(x, sy.Value)
	case xs && ys:
		return sx.Digest == sy.Digest
	case xs:
		return a.sameDigest(sx.Digest, y)
	}
	return a.sameDigest(sy.Digest, x)
}

func (a *Attr) sameNumber(x, y float64) bool {
	return a.Stepped(x) == a.Stepped(y)
}

// Stepped is the multiple of the attribute's step that is nearest to n, without
// the noise of binary fractions; n where there is no step.
func (a *Attr) Stepped(n float64) float64 {
	switch {
	case a.Step <= 0:
		return n
	case a.Step < 1:
		whole := math.Round(1 / a.Step)
		return math.Round(n*whole) / whole
	}
	return math.Round(n/a.Step) * a.Step
}

func (a *Attr) equalList(x, y List) bool {
	elem := a.Elem()
	if a.Nest != SetOf && a.Nest != KeyedBy {
		return slices.EqualFunc(x, y, elem.Equal)
	}
	left := slices.Clone(y)
	for _, e := range x {
		i := slices.IndexFunc(left, func(f Value) bool { return elem.Equal(e, f) })
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

func (a *Attr) equalMap(x, y Map) bool {
	if len(x) != len(y) {
		return false
	}
	elem := a.Elem()
	for k, v := range x {
		w, ok := y[k]
		if !ok || !elem.Equal(v, w) {
			return false
		}
	}
	return true
}

func equalRow(attrs []Attr, x, y Row) bool {
	for i := range attrs {
		if attrs[i].Sent() && !attrs[i].Equal(x.At(i), y.At(i)) {
			return false
		}
	}
	return true
}

// Same reports whether what a default follows is the same in two rows of attrs.
// Where there is no such attribute, it is.
func (b *By) Same(attrs []Attr, x, y Row) bool {
	if b == nil {
		return true
	}
	i := Index(attrs, b.Attr)
	return i < 0 || attrs[i].Equal(x.At(i), y.At(i))
}

// Same reports whether the attribute needs no change: want is what the files
// say, live what is there. A value that the server chooses is never a
// difference where the files leave it out.
func (a *Attr) Same(want, live Value) bool {
	switch {
	case !a.Sent():
		return true
	case want == nil && a.Mode == Defaulted:
		return true
	case a.ServerWord(live):
		return true
	}
	return a.Equal(want, live)
}

// ServerWord reports whether the value is one of those that only the server
// sets, so that no update can change it.
func (a *Attr) ServerWord(v Value) bool {
	return hasPrefix(a.Server, Text(v)) || a.FinalWord(v)
}

// FinalWord reports whether the value is a server's word for a dead object.
func (a *Attr) FinalWord(v Value) bool { return hasPrefix(a.Final, Text(v)) }

func hasPrefix(words []string, text string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(text, w) })
}

// SameRow is Same for whole rows of the kind.
func (k *Kind) SameRow(want, live Row) bool {
	for i := range k.Attrs {
		if !k.Attrs[i].Same(want.At(i), live.At(i)) {
			return false
		}
	}
	return true
}

// Fingerprint is a text that is the same for two canonical values of the
// attribute exactly if Equal holds. It reveals Sensitive values: it is for
// comparison and digests in memory, never for printing.
func (a *Attr) Fingerprint(v Value) string {
	var b strings.Builder
	a.fingerprint(&b, v)
	return b.String()
}

func (a *Attr) fingerprint(b *strings.Builder, v Value) {
	switch x := v.(type) {
	case nil:
		b.WriteByte('~')
	case String:
		b.WriteString(strconv.Quote(string(x)))
	case Number:
		x = Number(a.Stepped(float64(x)))
		b.WriteString(strconv.FormatFloat(float64(x), 'g', 12, 64))
	case Bool:
		b.WriteString(strconv.FormatBool(bool(x)))
	case Ref:
		b.WriteString("$" + x.String())
	case Sensitive:
		if x.Value == nil {
			b.WriteString("#" + x.Digest)
			return
		}
		a.fingerprint(b, x.Value)
	case Template:
		a.fingerprintAll(b, '<', x)
	case List:
		a.fingerprintAll(b, '[', x)
	case Row:
		b.WriteByte('(')
		for i := range a.Attrs {
			if a.Attrs[i].Sent() {
				a.Attrs[i].fingerprint(b, x.At(i))
				b.WriteByte(',')
			}
		}
	case Map:
		b.WriteByte('{')
		elem := a.Elem()
		for _, k := range x.Keys() {
			b.WriteString(strconv.Quote(k) + ":")
			elem.fingerprint(b, x[k])
			b.WriteByte(',')
		}
	}
}

func (a *Attr) fingerprintAll(b *strings.Builder, open byte, vs []Value) {
	elem, texts := a.Elem(), make([]string, len(vs))
	for i, v := range vs {
		texts[i] = elem.Fingerprint(v)
	}
	if a.Nest == SetOf || a.Nest == KeyedBy {
		slices.Sort(texts)
	}
	b.WriteByte(open)
	b.WriteString(strings.Join(texts, ","))
	b.WriteByte(']')
}

// NaturalKey is a text that is the same for two objects of one scope exactly
// if their natural keys are.
func (k *Kind) NaturalKey(row Row) string {
	if len(k.Match) == 1 {
		if s := Text(k.Get(row, k.Match[0])); s != "" {
			return s
		}
	}
	var b strings.Builder
	b.Grow(64)
	for _, name := range k.Match {
		v := k.Get(row, name)
		if s := Text(v); s != "" && strings.IndexByte(s, 0) < 0 {
			b.WriteByte('=') // no fingerprint starts so
			b.WriteString(s)
		} else {
			k.Attr(name).fingerprint(&b, v)
		}
		b.WriteByte(0)
	}
	return b.String()
}

// HasNaturalKey reports whether at least one attribute of the key is set.
func (k *Kind) HasNaturalKey(row Row) bool {
	return slices.ContainsFunc(k.Match, func(name string) bool { return k.Get(row, name) != nil })
}

// MatchesKey reports whether the live object is the one that want means, where
// want may leave parts of the natural key out.
func (k *Kind) MatchesKey(want, live Row) bool {
	for _, name := range k.Match {
		if w := k.Get(want, name); w != nil && !k.Attr(name).Equal(w, k.Get(live, name)) {
			return false
		}
	}
	return k.HasNaturalKey(want)
}

// Digest is the salted digest of a canonical value of the attribute, as state
// and saved plans hold it in place of a Sensitive. salt is 16 random bytes.
func (a *Attr) Digest(v Value, salt []byte) string {
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte(a.Fingerprint(v)))
	return hex.EncodeToString(salt) + ":" + hex.EncodeToString(mac.Sum(nil))
}

func (a *Attr) sameDigest(digest string, v Value) bool {
	head, _, _ := strings.Cut(digest, ":")
	salt, err := hex.DecodeString(head)
	return err == nil && len(salt) > 0 && a.Digest(v, salt) == digest
}

// Seal replaces what every Sensitive in the row holds by its digest.
func (k *Kind) Seal(row Row, salt []byte) Row {
	out := make(Row, len(row))
	for i, v := range row {
		out[i] = k.Attrs[i].seal(v, salt)
	}
	return out
}

func (a *Attr) seal(v Value, salt []byte) Value {
	switch x := v.(type) {
	case Sensitive:
		if x.Value != nil {
			return Sensitive{Digest: a.Digest(x.Value, salt)}
		}
	case List:
		elem, out := a.Elem(), make(List, len(x))
		for i, e := range x {
			out[i] = elem.seal(e, salt)
		}
		return out
	case Template:
		out := make(Template, len(x))
		for i, e := range x {
			out[i] = a.seal(e, salt)
		}
		return out
	case Map:
		elem, out := a.Elem(), make(Map, len(x))
		for k, e := range x {
			out[k] = elem.seal(e, salt)
		}
		return out
	case Row:
		out := make(Row, len(x))
		for i, e := range x {
			out[i] = a.Attrs[i].seal(e, salt)
		}
		return out
	}
	return v
}

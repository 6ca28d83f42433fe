package loader

import (
	"strconv"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"trueup/schema"
)

// A value that is known only after apply goes through evaluation as text that
// stands for it, marked with its schema.Ref. Text may be put together from it,
// so that a template keeps its parts; whatever would decide something by it is
// guarded (see prepare). Changing its letters in any way destroys it, which is
// noticed when the value is read.
const (
	refOpen  = "\U000F7E01rEf"
	refClose = "\U000F7E02"
)

// refs numbers the references of a run.
type refs struct {
	mu     sync.Mutex
	byRef  map[schema.Ref]int
	number []schema.Ref
}

// value is the text that stands for the reference.
func (r *refs) value(ref schema.Ref) cty.Value {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byRef == nil {
		r.byRef = map[schema.Ref]int{}
	}
	n, ok := r.byRef[ref]
	if !ok {
		n = len(r.number)
		r.byRef[ref] = n
		r.number = append(r.number, ref)
	}
	return cty.StringVal(refOpen + strconv.Itoa(n) + refClose).Mark(ref)
}

// read turns text back into a String, a Ref or a Template. ok is false where
// what stood for a reference was changed.
func (r *refs) read(text string) (schema.Value, bool) {
	if !strings.Contains(text, refOpen) {
		return schema.String(text), whole(text)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var parts schema.Template
	for text != "" {
		before, rest, found := strings.Cut(text, refOpen)
		if !whole(before) {
			return nil, false
		}
		if before != "" {
			parts = append(parts, schema.String(before))
		}
		if !found {
			break
		}
		number, after, closed := strings.Cut(rest, refClose)
		n, err := strconv.Atoi(number)
		if !closed || err != nil || n < 0 || n >= len(r.number) {
			return nil, false
		}
		parts = append(parts, r.number[n])
		text = after
	}
	if len(parts) == 1 {
		return parts[0], true
	}
	return parts, true
}

// whole reports whether text holds no splinter of what stands for a reference.
func whole(text string) bool { return !strings.ContainsAny(text, refOpen[:4]+refClose) }

// findRef is a reference that v holds anywhere.
func findRef(v cty.Value) (ref schema.Ref, found bool) {
	if v == cty.NilVal || !v.ContainsMarked() {
		return ref, false
	}
	_, marks := v.UnmarkDeep()
	for m := range marks {
		if r, ok := m.(schema.Ref); ok && (!found || r.String() < ref.String()) {
			ref, found = r, true
		}
	}
	return ref, found
}

// shallowRef is a reference that v itself is, or is made of.
func shallowRef(v cty.Value) (ref schema.Ref, found bool) {
	for m := range v.Marks() {
		if r, ok := m.(schema.Ref); ok && (!found || r.String() < ref.String()) {
			ref, found = r, true
		}
	}
	return ref, found
}

// secretMark marks a sensitive value.
type secretMark struct{}

func isSecret(v cty.Value) bool { return v.HasMark(secretMark{}) }

// holdsSecret reports whether any part of v is sensitive.
func holdsSecret(v cty.Value) bool {
	if v == cty.NilVal || !v.ContainsMarked() {
		return false
	}
	_, marks := v.UnmarkDeep()
	_, secret := marks[secretMark{}]
	return secret
}

package sim

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// text is v if it is a string, else "".
func text(v any) string {
	s, _ := v.(string)
	return s
}

// number is v if it is a number, else the default.
func number(v any, usual float64) float64 {
	if n, ok := v.(float64); ok {
		return n
	}
	return usual
}

// docs are the objects of a list.
func docs(v any) []doc {
	list, _ := v.([]any)
	var out []doc
	for _, e := range list {
		if d, ok := e.(doc); ok {
			out = append(out, d)
		}
	}
	return out
}

// list makes a JSON list of objects.
func list(ds []doc) []any {
	out := make([]any, len(ds))
	for i, d := range ds {
		out[i] = d
	}
	return out
}

// texts are the strings of a list.
func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func anyList(ss []string) []any {
	out := make([]any, len(ss))
	for i, s := range ss {
		out[i] = s
	}
	return out
}

func sortedKeys(d doc) []string { return slices.Sorted(maps.Keys(d)) }

// clone is a deep copy.
func clone(d doc) doc {
	c, _ := cloneValue(d).(doc)
	return c
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case doc:
		m := make(doc, len(v))
		for k, e := range v {
			m[k] = cloneValue(e)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = cloneValue(e)
		}
		return l
	}
	return v
}

// defaults sets what is unset or null.
func defaults(d, usual doc) {
	for k, v := range usual {
		if d[k] == nil {
			d[k] = v
		}
	}
}

// dropNulls takes the keys away whose value is null.
func dropNulls(d doc) {
	maps.DeleteFunc(d, func(_ string, v any) bool { return v == nil })
}

// same reports whether two values have the same JSON.
func same(a, b any) bool {
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && string(x) == string(y)
}

// instant reads a kept time; the zero time if there is none.
func instant(v any) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text(v))
	if err != nil {
		return time.Time{}
	}
	return t
}

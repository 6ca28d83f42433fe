package planner

import (
	"fmt"
	"strings"
	"time"

	"trueup/schema"
)

// instant is a time as rows hold it.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// moment is the time that a row holds, and whether it holds one.
func moment(v schema.Value) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, schema.Text(v))
	return t, err == nil
}

// plural and singular are the kind in words.
func plural(k *schema.Kind) string   { return strings.ReplaceAll(k.Plural, "_", " ") }
func singular(k *schema.Kind) string { return strings.ReplaceAll(k.Name, "_", " ") }

// counted is "1 access rule", "3 access rules".
func counted(n int, k *schema.Kind) string {
	if n == 1 {
		return "1 " + singular(k)
	}
	return fmt.Sprintf("%d %s", n, plural(k))
}

// label tells a reader which object is meant. It shows no sensitive value.
func label(k *schema.Kind, row schema.Row, id string) string {
	for _, name := range append([]string{k.Summary}, k.Match...) {
		switch v := k.Get(row, name).(type) {
		case schema.String:
			return string(v)
		case schema.Sensitive:
			return schema.Masked
		}
	}
	return id
}

// hasRef reports whether a reference stands anywhere in v.
func hasRef(v schema.Value) bool { return anyPart(v, isRef) }

// hasSensitive reports whether any part of v is sensitive. For whole rows use
// anyOf, which costs no allocation.
func hasSensitive(v schema.Value) bool { return anyPart(v, isSensitive) }

func isRef(v schema.Value) bool {
	_, ok := v.(schema.Ref)
	return ok
}

func isSensitive(v schema.Value) bool {
	_, ok := v.(schema.Sensitive)
	return ok
}

// anyPart reports whether f holds for v or a part of it, in no certain order
// and without the cost of one.
func anyPart(v schema.Value, f func(schema.Value) bool) bool {
	if v == nil || f(v) {
		return v != nil
	}
	switch x := v.(type) {
	case schema.List:
		return anyOf(x, f)
	case schema.Row:
		return anyOf(x, f)
	case schema.Template:
		return anyOf(x, f)
	case schema.Sensitive:
		return anyPart(x.Value, f)
	case schema.Map:
		for _, e := range x {
			if anyPart(e, f) {
				return true
			}
		}
	}
	return false
}

// anyOf is anyPart for several values.
func anyOf(vs []schema.Value, f func(schema.Value) bool) bool {
	for _, e := range vs {
		if anyPart(e, f) {
			return true
		}
	}
	return false
}

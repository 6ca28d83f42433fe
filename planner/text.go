package planner

import (
	"fmt"
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
func plural(k *schema.Kind) string   { return schema.Words(k.Plural) }
func singular(k *schema.Kind) string { return schema.Words(k.Name) }

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
func hasRef(v schema.Value) bool { return schema.Any(v, isRef) }

func isRef(v schema.Value) bool {
	_, ok := v.(schema.Ref)
	return ok
}

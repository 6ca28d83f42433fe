package planner

import (
	"slices"
	"strings"

	"trueup/schema"
)

// Masked is the row with everything wrapped as sensitive that is so in the
// marks.
func Masked(k *schema.Kind, row, marks schema.Row) schema.Row { return maskRow(k.Attrs, row, marks) }

// maskAs is the row with everything wrapped as sensitive that is so at the same
// place in the marks.
func maskAs(attrs []schema.Attr, row, marks schema.Row) schema.Row {
	return maskParts(attrs, row, []schema.Value{marks})
}

// maskRow is the row with everything wrapped as sensitive that is so in one of
// the marks, at the same place or as the same text.
func maskRow(attrs []schema.Attr, row schema.Row, marks ...schema.Row) schema.Row {
	if row == nil {
		return nil
	}
	values, texts := make([]schema.Value, len(marks)), []string(nil)
	for i, m := range marks {
		values[i] = m
		texts = append(texts, sensitiveTexts(m)...)
	}
	out := maskParts(attrs, row, values)
	if len(texts) > 0 {
		for i, v := range out {
			out[i] = maskTexts(v, texts)
		}
	}
	return out
}

// mask is maskRow for one value of the attribute.
func mask(a *schema.Attr, v schema.Value, marks ...schema.Value) schema.Value {
	switch x := v.(type) {
	case nil:
		return nil
	case schema.Sensitive:
		return v
	case schema.Row:
		if !slices.ContainsFunc(marks, schema.IsSensitive) && len(a.Attrs) > 0 {
			return maskParts(a.Attrs, x, marks)
		}
	case schema.List:
		if out, ok := maskList(a, x, marks); ok {
			return out
		}
	case schema.Map:
		if !slices.ContainsFunc(marks, schema.IsSensitive) {
			return maskMap(a, x, marks)
		}
	}
	if slices.ContainsFunc(marks, schema.HasSensitive) {
		return schema.Sensitive{Value: v}
	}
	return v
}

func maskParts(attrs []schema.Attr, row schema.Row, marks []schema.Value) schema.Row {
	out, parts := make(schema.Row, len(row)), make([]schema.Value, len(marks))
	for i, v := range row {
		for j, m := range marks {
			r, _ := m.(schema.Row)
			parts[j] = r.At(i)
		}
		out[i] = mask(&attrs[i], v, parts...)
	}
	return out
}

func maskMap(a *schema.Attr, x schema.Map, marks []schema.Value) schema.Map {
	elem, out, parts := a.Elem(), make(schema.Map, len(x)), make([]schema.Value, len(marks))
	for key, v := range x {
		for j, m := range marks {
			n, _ := m.(schema.Map)
			parts[j] = n[key]
		}
		out[key] = mask(elem, v, parts...)
	}
	return out
}

// maskList masks the elements of a list of objects: keyed ones by key; of
// others, what is sensitive in one element of the marks is so in all, since
// nothing says which is which. ok is false for a list that is masked whole or
// not at all.
func maskList(a *schema.Attr, x schema.List, marks []schema.Value) (schema.Value, bool) {
	if a.Type != schema.TypeObject || slices.ContainsFunc(marks, schema.IsSensitive) {
		return nil, false
	}
	var all []schema.Value
	keyed := make([]schema.Map, len(marks))
	byKeys := a.Nest == schema.KeyedBy
	for i, m := range marks {
		l, _ := m.(schema.List)
		if slices.ContainsFunc(l, schema.IsSensitive) {
			return nil, false
		}
		all = append(all, l...)
		var ok bool
		if keyed[i], ok = byKey(a, l); a.Nest == schema.KeyedBy && !ok {
			byKeys = false
		}
	}
	elem, out := a.Elem(), make(schema.List, len(x))
	for i, v := range x {
		parts := all
		if byKeys {
			parts = parts[:0:0]
			for _, m := range keyed {
				parts = append(parts, m[a.KeyOf(v)])
			}
		}
		out[i] = mask(elem, v, parts...)
	}
	return out, true
}

// sensitiveTexts are the texts inside Sensitive parts of the row, each once.
func sensitiveTexts(row schema.Row) []string {
	if !schema.AnyOf(row, schema.IsSensitive) {
		return nil
	}
	var texts []string
	inside := func(v schema.Value) bool {
		if s := schema.Text(v); s != "" {
			texts = append(texts, s)
		}
		return true
	}
	schema.Walk(row, func(v schema.Value) bool {
		s, ok := v.(schema.Sensitive)
		if ok {
			schema.Walk(s.Value, inside)
		}
		return !ok
	})
	slices.Sort(texts)
	return slices.Compact(texts)
}

// maskTexts wraps every text in v that is one of the texts.
func maskTexts(v schema.Value, texts []string) schema.Value {
	switch x := v.(type) {
	case schema.String:
		if slices.Contains(texts, string(x)) {
			return schema.Sensitive{Value: x}
		}
	case schema.List:
		out := make(schema.List, len(x))
		for i, e := range x {
			out[i] = maskTexts(e, texts)
		}
		return out
	case schema.Row:
		out := make(schema.Row, len(x))
		for i, e := range x {
			out[i] = maskTexts(e, texts)
		}
		return out
	case schema.Map:
		out := make(schema.Map, len(x))
		for k, e := range x {
			out[k] = maskTexts(e, texts)
		}
		return out
	}
	return v
}

// hush takes sensitive texts out of phrases about the rows.
func hush(phrases []string, rows ...schema.Row) []string {
	var texts []string
	for _, row := range rows {
		texts = append(texts, sensitiveTexts(row)...)
	}
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	for i := range phrases {
		for _, t := range texts {
			phrases[i] = strings.ReplaceAll(phrases[i], t, schema.Masked)
		}
	}
	return phrases
}

// reveal is the row without masks, for the kind's own functions.
func reveal(row schema.Row) schema.Row {
	if !schema.AnyOf(row, schema.IsSensitive) {
		return row
	}
	out, _ := schema.Reveal(row).(schema.Row)
	return out
}

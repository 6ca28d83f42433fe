package render

import (
	"bytes"
	"slices"
	"strconv"

	"trueup/planner"
	"trueup/schema"
)

// shown reports whether the attribute is part of before and after.
func shown(a *schema.Attr) bool { return a.Mode != schema.Computed }

// sides are before and after as a reader compares them: what needs no change
// is the same on both, and what is only trueup's own is no difference.
func sides(c *planner.Change) (before, after schema.Row) {
	if c.Before == nil || c.After == nil {
		return c.Before, c.After
	}
	k := c.Kind
	before, after = make(schema.Row, len(k.Attrs)), make(schema.Row, len(k.Attrs))
	copy(before, c.Before)
	copy(after, c.After)
	for i := range k.Attrs {
		switch a := &k.Attrs[i]; {
		case a.Mode == schema.Local, schema.HasSensitive(after[i]) && a.Same(after[i], before[i]):
			before[i] = after[i]
		case a.Same(after[i], before[i]):
			after[i] = before[i]
		}
	}
	return before, after
}

// side writes a row, null where there is none.
func (j *jsonWriter) side(name string, k *schema.Kind, row schema.Row) {
	j.key(name)
	if row == nil {
		j.null()
		return
	}
	j.row(k.Attrs, row)
}

func (j *jsonWriter) null() { j.word("null") }

func (j *jsonWriter) word(w string) {
	j.Comma()
	j.b = append(j.b, w...)
}

func (j *jsonWriter) row(attrs []schema.Attr, row schema.Row) {
	j.open('{')
	for i := range attrs {
		if shown(&attrs[i]) {
			j.key(attrs[i].Name)
			j.value(&attrs[i], part(row, i))
		}
	}
	j.shut('}')
}

func part(row schema.Row, i int) schema.Value {
	if i < len(row) {
		return row[i]
	}
	return nil
}

// value writes a value of the attribute; what is known only after apply is
// null.
func (j *jsonWriter) value(a *schema.Attr, v schema.Value) {
	switch x := v.(type) {
	case schema.String:
		j.Comma()
		j.b = schema.AppendString(j.b, string(x))
	case schema.Number:
		j.Comma()
		j.b = strconv.AppendFloat(j.b, float64(x), 'f', -1, 64)
	case schema.Bool:
		if x {
			j.word("true")
		} else {
			j.word("false")
		}
	case schema.Sensitive:
		j.word(`"` + schema.Masked + `"`)
	case schema.List:
		elem := a.Elem()
		j.open('[')
		for _, e := range ordered(a, x) {
			j.value(elem, e)
		}
		j.shut(']')
	case schema.Row:
		j.row(a.Attrs, x)
	case schema.Map:
		elem := a.Elem()
		j.open('{')
		for _, k := range x.Keys() {
			j.key(k)
			j.value(elem, x[k])
		}
		j.shut('}')
	default:
		j.null()
	}
}

// ordered is the list in an order of its own where the order means nothing, so
// that the server's order makes no difference.
func ordered(a *schema.Attr, l schema.List) schema.List {
	if len(l) < 2 || a.Nest != schema.SetOf && a.Nest != schema.KeyedBy {
		return l
	}
	type item struct {
		text []byte
		v    schema.Value
	}
	elem, items := a.Elem(), make([]item, len(l))
	for i, e := range l {
		var j jsonWriter
		j.value(elem, e)
		items[i] = item{j.b, e}
	}
	slices.SortStableFunc(items, func(x, y item) int { return bytes.Compare(x.text, y.text) })
	out := make(schema.List, len(l))
	for i, x := range items {
		out[i] = x.v
	}
	return out
}

func isUnknown(v schema.Value) bool {
	switch v.(type) {
	case schema.Ref, schema.Template:
		return true
	}
	return false
}

// sideFlags writes where a row is sensitive: false for no row.
func (j *jsonWriter) sideFlags(k *schema.Kind, row schema.Row) {
	if row == nil {
		j.word("false")
		return
	}
	j.rowFlags(k, row, schema.IsSensitive)
}

// rowFlags writes an object with true at the paths that fit. Of nested values
// it has only those in which some part fits; lists keep their length.
func (j *jsonWriter) rowFlags(k *schema.Kind, row schema.Row, fits func(schema.Value) bool) {
	j.open('{')
	for i := range min(len(row), len(k.Attrs)) {
		if shown(&k.Attrs[i]) && anyFits(row[i], fits) {
			j.key(k.Attrs[i].Name)
			j.flags(&k.Attrs[i], row[i], fits)
		}
	}
	j.shut('}')
}

// anyFits reports whether some part of v fits, of those that are shown.
func anyFits(v schema.Value, fits func(schema.Value) bool) bool {
	found := false
	schema.Walk(v, func(v schema.Value) bool {
		found = found || fits(v)
		return !found && !schema.IsSensitive(v)
	})
	return found
}

func (j *jsonWriter) flags(a *schema.Attr, v schema.Value, fits func(schema.Value) bool) {
	switch x := v.(type) {
	case schema.List:
		elem := a.Elem()
		j.open('[')
		for _, e := range ordered(a, x) {
			j.flags(elem, e, fits)
		}
		j.shut(']')
		return
	case schema.Row:
		j.open('{')
		for i := range min(len(x), len(a.Attrs)) {
			if anyFits(x[i], fits) {
				j.key(a.Attrs[i].Name)
				j.flags(&a.Attrs[i], x[i], fits)
			}
		}
		j.shut('}')
		return
	case schema.Map:
		elem := a.Elem()
		j.open('{')
		for _, k := range x.Keys() {
			if anyFits(x[k], fits) {
				j.key(k)
				j.flags(elem, x[k], fits)
			}
		}
		j.shut('}')
		return
	}
	if fits(v) {
		j.word("true")
	} else {
		j.word("false")
	}
}

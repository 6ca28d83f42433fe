package render

import (
	"slices"
	"strconv"
	"strings"

	"trueup/planner"
	"trueup/schema"
)

// keyAttr is the attribute that a path which ends in the key of a keyed
// element already tells, else "".
func keyAttr(k *schema.Kind, path string) string {
	if a := k.AttrAt(parentOf(path)); a != nil && a.Nest == schema.KeyedBy {
		return a.Key
	}
	return ""
}

// applied is the row as it was last applied: what is there, with the drift
// taken back. In a set of objects, a path names a place in the live list; what
// is no longer there goes to the end.
func applied(c *planner.Change) schema.Row {
	row := c.Before
	var moved []planner.Field
	for _, f := range c.Drift {
		if _, set := setElement(c.Kind, f.Path); set && (f.Before == nil || f.After == nil) {
			moved = append(moved, f)
			continue
		}
		row = edit(c.Kind, row, f.Path, func(schema.Value) schema.Value { return f.Before })
	}
	for _, f := range moved {
		parent, _ := setElement(c.Kind, f.Path)
		elem := c.Kind.AttrAt(f.Path)
		row = edit(c.Kind, row, parent, func(v schema.Value) schema.Value {
			l, _ := v.(schema.List)
			if f.Before != nil {
				return append(slices.Clone(l), f.Before)
			}
			i := slices.IndexFunc(l, func(e schema.Value) bool { return elem.Equal(e, f.After) })
			if i < 0 {
				return v
			}
			return slices.Delete(slices.Clone(l), i, i+1)
		})
	}
	return row
}

// setElement reports whether the path ends in an element of a set, and gives
// the path of the set.
func setElement(k *schema.Kind, path string) (parent string, is bool) {
	parent = parentOf(path)
	a := k.AttrAt(parent)
	return parent, a != nil && a.Nest == schema.SetOf
}

// parentOf is the path without its last step.
func parentOf(path string) string {
	parent := ""
	for rest := path; rest != ""; {
		parent = path[:len(path)-len(rest)]
		var ok bool
		if _, _, rest, ok = schema.SplitPath(rest); !ok {
			return ""
		}
	}
	return strings.TrimSuffix(parent, ".")
}

// edit is the row with what stands at path replaced by f of it; nil takes it
// away. A path that leads nowhere changes nothing.
func edit(k *schema.Kind, row schema.Row, path string, f func(schema.Value) schema.Value) schema.Row {
	step, _, rest, ok := schema.SplitPath(path)
	i := k.Index(step)
	if !ok || i < 0 {
		return row
	}
	out := slices.Clone(row)
	for len(out) <= i {
		out = append(out, nil)
	}
	out[i] = editValue(&k.Attrs[i], out[i], rest, f)
	return out
}

func editValue(a *schema.Attr, v schema.Value, path string, f func(schema.Value) schema.Value) schema.Value {
	if path == "" {
		return f(v)
	}
	step, quoted, rest, ok := schema.SplitPath(path)
	if !ok {
		return v
	}
	switch x := v.(type) {
	case schema.Row:
		return editRow(a, x, step, rest, f)
	case schema.Map:
		return editMap(a, x, step, rest, f)
	case schema.List:
		return editList(a, x, step, quoted, rest, f)
	case nil:
		return editNothing(a, step, quoted, rest, f)
	}
	return v
}

// editNothing makes the parent that a path needs, where there is none.
func editNothing(a *schema.Attr, step string, quoted bool, rest string, f func(schema.Value) schema.Value) schema.Value {
	switch {
	case a.Nest == schema.MapOf, a.Nest == schema.Single && a.Type == schema.TypeJSON:
		return editMap(a, schema.Map{}, step, rest, f)
	case a.Nest != schema.Single:
		return editList(a, nil, step, quoted, rest, f)
	case a.Type == schema.TypeObject:
		return editRow(a, make(schema.Row, len(a.Attrs)), step, rest, f)
	}
	return nil
}

func editRow(a *schema.Attr, row schema.Row, step, rest string, f func(schema.Value) schema.Value) schema.Value {
	i := schema.Index(a.Attrs, step)
	if i < 0 || i >= len(row) {
		return row
	}
	out := slices.Clone(row)
	out[i] = editValue(&a.Attrs[i], out[i], rest, f)
	return out
}

func editMap(a *schema.Attr, m schema.Map, step, rest string, f func(schema.Value) schema.Value) schema.Value {
	elem := a
	if a.Nest == schema.MapOf {
		elem = a.Elem()
	}
	out := make(schema.Map, len(m))
	for k, v := range m {
		out[k] = v
	}
	if v := editValue(elem, out[step], rest, f); v != nil {
		out[step] = v
	} else {
		delete(out, step)
	}
	return out
}

func editList(a *schema.Attr, l schema.List, step string, quoted bool, rest string, f func(schema.Value) schema.Value) schema.Value {
	i := slices.IndexFunc(l, func(v schema.Value) bool { return quoted && a.KeyOf(v) == step })
	if !quoted {
		n, err := strconv.Atoi(step)
		if err != nil || n < 0 || n > len(l) {
			return l
		}
		i = n
	}
	elem, out := a.Elem(), slices.Clone(l)
	if i < 0 || i == len(out) {
		i, out = len(out), append(out, nil)
	}
	if out[i] = editValue(elem, out[i], rest, f); out[i] == nil {
		out = slices.Delete(out, i, i+1)
	}
	return out
}

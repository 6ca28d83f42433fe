package render

import (
	"slices"

	"trueup/planner"
	"trueup/schema"
)

// lines are the changed paths of a change. What is created or deleted shows
// every attribute that is not at its default.
func (f form) lines(c *planner.Change) []line {
	var out []line
	switch c.Action {
	case planner.Create:
		return f.whole(c.Kind, c, c.After, "+")
	case planner.Delete:
		return f.whole(c.Kind, c, c.Before, "-")
	case planner.Forget:
		return nil
	}
	for i := range c.Fields {
		out = append(out, f.field(c, &c.Fields[i])...)
	}
	return append(out, f.renewed(c)...)
}

// whole lists what a new object will hold, or an old one held.
func (f form) whole(k *schema.Kind, c *planner.Change, row schema.Row, symbol string) []line {
	var out []line
	for i := range min(len(row), len(k.Attrs)) {
		a := &k.Attrs[i]
		if hidden(c, a, row, row[i]) {
			continue
		}
		l, isList := row[i].(schema.List)
		switch {
		case a.Mode == schema.Local && symbol == "-":
		case a.Mode == schema.Local:
			out = append(out, f.local(a, row[i], symbol)...)
		case isList && a.Type == schema.TypeObject:
			out = append(out, f.elements(a, l, symbol)...)
		default:
			out = append(out, line{symbol: symbol, path: a.Name, new: plainCell(f.text(a, row[i]))})
		}
	}
	return out
}

// hidden: a reader learns nothing from a default, from what follows from
// another attribute, from what the server computes, and from a name that the
// address gives already.
func hidden(c *planner.Change, a *schema.Attr, row schema.Row, v schema.Value) bool {
	return v == nil || a.Mode == schema.Computed || a.Mode == schema.Inferred ||
		atDefault(a, c.Kind.Attrs, row, v) || a.Name == c.Kind.NameAttr && schema.Text(v) == c.Addr.Label()
}

// hiddenDefaults counts what a created or deleted object has and does not
// show.
func hiddenDefaults(c *planner.Change) int {
	row := c.After
	switch c.Action {
	case planner.Create:
	case planner.Delete:
		row = c.Before
	default:
		return 0
	}
	n := 0
	for i := range min(len(row), len(c.Kind.Attrs)) {
		a := &c.Kind.Attrs[i]
		if row[i] != nil && a.Sent() && a.Mode != schema.Inferred && hidden(c, a, row, row[i]) {
			n++
		}
	}
	return n
}

// elements are the objects of a list, one a line.
func (f form) elements(a *schema.Attr, l schema.List, symbol string) []line {
	out := make([]line, 0, len(l))
	elem := a.Elem()
	for i, e := range l {
		path, text := schema.IndexPath(a.Name, i), f.flow(elem, e)
		if row, ok := e.(schema.Row); ok && a.Nest == schema.KeyedBy {
			path, text = schema.KeyPath(a.Name, a.KeyOf(e)), f.object(a, row, a.Key)
		}
		out = append(out, line{symbol: symbol, path: clean(path), new: plainCell(text)})
	}
	return out
}

// renewed is the secret of an object that is not created but gets a new one.
func (f form) renewed(c *planner.Change) []line {
	replaced := c.Action == planner.Replace || c.Action == planner.CreateReplace
	a := c.Kind.Attr(c.Kind.API.Sink)
	if a == nil || !c.Roll && c.Action != planner.Roll && !replaced {
		return nil
	}
	out := []line{{symbol: "~", path: a.Name, new: plainCell("a new value" + afterApply + "; the old one stops working")}}
	if v := c.Kind.Get(c.After, a.Name); v != nil {
		out = append(out, f.local(a, v, "+")...)
	}
	return out
}

// local shows an attribute that is never sent. A list of objects of which one
// part each is set is a list of places that something goes to.
func (f form) local(a *schema.Attr, v schema.Value, symbol string) []line {
	l, ok := v.(schema.List)
	if !ok || a.Type != schema.TypeObject {
		return []line{{symbol: symbol, path: a.Name, new: plainCell(f.text(a, v))}}
	}
	var out []line
	for _, e := range l {
		out = append(out, line{symbol: symbol, path: a.Name, new: plainCell(f.place(a.Elem(), e)), sink: true})
	}
	return out
}

// place is the one part of a row that is set: a path alone, else with its name.
func (f form) place(a *schema.Attr, v schema.Value) string {
	row, _ := v.(schema.Row)
	i := slices.IndexFunc(row, func(v schema.Value) bool { return v != nil })
	if i < 0 || i >= len(a.Attrs) {
		return f.flow(a, v)
	}
	if s, ok := row[i].(schema.String); ok {
		return plain(string(s))
	}
	return a.Attrs[i].Name + " " + f.flow(&a.Attrs[i], row[i])
}

// field is one changed path, as one line, or a line a member where it is a
// set of plain values.
func (f form) field(c *planner.Change, fl *planner.Field) []line {
	a := attrOf(c, fl)
	before, after := fl.Before, fl.After
	l := line{symbol: "~", path: clean(fl.Path), forces: fl.Replaces, field: fl}
	old, isSet := before.(schema.List)
	now, alsoSet := after.(schema.List)
	switch {
	case before == nil:
		l.symbol, l.new = "+", plainCell(f.element(c, a, fl.Path, after))
	case after == nil:
		l.symbol, l.new = "-", plainCell(f.element(c, a, fl.Path, before))
	case isSet && alsoSet && a.Nest == schema.SetOf && a.Type != schema.TypeObject:
		return f.members(a, l, old, now)
	default:
		l.old, l.new = f.pair(c, a, fl.Path, before, after)
	}
	return []line{l}
}

// element is a value by itself; of a keyed element, without the key that its
// path ends in.
func (f form) element(c *planner.Change, a *schema.Attr, path string, v schema.Value) string {
	row, ok := v.(schema.Row)
	if !ok {
		return f.text(a, v)
	}
	return f.object(a, row, keyAttr(c.Kind, path))
}

// pair is a value before and after, with marks inside where it is prose. A name
// is shown as it is, so that it can be looked for.
func (f form) pair(c *planner.Change, a *schema.Attr, path string, before, after schema.Value) (old, new cell) {
	x, xs := before.(schema.String)
	y, ys := after.(schema.String)
	if xs && ys && a.Type == schema.TypeText && a.Name != c.Kind.NameAttr && a.Refers == "" && a.Lookup == "" && len(a.Enum) == 0 {
		return compare(string(x), string(y))
	}
	return plainCell(f.element(c, a, path, before)), plainCell(f.element(c, a, path, after))
}

// members shows a set by what comes in and what goes out, one a line.
func (f form) members(a *schema.Attr, l line, before, after schema.List) []line {
	in, out := minus(a, after, before), minus(a, before, after)
	switch {
	case len(out) == 0:
		l.symbol = "+"
	case len(in) == 0:
		l.symbol = "-"
	}
	var lines []line
	add := func(vs schema.List, sign mark) {
		elem, texts := a.Elem(), make([]string, len(vs))
		for i, v := range vs {
			texts[i] = f.text(elem, v)
		}
		slices.Sort(texts)
		for _, t := range texts {
			m := l
			m.new, m.member = plainCell(string(sign)+" "+t), sign
			if len(lines) > 0 {
				m.symbol, m.path, m.forces, m.field = "", "", false, nil
			}
			lines = append(lines, m)
		}
	}
	add(in, added)
	add(out, removed)
	if len(lines) == 0 {
		l.old, l.new = plainCell(f.text(a, before)), plainCell(f.text(a, after))
		return []line{l}
	}
	return lines
}

// minus is what of x is not in y.
func minus(a *schema.Attr, x, y schema.List) schema.List {
	elem, seen := a.Elem(), make(map[string]int, len(y))
	for _, v := range y {
		seen[elem.Fingerprint(v)]++
	}
	var out schema.List
	for _, v := range x {
		if k := elem.Fingerprint(v); seen[k] > 0 {
			seen[k]--
		} else {
			out = append(out, v)
		}
	}
	return out
}

package planner

import (
	"slices"
	"strconv"
	"strings"

	"trueup/schema"
)

// ignoreRule is a rule of the settings, made ready.
type ignoreRule struct {
	number   int // from 1
	kind     string
	names    []string // attributes, or "id"
	patterns []string // in lower case
}

func compileRules(rules []schema.IgnoreRule) []ignoreRule {
	out := make([]ignoreRule, len(rules))
	for i, r := range rules {
		out[i] = ignoreRule{number: i + 1, kind: r.Kind}
		for name, pattern := range r.Patterns {
			out[i].names = append(out[i].names, name)
			out[i].patterns = append(out[i].patterns, strings.ToLower(pattern))
		}
	}
	return out
}

// covered is the number of the first rule that covers the object, or 0.
func covered(rules []ignoreRule, o *schema.Object) int {
	for _, r := range rules {
		if r.kind == o.Kind.Name && r.fits(o) {
			return r.number
		}
	}
	return 0
}

func (r ignoreRule) fits(o *schema.Object) bool {
	for i, name := range r.names {
		v := schema.Value(schema.String(o.ID))
		if name != "id" {
			v = o.Get(name)
		}
		if !fits(r.patterns[i], v) {
			return false
		}
	}
	return true
}

// fits reports whether the pattern fits the value's text, or that of an
// element.
func fits(pattern string, v schema.Value) bool {
	switch x := v.(type) {
	case schema.List:
		return slices.ContainsFunc(x, func(e schema.Value) bool { return fits(pattern, e) })
	case schema.Number:
		return glob(pattern, schema.FormatNumber(x))
	case schema.Bool:
		return glob(pattern, strconv.FormatBool(bool(x)))
	}
	return glob(pattern, strings.ToLower(schema.Text(v)))
}

// glob matches text against a pattern in which * is any run of characters and
// ? is one, in time proportional to the product of their lengths at worst.
func glob(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, mark, i, j := -1, 0, 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

// overlay is the wanted row with the live values at the paths that the files
// ignore.
func (w *wanted) overlay() schema.Row {
	if len(w.IgnoreChanges) == 0 {
		return w.row
	}
	row := slices.Clone(w.row)
	for _, path := range w.IgnoreChanges {
		step, _, rest, ok := schema.SplitPath(path)
		if i := w.Kind.Index(step); ok && i >= 0 && w.Kind.Attrs[i].Sent() {
			row[i] = lay(&w.Kind.Attrs[i], row[i], w.object.Values.At(i), rest)
		}
	}
	return row
}

// lay is want with the live value at the path inside it. A path that leads
// nowhere changes nothing.
func lay(a *schema.Attr, want, live schema.Value, path string) schema.Value {
	if s, ok := want.(schema.Sensitive); ok && path != "" {
		want = s.Value
	}
	if path == "" {
		return live
	}
	step, _, rest, ok := schema.SplitPath(path)
	if !ok {
		return want
	}
	var out schema.Value
	switch {
	case a.Nest == schema.MapOf:
		out = layKey(a, want, live, step, rest)
	case a.Nest != schema.Single:
		out = layElement(a, want, live, step, rest)
	case a.Type == schema.TypeObject:
		out = layPart(a, want, live, step, rest)
	default:
		return want
	}
	if c, err := a.Canon(out); err == nil {
		return c
	}
	return want
}

// layPart: a nested object that is unset is one of defaults.
func layPart(a *schema.Attr, want, live schema.Value, step, rest string) schema.Value {
	x, y := whole(a, want), whole(a, live)
	for i := range a.Attrs {
		if a.Attrs[i].Name == step {
			x[i] = lay(&a.Attrs[i], x[i], y[i], rest)
		}
	}
	return x
}

// whole is a copy of the object with every attribute, defaults filled in.
func whole(a *schema.Attr, v schema.Value) schema.Row {
	row, _ := v.(schema.Row)
	out := make(schema.Row, len(a.Attrs))
	for i := range a.Attrs {
		if out[i] = row.At(i); out[i] == nil {
			out[i] = a.Attrs[i].DefaultIn(a.Attrs, out)
		}
	}
	return out
}

func layKey(a *schema.Attr, want, live schema.Value, key, rest string) schema.Value {
	x, _ := want.(schema.Map)
	y, _ := live.(schema.Map)
	out := make(schema.Map, len(x))
	for k, v := range x {
		if k != key {
			out[k] = v
		}
	}
	if v := lay(a.Elem(), x[key], y[key], rest); v != nil {
		out[key] = v
	}
	return out
}

// layElement: the element of a keyed list comes or goes as in the live one;
// those of other lists go by place, where both lists have it.
func layElement(a *schema.Attr, want, live schema.Value, step, rest string) schema.Value {
	x, _ := want.(schema.List)
	y, _ := live.(schema.List)
	i, j := place(a, x, step), place(a, y, step)
	out := slices.Clone(x)
	switch {
	case i >= 0 && j >= 0:
		out[i] = lay(a.Elem(), x[i], y[j], rest)
	case rest != "" || a.Nest != schema.KeyedBy:
	case i >= 0:
		out = slices.Delete(out, i, i+1)
	case j >= 0:
		out = append(out, y[j])
	}
	return out
}

// place is where the element is that the step of a path names, or -1.
func place(a *schema.Attr, l schema.List, step string) int {
	if a.Nest == schema.KeyedBy {
		return slices.IndexFunc(l, func(e schema.Value) bool { return a.KeyOf(e) == step })
	}
	if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(l) {
		return i
	}
	return -1
}

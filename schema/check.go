package schema

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"trueup/diag"
)

// Build makes the wanted row of the kind from what a file says: canonical,
// defaults filled in. Every rule of the table that is broken is a Problem. raw
// holds values of the right shape (nested objects are Rows, unset is nil) that
// have not been checked; it is not changed.
func (k *Kind) Build(raw Row) (Row, []Problem) {
	var ps []Problem
	row := make(Row, len(k.Attrs))
	for i := range k.Attrs {
		row[i] = k.Attrs[i].build(k.Attrs[i].Name, raw.At(i), &ps)
	}
	ps = append(ps, misplaced(k.Attrs, "", row, raw)...)
	written := slices.Clone(row)
	k.Settle(row)
	ps = appendMissing(ps, k.Attrs, "", row)
	if k.Check != nil {
		ps = append(ps, k.across(row, written, ps)...)
	}
	return row, ps
}

// across is Check for a row of which some attributes are mistakes themselves:
// nothing follows from those. What was written and goes with none of them is
// checked all the same.
func (k *Kind) across(row, written Row, mistakes []Problem) []Problem {
	bad := func(path string) int {
		name, _, _, _ := SplitPath(path)
		return k.Index(name)
	}
	known, broken := slices.Clone(row), map[int]bool{}
	for i := range known {
		if known[i] == nil {
			known[i] = written[i]
		}
	}
	for _, p := range mistakes {
		if i := bad(p.Path); i >= 0 {
			known[i], broken[i] = Template{}, true
		}
	}
	return slices.DeleteFunc(k.Check(k.View(known)), func(p Problem) bool { return broken[bad(p.Path)] })
}

// misplaced reports attributes that do not go with their siblings.
func misplaced(attrs []Attr, path string, row, raw Row) []Problem {
	settled := slices.Clone(row)
	for i := range attrs {
		if settled[i] == nil {
			settled[i] = attrs[i].DefaultIn(attrs, settled)
		}
	}
	var ps []Problem
	for i := range attrs {
		if a := &attrs[i]; raw.At(i) != nil && !a.Only.Holds(attrs, settled) && a.Only.known(attrs, settled) {
			p := problem(Join(path, a.Name), fmt.Sprintf("%s does not go with %s %s", a.Name, a.Only.Attr, Text(settled[Index(attrs, a.Only.Attr)])),
				fmt.Sprintf("It goes with %s %s only.", a.Only.Attr, strings.Join(a.Only.In, " and ")))
			p.Code = "misplaced-attribute"
			ps = append(ps, p)
		}
	}
	return ps
}

// known reports whether the sibling has a value that the table knows: where it
// is a mistake itself, nothing follows from it.
func (w *When) known(attrs []Attr, row Row) bool {
	i := Index(attrs, w.Attr)
	return slices.Contains(attrs[i].Enum, Text(row[i]))
}

// missing reports attributes that must be written and are not.
func missing(attrs []Attr, path string, row Row) []Problem {
	var ps []Problem
	for i := range attrs {
		a := &attrs[i]
		switch {
		case a.Mode == Required && row[i] == nil:
			p := problem(Join(path, a.Name), fmt.Sprintf("%s is missing", Join(path, a.Name)), a.Doc)
			p.Code = "missing-attribute"
			ps = append(ps, p)
		case a.Needs != nil && a.Needs.Holds(attrs, row) && (row[i] == nil || a.Equal(row[i], a.Default)):
			p := problem(Join(path, a.Name), fmt.Sprintf("%s is required with %s %s", a.Name, a.Needs.Attr, Text(row[Index(attrs, a.Needs.Attr)])), a.Doc)
			p.Code = "missing-attribute"
			ps = append(ps, p)
		}
	}
	return ps
}

// build is Canon with every rule of the attribute checked on the way.
func (a *Attr) build(path string, v Value, ps *[]Problem) Value {
	switch x := v.(type) {
	case nil:
		return nil
	case Sensitive:
		inner := a.build(path, x.Value, ps)
		if inner == nil {
			return nil
		}
		return Sensitive{Value: inner}
	case Ref, Template:
		if !a.takesText() {
			*ps = append(*ps, problem(path, fmt.Sprintf("%s is known only after apply, and %s needs a value now", unknownName(v), a.Name),
				"Such a reference may be a whole text value or part of a template."))
			return nil
		}
		return v
	}
	switch a.Nest {
	case ListOf, SetOf, KeyedBy:
		return a.buildList(path, v, ps)
	case MapOf:
		return a.buildMap(path, v, ps)
	}
	if a.Type == TypeObject {
		return a.buildObject(path, v, ps)
	}
	return a.buildLeaf(path, v, ps)
}

// takesText reports whether any text will do, so that it may be known later.
func (a *Attr) takesText() bool {
	return a.Nest == Single && (a.Type == TypeText || a.Type == TypeHost || a.Type == TypeJSON) && len(a.Enum) == 0 && a.Lookup == ""
}

func unknownName(v Value) string {
	if refs := Refs(v); len(refs) > 0 {
		return refs[0].String()
	}
	return "this value"
}

func (a *Attr) buildList(path string, v Value, ps *[]Problem) Value {
	l, ok := v.(List)
	if !ok {
		*ps = append(*ps, a.wrongTypeProblem(path, "a list", v))
		return nil
	}
	switch {
	case len(l) < a.MinItems && a.Empty:
		*ps = append(*ps, problem(path, a.Name+" is empty, which would shut everyone out", "Leave it out for no restriction, or name at least one."))
	case len(l) < a.MinItems:
		*ps = append(*ps, problem(path, a.Name+" is empty", "Name at least one, or leave it out if it is optional."))
	case a.MaxItems > 0 && len(l) > a.MaxItems:
		*ps = append(*ps, problem(path, fmt.Sprintf("%s has %d elements, and takes %d", a.Name, len(l), a.MaxItems), ""))
	}
	elem, out := a.Elem(), make(List, 0, len(l))
	for i, e := range l {
		if e == nil {
			*ps = append(*ps, a.wrongTypeProblem(IndexPath(path, i), "a value", nil))
			continue
		}
		b := a.buildElem(elem, IndexPath(path, i), e, ps)
		if b == nil {
			b = e
		}
		out = append(out, b)
	}
	if len(out) == 0 && !a.Empty {
		return nil
	}
	return out
}

// buildElem keeps an element that is an object of defaults: in a list, it
// counts.
func (a *Attr) buildElem(elem *Attr, path string, e Value, ps *[]Problem) Value {
	if row, ok := e.(Row); ok && elem.Type == TypeObject {
		return elem.buildRow(path, row, ps)
	}
	return elem.build(path, e, ps)
}

func (a *Attr) buildMap(path string, v Value, ps *[]Problem) Value {
	m, ok := v.(Map)
	if !ok {
		*ps = append(*ps, a.wrongTypeProblem(path, "an object", v))
		return nil
	}
	elem, out := a.Elem(), make(Map, len(m))
	for _, k := range m.Keys() {
		if m[k] == nil {
			*ps = append(*ps, a.wrongTypeProblem(KeyPath(path, k), "a value", nil))
			continue
		}
		out[k] = elem.build(KeyPath(path, k), m[k], ps)
	}
	c, err := a.Canon(out)
	if err != nil {
		*ps = append(*ps, problem(path, a.Name+joinPath(err), ""))
		return nil
	}
	return c
}

func (a *Attr) buildObject(path string, v Value, ps *[]Problem) Value {
	row, ok := v.(Row)
	if !ok {
		*ps = append(*ps, a.wrongTypeProblem(path, "an object", v))
		return nil
	}
	n := len(*ps)
	out := a.buildRow(path, row, ps)
	if len(*ps) > n {
		return out
	}
	c, err := a.Canon(out)
	if err != nil {
		*ps = append(*ps, problem(path, a.Name+joinPath(err), ""))
		return nil
	}
	return c
}

func (a *Attr) buildRow(path string, row Row, ps *[]Problem) Row {
	out := make(Row, len(a.Attrs))
	for i := range a.Attrs {
		out[i] = a.Attrs[i].build(Join(path, a.Attrs[i].Name), row.At(i), ps)
	}
	for i := range a.Attrs {
		if out[i] == nil && row.At(i) == nil {
			out[i] = a.Attrs[i].DefaultIn(a.Attrs, out)
		}
	}
	*ps = appendMissing(*ps, a.Attrs, path, out)
	return out
}

// appendMissing adds what is missing, but for what was written wrongly.
func appendMissing(ps []Problem, attrs []Attr, path string, row Row) []Problem {
	for _, p := range missing(attrs, path, row) {
		if !slices.ContainsFunc(ps, func(q Problem) bool { return Covers(p.Path, q.Path) }) {
			ps = append(ps, p)
		}
	}
	return ps
}

func (a *Attr) buildLeaf(path string, v Value, ps *[]Problem) Value {
	c, err := a.Canon(v)
	if err != nil {
		summary, remedy := Remedy(err)
		p := problem(path, a.Name+": "+summary, remedy)
		if wrong, ok := err.(typeError); ok {
			p.Detail, p.Code = Form(wrong.want), "wrong-type"
		}
		if a.Refers != "" {
			p.Detail = fmt.Sprintf("Write a %s's name, or its id: ${%s.NAME.id}.", Words(a.Refers), a.Refers)
		}
		*ps = append(*ps, p)
		return nil
	}
	if p := a.broken(path, c); p != nil {
		*ps = append(*ps, *p)
	}
	return c
}

// broken is the rule of the table that a canonical plain value breaks, or nil.
func (a *Attr) broken(path string, v Value) *Problem {
	var p Problem
	switch v := v.(type) {
	case String:
		p = a.brokenText(string(v))
	case Number:
		p = a.brokenNumber(v)
	}
	if p.Summary == "" {
		return nil
	}
	broken := p // only what is broken goes to the heap
	broken.Path = path
	return &broken
}

func (a *Attr) brokenText(s string) Problem {
	n := float64(len([]rune(s)))
	switch {
	case len(a.Enum) > 0 && !slices.Contains(a.Enum, s):
		p := problem("", fmt.Sprintf("unknown %s %q", a.Name, s), "One of: "+strings.Join(a.Enum, ", ")+".")
		if near := diag.Suggest(strings.Trim(s, "“”„‘’'\"`"), a.Enum); near != "" {
			p.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		p.Code = "unknown-value"
		return p
	case !a.Matches(s):
		return problem("", fmt.Sprintf("%s %q has a form that the API does not take", a.Name, s), a.Doc)
	case a.Max > 0 && n > a.Max:
		return problem("", fmt.Sprintf("%s has %.0f characters, and at most %.0f are allowed", a.Name, n, a.Max), "Shorten it.")
	case a.Min > 0 && n < a.Min:
		return problem("", fmt.Sprintf("%s has %.0f characters, and at least %.0f are needed", a.Name, n, a.Min), "")
	}
	return Problem{}
}

func (a *Attr) brokenNumber(n Number) Problem {
	switch {
	case (a.Min != 0 || a.Max != 0) && (float64(n) < a.Min || float64(n) > a.Max):
		return problem("", fmt.Sprintf("%s %s is out of range", a.Name, FormatNumber(n)),
			fmt.Sprintf("It goes from %s to %s.", FormatNumber(Number(a.Min)), FormatNumber(Number(a.Max))))
	case a.Step > 0 && math.Abs(float64(n)/a.Step-math.Round(float64(n)/a.Step)) > 1e-6:
		return problem("", fmt.Sprintf("%s %s is not a multiple of %s", a.Name, FormatNumber(n), FormatNumber(Number(a.Step))),
			fmt.Sprintf("Write %s.", FormatNumber(Number(math.Round(float64(n)/a.Step)/math.Round(1/a.Step)))))
	}
	return Problem{}
}

func (a *Attr) wrongTypeProblem(path, want string, v Value) Problem {
	if want == "a list" && a.OneOrMany { // what is simpler is the remedy
		want = "an object"
	}
	p := problem(path, fmt.Sprintf("%s: %s", path, wrongType(want, v)), Form(want))
	if want == "a list" && a.Type == TypeObject {
		p.Detail = "Write it in brackets: [{ … }]."
	}
	if names := Writable(a.Attrs); v != nil && len(names) > 0 {
		p.Detail += " Its attributes: " + strings.Join(names, ", ") + "."
	}
	p.Code = "wrong-type"
	return p
}

// Form is how to write a value of the sort that is wanted, for one that is of
// another.
func Form(want string) string {
	switch want {
	case "a list":
		return "Write it in brackets: [ … ]."
	case "an object", "a map":
		return "Write it in braces: { … }."
	case "true or false":
		return "Write true or false, without quotes."
	case "a number":
		return "Write the digits alone, without a unit."
	case "text":
		return "Write one plain value."
	}
	return "Take it out, or give it a value."
}

// Remedy splits off an error of this package what it says is to be written; ""
// where it says nothing of that.
func Remedy(err error) (summary, remedy string) {
	const write = ": write "
	text := err.Error()
	i := strings.LastIndex(text, write)
	if i < 0 {
		return text, ""
	}
	return text[:i], "Write " + text[i+len(write):] + "."
}

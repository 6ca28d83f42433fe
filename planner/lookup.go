package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/schema"
)

// lookup replaces the names of catalogue entries (permission groups) in what
// is wanted by their ids.
func (m *maker) lookup() {
	for _, g := range m.groups {
		if !looksUp(g.Kind.Attrs) {
			continue
		}
		l := &lookup{entries: m.in.Catalogues[g.Scope], found: map[string]found{}}
		for _, w := range g.wants {
			row := slices.Clone(w.row)
			for i := range row {
				row[i] = l.value(&g.Kind.Attrs[i], row[i])
				for _, p := range l.problems {
					m.fail(w, g.Kind.Attrs[i].Name, *p.problem)
					if at := w.Names[p.text]; at.Known() {
						m.diags[len(m.diags)-1].Range = at
					}
				}
				l.problems = nil
			}
			w.row = row
		}
	}
}

// looksUp reports whether any attribute is looked up.
func looksUp(attrs []schema.Attr) bool {
	return slices.ContainsFunc(attrs, func(a schema.Attr) bool { return a.Lookup != "" || looksUp(a.Attrs) })
}

// lookup finds names in one scope's catalogue.
type lookup struct {
	entries  schema.Catalogue
	found    map[string]found // by what was written
	problems []found          // the mistakes since they were last taken
	secret   bool             // what is looked up is sensitive
}

type found struct {
	text    string // as written
	id      string
	problem *diag.Diagnostic
}

// value is v with names replaced by ids.
func (l *lookup) value(a *schema.Attr, v schema.Value) schema.Value {
	if v == nil || a.Lookup == "" && !looksUp(a.Attrs) {
		return v
	}
	switch x := v.(type) {
	case schema.Sensitive:
		was := l.secret
		l.secret = true
		x.Value = l.value(a, x.Value)
		l.secret = was
		return x
	case schema.List:
		return l.list(a, x)
	case schema.Row:
		out := make(schema.Row, len(x))
		for i, e := range x {
			out[i] = l.value(&a.Attrs[i], e)
		}
		return out
	case schema.String:
		return l.name(a, string(x))
	}
	return v
}

// list looks the elements up; what is then twice in a set counts once.
func (l *lookup) list(a *schema.Attr, x schema.List) schema.List {
	elem, out := a.Elem(), make(schema.List, 0, len(x))
	for _, e := range x {
		e = l.value(elem, e)
		if a.Lookup == "" || !slices.ContainsFunc(out, func(f schema.Value) bool { return elem.Equal(e, f) }) {
			out = append(out, e)
		}
	}
	return out
}

func (l *lookup) name(a *schema.Attr, text string) schema.Value {
	if schema.ValidID(text) {
		return schema.String(text)
	}
	f, known := l.found[text]
	if !known {
		f = l.find(schema.Words(a.Lookup), text)
		f.text = text
		l.found[text] = f
	}
	if f.problem != nil {
		if l.secret {
			f.problem = hushed(schema.Words(a.Lookup), f.problem)
		}
		if !slices.ContainsFunc(l.problems, func(p found) bool { return p.text == text }) {
			l.problems = append(l.problems, f)
		}
		return schema.String(text)
	}
	return schema.String(f.id)
}

// find is the entry that text means: a name, or `Name @ scope` with the scope
// whole or its last word.
func (l *lookup) find(what, text string) found {
	hits := l.named(text, "")
	if i := strings.LastIndex(text, " @ "); i >= 0 && len(hits) == 0 {
		hits = l.named(text[:i], text[i+len(" @ "):])
	}
	switch len(hits) {
	case 0:
		return found{problem: l.unknown(what, text)}
	case 1:
		return found{id: hits[0].ID}
	}
	return found{problem: &diag.Diagnostic{
		Code: "ambiguous", Summary: fmt.Sprintf("%d %ss are named %q", len(hits), what, text),
		Detail: "Say which one is meant, by scope or by id:\n" + candidates(hits),
	}}
}

// hushed is a problem with a sensitive name, without the name and what is near it.
func hushed(what string, p *diag.Diagnostic) *diag.Diagnostic {
	return &diag.Diagnostic{Code: p.Code, Summary: fmt.Sprintf("the sensitive value is not the name of one %s", what),
		Detail: "Which is not shown, since it could tell the value."}
}

func (l *lookup) named(name, scope string) []schema.Entry {
	var hits []schema.Entry
	for _, e := range l.entries {
		fits := scope == "" || slices.ContainsFunc(e.Scopes, func(s string) bool { return s == scope || lastWord(s) == scope })
		if e.Name == name && fits && !slices.ContainsFunc(hits, func(h schema.Entry) bool { return h.ID == e.ID }) {
			hits = append(hits, e)
		}
	}
	slices.SortFunc(hits, func(a, b schema.Entry) int { return strings.Compare(a.ID, b.ID) })
	return hits
}

func lastWord(scope string) string { return scope[strings.LastIndexByte(scope, '.')+1:] }

func candidates(hits []schema.Entry) string {
	var lines []string
	for _, e := range hits {
		at := ""
		if len(e.Scopes) > 0 {
			at = " @ " + strings.Join(e.Scopes, ", ")
		}
		lines = append(lines, "  "+e.ID+"  "+e.Name+at)
	}
	return strings.Join(lines, "\n")
}

const namesShown = 12

func (l *lookup) unknown(what, text string) *diag.Diagnostic {
	d := &diag.Diagnostic{Code: "unknown-" + strings.ReplaceAll(what, " ", "-"), Summary: fmt.Sprintf("there is no %s %q", what, text)}
	if len(l.entries) == 0 {
		d.Summary = fmt.Sprintf("the %s %q cannot be looked up: none could be read", what, text)
		d.Detail = "Write its id (32 hexadecimal digits)."
		return d
	}
	name, scope, _ := strings.Cut(text, " @ ")
	if same := l.named(name, ""); len(same) > 0 {
		d.Summary = fmt.Sprintf("there is no %s %q in a scope %q", what, name, scope)
		d.Detail = "That name has:\n" + candidates(same)
		return d
	}
	names := l.names()
	if near := diag.Suggest(name, names); near != "" {
		d.Hint = fmt.Sprintf("did you mean %q?", near)
		d.Detail = "Near it:\n" + candidates(l.named(near, ""))
		return d
	}
	rest := ""
	if n := len(names) - namesShown; n > 0 {
		names, rest = names[:namesShown], fmt.Sprintf(" and %d more", n)
	}
	d.Detail = "There are: " + strings.Join(names, ", ") + rest + "."
	return d
}

// names are the names of all entries, in order, each once.
func (l *lookup) names() []string {
	var names []string
	for _, e := range l.entries {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// idNames are the names of the ids in the rows that are looked up, as far as
// they are known: from the catalogue, or from what came with the object.
func (m *maker) idNames(k *schema.Kind, scope schema.Scope, known map[string]string, rows ...schema.Row) map[string]string {
	if !looksUp(k.Attrs) {
		return nil
	}
	out, catalogue := map[string]string{}, m.catalogue(scope)
	for _, row := range rows {
		eachLeaf(k.Attrs, row, func(a *schema.Attr, v schema.Value) {
			id := schema.Text(v)
			if name := cmp.Or(catalogue[id], known[id]); a.Lookup != "" && name != "" {
				out[id] = name
			}
		})
	}
	return tellApart(out)
}

// tellApart puts the id behind names that several ids bear, so that a change
// from one to the other is seen.
func tellApart(names map[string]string) map[string]string {
	bearers := map[string]int{}
	for _, name := range names {
		bearers[name]++
	}
	for id, name := range names {
		if bearers[name] > 1 {
			names[id] = name + " (" + id + ")"
		}
	}
	return names
}

// catalogue is the names of a scope's catalogue by id; where several entries
// bear one name, with the scope that files tell them apart by.
func (m *maker) catalogue(scope schema.Scope) map[string]string {
	names, made := m.names[scope]
	if !made {
		names = make(map[string]string, len(m.in.Catalogues[scope]))
		bearers := map[string]int{}
		for _, e := range m.in.Catalogues[scope] {
			if _, twice := names[e.ID]; !twice {
				bearers[e.Name]++
			}
			names[e.ID] = e.Name
		}
		for _, e := range m.in.Catalogues[scope] {
			if bearers[e.Name] > 1 && len(e.Scopes) > 0 {
				names[e.ID] = e.Name + " @ " + lastWord(e.Scopes[0])
			}
		}
		m.names[scope] = names
	}
	return names
}

// eachLeaf calls f for every plain value of the row that is not unset, with
// its attribute, in the order of the table.
func eachLeaf(attrs []schema.Attr, row schema.Row, f func(*schema.Attr, schema.Value)) {
	for i := range attrs {
		eachLeafOf(&attrs[i], row.At(i), f)
	}
}

func eachLeafOf(a *schema.Attr, v schema.Value, f func(*schema.Attr, schema.Value)) {
	switch x := v.(type) {
	case nil:
	case schema.Sensitive:
		eachLeafOf(a, x.Value, f)
	case schema.Row:
		eachLeaf(a.Attrs, x, f)
	case schema.List:
		for _, e := range x {
			eachLeafOf(a.Elem(), e, f)
		}
	case schema.Map:
		for _, key := range x.Keys() {
			eachLeafOf(a.Elem(), x[key], f)
		}
	default:
		f(a, v)
	}
}

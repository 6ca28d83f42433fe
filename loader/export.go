package loader

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"trueup/schema"
)

// ExportInput is what Export writes: live objects, and the catalogues that give
// looked-up ids their names.
type ExportInput struct {
	Objects    []*schema.Object
	Catalogues map[schema.Scope]schema.Catalogue
	Format     string // "yaml" or "hcl"
}

// Export writes live objects as configuration whose plan is empty. Defaults are
// left out, references stand in place of ids, permission groups bear their
// names. Secrets are never in it: the API gives none. What cannot stand in a
// file (an invitation that is not answered, a value that the table refuses) is
// left out and returned in words.
func Export(w io.Writer, in ExportInput) (left []string, err error) {
	e := &exporter{in: in, names: map[string]string{}, used: map[string]bool{}, keys: map[string]int{}}
	e.prepare()
	if in.Format == "hcl" {
		err = e.writeHCL(w)
	} else {
		err = e.writeYAML(w)
	}
	return e.left, err
}

type exporter struct {
	in    ExportInput
	items []exported
	names map[string]string // kind, scope and id to the resource's name
	used  map[string]bool   // kind and name
	keys  map[string]int    // how many objects have a natural key
	left  []string
}

// exported is one object as it will be written.
type exported struct {
	o     *schema.Object
	name  string
	pairs []member
}

// member is one attribute with its value in the words of a file: strings,
// numbers, booleans, lists of such and nested pairs.
type member struct {
	key string
	val any
}

func (e *exporter) prepare() {
	objects := slices.Clone(e.in.Objects)
	slices.SortStableFunc(objects, func(a, b *schema.Object) int {
		return strings.Compare(a.Kind.NaturalKey(a.Values)+"\x00"+a.ID, b.Kind.NaturalKey(b.Values)+"\x00"+b.ID)
	})
	objects = slices.DeleteFunc(objects, func(o *schema.Object) bool {
		why := unwritable(o)
		if why != "" {
			e.left = append(e.left, fmt.Sprintf("%s %s (%s): %s", o.Kind.Name, label(o), o.ID, why))
		}
		return why != ""
	})
	for _, o := range objects {
		e.keys[naturalKey(o)]++
	}
	for _, o := range objects {
		name := e.unique(o.Kind.Name, slug(label(o), o.Kind.Name))
		e.names[ident(o.Kind.Name, o.Scope, o.ID)] = name
		e.items = append(e.items, exported{o: o, name: name})
	}
	for i := range e.items {
		e.items[i].pairs = e.resource(e.items[i])
	}
}

func ident(kind string, s schema.Scope, id string) string { return kind + " " + s.String() + " " + id }

func naturalKey(o *schema.Object) string {
	return ident(o.Kind.Name, o.Scope, o.Kind.NaturalKey(o.Values))
}

// unwritable says why the object cannot stand in a file, or "".
func unwritable(o *schema.Object) string {
	k := o.Kind
	if o.Retiring() {
		return "it is being retired"
	}
	row := make(schema.Row, len(k.Attrs))
	for i := range k.Attrs {
		a := &k.Attrs[i]
		switch {
		case a.FinalWord(o.Values[i]):
			return "its " + a.Name + " is " + schema.Text(o.Values[i])
		case a.Writable() && !a.ServerWord(o.Values[i]) && !isDefault(k.Attrs, a, o.Values[i], o.Values):
			row[i] = o.Values[i]
		}
	}
	if _, problems := k.Build(row); len(problems) > 0 {
		return problems[0].Summary
	}
	return ""
}

// isDefault: leaving it out means the same.
func isDefault(attrs []schema.Attr, a *schema.Attr, v schema.Value, row schema.Row) bool {
	return v == nil || a.Equal(v, a.DefaultIn(attrs, row))
}

// label is what people call the object.
func label(o *schema.Object) string {
	for _, name := range []string{o.Kind.NameAttr, o.Kind.Summary} {
		if text := schema.Text(o.Get(name)); text != "" {
			return text
		}
	}
	for _, name := range o.Kind.Match {
		if text := schema.Text(o.Get(name)); text != "" {
			return text
		}
	}
	return o.ID
}

var notName = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

func slug(text, kind string) string {
	s := strings.Trim(notName.ReplaceAllString(text, "-"), "-")
	if s == "" {
		return kind
	}
	if len(s) > 60 {
		s = strings.TrimRight(s[:60], "-")
	}
	return s
}

func (e *exporter) unique(kind, name string) string {
	for n, try := 2, name; ; n++ {
		if key := kind + " " + try; !e.used[key] {
			e.used[key] = true
			return try
		}
		try = name + "-" + strconv.Itoa(n)
	}
}

// resource is what is written of one object.
func (e *exporter) resource(it exported) []member {
	o, k := it.o, it.o.Kind
	var pairs []member
	if o.Scope != e.scope() {
		pairs = append(pairs, member{"scope", o.Scope.String()})
	}
	if !k.HasNaturalKey(o.Values) || e.keys[naturalKey(o)] > 1 {
		pairs = append(pairs, member{"id", o.ID})
	}
	for i := range k.Attrs {
		a, v := &k.Attrs[i], o.Values[i]
		switch {
		case !a.Writable() || a.Mode == schema.Local || a.Mode == schema.Inferred || a.ServerWord(v):
		case a.Name == k.NameAttr && v == nil:
			pairs = append(pairs, member{a.Name, ""}) // else the name would be its default
		case a.Name == k.NameAttr && schema.Text(v) == it.name:
		case a.Name != k.NameAttr && isDefault(k.Attrs, a, v, o.Values):
		default:
			pairs = append(pairs, member{a.Name, e.plain(o, a, v)})
		}
	}
	return pairs
}

// scope is the default scope of the file: that of the first object.
func (e *exporter) scope() schema.Scope {
	if len(e.in.Objects) == 0 {
		return schema.UserScope
	}
	return e.in.Objects[0].Scope
}

// plain is a value in the words of a file.
func (e *exporter) plain(o *schema.Object, a *schema.Attr, v schema.Value) any {
	switch x := v.(type) {
	case schema.String:
		return e.text(o, a, string(x))
	case schema.Number:
		return float64(x)
	case schema.Bool:
		return bool(x)
	case schema.List:
		elem, out := a.Elem(), make([]any, len(x))
		for i, v := range x {
			out[i] = e.plain(o, elem, v)
		}
		return out
	case schema.Map:
		elem, out := a.Elem(), make([]member, 0, len(x))
		for _, key := range x.Keys() {
			out = append(out, member{key, e.plain(o, elem, x[key])})
		}
		return out
	case schema.Row:
		out := []member{}
		for i := range a.Attrs {
			if i < len(x) && a.Attrs[i].Writable() && !isDefault(a.Attrs, &a.Attrs[i], x[i], x) {
				out = append(out, member{a.Attrs[i].Name, e.plain(o, &a.Attrs[i], x[i])})
			}
		}
		return out
	}
	return nil
}

// text puts names in the place of ids.
func (e *exporter) text(o *schema.Object, a *schema.Attr, id string) string {
	if a.Refers != "" {
		if name, ok := e.names[ident(a.Refers, o.Scope, id)]; ok {
			return name
		}
	}
	if a.Lookup == "" {
		return id
	}
	catalogue := e.in.Catalogues[o.Scope]
	var entry *schema.Entry
	for i := range catalogue {
		if catalogue[i].ID == id {
			entry = &catalogue[i]
		}
	}
	if entry == nil {
		return id
	}
	same := 0
	for i := range catalogue {
		if catalogue[i].Name == entry.Name {
			same++
		}
	}
	switch {
	case same == 1 && !strings.Contains(entry.Name, " @ "):
		return entry.Name
	case same > 1 && len(entry.Scopes) == 1:
		return entry.Name + " @ " + entry.Scopes[0]
	}
	return id
}

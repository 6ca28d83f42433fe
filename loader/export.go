package loader

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"trueup/schema"
)

// ExportInput is what a Draft is made of.
type ExportInput struct {
	Objects    []*schema.Object // that are to be written
	Catalogues map[schema.Scope]schema.Catalogue
	Scope      schema.Scope // the default scope of the files; other objects say theirs

	// Others are live objects that stay out. They matter where one of them is told
	// apart by the same as an object that is written.
	Others []*schema.Object

	// Names are what resources are to be called, where that is not left to
	// NewDraft; nil is fine.
	Names map[*schema.Object]Name

	// Files is the configuration that the resources are to stand beside, and
	// Listed the live objects that its resources mean. Both nil: there is none.
	Files  *schema.Graph
	Listed map[*schema.Object]schema.Addr
}

// Name is what a resource is to be called.
type Name struct {
	Text   string
	Family string // of several that came from one for_each: what they are called together; "" if there are none
}

// Draft is live objects as resources whose plan is empty, not yet in either
// spelling. Defaults are left out, references stand in place of ids, permission
// groups bear their names. Secrets are never in it: the API gives none.
type Draft struct {
	Left []string // objects that cannot stand in a file, in words: an invitation without an answer, a value that the table refuses

	in    ExportInput
	items []drafted                          // by kind, then by name as found
	names map[string]string                  // what a reference to an object says, by ident
	used  map[string]bool                    // kind and name
	next  map[string]int                     // the number that the next of a name gets; see unique
	keys  map[string]int                     // how many objects have a natural key
	words map[schema.Scope]map[string]string // what is written for the id of a catalogue entry
	owner map[string]*schema.Resource        // of the files, by natural key
}

// drafted is one resource as it will be written.
type drafted struct {
	kind    *schema.Kind
	name    string
	pairs   []member
	objects int
}

// member is one attribute with its value in the words of a file: strings,
// numbers, booleans, lists of such, nested members, code and keySet.
type member struct {
	key string
	val any
}

// code is an expression that stands where a value may.
type code string

// keySet is the set of keys of a for_each.
type keySet []string

// NewDraft makes a draft. The same objects in any order give the same draft.
func NewDraft(in ExportInput) *Draft {
	if in.Scope.Level == "" {
		in.Scope = schema.UserScope
	}
	d := &Draft{in: in, names: map[string]string{}, used: map[string]bool{}, next: map[string]int{},
		keys: map[string]int{}, words: map[schema.Scope]map[string]string{}, owner: map[string]*schema.Resource{}}
	d.beside()
	for _, k := range schema.Kinds {
		objects := slices.DeleteFunc(d.sorted(k), func(o *schema.Object) bool { return d.leaves(o) })
		objects = d.bulks(k, objects)
		for i, name := range d.namesFor(k, objects) {
			o := objects[i]
			d.names[ident(k, o.Scope, o.ID)] = name
			d.items = append(d.items, drafted{kind: k, name: name, pairs: d.resource(o, name), objects: 1})
		}
	}
	return d
}

// beside takes note of what the files have.
func (d *Draft) beside() {
	for _, o := range slices.Concat(d.in.Objects, d.in.Others) {
		d.keys[naturalKey(o)]++
	}
	for o, addr := range d.in.Listed {
		d.keys[naturalKey(o)]++
		d.names[ident(o.Kind, o.Scope, o.ID)] = strings.TrimPrefix(addr.String(), addr.Kind+".")
	}
	if d.in.Files == nil {
		return
	}
	for _, r := range d.in.Files.Resources {
		d.used[r.Kind.Name+" "+r.Addr.Name] = true
		if r.Kind.HasNaturalKey(r.Values) {
			d.owner[ident(r.Kind, r.Scope, r.Kind.NaturalKey(r.Values))] = r
		}
	}
}

func ident(k *schema.Kind, s schema.Scope, id string) string {
	return k.Name + " " + s.String() + " " + id
}

func naturalKey(o *schema.Object) string { return ident(o.Kind, o.Scope, o.Kind.NaturalKey(o.Values)) }

// sorted are the objects of the kind, the default scope first.
func (d *Draft) sorted(k *schema.Kind) []*schema.Object {
	type keyed struct {
		o   *schema.Object
		key string
	}
	var list []keyed
	for _, o := range d.in.Objects {
		if o.Kind == k {
			list = append(list, keyed{o, k.NaturalKey(o.Values)})
		}
	}
	rank := func(o *schema.Object) string {
		if o.Scope == d.in.Scope {
			return ""
		}
		return o.Scope.String()
	}
	slices.SortFunc(list, func(a, b keyed) int {
		return cmp.Or(strings.Compare(rank(a.o), rank(b.o)), strings.Compare(a.key, b.key), strings.Compare(a.o.ID, b.o.ID))
	})
	out := make([]*schema.Object, len(list))
	for i, x := range list {
		out[i] = x.o
	}
	return out
}

// leaves reports whether the object cannot be written, and notes why.
func (d *Draft) leaves(o *schema.Object) bool {
	why := unwritable(o)
	if r := d.owner[naturalKey(o)]; why == "" && r != nil && r.ID == "" {
		why = fmt.Sprintf("%s at %s is told apart by the same %s: give that one its id, then this one can stand beside it", r.Addr, r.Decl, strings.Join(o.Kind.Match, " and "))
	}
	if why != "" {
		d.Left = append(d.Left, fmt.Sprintf("%s %s (%s): %s", o.Kind.Name, label(o), o.ID, why))
	}
	return why != ""
}

// unwritable says why the object cannot stand in a file, or "".
func unwritable(o *schema.Object) string {
	k := o.Kind
	switch {
	case o.Retiring():
		return "it is being retired"
	case k.Answer != nil && schema.Text(o.Get(k.Answer.Attr)) == k.Answer.Pending:
		return "it waits for an answer, which only you can give"
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

// Resources is how many objects the draft lists.
func (d *Draft) Resources() int {
	n := 0
	for _, it := range d.items {
		n += it.objects
	}
	return n
}

package cfclient

import (
	"strings"

	"trueup/schema"
)

// codec is what the JSON of one kind looks like, worked out once from the
// table. It is read-only and safe for concurrent use.
type codec struct {
	kind *schema.Kind
	root *object
}

// object is the shape of one JSON object that holds the attributes of one row.
type object struct {
	attrs  []schema.Attr
	fields map[string]*field // by name on the wire, other spellings too
	order  []*field          // in the order of the table
}

// field is one member of a JSON object. Either attr is set, or group is: an
// object on the wire whose members are attributes of the same row, as in
// configuration.target.
type field struct {
	name    string   // on the wire
	aliases []string // other names that answers have used
	index   int      // of attr in its row
	attr    *schema.Attr
	elem    *schema.Attr // of a list or map: what its elements are
	object  *object      // of a TypeObject: its members
	group   *object
	repeats bool // few different values are to be expected: worth sharing
}

func newCodec(k *schema.Kind) *codec {
	c := &codec{kind: k, root: newObject(k.Attrs)}
	for _, f := range c.root.fields {
		f.mark(k)
	}
	return c
}

func newObject(attrs []schema.Attr) *object {
	o := &object{attrs: attrs, fields: map[string]*field{}}
	for i := range attrs {
		if attrs[i].Mode != schema.Local {
			o.add(strings.Split(attrs[i].WireName(), "."), i)
		}
	}
	return o
}

// add puts the attribute at i under its path of names.
func (o *object) add(path []string, i int) {
	if len(path) > 1 {
		g := o.fields[path[0]]
		if g == nil {
			g = &field{name: path[0], group: &object{attrs: o.attrs, fields: map[string]*field{}}}
			o.fields[g.name], o.order = g, append(o.order, g)
		}
		g.group.add(path[1:], i)
		return
	}
	a := &o.attrs[i]
	f := &field{name: path[0], aliases: a.Aliases, index: i, attr: a, elem: a.Elem()}
	if a.Type == schema.TypeObject {
		f.object = newObject(a.Attrs)
	}
	o.order = append(o.order, f)
	for _, name := range append([]string{f.name}, a.Aliases...) {
		o.fields[name] = f
	}
}

// mark says of top-level attributes whether objects are likely to share their
// values. Those of a natural key differ, unless they are of a fixed set.
func (f *field) mark(k *schema.Kind) {
	if f.group != nil {
		for _, g := range f.group.fields {
			g.mark(k)
		}
		return
	}
	f.repeats = len(f.attr.Enum) > 0 || f.attr.Scalar() && f.attr.Type != schema.TypeTime
	for _, name := range k.Match {
		if name == f.attr.Name && len(f.attr.Enum) == 0 {
			f.repeats = false
		}
	}
}

package loader

import (
	"slices"
	"strings"

	"trueup/schema"
)

// The values of a draft in the words of a file.

// resource is what is written of one object whose resource has the name.
func (d *Draft) resource(o *schema.Object, name string) []member {
	k := o.Kind
	var pairs []member
	if o.Scope != d.in.Scope {
		pairs = append(pairs, member{"scope", o.Scope.String()})
	}
	if !k.HasNaturalKey(o.Values) || d.keys[naturalKey(o)] > 1 {
		pairs = append(pairs, member{"id", o.ID})
	}
	for i := range k.Attrs {
		a, v := &k.Attrs[i], o.Values[i]
		switch {
		case !a.Writable() || a.Mode == schema.Local || a.Mode == schema.Inferred || a.ServerWord(v):
		case a.Name == k.NameAttr && v == nil:
			pairs = append(pairs, member{a.Name, ""}) // else the name would be its default
		case a.Name == k.NameAttr && schema.Text(v) == name:
		case a.Name != k.NameAttr && isDefault(k.Attrs, a, v, o.Values):
		default:
			pairs = append(pairs, member{a.Name, d.plain(o.Scope, a, v)})
		}
	}
	return pairs
}

// plain is a value in the words of a file of that scope.
func (d *Draft) plain(s schema.Scope, a *schema.Attr, v schema.Value) any {
	switch x := v.(type) {
	case schema.String:
		return d.text(s, a, string(x))
	case schema.Number:
		return float64(x)
	case schema.Bool:
		return bool(x)
	case schema.List:
		return d.list(s, a, x)
	case schema.Map:
		elem, out := a.Elem(), make([]member, 0, len(x))
		for _, key := range x.Keys() {
			out = append(out, member{key, d.plain(s, elem, x[key])})
		}
		return out
	case schema.Row:
		out := []member{}
		for i := range a.Attrs {
			if i < len(x) && a.Attrs[i].Writable() && !isDefault(a.Attrs, &a.Attrs[i], x[i], x) {
				out = append(out, member{a.Attrs[i].Name, d.plain(s, &a.Attrs[i], x[i])})
			}
		}
		return out
	}
	return nil
}

// list is a list of values; names that were looked up stand in order.
func (d *Draft) list(s schema.Scope, a *schema.Attr, l schema.List) any {
	elem, out := a.Elem(), make([]any, len(l))
	for i, v := range l {
		out[i] = d.plain(s, elem, v)
	}
	if a.Nest == schema.SetOf && a.Lookup != "" {
		slices.SortFunc(out, func(x, y any) int { return strings.Compare(x.(string), y.(string)) })
	}
	return out
}

// text puts names in the place of ids.
func (d *Draft) text(s schema.Scope, a *schema.Attr, id string) string {
	if a.Refers != "" {
		if name, ok := d.names[ident(schema.KindNamed(a.Refers), s, id)]; ok {
			return name
		}
	}
	if a.Lookup == "" {
		return id
	}
	words := d.words[s]
	if words == nil {
		words = entryWords(d.in.Catalogues[s])
		d.words[s] = words
	}
	if word, ok := words[id]; ok {
		return word
	}
	return id
}

// entryWords is what is written for the id of each entry of the catalogue: its
// name, with its scope where another has that name. An id for which no name is
// clear is left out.
func entryWords(c schema.Catalogue) map[string]string {
	same := map[string][]schema.Entry{}
	for _, e := range c {
		if !slices.ContainsFunc(same[e.Name], func(f schema.Entry) bool { return f.ID == e.ID }) {
			same[e.Name] = append(same[e.Name], e)
		}
	}
	out := map[string]string{}
	for _, e := range c {
		word := e.Name
		if len(same[e.Name]) > 1 {
			word = withScope(e, same[e.Name])
		}
		if word != "" && !strings.Contains(e.Name, " @ ") && schema.NFC(e.Name) == e.Name && !schema.ValidID(e.Name) {
			out[e.ID] = word
		}
	}
	return out
}

// withScope is the entry's name with a scope that none of the others of that
// name has, its last word alone where that does; "" if there is none.
func withScope(e schema.Entry, same []schema.Entry) string {
	for _, last := range []bool{true, false} {
		for _, scope := range e.Scopes {
			if last {
				scope = scope[strings.LastIndexByte(scope, '.')+1:]
			}
			others := slices.ContainsFunc(same, func(f schema.Entry) bool {
				return f.ID != e.ID && slices.ContainsFunc(f.Scopes, func(s string) bool { return s == scope || strings.HasSuffix(s, "."+scope) })
			})
			if !others {
				return e.Name + " @ " + scope
			}
		}
	}
	return ""
}

package loader

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"trueup/schema"
)

// What the resources of a draft are called, and which of them are written as
// one with a for_each.

// bulk is how many objects that are alike but for the value that tells them
// apart become one resource with a for_each.
const bulk = 5

// family is objects that are alike but for one value.
type family struct {
	objects []*schema.Object
	name    string
	pairs   []member // of the first
}

// bulks writes many objects that are alike as one resource, where the kind has
// no names that would tell them apart, and gives the objects that are left.
func (d *Draft) bulks(k *schema.Kind, objects []*schema.Object) (left []*schema.Object) {
	if k.NameAttr != "" || k.Summary == "" {
		return objects
	}
	families, order := map[string]*family{}, []string{}
	keys := make([]string, len(objects))
	for i, o := range objects {
		pairs, key := d.resource(o, ""), d.in.Names[o].Family
		for _, p := range pairs {
			if p.key != k.Summary {
				key += "\x00" + p.key + "=" + hclText(p.val, "")
			}
		}
		if n := d.in.Names[o]; n.Text != "" && n.Family == "" {
			key = "\x00" + n.Text + "\x00" + o.ID // it has a name of its own
		}
		if families[key] == nil {
			families[key] = &family{name: d.in.Names[o].Family, pairs: pairs}
			order = append(order, key)
		}
		families[key].objects, keys[i] = append(families[key].objects, o), key
	}
	for _, key := range order {
		if f := families[key]; len(f.objects) >= bulk {
			d.items = append(d.items, d.family(k, f))
		}
	}
	for i, o := range objects {
		if len(families[keys[i]].objects) < bulk {
			left = append(left, o)
		}
	}
	return left
}

// family is the one resource for many objects.
func (d *Draft) family(k *schema.Kind, f *family) drafted {
	var set keySet
	for _, o := range f.objects {
		set = append(set, schema.Text(o.Get(k.Summary)))
	}
	pairs := []member{{"for_each", set}}
	for _, p := range f.pairs {
		if p.key == k.Summary {
			p.val = code("each.value")
		}
		pairs = append(pairs, p)
	}
	name := f.name
	if name == "" {
		name = familyName(f.objects[0])
	}
	return drafted{kind: k, name: d.unique(k, name), pairs: pairs, objects: len(f.objects)}
}

// familyName is what objects that are alike are called: by what people say of
// them, or by the word that they share.
func familyName(o *schema.Object) string {
	if t := title(o); t != "" {
		return t
	}
	for i := range o.Kind.Attrs {
		if a := &o.Kind.Attrs[i]; len(a.Enum) > 0 && a.Mode == schema.Required && schema.Text(o.Values[i]) != "" {
			return slug(schema.Text(o.Values[i]), o.Kind)
		}
	}
	return o.Kind.Plural
}

// namesFor are the names of the objects' resources: the one that is wished for,
// else what people say of the object where that is short and said of no other,
// else what it is called.
func (d *Draft) namesFor(k *schema.Kind, objects []*schema.Object) []string {
	titles := map[string]int{}
	for _, o := range objects {
		titles[title(o)]++
	}
	out := make([]string, len(objects))
	for i, o := range objects {
		t, name := title(o), slug(label(o), k)
		switch {
		case d.in.Names[o].Text != "":
			name = d.in.Names[o].Text
		case t != "" && titles[t] == 1:
			name = t
		case t != "":
			name = t + "-" + name
		}
		out[i] = d.unique(k, name)
	}
	return out
}

// label is what tells the object from others.
func label(o *schema.Object) string {
	for _, name := range append([]string{o.Kind.NameAttr, o.Kind.Summary}, o.Kind.Match...) {
		if text := schema.Text(o.Get(name)); text != "" {
			return text
		}
	}
	return o.ID
}

// maxTitle is how long a title may be to serve as a name.
const maxTitle = 40

// title is what people say of an object that has no name, as a name; "" where
// they say nothing or too much.
func title(o *schema.Object) string {
	if text := schema.Text(o.Get(o.Kind.Title)); text != "" {
		if s := nameWords(text); len(s) <= maxTitle && !schema.ValidID(s) {
			return strings.ToLower(s)
		}
	}
	return ""
}

var notName = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// nameWords are what of the text can stand in a name, accents taken off.
func nameWords(text string) string {
	plain := text
	if !isASCII(text) {
		bare, _, err := transform.String(transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn))), text)
		if err == nil {
			plain = bare
		}
	}
	return strings.Trim(notName.ReplaceAllString(plain, "-"), "-")
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// maxName is how long a name becomes that is made of text.
const maxName = 60

// slug is a name made of text. It never looks like an id, which a reference to
// it would be taken for.
func slug(text string, k *schema.Kind) string {
	s := nameWords(text)
	switch {
	case s == "":
		return k.Name
	case schema.ValidID(s):
		return k.Name + "-" + s
	case len(s) > maxName:
		return strings.TrimRight(s[:maxName], "-")
	}
	return s
}

// unique is the name, with a number where it is taken.
func (d *Draft) unique(k *schema.Kind, name string) string {
	key := k.Name + " " + name
	for d.used[key] {
		d.next[k.Name+" "+name]++
		key = k.Name + " " + name + "-" + strconv.Itoa(d.next[k.Name+" "+name]+1)
	}
	d.used[key] = true
	return strings.TrimPrefix(key, k.Name+" ")
}

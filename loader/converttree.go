package loader

import (
	"slices"

	"trueup/diag"
	"trueup/schema"
)

// Conversion goes through a tree in neither spelling. Its shape is that of YAML:
// settings, variables, locals and kinds by their names. The readers put into it
// what a file says, unevaluated; the writers spell it.

// tree is a value.
type tree struct {
	form  form
	text  string // of a number, as both spellings write it; of a text, as a template; of code
	wide  bool   // written over several lines
	items []branch
	foot  []note
	at    diag.Range

	above []note // comments in it that have no better place than above it
	head  string // the comment behind its opening bracket
}

type form uint8

const (
	formNull form = iota
	formBool
	formNumber
	formText
	formCode
	formList
	formObject
)

// branch is an element of a list or an entry of an object.
type branch struct {
	above []note
	blank bool   // an empty line stands before it, behind what stands above
	key   tree   // of an entry: a text or code
	side  string // the comment at the end of its line or of its first one; "" if there is none
	value tree
}

// note is a comment of one line, with its #.
type note struct {
	text  string
	blank bool // an empty line stands before it
	at    diag.Range
}

// flat reports whether the tree can stand in one line.
func (t *tree) flat() bool {
	if t.wide || len(t.foot) > 0 {
		return false
	}
	return !slices.ContainsFunc(t.items, func(b branch) bool { return len(b.above) > 0 || b.side != "" || !b.value.flat() })
}

// put adds a branch. What comments its value has left over go above it; the
// first of those behind the key, the opening bracket and the end (tail) is at
// its side.
func (t *tree) put(b branch, tail string) {
	v := &b.value
	b.above = slices.Concat(b.above, b.key.above, v.above)
	switch {
	case b.side == "":
		b.side = v.head
	case v.head != "":
		b.above = append(b.above, note{text: v.head, at: v.at})
	}
	switch {
	case b.side == "":
		b.side = tail
	case tail == "":
	case v.form == formList || v.form == formObject:
		v.foot = append(v.foot, note{text: tail, at: v.at})
	default:
		b.above = append(b.above, note{text: tail, at: v.at})
	}
	b.key.above, v.above, v.head = nil, nil, ""
	t.items = append(t.items, b)
}

// branch is the entry with the literal key, or nil.
func (t *tree) branch(key string) *branch {
	for i := range t.items {
		if b := &t.items[i]; b.key.form == formText && b.key.text == key {
			return b
		}
	}
	return nil
}

// settle brings what is empty into one form: a name with nothing is an object
// without entries, and a kind without names is left out but for its comments.
func (t *tree) settle() {
	kept := t.items[:0]
	var left []note
	for _, b := range t.items {
		b.above = slices.Concat(left, b.above)
		left = nil
		v := &b.value
		if !isGroup(b.key.text) || v.form != formNull && v.form != formObject {
			kept = append(kept, b)
			continue
		}
		if len(v.items) == 0 {
			left = slices.Concat(b.above, sideNote(b), v.foot)
			continue
		}
		for i := range v.items {
			if n := &v.items[i].value; n.form == formNull && b.key.text != "locals" {
				n.form = formObject
			}
		}
		kept = append(kept, b)
	}
	t.items, t.foot = kept, slices.Concat(left, t.foot)
}

// sideNote is the comment at the side as one that stands alone.
func sideNote(b branch) []note {
	if b.side == "" {
		return nil
	}
	return []note{{text: b.side, at: b.key.at}}
}

// isGroup reports whether what stands under the key is blocks in HCL.
func isGroup(key string) bool {
	return key == "locals" || key == "variables" || schema.KindPlural(key) != nil
}

// literalText is a tree that is plain text.
func literalText(text string, at diag.Range) tree {
	return tree{form: formText, text: escapeTemplate(text), at: at}
}

// metaAttrs types what every resource takes.
var metaAttrs = []schema.Attr{
	{Name: "for_each", Type: schema.TypeJSON},
	{Name: "scope", Type: schema.TypeText},
	{Name: "id", Type: schema.TypeText},
	{Name: "prevent_destroy", Type: schema.TypeBool},
	{Name: "depends_on", Type: schema.TypeText, Nest: schema.ListOf},
	{Name: "ignore_changes", Type: schema.TypeText, Nest: schema.ListOf},
}

// variableAttrs types the keys of a variable.
var variableAttrs = []schema.Attr{
	{Name: "default", Type: schema.TypeJSON},
	{Name: "description", Type: schema.TypeText},
	{Name: "sensitive", Type: schema.TypeBool},
	{Name: "type", Type: schema.TypeText},
}

// configAttr types a whole file of configuration, so that what a plain value
// means can be told at each place.
func configAttr() *schema.Attr {
	top := &schema.Attr{Type: schema.TypeObject, Attrs: []schema.Attr{
		{Name: "scope", Type: schema.TypeText},
		{Name: "variables", Type: schema.TypeObject, Nest: schema.MapOf, Attrs: variableAttrs},
		{Name: "locals", Type: schema.TypeJSON, Nest: schema.MapOf},
	}}
	top.Attrs = append(top.Attrs, settingsKind.Attrs...)
	for _, k := range schema.Kinds {
		top.Attrs = append(top.Attrs, schema.Attr{Name: k.Plural, Type: schema.TypeObject, Nest: schema.MapOf, Attrs: slices.Concat(k.Attrs, metaAttrs)})
	}
	return top
}

// typed tells the attributes of parts of values, as the decoder does. A nil
// attribute is that of a value which is taken for what it is.
type typed struct{ l *loader }

// elem is the attribute of an element of a list.
func (t typed) elem(a *schema.Attr) *schema.Attr {
	if a == nil || a.Type == schema.TypeJSON || !a.IsList() {
		return nil
	}
	return t.l.elem(a)
}

// entry is the attribute of an entry of an object. known is false where it is
// told by a key that has to be evaluated.
func (t typed) entry(a *schema.Attr, key *tree) (of *schema.Attr, known bool) {
	if a == nil {
		return nil, true
	}
	if a.IsList() && a.OneOrMany {
		a = t.l.elem(a)
	}
	switch {
	case a.Nest == schema.MapOf:
		return t.l.elem(a), true
	case a.Nest != schema.Single || a.Type != schema.TypeObject:
		return nil, true
	case key.form != formText || isTemplate(key.text):
		return nil, false
	}
	for i := range a.Attrs {
		if a.Attrs[i].Name == schema.NFC(key.text) {
			return &a.Attrs[i], true
		}
	}
	return nil, true
}

// wantsText reports whether a plain value is taken as written.
func wantsText(a *schema.Attr) bool {
	return a != nil && a.Scalar() && a.Type != schema.TypeBool && !wantsNumber(a)
}

func wantsNumber(a *schema.Attr) bool {
	return a != nil && a.Scalar() && (a.Type == schema.TypeInt || a.Type == schema.TypeNumber)
}

func wantsBool(a *schema.Attr) bool {
	return a != nil && a.Scalar() && a.Type == schema.TypeBool
}

// isBareList reports whether references in the list are meant as text.
func isBareList(a *schema.Attr) bool {
	return a != nil && a.Nest == schema.ListOf && (a.Name == "depends_on" || a.Name == "ignore_changes")
}

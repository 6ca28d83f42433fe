package schema

import (
	"cmp"
	"slices"
	"strings"
)

// Holds reports whether the condition is met by the row of kind attributes.
func (w *When) Holds(attrs []Attr, row Row) bool {
	return w == nil || slices.Contains(w.In, Text(row.At(Index(attrs, w.Attr))))
}

// WireName is the attribute's name in the API.
func (a *Attr) WireName() string { return cmp.Or(a.Wire, a.Name) }

// Sent reports whether the attribute is ever written to the API.
func (a *Attr) Sent() bool { return a.Mode < Fixed }

// Writable reports whether the attribute may stand in a file.
func (a *Attr) Writable() bool { return a.Mode != Computed }

// Scalar reports whether the attribute holds one plain value.
func (a *Attr) Scalar() bool { return a.Nest == Single && a.Type != TypeObject && a.Type != TypeJSON }

// IsList reports whether the attribute holds a List.
func (a *Attr) IsList() bool { return a.Nest == ListOf || a.Nest == SetOf || a.Nest == KeyedBy }

// Elem is the attribute of one element of a list, set or map. Inside a JSON value
// everything is one.
func (a *Attr) Elem() *Attr {
	if a.Type == TypeJSON && a.Nest == Single {
		return a
	}
	e := *a
	e.Nest, e.Default, e.Key, e.MinItems, e.MaxItems = Single, nil, "", 0, 0
	if a.Type == TypeTexts {
		e.Type, e.Nest, e.MinItems = TypeText, SetOf, 1
	}
	if a.Fold == HeaderKeys {
		e.Fold = NoFold
	}
	return &e
}

// DefaultIn is the value that the attribute has when left out of row.
func (a *Attr) DefaultIn(attrs []Attr, row Row) Value {
	if !a.Only.Holds(attrs, row) {
		return nil
	}
	if a.By != nil {
		return a.By.Defaults[Text(row[Index(attrs, a.By.Attr)])]
	}
	return a.Default
}

// Writable are the names of the attributes that may stand in a file.
func Writable(attrs []Attr) []string {
	var names []string
	for i := range attrs {
		if attrs[i].Writable() {
			names = append(names, attrs[i].Name)
		}
	}
	return names
}

// Words is a name of the table as people say it: "access rule".
func Words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// Index is the position of the attribute in the kind's rows, or -1.
func (k *Kind) Index(name string) int { return Index(k.Attrs, name) }

// Attr is the attribute of that name, or nil.
func (k *Kind) Attr(name string) *Attr {
	if i := k.Index(name); i >= 0 {
		return &k.Attrs[i]
	}
	return nil
}

// Get is the row's value of the attribute, or nil.
func (k *Kind) Get(row Row, name string) Value {
	if i := k.Index(name); i >= 0 && i < len(row) {
		return row[i]
	}
	return nil
}

// HasGet reports whether the API has a GET for one object at the level.
func (k *Kind) HasGet(l Level) bool {
	return k.API.GetByID || slices.Contains(k.API.GetLevels, l)
}

// Has reports whether objects of the kind exist at the level.
func (k *Kind) Has(l Level) bool {
	return slices.Contains(k.Levels, l)
}

// Index is the position of the attribute of that name, or -1.
func Index(attrs []Attr, name string) int {
	for i := range attrs {
		if attrs[i].Name == name {
			return i
		}
	}
	return -1
}

// Part is the value of the part of that name of an object of the attribute; nil
// where v is no object.
func (a *Attr) Part(v Value, name string) Value {
	row, _ := v.(Row)
	return row.At(Index(a.Attrs, name))
}

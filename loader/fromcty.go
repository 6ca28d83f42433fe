package loader

import (
	"fmt"
	"math"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"trueup/schema"
)

// fromCty is the raw value of the attribute that an evaluated value means.
func (d *decoder) fromCty(a *schema.Attr, path string, v cty.Value, e expr) schema.Value {
	if isSecret(v) {
		return d.fromSecret(a, path, v, e)
	}
	if ref, found := shallowRef(v); found && !v.Type().Equals(cty.String) && v.Type().IsPrimitiveType() {
		return d.changed(path, ref, e)
	}
	bare, _ := v.Unmark()
	switch {
	case !bare.IsKnown():
		d.l.blank(d.addr, e)
		return d.fail(path)
	case bare.IsNull():
		return nil
	}
	ty := bare.Type()
	switch {
	case a.IsList() && a.Type != schema.TypeJSON:
		return d.listFromCty(a, path, v, e)
	case ty.IsObjectType() || ty.IsMapType():
		return d.objectFromCty(a, path, v, e)
	case ty.IsPrimitiveType():
		return d.leafFromCty(a, path, v, e)
	}
	return d.sequence(d.l.elem(a), path, bare, e)
}

func (d *decoder) fromSecret(a *schema.Attr, path string, v cty.Value, e expr) schema.Value {
	_, marks := v.Unmark()
	delete(marks, secretMark{})
	bare, _ := v.Unmark()
	was := d.secret
	d.secret = true
	inner := d.fromCty(a, path, bare.WithMarks(marks), e)
	d.secret = was
	if inner == nil {
		return nil
	}
	d.l.sensitive.Store(true)
	return schema.Sensitive{Value: schema.Reveal(inner)}
}

func (d *decoder) changed(path string, ref schema.Ref, e expr) schema.Value {
	d.error(e.place(), "after-apply", ref.String()+" is known only after apply", onlyWhole, "")
	return d.fail(path)
}

func (d *decoder) listFromCty(a *schema.Attr, path string, v cty.Value, e expr) schema.Value {
	bare, _ := v.Unmark()
	ty := bare.Type()
	switch {
	case ty.IsTupleType() || ty.IsListType() || ty.IsSetType():
		return d.sequence(d.l.elem(a), path, bare, e)
	case a.OneOrMany && (ty.IsObjectType() || ty.IsMapType()):
		return schema.List{d.fromCty(d.l.elem(a), schema.IndexPath(path, 0), v, e)}
	case ty.IsPrimitiveType():
		return d.leafFromCty(untyped, path, v, e)
	}
	return d.objectFromCty(untyped, path, v, e)
}

func (d *decoder) sequence(elem *schema.Attr, path string, v cty.Value, e expr) schema.Value {
	out := make(schema.List, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		_, x := it.Element()
		out = append(out, d.fromCty(elem, schema.IndexPath(path, len(out)), x, e))
	}
	return out
}

// untyped takes a value for what it is: a JSON value.
var untyped = &schema.Attr{Name: "value", Type: schema.TypeJSON}

func (d *decoder) objectFromCty(a *schema.Attr, path string, v cty.Value, e expr) schema.Value {
	bare, marks := v.Unmark()
	for m := range marks {
		if ref, ok := m.(schema.Ref); ok {
			return d.changed(path, ref, e)
		}
	}
	if a.Type == schema.TypeObject && a.Nest == schema.Single {
		row := make(schema.Row, len(a.Attrs))
		for it := bare.ElementIterator(); it.Next(); {
			k, x := it.Element()
			if i := d.member(a, path, k.AsString(), e.place()); i >= 0 {
				row[i] = d.fromCty(&a.Attrs[i], schema.Join(path, k.AsString()), x, e)
			}
		}
		return row
	}
	elem := untyped
	if a.Nest == schema.MapOf {
		elem = d.l.elem(a)
	}
	out := schema.Map{}
	for it := bare.ElementIterator(); it.Next(); {
		k, x := it.Element()
		out[k.AsString()] = d.fromCty(elem, schema.KeyPath(path, k.AsString()), x, e)
	}
	return out
}

// leafFromCty is the raw value that a plain value means, converted to what the
// attribute wants if that can be done. If it can't, the rules of the table say
// what is wrong.
func (d *decoder) leafFromCty(a *schema.Attr, path string, v cty.Value, e expr) schema.Value {
	bare, _ := v.Unmark()
	if bare.Type() == cty.Number && isInf(bare) {
		d.error(e.place(), "invalid-value", path+": a number without end", "Look for a division by zero.", "")
		return d.fail(path)
	}
	if a.Scalar() {
		if c, err := convert.Convert(bare, leafType(a)); err == nil {
			bare = c
		}
	}
	switch bare.Type() {
	case cty.Bool:
		return schema.Bool(bare.True())
	case cty.Number:
		f, _ := bare.AsBigFloat().Float64()
		return schema.Number(f)
	}
	if d.nul(path, bare.AsString(), e) {
		return d.fail(path)
	}
	if !d.secret {
		d.unmarked(path, bare.AsString(), e)
	}
	text, ok := d.l.refs.read(bare.AsString())
	ref, marked := shallowRef(v)
	_, isText := text.(schema.String)
	switch {
	case !ok || marked && isText:
		return d.changed(path, ref, e)
	case !isText && a.Refers != "" && !isIDOf(text, a.Refers):
		d.error(e.place(), "wrong-type", fmt.Sprintf("%s: this is not the id of a %s", path, a.Refers), referring(a), "")
		return d.fail(path)
	case !isText:
		for _, r := range schema.Refs(text) {
			d.links = append(d.links, link{to: r.Addr, at: e.place()})
		}
		return text
	case a.Scalar() && bare.Type() == cty.String && leafType(a) == cty.String:
		return d.text(a, path, bare.AsString(), e)
	}
	return text
}

// isInf reports whether a number is more than a float can hold.
func isInf(v cty.Value) bool {
	f, _ := v.AsBigFloat().Float64()
	return math.IsInf(f, 0)
}

// nul refuses text with a NUL character, however it got there: no attribute of
// the API takes one.
func (d *decoder) nul(path, text string, e expr) bool {
	if strings.IndexByte(text, 0) < 0 {
		return false
	}
	d.error(e.place(), "encoding", path+" has a NUL character", "Take it out.", "")
	return true
}

// isIDOf reports whether the value is the id of a resource of that kind.
func isIDOf(v schema.Value, kind string) bool {
	ref, ok := v.(schema.Ref)
	return ok && ref.Addr.Kind == kind && ref.Attr == "id"
}

func leafType(a *schema.Attr) cty.Type {
	switch a.Type {
	case schema.TypeBool:
		return cty.Bool
	case schema.TypeInt, schema.TypeNumber:
		return cty.Number
	}
	return cty.String
}

package loader

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"golang.org/x/text/unicode/norm"
	"gopkg.in/yaml.v3"

	"trueup/diag"
	"trueup/schema"
)

// decoder turns the expressions of one resource into raw values of the table's
// shape. What it reports goes to out; what could not be read is in failed.
type decoder struct {
	l      *loader
	src    *source
	ctx    *hcl.EvalContext
	addr   schema.Addr
	each   map[string]cty.Value // each.key and each.value under for_each
	out    *diag.List
	failed []string // paths that have been reported, or whose cause has
	links  []link
	secret bool // some value is sensitive
}

// link is a reference that is checked once everything is known.
type link struct {
	from *instance
	to   schema.Addr
	at   diag.Range

	order bool // only an order of work (depends_on): scopes make no difference, and all instances may be meant
}

func (d *decoder) error(r diag.Range, code, summary, remedy, hint string) {
	d.out.Add(diag.Diagnostic{Summary: summary, Detail: remedy, Hint: hint, Code: code, Address: addressOf(d.addr), Range: r})
}

// fail stands for a value that could not be read: the rules take it for one
// that is known later, and say nothing of it.
func (d *decoder) fail(path string) schema.Value {
	d.failed = append(d.failed, path)
	return schema.Ref{}
}

// value is the raw value of the attribute at path, as e writes it.
func (d *decoder) value(a *schema.Attr, path string, e expr) schema.Value {
	e, s := e.open()
	switch {
	case s == broken:
		return d.fail(path)
	case s == scalar:
		return d.scalar(a, path, e)
	case s == list && a.Type != schema.TypeJSON && isList(a):
		elem, elems := d.l.elem(a), e.elems()
		out := make(schema.List, len(elems))
		for i, x := range elems {
			out[i] = d.value(elem, schema.IndexPath(path, i), x)
		}
		return out
	case s == object && isList(a) && a.OneOrMany:
		return schema.List{d.value(d.l.elem(a), schema.IndexPath(path, 0), e)}
	case s == object && a.Nest == schema.MapOf:
		return d.mapping(a, path, e)
	case s == object && a.Nest == schema.Single && a.Type == schema.TypeObject:
		return d.row(a, path, e)
	}
	v, diags := e.value(d.ctx)
	if diags.HasErrors() {
		d.out.Add(d.l.evalErrors(diags, e, d.ctx, d.addr)...)
		return d.fail(path)
	}
	return d.fromCty(a, path, v, e)
}

func isList(a *schema.Attr) bool {
	return a.Nest == schema.ListOf || a.Nest == schema.SetOf || a.Nest == schema.KeyedBy
}

func (d *decoder) mapping(a *schema.Attr, path string, e expr) schema.Value {
	out, elem := schema.Map{}, d.l.elem(a)
	for _, f := range e.fields() {
		key, ok := d.key(f.key)
		if !ok {
			d.fail(path)
			continue
		}
		out[key] = d.value(elem, schema.KeyPath(path, key), f.value)
	}
	return out
}

func (d *decoder) row(a *schema.Attr, path string, e expr) schema.Value {
	row := make(schema.Row, len(a.Attrs))
	for _, f := range e.fields() {
		key, ok := d.key(f.key)
		if !ok {
			d.fail(path)
			continue
		}
		if i := d.member(a, path, key, f.key.place()); i >= 0 {
			row[i] = d.value(&a.Attrs[i], schema.Join(path, key), f.value)
		}
	}
	return row
}

// member is the position of the attribute of that name in the object, or -1
// after a report.
func (d *decoder) member(a *schema.Attr, path, name string, at diag.Range) int {
	i := slices.IndexFunc(a.Attrs, func(m schema.Attr) bool { return m.Name == name })
	if i < 0 && d.secret {
		d.error(at, "unknown-attribute", path+": an unknown attribute in a sensitive value", "", "")
		return -1
	}
	if i < 0 {
		d.fail(schema.Join(path, d.unknown(a.Attrs, schema.Join(path, name), name, at, nil)))
		return -1
	}
	if !a.Attrs[i].Writable() {
		d.error(at, "computed-attribute", schema.Join(path, name)+" is set by the server", "Take it out.", "")
		return -1
	}
	return i
}

// unknown reports a name that no attribute has, and gives the one that may be meant.
func (d *decoder) unknown(attrs []schema.Attr, path, name string, at diag.Range, more []string) string {
	var names []string
	for i := range attrs {
		if attrs[i].Writable() {
			names = append(names, attrs[i].Name)
		}
	}
	near := diag.Suggest(name, append(slices.Clone(names), more...))
	d.error(at, "unknown-attribute", fmt.Sprintf("unknown attribute %q", path), "One of: "+strings.Join(names, ", ")+".", meant(near))
	return near
}

func meant(near string) string {
	if near == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", near)
}

func didYouMean(name string, candidates []string) string {
	return meant(diag.Suggest(name, candidates))
}

// key is the text of an object's key.
func (d *decoder) key(e expr) (string, bool) {
	if word, ok := e.word(); ok {
		return nfc(word), true
	}
	v, diags := e.keyValue(d.ctx)
	if diags.HasErrors() {
		d.out.Add(d.l.evalErrors(diags, e, d.ctx, d.addr)...)
		return "", false
	}
	if !v.IsKnown() {
		d.l.blank(d.addr, e)
		return "", false
	}
	if isSecret(v) {
		d.error(e.place(), "sensitive", "a sensitive value cannot be a key", "Keys are shown in plans.", "")
		return "", false
	}
	return v.AsString(), true
}

// scalar is the value of a YAML scalar that is no template.
func (d *decoder) scalar(a *schema.Attr, path string, e expr) schema.Value {
	n := e.node
	switch {
	case isNull(n):
		return nil
	case !a.Scalar():
		return plain(n)
	case a.Type == schema.TypeBool:
		if b, ok := plainBool(n.Value); ok {
			return schema.Bool(b)
		}
		return plain(n)
	case a.Type == schema.TypeInt || a.Type == schema.TypeNumber:
		return number(n)
	}
	return d.text(a, path, n.Value, e)
}

func number(n *yaml.Node) schema.Value {
	if n.Value != "" {
		if f, ok := plainNumber(n.Value); ok {
			return schema.Number(f)
		}
	}
	return plain(n)
}

// text is the value of an attribute that is text.
func (d *decoder) text(a *schema.Attr, path, s string, e expr) schema.Value {
	switch {
	case a.Refers != "" && s != "":
		return d.refer(a, path, s, e)
	case a.Type == schema.TypePath && s != "" && !filepath.IsAbs(s):
		return schema.String(filepath.Join(d.src.dir, s))
	case (a.Type == schema.TypeTarget || a.Type == schema.TypePrefix) && schema.HostBits(s):
		d.hostBits(s, e)
	}
	return schema.String(s)
}

func (d *decoder) hostBits(s string, e expr) {
	summary := "the host bits of a sensitive prefix are masked"
	if !d.secret {
		summary = fmt.Sprintf("the host bits of %s are masked", s)
	}
	d.out.Add(diag.Diagnostic{Severity: diag.Warning, Summary: summary, Detail: "Write the prefix without them.", Code: "host-bits", Address: addressOf(d.addr), Range: e.place()})
}

// refer reads a plain string in an attribute that names another resource.
func (d *decoder) refer(a *schema.Attr, path, s string, e expr) schema.Value {
	if d.secret {
		d.error(e.place(), "sensitive", a.Name+" is sensitive", "What refers to what is shown in plans: use nonsensitive(…) on what is not secret.", "")
		return d.fail(path)
	}
	if schema.ValidID(s) {
		return schema.String(s)
	}
	text := nfc(s)
	if !strings.HasPrefix(text, a.Refers+".") {
		text = a.Refers + "." + text
	}
	addr, err := schema.ParseAddr(text)
	if err != nil {
		d.error(e.place(), "unknown-reference", fmt.Sprintf("%s is neither the name of a %s nor an id", schema.Quote(s), a.Refers),
			fmt.Sprintf(`Write the name of a resource (login-page, probe["eu"]), a reference (${%s.NAME.id}) or an id of 32 hexadecimal digits.`, a.Refers), "")
		return d.fail(path)
	}
	d.links = append(d.links, link{to: addr, at: e.place()})
	return schema.Ref{Addr: addr, Attr: "id"}
}

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
	case isList(a) && a.Type != schema.TypeJSON:
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
	text, ok := d.l.refs.read(bare.AsString())
	ref, marked := shallowRef(v)
	_, isText := text.(schema.String)
	switch {
	case !ok || marked && isText:
		return d.changed(path, ref, e)
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

func leafType(a *schema.Attr) cty.Type {
	switch a.Type {
	case schema.TypeBool:
		return cty.Bool
	case schema.TypeInt, schema.TypeNumber:
		return cty.Number
	}
	return cty.String
}

func nfc(s string) string {
	if norm.NFC.IsNormalString(s) {
		return s
	}
	return norm.NFC.String(s)
}

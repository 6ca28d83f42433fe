package loader

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
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
	failed []string              // paths that have been reported, or whose cause has
	names  map[string]diag.Range // where names that are looked up later are written first
	bare   map[string]string     // by path: the remedy for text that reads like an expression
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
	case s == list && a.Type != schema.TypeJSON && a.IsList():
		elem, elems := d.l.elem(a), e.elems()
		out := make(schema.List, len(elems))
		for i, x := range elems {
			out[i] = d.value(elem, schema.IndexPath(path, i), x)
		}
		return out
	case s == object && a.IsList() && a.OneOrMany:
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
	i := schema.Index(a.Attrs, name)
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
	names := schema.Writable(attrs)
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
		return schema.NFC(word), true
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
	case d.nul(path, n.Value, e):
		return d.fail(path)
	}
	d.unmarked(path, n.Value, e)
	switch {
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
	case a.Lookup != "":
		d.lookup(s, e)
	case a.Masks(s):
		d.hostBits(s, e)
	}
	return schema.String(s)
}

// lookup notes where a name is written that is looked up later.
func (d *decoder) lookup(name string, e expr) {
	if _, known := d.names[schema.NFC(name)]; known {
		return
	}
	if d.names == nil {
		d.names = map[string]diag.Range{}
	}
	d.names[schema.NFC(name)] = e.place()
}

// unmarked notes text that reads like an expression, and is none as it is
// written: var.cidr for ${var.cidr}. What to write is the remedy, should the
// text turn out to be wrong.
func (d *decoder) unmarked(path, text string, e expr) {
	if remedy := unmarked(text, e); remedy != "" {
		if d.bare == nil {
			d.bare = map[string]string{}
		}
		d.bare[path] = remedy
	}
}

func unmarked(text string, e expr) string {
	text = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(text, "$"), "{"), "}")
	root, _, found := strings.Cut(text, ".")
	switch {
	case !found || root != "var" && root != "local" && root != "each" || strings.ContainsAny(text, " /"):
		return ""
	case e.node != nil:
		return fmt.Sprintf("This is text as it stands. For the value that is meant, write ${%s}.", text)
	}
	return fmt.Sprintf("This is text as it stands. For the value that is meant, write %s without quotes.", text)
}

func (d *decoder) hostBits(s string, e expr) {
	summary, remedy := "the host bits of a sensitive prefix are masked", "Write the prefix without them."
	if p, err := netip.ParsePrefix(strings.TrimSpace(s)); err == nil && !d.secret {
		summary, remedy = fmt.Sprintf("the host bits of %s are masked", s), fmt.Sprintf("Write %s.", p.Masked())
	}
	d.out.Add(diag.Diagnostic{Severity: diag.Warning, Summary: summary, Detail: remedy, Code: "host-bits", Address: addressOf(d.addr), Range: e.place()})
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
	text := schema.NFC(s)
	if !strings.HasPrefix(text, a.Refers+".") {
		text = a.Refers + "." + text
	}
	addr, err := schema.ParseAddr(text)
	if err != nil {
		d.error(e.place(), "unknown-reference", fmt.Sprintf("%s is neither the name of a %s nor an id", schema.Quote(s), a.Refers),
			referring(a), "")
		return d.fail(path)
	}
	d.links = append(d.links, link{to: addr, at: e.place()})
	return schema.Ref{Addr: addr, Attr: "id"}
}

// referring says how the attribute names a resource.
func referring(a *schema.Attr) string {
	return fmt.Sprintf(`Write the name of a resource (login-page, probe["eu"]), a reference (${%s.NAME.id}) or an id of 32 hexadecimal digits.`, a.Refers)
}

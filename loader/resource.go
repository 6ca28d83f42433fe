package loader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"trueup/diag"
	"trueup/schema"
)

// resource builds one instance of a block.
func (d *decoder) resource(b *block, in *instance) {
	d.addr = b.addr(in.key)
	d.failed = slices.Clone(b.failed)
	before := len(*d.out)
	res := &schema.Resource{Addr: d.addr, Kind: b.kind, Decl: b.decl}
	in.res = res
	raw := make(schema.Row, len(b.kind.Attrs))
	for i := range b.items {
		it := &b.items[i]
		d.enter(it)
		switch {
		case it.attr >= 0:
			raw[it.attr] = d.value(&b.kind.Attrs[it.attr], it.name, it.value)
		default:
			d.meta(b, res, it)
		}
	}
	d.name(b.kind, raw)
	row, problems := b.kind.Build(raw)
	d.report(b, raw, problems)
	d.sensitiveKey(b, row)
	res.Values = row
	d.ranges(b, res)
	in.ok = len(d.failed) == 0 && !(*d.out)[before:].HasErrors()
	in.lost = slices.Contains(d.failed, "scope")
	for i := range d.links {
		d.links[i].from = in
	}
}

// enter makes the item's context that of the decoder.
func (d *decoder) enter(it *item) {
	before := len(*d.out)
	d.ctx = d.l.context(it, d.each, d.out)
	for i := before; i < len(*d.out); i++ {
		(*d.out)[i].Address = addressOf(d.addr)
	}
	if d.each != nil {
		d.ctx = d.ctx.NewChild()
		d.ctx.Variables = d.each
	}
}

// name fills in what the resource's name defaults.
func (d *decoder) name(k *schema.Kind, raw schema.Row) {
	if i := k.Index(k.NameAttr); i >= 0 && raw[i] == nil && !slices.Contains(d.failed, k.NameAttr) {
		raw[i] = schema.String(nfc(d.addr.Label()))
	}
}

// ranges keeps the places of the attributes, for kinds with names that are
// looked up later.
func (d *decoder) ranges(b *block, res *schema.Resource) {
	if !d.l.hasLookup[b.kind] {
		return
	}
	res.Ranges = make([]diag.Range, len(b.kind.Attrs))
	for _, it := range b.items {
		if it.attr >= 0 {
			res.Ranges[it.attr] = it.value.place()
		}
	}
}

// report gives the problems that the table found their places.
func (d *decoder) report(b *block, raw schema.Row, problems []schema.Problem) {
	for _, p := range problems {
		if slices.ContainsFunc(d.failed, func(f string) bool { return f != "" && schema.Covers(f, p.Path) }) {
			continue
		}
		p.Range = b.locate(p.Path)
		p.Address = d.addr.String()
		if p.Code == "" {
			p.Code = "invalid-value"
		}
		if a := b.kind.Attr(b.kind.NameAttr); a != nil && p.Path == a.Name && b.item(a.Name) == nil {
			p.Detail = fmt.Sprintf("It comes from the resource's name; write %s to call it something else. %s", a.Name, a.Doc)
		}
		d.out.Add(d.discreet(b.kind, raw, p))
	}
}

// locate is where the part of the resource that the path names is written, or
// where the resource is.
func (b *block) locate(path string) diag.Range {
	first, _, rest, ok := schema.SplitPath(path)
	if !ok {
		return b.decl
	}
	it := b.item(first)
	if it == nil {
		return b.decl
	}
	return it.value.locate(rest)
}

// discreet takes every sensitive value out of a problem's words.
func (d *decoder) discreet(k *schema.Kind, raw schema.Row, p schema.Problem) diag.Diagnostic {
	first, _, _, _ := schema.SplitPath(p.Path)
	if v := k.Get(raw, first); v != nil && schema.HasSensitive(v) {
		p.Summary, p.Hint = first+": the sensitive value breaks a rule", ""
		p.Detail = "Which is not shown, since it could tell the value. " + k.Attr(first).Doc
		return p.Diagnostic
	}
	for _, v := range raw {
		schema.Walk(v, func(v schema.Value) bool {
			if s, ok := v.(schema.Sensitive); ok {
				p.Summary, p.Detail, p.Hint = redact(p.Summary, s.Value), redact(p.Detail, s.Value), redact(p.Hint, s.Value)
			}
			return true
		})
	}
	return p.Diagnostic
}

func redact(text string, v schema.Value) string {
	schema.Walk(v, func(v schema.Value) bool {
		secret := schema.Text(v)
		if n, ok := v.(schema.Number); ok {
			secret = schema.FormatNumber(n)
		}
		if secret != "" {
			text = strings.ReplaceAll(text, secret, schema.Masked)
		}
		return true
	})
	return text
}

// sensitiveKey refuses a natural key that may not be shown: it stands in every
// plan.
func (d *decoder) sensitiveKey(b *block, row schema.Row) {
	for _, name := range b.kind.Match {
		if schema.HasSensitive(b.kind.Get(row, name)) {
			d.error(b.locate(name), "sensitive", name+" is sensitive", "It tells which object is meant, and is shown in plans: use nonsensitive(…) on what is not secret.", "")
		}
	}
}

// meta reads an attribute that every resource takes.
func (d *decoder) meta(b *block, res *schema.Resource, it *item) {
	switch it.name {
	case "scope":
		b.scopeAt = it.value.place()
		if text, ok := d.word(it); ok {
			res.Scope = d.parseScope(text, it)
		}
	case "id":
		if text, ok := d.word(it); ok {
			if !schema.ValidID(text) {
				d.error(it.value.place(), "invalid-value", fmt.Sprintf("id %s is no id", schema.Quote(text)), "An id is 32 hexadecimal digits, lower case.", "")
			}
			res.ID = text
		}
	case "prevent_destroy":
		switch v := d.value(boolAttr, it.name, it.value).(type) {
		case schema.Bool:
			yes := bool(v)
			res.PreventDestroy = &yes
		case nil:
		default:
			d.wrong(it, "true or false", v)
		}
	case "depends_on":
		res.DependsOn = d.dependsOn(it)
	case "ignore_changes":
		res.IgnoreChanges = d.ignoreChanges(b.kind, it)
	}
}

// parseScope reads a scope; where it is none, the item has failed.
func (d *decoder) parseScope(text string, it *item) schema.Scope {
	scope, err := schema.ParseScope(text)
	if err != nil {
		d.fail(it.name)
		summary, remedy := withRemedy(err)
		d.error(it.value.place(), "scope", summary, remedy, "")
	}
	return scope
}

// withRemedy splits what the remedy is off an error.
func withRemedy(err error) (summary, remedy string) {
	summary, remedy, found := strings.Cut(err.Error(), ": write ")
	if found {
		remedy = "Write " + remedy + "."
	}
	return summary, remedy
}

var (
	boolAttr = &schema.Attr{Name: "value", Type: schema.TypeBool}
	textAttr = &schema.Attr{Name: "value", Type: schema.TypeText}
	textList = &schema.Attr{Name: "value", Type: schema.TypeText, Nest: schema.ListOf}
)

// wrong says that a meta attribute or setting has the wrong type, unless it
// could not be read at all.
func (d *decoder) wrong(it *item, want string, v schema.Value) {
	d.fail(it.name)
	switch v := v.(type) {
	case schema.Ref:
		if v.Addr.IsZero() {
			return
		}
		d.changed(it.name, v, it.value)
	case schema.Template:
		d.changed(it.name, schema.Refs(v)[0], it.value)
	case schema.Sensitive:
		d.error(it.value.place(), "sensitive", it.name+" is sensitive", "It is shown in plans: use nonsensitive(…) on what is not secret.", "")
	default:
		d.error(it.value.place(), "wrong-type", fmt.Sprintf("%s: %s is wanted, not %s", it.name, want, schema.Describe(v)), "", "")
	}
}

// word is the text of a meta attribute or setting. ok is false where it is null
// or none.
func (d *decoder) word(it *item) (string, bool) {
	switch v := d.value(textAttr, it.name, it.value).(type) {
	case schema.String:
		return nfc(string(v)), true
	case nil:
		return "", false
	default:
		d.wrong(it, "text", v)
		return "", false
	}
}

// element is one element of depends_on or ignore_changes as text.
type element struct {
	text string
	at   diag.Range
}

// elements are the elements of a list of text, in which a bare reference
// stands for its own text.
func (d *decoder) elements(it *item) []element {
	e, s := it.value.open()
	if s != list {
		v := d.value(textList, it.name, it.value)
		return d.texts(it, v, func(int) diag.Range { return e.place() })
	}
	var out []element
	for i, x := range e.elems() {
		if path, ok := x.bare(); ok && isBare(it.name, path) {
			out = append(out, element{pathText(path), x.place()})
			continue
		}
		v := d.value(textAttr, schema.IndexPath(it.name, i), x)
		out = append(out, d.texts(it, schema.List{v}, func(int) diag.Range { return x.place() })...)
	}
	return out
}

func (d *decoder) texts(it *item, v schema.Value, at func(int) diag.Range) []element {
	elems, ok := v.(schema.List)
	if !ok {
		if v != nil {
			d.wrong(it, "a list", v)
		}
		return nil
	}
	var out []element
	for i, v := range elems {
		s, ok := v.(schema.String)
		if !ok {
			one := *it
			one.name = schema.IndexPath(it.name, i)
			d.wrong(&one, "text", v)
			continue
		}
		out = append(out, element{nfc(string(s)), at(i)})
	}
	return out
}

// isBare reports whether a reference in the list is meant as text.
func isBare(list string, path hcl.Traversal) bool {
	root := path.RootName()
	if list == "depends_on" {
		return schema.KindNamed(root) != nil
	}
	return root != "var" && root != "local" && root != "each"
}

// withoutBare are what the list refers to, but for what is meant as text.
func withoutBare(it item) []use {
	e, s := it.value.open()
	if s != list {
		return it.uses
	}
	bare := map[hcl.Range]bool{}
	for _, x := range e.elems() {
		if path, ok := x.bare(); ok && isBare(it.name, path) {
			bare[path.SourceRange()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(it.uses), func(u use) bool { return bare[u.path.SourceRange()] })
}

// pathText is a reference as text: an address, or the path of an attribute.
func pathText(path hcl.Traversal) string {
	var b strings.Builder
	for i, step := range path {
		name, isAttr := stepText(step)
		switch {
		case i == 0:
			b.WriteString(path.RootName())
		case i == 1 && schema.KindNamed(path.RootName()) != nil || isAttr:
			b.WriteString("." + name)
		default:
			b.WriteString(bracketed(step, name))
		}
	}
	return b.String()
}

func (d *decoder) dependsOn(it *item) []schema.Addr {
	var out []schema.Addr
	for _, e := range d.elements(it) {
		addr, err := schema.ParseAddr(e.text)
		if err != nil {
			summary, remedy := withRemedy(err)
			d.error(e.at, "unknown-reference", summary, remedy, "")
			d.fail(it.name)
			continue
		}
		d.links = append(d.links, link{to: addr, at: e.at, order: true})
		out = append(out, addr)
	}
	return out
}

func (d *decoder) ignoreChanges(k *schema.Kind, it *item) []string {
	var out []string
	for _, e := range d.elements(it) {
		if !d.sentPath(k, e) {
			continue
		}
		out = append(out, e.text)
	}
	return out
}

// sentPath reports whether the path names something that a change could be in.
func (d *decoder) sentPath(k *schema.Kind, e element) bool {
	attrs, path := k.Attrs, e.text
	for path != "" {
		step, quoted, rest, ok := splitPath(path)
		if !ok {
			d.error(e.at, "unknown-attribute", schema.Quote(e.text)+" is no path of an attribute", `Write it as condition.request_ip or origins["app-1"].weight.`, "")
			return false
		}
		path = rest
		if quoted || isNumber(step) {
			continue
		}
		i := slices.IndexFunc(attrs, func(a schema.Attr) bool { return a.Name == step })
		switch {
		case i < 0:
			d.unknown(attrs, step, step, e.at, nil)
			return false
		case !attrs[i].Sent():
			d.error(e.at, "unknown-attribute", step+" is never changed, so its changes need not be ignored", "Take it out.", "")
			return false
		case attrs[i].Type != schema.TypeObject:
			return true // a path below may name anything
		}
		attrs = attrs[i].Attrs
	}
	return e.text != ""
}

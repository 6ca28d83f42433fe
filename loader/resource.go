package loader

import (
	"fmt"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/schema"
)

// resource builds one instance of a block.
func (d *decoder) resource(b *block, in *instance) {
	d.addr = b.addr(in.key)
	d.failed = append(d.failed, b.failed...)
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
	res.Names = d.names
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
		raw[i] = schema.String(schema.NFC(d.addr.Label()))
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
		if remedy := d.bare[p.Path]; remedy != "" {
			p.Detail = remedy
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

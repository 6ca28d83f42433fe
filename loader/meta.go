package loader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"trueup/diag"
	"trueup/schema"
)

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
		summary, remedy := schema.Remedy(err)
		level, _, _ := strings.Cut(text, ":")
		hint := didYouMean(level, []string{string(schema.User), string(schema.Account), string(schema.Zone)})
		if level == string(schema.Account) || level == string(schema.Zone) {
			hint = ""
		}
		d.error(it.value.place(), "scope", summary, remedy, hint)
	}
	return scope
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
		d.error(it.value.place(), "wrong-type", fmt.Sprintf("%s: %s is wanted, not %s", it.name, want, schema.Describe(v)), schema.Form(want), "")
	}
}

// word is the text of a meta attribute or setting. ok is false where it is null
// or none.
func (d *decoder) word(it *item) (string, bool) {
	switch v := d.value(textAttr, it.name, it.value).(type) {
	case schema.String:
		return schema.NFC(string(v)), true
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
		out = append(out, element{schema.NFC(string(s)), at(i)})
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
			summary, remedy := schema.Remedy(err)
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
		i := schema.Index(attrs, step)
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

package loader

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"trueup/diag"
	"trueup/schema"
)

// needs are the attributes of resources that an expression refers to; "" is
// all of them. The use is the one that asked first.
type needs map[*block]map[*instance]map[string]use

func (n needs) add(b *block, in *instance, attr string, u use) {
	if n[b] == nil {
		n[b] = map[*instance]map[string]use{}
	}
	if n[b][in] == nil {
		n[b][in] = map[string]use{}
	}
	if _, ok := n[b][in][attr]; !ok {
		n[b][in][attr] = u
	}
}

// useResource finds the resources that a reference means.
func (l *loader) useResource(u use, found names, n needs, out *diag.List) {
	kind := schema.KindNamed(u.path.RootName())
	if len(u.path) < 2 {
		found.set(kind.Name, "", cty.DynamicVal)
		any := false
		for _, b := range l.order {
			if b.kind == kind {
				any = true
				l.needBlock(u, b, nil, n, out)
			}
		}
		if !any {
			l.missing(u, fmt.Sprintf("there is no %s", kind.Name), "None is declared.", "", out)
		}
		return
	}
	name, _ := stepText(u.path[1])
	b := l.blocks[blockKey{kind, name}]
	if b == nil {
		found.set(kind.Name, name, cty.DynamicVal)
		l.missing(u, fmt.Sprintf("there is no %s %s", kind.Name, schema.Quote(name)), "Declare it, or write the name of one that is declared.", l.near(name, func() []string { return l.namesOf(kind) }), out)
		return
	}
	if !l.needBlock(u, b, u.path[2:], n, out) {
		found.set(kind.Name, name, cty.DynamicVal)
	}
}

// maxHints is how many references to nothing are compared with every name.
const maxHints = 100

// near is a hint at what may be meant among candidates that may be many.
func (l *loader) near(name string, candidates func() []string) string {
	if l.hints++; l.hints > maxHints {
		return ""
	}
	return didYouMean(name, candidates())
}

func (l *loader) namesOf(kind *schema.Kind) []string {
	var out []string
	for _, b := range l.order {
		if b.kind == kind {
			out = append(out, b.name)
		}
	}
	return out
}

// needBlock notes what the rest of a reference wants of the block. It reports
// false where that can't be had.
func (l *loader) needBlock(u use, b *block, rest hcl.Traversal, n needs, out *diag.List) bool {
	full := b.kind.Name + "." + b.name
	if l.tooLong(u, out) {
		return false
	}
	if !l.expand(b) {
		l.cycle(u, full, out)
		return false
	}
	instances := b.instances
	if len(rest) > 0 {
		key, isAttr := stepText(rest[0])
		switch {
		case b.each && isAttr:
			l.missing(u, fmt.Sprintf("%s has a for_each, so it needs a key", full), fmt.Sprintf(`Write %s["key"].%s.`, full, key), "", out)
			return false
		case !b.each && !isAttr:
			l.missing(u, fmt.Sprintf("%s has no for_each, so it takes no key", full), fmt.Sprintf("Write %s.id.", full), "", out)
			return false
		case b.each:
			in := b.instance(key)
			if in == nil {
				l.missing(u, fmt.Sprintf("there is no %s", b.addr(key)), "Its for_each has no such key.", l.near(key, b.keys), out)
				return false
			}
			instances, rest = []*instance{in}, rest[1:]
		}
	}
	attr := u.attr
	if len(rest) > 0 {
		attr, _ = stepText(rest[0])
	}
	if attr != "" && attr != "id" && b.kind.Attr(attr) == nil {
		l.missing(u, fmt.Sprintf("%s %s has no attribute %q", b.kind.Name, b.name, attr), "", didYouMean(attr, attrNames(b.kind)), out)
		return false
	}
	for _, in := range instances {
		n.add(b, in, attr, u)
	}
	return true
}

func attrNames(k *schema.Kind) []string {
	out := []string{"id"}
	for i := range k.Attrs {
		out = append(out, k.Attrs[i].Name)
	}
	return out
}

// supply puts the resources that are needed among the names.
func (l *loader) supply(n needs, found names, out *diag.List) {
	blocks := slices.SortedFunc(maps.Keys(n), func(a, b *block) int {
		return cmp.Or(cmp.Compare(a.kind.Name, b.kind.Name), cmp.Compare(a.name, b.name))
	})
	for _, b := range blocks {
		wanted := n[b]
		delete(found[b.kind.Name], "")
		if _, failed := found[b.kind.Name][b.name]; failed {
			continue
		}
		values := map[string]cty.Value{}
		for _, in := range b.instances {
			if attrs, ok := wanted[in]; ok {
				values[in.key] = l.instanceValue(b, in, attrs, out)
			}
		}
		switch {
		case b.each:
			found.set(b.kind.Name, b.name, cty.ObjectVal(values))
		default:
			found.set(b.kind.Name, b.name, values[""])
		}
	}
}

// instanceValue is what expressions see of a resource.
func (l *loader) instanceValue(b *block, in *instance, attrs map[string]use, out *diag.List) cty.Value {
	if u, all := attrs[""]; all {
		for _, name := range attrNames(b.kind) {
			attrs[name] = u
		}
		delete(attrs, "")
	}
	values := map[string]cty.Value{}
	names := attrNames(b.kind)
	for _, name := range names {
		if u, ok := attrs[name]; ok {
			values[name] = l.attribute(u, b, in, name, out)
		}
	}
	return cty.ObjectVal(values)
}

// attribute is the value of a resource's attribute: what the files give, or a
// stand-in for what is known only after apply.
func (l *loader) attribute(u use, b *block, in *instance, name string, out *diag.List) cty.Value {
	ref := schema.Ref{Addr: b.addr(in.key), Attr: name}
	a := b.kind.Attr(name)
	if a == nil || !a.Writable() {
		return l.refs.value(ref)
	}
	if in.state == todo && l.tooLong(u, out) {
		return cty.DynamicVal
	}
	if !l.build(b, in, &b.diags) {
		l.cycle(u, ref.Addr.String(), out)
		return cty.DynamicVal
	}
	if !in.ok {
		return cty.DynamicVal
	}
	v := in.res.Values[b.kind.Index(name)]
	if v == nil && a.Mode == schema.Defaulted {
		return l.refs.value(ref)
	}
	return l.toCty(a, v)
}

// toCty is a value of the attribute as expressions see it.
func (l *loader) toCty(a *schema.Attr, v schema.Value) cty.Value {
	switch v := v.(type) {
	case schema.String:
		return cty.StringVal(string(v))
	case schema.Number:
		return cty.NumberFloatVal(float64(v))
	case schema.Bool:
		return cty.BoolVal(bool(v))
	case schema.Ref:
		return l.refs.value(v)
	case schema.Template:
		return l.templateValue(v)
	case schema.Sensitive:
		return l.toCty(a, v.Value).Mark(secretMark{})
	case schema.List:
		out := make([]cty.Value, len(v))
		for i, e := range v {
			out[i] = l.toCty(a, e)
		}
		return cty.TupleVal(out)
	case schema.Map:
		out := map[string]cty.Value{}
		for k, e := range v {
			out[k] = l.toCty(a, e)
		}
		return cty.ObjectVal(out)
	case schema.Row:
		out := map[string]cty.Value{}
		for i, e := range v {
			if a.Attrs[i].Writable() {
				out[a.Attrs[i].Name] = l.toCty(&a.Attrs[i], e)
			}
		}
		return cty.ObjectVal(out)
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

func (l *loader) templateValue(t schema.Template) cty.Value {
	text, marks := "", make([]cty.ValueMarks, len(t))
	for i, part := range t {
		v, m := l.toCty(nil, part).Unmark()
		text += v.AsString()
		marks[i] = m
	}
	return cty.StringVal(text).WithMarks(marks...)
}

// check is what can only be seen when everything is there.
func (l *loader) check(resources []*schema.Resource) {
	l.checkLevels()
	l.checkLinks()
	l.checkKeys(resources)
	l.checkCycles(resources)
}

// eachOf puts every instance in the place of an address that means them all.
func (l *loader) eachOf(addrs []schema.Addr) []schema.Addr {
	var out []schema.Addr
	for _, a := range addrs {
		b := l.blocks[blockKey{schema.KindNamed(a.Kind), a.Name}]
		if b == nil || a.Each || !b.each {
			out = append(out, a)
			continue
		}
		for _, in := range b.instances {
			out = append(out, b.addr(in.key))
		}
	}
	return out
}

// resources are all that were built without mistakes, in the order of their
// addresses.
func (l *loader) resources() []*schema.Resource {
	n := 0
	for _, b := range l.order {
		n += len(b.instances)
	}
	out := make([]*schema.Resource, 0, n)
	for _, b := range l.order {
		for _, in := range b.instances {
			if in.res == nil {
				continue // loading was cut off
			}
			if in.res.Scope.Level == "" {
				in.res.Scope, in.lost = l.scope, in.lost || l.noScope
			}
			if in.ok {
				in.res.DependsOn = l.eachOf(in.res.DependsOn)
				out = append(out, in.res)
			}
		}
	}
	slices.SortFunc(out, func(a, b *schema.Resource) int {
		if a.Kind != b.Kind {
			return a.Addr.Compare(b.Addr)
		}
		return cmp.Or(cmp.Compare(a.Addr.Name, b.Addr.Name), cmp.Compare(a.Addr.Key, b.Addr.Key))
	})
	return out
}

package loader

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"trueup/diag"
	"trueup/schema"
)

// block is a declared resource, or with for_each a declared family of them.
type block struct {
	kind   *schema.Kind
	name   string
	decl   diag.Range
	src    *source
	items  []item   // nil once all is built
	failed []string // attributes that have been reported already

	scopeAt   diag.Range  // where its scope is written
	each      bool        // it has a for_each
	state     progress    // of finding out its instances
	instances []*instance // by key

	diags diag.List // of its instances
	links []link
}

// instance is one resource of a block.
type instance struct {
	key   string
	value cty.Value // each.value
	state progress
	res   *schema.Resource // nil until built
	ok    bool             // it was built without mistakes
	lost  bool             // its scope could not be read
}

type progress uint8

const (
	todo progress = iota
	running
	done
)

func (b *block) addr(key string) schema.Addr {
	return schema.Addr{Kind: b.kind.Name, Name: b.name, Key: key, Each: b.each}
}

func (b *block) item(name string) *item {
	for i := range b.items {
		if b.items[i].name == name {
			return &b.items[i]
		}
	}
	return nil
}

// instance is the one with the key, or nil. Without for_each the key is "".
func (b *block) instance(key string) *instance {
	i, found := slices.BinarySearchFunc(b.instances, key, func(in *instance, key string) int { return cmp.Compare(in.key, key) })
	if !found {
		return nil
	}
	return b.instances[i]
}

func (b *block) keys() []string {
	keys := make([]string, len(b.instances))
	for i, in := range b.instances {
		keys[i] = in.key
	}
	return keys
}

// expandEarly builds a block that depends on nothing, while its file is read.
func (l *loader) expandEarly(b *block, out *diag.List) {
	in := &instance{state: done}
	b.state, b.instances = done, []*instance{in}
	d := &decoder{l: l, src: b.src, out: out}
	d.resource(b, in)
	b.links = d.links
}

// expand finds out the instances of a block. It reports whether they are known.
func (l *loader) expand(b *block) bool {
	switch b.state {
	case done:
		return true
	case running:
		return false
	}
	b.state = running
	defer func() { b.state = done }()
	it := b.item("for_each")
	if it == nil {
		b.instances = []*instance{{}}
		return true
	}
	b.each = true
	l.running = append(l.running, b.kind.Name+"."+b.name)
	defer func() { l.running = l.running[:len(l.running)-1] }()
	ctx := l.context(it, nil, &l.diags)
	v, diags := it.value.value(ctx)
	if diags.HasErrors() {
		l.diags.Add(l.evalErrors(diags, it.value, ctx, schema.Addr{Kind: b.kind.Name, Name: b.name})...)
		return true
	}
	if bare, _ := v.Unmark(); !bare.IsKnown() {
		l.blank(schema.Addr{Kind: b.kind.Name, Name: b.name}, it.value)
		return true
	}
	b.instances = l.instancesOf(b, it, v)
	return true
}

// instancesOf are the instances that a for_each asks for, by key.
func (l *loader) instancesOf(b *block, it *item, v cty.Value) []*instance {
	refuse := func(summary, remedy string) []*instance {
		l.diags.Add(diag.Diagnostic{Summary: summary, Detail: remedy, Code: "for-each", Address: b.kind.Name + "." + b.name, Range: it.value.place()})
		return nil
	}
	if isSecret(v) {
		return refuse("for_each is sensitive", "Its keys become part of addresses, which are shown: use nonsensitive(…) on what is not secret.")
	}
	if ref, found := shallowRef(v); found {
		return refuse("for_each needs "+ref.String()+", which is known only after apply", "The keys of for_each must be known now; the values of a map may come later.")
	}
	ty := v.Type()
	switch {
	case v.IsNull():
		return refuse("for_each is null", "Leave it out, or give a set or a map.")
	case ty.IsTupleType() || ty.IsListType():
		return refuse("for_each wants a set or a map, not a list", "Write toset(…) around the list.")
	case !ty.IsSetType() && !ty.IsMapType() && !ty.IsObjectType():
		remedy := "Write toset([…]) for a set of text, or an object of key to value."
		if ty == cty.String && v.IsKnown() && !v.IsMarked() {
			remedy = cmp.Or(unmarked(v.AsString(), it.value), remedy)
		}
		return refuse("for_each wants a set or a map", remedy)
	case ty.IsSetType() && !ty.ElementType().Equals(cty.String) && v.LengthInt() > 0:
		return refuse("for_each wants a set of text", "Convert the elements with tostring.")
	}
	out := make([]*instance, 0, v.LengthInt())
	for e := v.ElementIterator(); e.Next(); {
		key, value := e.Element()
		if key.IsNull() {
			return refuse("for_each holds a null", "Take it out.")
		}
		if strings.IndexByte(key.AsString(), 0) >= 0 {
			return refuse("a key of for_each has a NUL character", "Take it out.")
		}
		out = append(out, &instance{key: key.AsString(), value: value})
	}
	slices.SortFunc(out, func(a, b *instance) int { return cmp.Compare(a.key, b.key) })
	return out
}

// build builds one instance, unless it is built or being built. It reports
// false for one that is being built: a cycle.
func (l *loader) build(b *block, in *instance, out *diag.List) bool {
	switch in.state {
	case done:
		return true
	case running:
		return false
	}
	in.state = running
	l.running = append(l.running, b.addr(in.key).String())
	d := &decoder{l: l, src: b.src, out: out}
	if b.each {
		d.each = map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(in.key), "value": in.value})}
	}
	d.resource(b, in)
	b.links = append(b.links, d.links...)
	l.running = l.running[:len(l.running)-1]
	in.state, in.value = done, cty.NilVal
	return true
}

// evaluateAll builds every resource.
func (l *loader) evaluateAll() {
	for _, it := range sortedLocals(l.locals) {
		l.local(it)
	}
	for i, b := range l.order {
		if i&1023 == 0 && l.cancelled() {
			return
		}
		if b.items == nil && b.state == done {
			continue
		}
		l.expand(b)
		for i, in := range b.instances {
			if i&1023 == 0 && l.cancelled() {
				return
			}
			l.build(b, in, &b.diags)
		}
		l.diags.Add(b.condensed()...)
	}
	for _, b := range l.order {
		b.items = nil
	}
}

// maxAlike is how many mistakes at one place the instances of a block report.
const maxAlike = 10

// condensed are the block's diagnostics, without those that say the same of
// another instance, and with few where an expression is wrong for many.
func (b *block) condensed() diag.List {
	type place struct {
		at      diag.Range
		summary string
	}
	seen, count := map[place]bool{}, map[diag.Range]int{}
	var out diag.List
	for _, d := range b.diags {
		p := place{d.Range, d.Summary}
		if b.each && seen[p] {
			continue
		}
		seen[p] = true
		if count[d.Range]++; !b.each || count[d.Range] <= maxAlike {
			out = append(out, d)
		}
	}
	told := map[diag.Range]bool{}
	for i := len(out) - 1; i >= 0; i-- {
		d := &out[i]
		if n := count[d.Range]; b.each && n > maxAlike && !told[d.Range] {
			told[d.Range] = true
			d.Detail = strings.TrimPrefix(d.Detail+"\n"+fmt.Sprintf("%d instances have a mistake here; the first %d are shown.", n, maxAlike), "\n")
		}
	}
	b.diags = nil
	return out
}

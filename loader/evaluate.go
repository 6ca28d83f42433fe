package loader

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"trueup/diag"
	"trueup/schema"
)

const (
	maxChain = 1000     // how far values may refer to values that refer to values
	maxValue = 64 << 20 // bytes that a local may come to
)

// local is a named value.
type local struct {
	item
	state progress
	val   cty.Value
}

// A value that could not be found out stands for itself as cty.DynamicVal,
// which is unknown: what is made of it is unknown too, and nothing more is said.
// Nothing else should be unknown here; if the evaluation of something comes to
// nothing all the same, without a word, blank has noted where.

// blank notes an expression that came to nothing. It is reported only if no
// error tells why.
func (l *loader) blank(addr schema.Addr, e expr) {
	l.blankMu.Lock()
	defer l.blankMu.Unlock()
	l.blanks.Add(diag.Diagnostic{Summary: "this comes to no value", Detail: "A null may have a part in it, in a function that takes none.", Code: "expression",
		Address: addressOf(addr), Range: e.place()})
}

func sortedLocals(m map[string]*local) []*local {
	out := make([]*local, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[name])
	}
	return out
}

// local evaluates the local once.
func (l *loader) local(x *local) cty.Value {
	if x.state != todo {
		return x.val
	}
	x.state, x.val = running, cty.DynamicVal
	l.running = append(l.running, "local."+x.name)
	ctx := l.context(&x.item, nil, &l.diags)
	v, diags := x.value.value(ctx)
	l.running = l.running[:len(l.running)-1]
	x.state = done
	switch {
	case diags.HasErrors():
		l.diags.Add(l.evalErrors(diags, x.value, ctx, schema.Addr{})...)
	case size(v) > maxValue:
		l.diags.Add(diag.Diagnostic{Summary: fmt.Sprintf("local.%s is larger than %d MiB", x.name, maxValue>>20), Code: "limit", Range: x.at})
	default:
		x.val = v
	}
	return x.val
}

// size is roughly how large a value is; it stops counting past maxValue.
func size(v cty.Value) int {
	n := 0
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		n += 16
		if bare, _ := v.Unmark(); bare.Type() == cty.String && bare.IsKnown() && !bare.IsNull() {
			n += len(bare.AsString())
		}
		if n > maxValue {
			return false, errNotText
		}
		return true, nil
	})
	return n
}

// names are what an expression can refer to: var, local and kinds, by root and
// name.
type names map[string]map[string]cty.Value

func (n names) set(root, name string, v cty.Value) {
	if n[root] == nil {
		n[root] = map[string]cty.Value{}
	}
	n[root][name] = v
}

// context is what the item's expressions are evaluated in. each is not nil
// under for_each; each.key and each.value themselves are the caller's to add.
// What is referred to and is not there is reported.
func (l *loader) context(it *item, each map[string]cty.Value, out *diag.List) *hcl.EvalContext {
	if it.ctx != nil {
		return it.ctx
	}
	base := l.functionsOf(it.value.src.dir)
	if len(it.uses) == 0 {
		it.ctx = base
		return base
	}
	found, needs := names{}, needs{}
	for _, u := range it.uses {
		switch root := u.path.RootName(); {
		case root == "var":
			l.useVariable(u, found, out)
		case root == "local":
			l.useLocal(u, found, out)
		case root == "each":
			l.useEach(u, each, out)
			if each == nil {
				found.set("each", "key", cty.DynamicVal)
				found.set("each", "value", cty.DynamicVal)
			}
		case schema.KindNamed(root) != nil:
			l.useResource(u, found, needs, out)
		default:
			l.unknownRoot(u, found, out)
		}
	}
	l.supply(needs, found, out)
	ctx := base.NewChild()
	ctx.Variables = map[string]cty.Value{}
	for root, values := range found {
		if v, whole := values[""]; whole {
			ctx.Variables[root] = v
			continue
		}
		ctx.Variables[root] = cty.ObjectVal(values)
	}
	it.ctx = ctx
	return ctx
}

// stepText is the name or key that a step of a reference goes by.
func stepText(step hcl.Traverser) (text string, attr bool) {
	switch s := step.(type) {
	case hcl.TraverseAttr:
		return schema.NFC(s.Name), true
	case hcl.TraverseIndex:
		if text, err := toText(s.Key); err == nil {
			return text.AsString(), false
		}
	}
	return "", false
}

// bracketed is a step between brackets as text.
func bracketed(step hcl.Traverser, text string) string {
	if s, ok := step.(hcl.TraverseIndex); ok && s.Key.Type() == cty.Number {
		return "[" + text + "]"
	}
	return "[" + schema.Quote(text) + "]"
}

func (l *loader) useVariable(u use, found names, out *diag.List) {
	if len(u.path) < 2 {
		found.set("var", "", cty.ObjectVal(l.allVariables()))
		return
	}
	name, _ := stepText(u.path[1])
	v := l.variables[name]
	if v == nil {
		l.missing(u, "var."+name+" is not declared", fmt.Sprintf("Declare it under variables (in HCL: variable %q { … }).", name), didYouMean(name, slices.Sorted(maps.Keys(l.variables))), out)
		found.set("var", name, cty.DynamicVal)
		return
	}
	found.set("var", name, v.val)
}

func (l *loader) allVariables() map[string]cty.Value {
	all := map[string]cty.Value{}
	for name, v := range l.variables {
		all[name] = v.val
	}
	return all
}

func (l *loader) useLocal(u use, found names, out *diag.List) {
	if len(u.path) < 2 {
		all := map[string]cty.Value{}
		for _, x := range sortedLocals(l.locals) {
			all[x.name] = l.useOneLocal(u, x, out)
		}
		found.set("local", "", cty.ObjectVal(all))
		return
	}
	name, _ := stepText(u.path[1])
	x := l.locals[name]
	if x == nil {
		l.missing(u, "local."+name+" is not defined", "Define it under locals.", didYouMean(name, slices.Sorted(maps.Keys(l.locals))), out)
		found.set("local", name, cty.DynamicVal)
		return
	}
	found.set("local", name, l.useOneLocal(u, x, out))
}

func (l *loader) useOneLocal(u use, x *local, out *diag.List) cty.Value {
	if x.state == running {
		l.cycle(u, "local."+x.name, out)
		return cty.DynamicVal
	}
	if x.state == todo && l.tooLong(u, out) {
		return cty.DynamicVal
	}
	return l.local(x)
}

func (l *loader) useEach(u use, each map[string]cty.Value, out *diag.List) {
	if each == nil {
		l.missing(u, "each has no meaning here", "each.key and each.value are for resources with a for_each.", "", out)
		return
	}
	if len(u.path) > 1 {
		if name, _ := stepText(u.path[1]); !isEach(name) {
			l.missing(u, "each has no "+name, "There are each.key and each.value.", didYouMean(name, []string{"key", "value"}), out)
		}
	}
}

func isEach(name string) bool { return name == "key" || name == "value" }

func (l *loader) unknownRoot(u use, found names, out *diag.List) {
	root := u.path.RootName()
	found.set(root, "", cty.DynamicVal)
	if k := schema.KindPlural(root); k != nil {
		l.missing(u, fmt.Sprintf("unknown name %q", root), fmt.Sprintf("Kinds in references are singular: %s.NAME.id.", k.Name), meant(k.Name), out)
		return
	}
	known := append([]string{"var", "local", "each"}, schema.KindNames()...)
	remedy := "One of: " + strings.Join(known, ", ") + "."
	if len(u.path) == 1 {
		remedy = "Text goes in double quotes. A name is " + lower(remedy)
	}
	l.missing(u, fmt.Sprintf("unknown name %q", root), remedy, didYouMean(root, known), out)
}

// missing reports a reference to nothing.
func (l *loader) missing(u use, summary, remedy, hint string, out *diag.List) {
	if l.partial {
		return
	}
	out.Add(diag.Diagnostic{Summary: summary, Detail: remedy, Hint: hint, Code: "unknown-reference", Range: u.place()})
}

// cycle reports that what is being evaluated needs name, which is being
// evaluated already.
func (l *loader) cycle(u use, name string, out *diag.List) {
	chain := l.running
	if i := slices.Index(chain, name); i >= 0 {
		chain = chain[i:]
	}
	text := strings.Join(append(slices.Clone(chain), name), " → ")
	out.Add(diag.Diagnostic{Summary: "a cycle: " + name + " refers to itself", Detail: text, Code: "cycle", Range: u.place()})
}

// tooLong reports a chain of references without end in sight.
func (l *loader) tooLong(u use, out *diag.List) bool {
	if len(l.running) < maxChain {
		return false
	}
	out.Add(diag.Diagnostic{Summary: fmt.Sprintf("more than %d values refer to one another in a row", maxChain), Code: "limit", Range: u.place()})
	return true
}

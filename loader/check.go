package loader

import (
	"fmt"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/schema"
)

// checkLevels: a kind is used only in scopes that have it.
func (l *loader) checkLevels() {
	for _, b := range l.order {
		for _, in := range b.instances {
			if in.res == nil || in.lost || b.kind.Has(in.res.Scope.Level) {
				continue
			}
			at := b.scopeAt
			if !at.Known() {
				at = b.decl
			}
			l.diags.Add(diag.Diagnostic{Summary: fmt.Sprintf("there are no %s in scope %s", b.kind.Plural, in.res.Scope), Code: "scope",
				Detail: "They exist in: " + levels(b.kind) + ".", Address: b.addr(in.key).String(), Range: at})
			break
		}
	}
}

func levels(k *schema.Kind) string {
	var out []string
	for _, level := range k.Levels {
		word := string(level)
		if level != schema.User {
			word += ":<id>"
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}

// checkLinks: what is referred to is there, and in the same scope.
func (l *loader) checkLinks() {
	for _, b := range l.order {
		before := len(l.diags)
		for _, k := range b.links {
			if k.from != nil {
				l.checkLink(k)
			}
		}
		b.links = nil
		b.diags = append(b.diags, l.diags[before:]...)
		l.diags = append(l.diags[:before], b.condensed()...)
	}
}

func (l *loader) checkLink(k link) {
	report := func(summary, remedy, hint string) {
		l.diags.Add(diag.Diagnostic{Summary: summary, Detail: remedy, Hint: hint, Code: "unknown-reference", Address: k.from.res.Addr.String(), Range: k.at})
	}
	kind := schema.KindNamed(k.to.Kind)
	b := l.blocks[blockKey{kind, k.to.Name}]
	switch {
	case b == nil && l.partial:
		return
	case b == nil:
		report(fmt.Sprintf("there is no %s %s", kind.Name, schema.Quote(k.to.Name)), "Declare it, or write the name of one that is declared, or an id of 32 hexadecimal digits.",
			l.near(k.to.Name, func() []string { return l.namesOf(kind) }))
		return
	case b.each && !k.to.Each && k.order:
		return
	case b.each && !k.to.Each:
		report(fmt.Sprintf("%s.%s has a for_each, so it needs a key", kind.Name, b.name), fmt.Sprintf(`Write %s["key"].`, b.name), "")
		return
	case !b.each && k.to.Each:
		report(fmt.Sprintf("%s.%s has no for_each, so it takes no key", kind.Name, b.name), fmt.Sprintf("Write %s.", b.name), "")
		return
	}
	in := b.instance(k.to.Key)
	switch {
	case in == nil:
		report(fmt.Sprintf("there is no %s", k.to), "Its for_each has no such key.", l.near(k.to.Key, b.keys))
	case in == k.from:
		report(fmt.Sprintf("a cycle: %s refers to itself", k.to), "", "")
	case k.order || in.lost || k.from.lost || in.res == nil:
	case in.res.Scope != k.from.res.Scope:
		report(fmt.Sprintf("%s is in scope %s, and this resource in scope %s", k.to, in.res.Scope, k.from.res.Scope), "What refers to one another is in one scope: give both the same.", "")
	}
}

// checkKeys: within a scope, no two resources are the same object.
func (l *loader) checkKeys(resources []*schema.Resource) {
	type space struct {
		kind  *schema.Kind
		scope schema.Scope
	}
	type owners struct{ byKey, byID map[string]*schema.Resource }
	spaces := map[space]owners{}
	for _, r := range resources {
		at := space{r.Kind, r.Scope}
		o, ok := spaces[at]
		if !ok {
			o = owners{map[string]*schema.Resource{}, map[string]*schema.Resource{}}
			spaces[at] = o
		}
		if r.ID != "" {
			l.claim(o.byID, r.ID, r, "id")
		}
		if !r.Kind.HasNaturalKey(r.Values) {
			if r.ID == "" {
				l.keyless(r)
			}
			continue
		}
		key := r.Kind.NaturalKey(r.Values)
		if first := o.byKey[key]; first != nil && first.ID != "" && r.ID != "" {
			continue // settled by hand: the server may have several of one name (API facts §3: of pools that is not known)
		}
		l.claim(o.byKey, key, r, strings.Join(keyNames(r), " and "))
	}
}

// claim notes whose a key is, or reports that it is another's already.
func (l *loader) claim(owner map[string]*schema.Resource, key string, r *schema.Resource, what string) {
	first := owner[key]
	if first == nil {
		owner[key] = r
		return
	}
	a, b := first, r
	if b.Decl.File == a.Decl.File && before(b.Decl.Start, a.Decl.Start) {
		a, b = b, a
	}
	l.diags.Add(diag.Diagnostic{Summary: fmt.Sprintf("%s has the same %s as %s, so both mean one object", b.Addr, what, a.Addr), Code: "duplicate",
		Detail: fmt.Sprintf("The other is at %s. Take one out, or make them differ.", a.Decl), Address: b.Addr.String(), Range: b.Decl})
}

func keyNames(r *schema.Resource) []string {
	return slices.DeleteFunc(slices.Clone(r.Kind.Match), func(name string) bool { return r.Kind.Get(r.Values, name) == nil })
}

func (l *loader) keyless(r *schema.Resource) {
	l.diags.Add(diag.Diagnostic{Summary: fmt.Sprintf("nothing tells which object is meant: %s is empty", strings.Join(r.Kind.Match, ", ")), Code: "keyless",
		Detail: "Leave it out (the resource's name is used then), give it a value, or write the object's id.", Address: r.Addr.String(), Range: r.Decl})
}

// checkCycles: no resource waits for itself by way of others.
func (l *loader) checkCycles(resources []*schema.Resource) {
	c := cycles{l: l, out: map[schema.Addr][]schema.Addr{}, of: map[schema.Addr]*schema.Resource{}, state: map[schema.Addr]progress{}}
	for _, r := range resources {
		if edges := c.edges(r); len(edges) > 0 {
			c.out[r.Addr], c.of[r.Addr] = edges, r
		}
	}
	for _, r := range resources {
		if c.of[r.Addr] != nil && c.state[r.Addr] == todo {
			c.visit(r.Addr)
		}
	}
}

type cycles struct {
	l     *loader
	out   map[schema.Addr][]schema.Addr // only of resources that wait for others
	of    map[schema.Addr]*schema.Resource
	state map[schema.Addr]progress
}

func (c *cycles) edges(r *schema.Resource) []schema.Addr {
	var out []schema.Addr
	for _, v := range r.Values {
		for _, ref := range schema.Refs(v) {
			out = append(out, ref.Addr)
		}
	}
	return append(out, r.DependsOn...)
}

// visit walks from one resource with a stack of its own, since a chain may be
// as long as the files.
func (c *cycles) visit(start schema.Addr) {
	type step struct {
		addr schema.Addr
		next int
	}
	path := []step{{addr: start}}
	c.state[start] = running
	for len(path) > 0 {
		top := &path[len(path)-1]
		edges := c.out[top.addr]
		if top.next == len(edges) {
			c.state[top.addr] = done
			path = path[:len(path)-1]
			continue
		}
		to := edges[top.next]
		top.next++
		switch {
		case c.of[to] == nil || c.state[to] == done:
		case c.state[to] == running:
			var chain []string
			for i := len(path) - 1; i >= 0; i-- {
				chain = append(chain, path[i].addr.String())
				if path[i].addr == to {
					break
				}
			}
			slices.Reverse(chain)
			c.report(to, append(chain, to.String()))
		default:
			c.state[to] = running
			path = append(path, step{addr: to})
		}
	}
}

func (c *cycles) report(addr schema.Addr, chain []string) {
	if len(chain) == 2 {
		return // a resource that refers to itself was reported where it does
	}
	c.l.diags.Add(diag.Diagnostic{Summary: "a cycle: " + addr.String() + " waits for itself", Detail: strings.Join(chain, " → "), Code: "cycle",
		Address: addr.String(), Range: c.of[addr].Decl})
}

// Package lint warns of what a configuration says that is valid and yet hardly
// meant: access rules without effect, tokens wider than they need, monitors
// that nothing uses.
//
// It looks at the loaded graph alone: no request, no disk, no clock but the
// one it is given. It reports no error and changes nothing. cli calls it.
//
// A rule is one row of the table below: a code, a text that says why, the kind
// it looks at and a function that finds. Where the API's behaviour is not
// documented, a rule keeps silent or says so.
package lint

import (
	"time"

	"trueup/diag"
	"trueup/schema"
)

// rule is one row of the table.
type rule struct {
	diag.Rule
	kind string // of the resources it looks at
	look look
}

// look finds what a rule is about among rs: all resources of its kind, in the
// order of their addresses.
type look func(s *survey, rs []*schema.Resource) []finding

// finding is one thing to warn of.
type finding struct {
	at              *schema.Resource
	attr            string // the attribute it is about, "" for the resource
	summary, remedy string
}

// survey is what a look may look at beside the resources of its kind.
type survey struct {
	resources []*schema.Resource
	now       time.Time
	nestings  []nesting // see nested
}

// Lint gives the warnings about a loaded graph, in the order of their places.
// now is what expiries are measured against. Each Code is one of Rules.
func Lint(g *schema.Graph, now time.Time) diag.List {
	kinds := map[string][]*schema.Resource{}
	for _, r := range g.Resources {
		kinds[r.Kind.Name] = append(kinds[r.Kind.Name], r)
	}
	s := &survey{resources: g.Resources, now: now}
	var l diag.List
	for _, row := range rules {
		for _, f := range row.look(s, kinds[row.kind]) {
			l.Add(diag.Diagnostic{
				Severity: diag.Warning, Code: row.Code, Address: f.at.Addr.String(), Range: f.at.RangeOf(f.attr),
				Summary: f.summary, Detail: f.remedy,
			})
		}
	}
	l.Sort()
	return l
}

// Rules explains the codes, in the order of the kinds.
func Rules() []diag.Rule {
	out := make([]diag.Rule, len(rules))
	for i, r := range rules {
		out[i] = r.Rule
	}
	return out
}

// each is the look of a rule that needs no more than one resource at a time.
func each(find func(r *schema.Resource, now time.Time) []finding) look {
	return func(s *survey, rs []*schema.Resource) []finding {
		var out []finding
		for _, r := range rs {
			out = append(out, find(r, s.now)...)
		}
		return out
	}
}

// warn is a list of one finding.
func warn(r *schema.Resource, attr, summary, remedy string) []finding {
	return []finding{{r, attr, summary, remedy}}
}

// value is the resource's value of the attribute, or nil.
func value(r *schema.Resource, attr string) schema.Value { return r.Kind.Get(r.Values, attr) }

// text is the attribute's text; "" where it is unset, sensitive or known only
// after apply, so that it may be shown.
func text(r *schema.Resource, attr string) string { return plain(value(r, attr)) }

func plain(v schema.Value) string {
	s, _ := v.(schema.String)
	return string(s)
}

// truth is Truth of the attribute.
func truth(r *schema.Resource, attr string) bool { return schema.Truth(value(r, attr)) }

// node is a value together with its attribute, for the way into nested objects.
type node struct {
	attr  *schema.Attr
	value schema.Value
}

// top is the resource's attribute, which its kind must have.
func top(r *schema.Resource, attr string) node { return node{r.Kind.Attr(attr), value(r, attr)} }

// part is the attribute of the nested object that n is. Its value is nil where
// n is no such object, as where it is unset or sensitive.
func (n node) part(name string) node {
	if i := schema.Index(n.attr.Attrs, name); i >= 0 {
		return node{&n.attr.Attrs[i], n.attr.Part(n.value, name)}
	}
	return node{attr: &schema.Attr{}}
}

// elems are the elements of the list of objects that n is.
func (n node) elems() []node {
	list, _ := n.value.(schema.List)
	out := make([]node, len(list))
	for i, e := range list {
		out[i] = node{n.attr, e}
	}
	return out
}

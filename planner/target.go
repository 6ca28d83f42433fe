package planner

import (
	"fmt"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/schema"
)

// aim leaves only the steps that the targets name, and what they need.
func (m *maker) aim() {
	if len(m.in.Targets) == 0 {
		return
	}
	m.unknownTargets()
	var keep func(s *step)
	keep = func(s *step) {
		if s.kept {
			return
		}
		s.kept = true
		for _, t := range s.needs {
			keep(t)
		}
	}
	for _, s := range m.steps {
		if m.targeted(s.Addr) {
			keep(s)
		}
	}
	m.steps = slices.DeleteFunc(m.steps, func(s *step) bool { return !s.kept })
	for _, s := range m.steps {
		m.nameUsed(s)
	}
	m.hushOthers()
	texts := make([]string, len(m.in.Targets))
	for i, t := range m.in.Targets {
		texts[i] = t.String()
	}
	m.plan.Warnings.Add(diag.Diagnostic{
		Severity: diag.Warning, Code: "targeted", Summary: "this plan is only about " + strings.Join(texts, ", ") + " and what is needed for that",
		Detail: "Everything else is left out, whatever the files say. Plan without --target to see the rest.",
	})
}

// nameUsed gives the objects that the step's object refers to the addresses by
// which the files know them: the plan has no steps of theirs.
func (m *maker) nameUsed(s *step) {
	name := func(kind, id string) {
		g := m.byList[ListKey{schema.KindNamed(kind), s.Scope}]
		if g == nil || g.byID[id] == nil {
			return
		}
		addr := ""
		switch o := g.byID[id]; {
		case o.taker != nil:
			addr = o.taker.Addr.String()
		case o.entry != nil && !o.entry.Deposed:
			addr = o.entry.Addr.String()
		default:
			return
		}
		if s.Names == nil {
			s.Names = map[string]string{}
		}
		s.Names[id] = addr
	}
	eachUse(s.Kind, s.Before, name)
	eachUse(s.Kind, s.After, name)
}

// hushOthers drops what there is to say about resources that the targets leave
// out: what is said about a target, what it refers to and what is done for it
// stays.
func (m *maker) hushOthers() {
	heard, seen := map[string]bool{}, map[*wanted]bool{}
	for _, s := range m.steps {
		heard[s.Addr.String()] = true
	}
	var hear func(w *wanted)
	hear = func(w *wanted) {
		if w == nil || seen[w] {
			return
		}
		seen[w], heard[w.Addr.String()] = true, true
		for _, r := range w.refs {
			hear(m.wants[r.Addr])
		}
	}
	for _, w := range m.all {
		if m.targeted(w.Addr) {
			hear(w)
		}
	}
	other := func(d diag.Diagnostic) bool { return d.Address != "" && !heard[d.Address] }
	m.diags = slices.DeleteFunc(m.diags, other)
	m.plan.Warnings = slices.DeleteFunc(m.plan.Warnings, other)
}

func (m *maker) targeted(addr schema.Addr) bool {
	return slices.ContainsFunc(m.in.Targets, func(t schema.Addr) bool { return t.Means(addr) })
}

// unknownTargets reports targets that neither the files nor the state have.
func (m *maker) unknownTargets() {
	var known []schema.Addr
	for _, w := range m.all {
		known = append(known, w.Addr)
	}
	for _, e := range m.in.Have.Entries {
		known = append(known, e.Addr)
	}
	for _, t := range m.in.Targets {
		named := func(a schema.Addr) bool { return t.Means(a) }
		planned := func(s *step) bool { return t.Means(s.Addr) }
		if slices.ContainsFunc(known, named) || slices.ContainsFunc(m.steps, planned) {
			continue
		}
		d := diag.Diagnostic{
			Code: "unknown-target", Summary: fmt.Sprintf("the target %s is neither in the files nor in the state", t),
			Detail: `Write an address as it is in the plan: kind.name, or kind.name["key"].`,
		}
		if near := diag.Suggest(t.String(), spellings(known)); near != "" {
			d.Hint = fmt.Sprintf("did you mean %s?", near)
		}
		m.diags.Add(d)
	}
}

// spellings are the addresses with and without their keys, each once.
func spellings(addrs []schema.Addr) []string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
		if a.Each {
			out = append(out, a.Kind+"."+a.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

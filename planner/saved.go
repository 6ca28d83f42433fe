package planner

import "slices"

// NeedsFiles reports whether a saved plan holds digests of sensitive values,
// which are taken from the files again before it is carried out.
func (p *Plan) NeedsFiles() bool {
	return slices.ContainsFunc(p.Changes, func(c *Change) bool { return c.touches() && anyOf(c.After, isSensitive) })
}

// Lists are the lists that Stale needs: of the kinds and scopes that the plan
// touches, in order.
func (p *Plan) Lists() []ListKey {
	var out []ListKey
	for _, c := range p.Changes {
		if l := (ListKey{c.Kind, c.Scope}); c.touches() && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

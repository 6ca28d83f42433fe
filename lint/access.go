package lint

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"trueup/schema"
)

// relation is what a larger range does to a rule inside it.
type relation uint8

const (
	shadowed      relation = iota // it is allowed, so the rule has no effect
	redundant                     // it is treated the same
	contradictory                 // it is treated otherwise, and neither is allowed
)

// ipRule is an access rule about an address or a range.
type ipRule struct {
	prefix netip.Prefix
	mode   string
	at     *schema.Resource
}

// nesting is a rule and the one around it that matters to it.
type nesting struct {
	inner, outer ipRule
	is           relation
}

// allow is the mode that takes precedence over the others. That it does so
// over block is documented by Cloudflare (WAF, IP Access rules, Actions), and
// that an allowed visitor is excluded from security checks. Precedence among
// the other modes is not documented.
const allow = "whitelist"

// nested is the look for one relation.
func nested(is relation) look {
	return func(s *survey, rs []*schema.Resource) []finding {
		if s.nestings == nil {
			s.nestings = allNestings(rs)
		}
		var out []finding
		for _, n := range s.nestings {
			if n.is == is {
				out = append(out, n.finding())
			}
		}
		return out
	}
}

// allNestings compares the rules of each scope among themselves. It is never
// nil.
func allNestings(rs []*schema.Resource) []nesting {
	scopes := map[schema.Scope][]ipRule{}
	for _, r := range rs {
		if p, ok := prefixOf(text(r, "value")); ok && text(r, "mode") != "" {
			scopes[r.Scope] = append(scopes[r.Scope], ipRule{p, text(r, "mode"), r})
		}
	}
	out := []nesting{}
	for _, rules := range scopes {
		out = append(out, nestings(rules)...)
	}
	return out
}

func prefixOf(value string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(value); err == nil {
		return p.Masked(), true
	}
	ip, err := netip.ParseAddr(value)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(ip, ip.BitLen()), true
}

// nestings walks the rules' prefix tree, which is never built: sorted by first
// address and length, they come in its preorder, and the stack is the path
// from the root. n log n, for the sort. The order of rules is lost.
func nestings(rules []ipRule) []nesting {
	slices.SortStableFunc(rules, func(a, b ipRule) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()))
	})
	type step struct {
		rule    ipRule
		allowed *ipRule // the nearest rule that allows, from here to the root
	}
	var path []step
	var out []nesting
	for i, r := range rules {
		for len(path) > 0 && !covers(path[len(path)-1].rule.prefix, r.prefix) {
			path = path[:len(path)-1]
		}
		here := step{rule: r}
		if len(path) > 0 {
			above := path[len(path)-1]
			here.allowed = above.allowed
			if n, ok := relate(r, above.rule, above.allowed); ok {
				out = append(out, n)
			}
		}
		if r.mode == allow {
			here.allowed = &rules[i]
		}
		path = append(path, here)
	}
	return out
}

func covers(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// relate says what the smallest range around a rule, and the smallest one
// that is allowed, mean to it; ok is false for an exception that is in order.
func relate(r, around ipRule, allowed *ipRule) (n nesting, ok bool) {
	switch {
	case allowed != nil && r.mode != allow:
		return nesting{r, *allowed, shadowed}, true
	case allowed != nil:
		return nesting{r, *allowed, redundant}, true
	case r.mode == around.mode:
		return nesting{r, around, redundant}, true
	case r.mode != allow:
		return nesting{r, around, contradictory}, true
	}
	return nesting{}, false
}

func (n nesting) finding() finding {
	in, out, by := text(n.inner.at, "value"), text(n.outer.at, "value"), n.outer.at.Addr.String()
	f := finding{at: n.inner.at, attr: "value"}
	switch n.is {
	case shadowed:
		f.summary = fmt.Sprintf("mode %s has no effect on %s, since %s allows %s", n.inner.mode, in, by, out)
		f.remedy = fmt.Sprintf("Allowing takes precedence, whatever the size of the range. Take this rule out, or make %s smaller so that it leaves %s out.", by, in)
	case redundant:
		f.summary = fmt.Sprintf("%s is already covered by %s of %s, with the same mode %s", in, out, by, n.outer.mode)
		f.remedy = "Take this rule out: nothing changes."
	case contradictory:
		f.summary = fmt.Sprintf("mode %s for %s contradicts mode %s of %s for %s", n.inner.mode, in, n.outer.mode, by, out)
		f.remedy = "Which of the two applies is not documented; only mode whitelist is certain to take precedence. Give both the same mode, or take one out."
	}
	return f
}

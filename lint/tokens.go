package lint

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"trueup/schema"
)

// notice is how long ahead an expiry is announced.
const notice = 30 * 24 * time.Hour

// policy is what the rules want to know of a token's policy.
type policy struct {
	path      string
	allows    bool
	groups    []string // as written: names, or ids
	resources schema.Map
}

// policiesOf leaves out what is not to be seen.
func policiesOf(token *schema.Resource) []policy {
	var out []policy
	for i, e := range top(token, "policies").elems() {
		p := policy{path: schema.IndexPath("policies", i), allows: plain(e.part("effect").value) == "allow"}
		p.resources, _ = e.part("resources").value.(schema.Map)
		groups, _ := e.part("permission_groups").value.(schema.List)
		for _, g := range groups {
			if name := plain(g); name != "" {
				p.groups = append(p.groups, name)
			}
		}
		out = append(out, p)
	}
	return out
}

// writing are the groups that say in their name that they may write.
func (p policy) writing() []string {
	var out []string
	for _, g := range p.groups {
		if _, last := splitGroup(g); p.allows && (last == "write" || last == "edit") {
			out = append(out, g)
		}
	}
	return out
}

// splitGroup cuts the last word off the name of a permission group, and drops
// its `@ scope`; both in lower case. `DNS Write @ zone` is "dns", "write".
func splitGroup(group string) (stem, last string) {
	name, _, _ := strings.Cut(strings.ToLower(group), " @ ")
	words := strings.Fields(name)
	if len(words) == 0 {
		return "", ""
	}
	n := len(words) - 1
	return strings.Join(words[:n], " "), words[n]
}

// everything are the resources that mean all of a sort, later ones too (API
// facts §4).
var everything = []struct{ resource, means, narrower string }{
	{"com.cloudflare.api.account.*", "every account", "Name the accounts: com.cloudflare.api.account.<account id>."},
	{"com.cloudflare.api.account.zone.*", "every zone", `Name the zones, com.cloudflare.api.account.zone.<zone id>, or the account: com.cloudflare.api.account.<account id>: {com.cloudflare.api.account.zone.*: "*"}.`},
}

func wideToken(r *schema.Resource, _ time.Time) []finding {
	var out []finding
	for _, p := range policiesOf(r) {
		groups := p.writing()
		for _, e := range everything {
			if len(groups) > 0 && p.resources[e.resource] != nil {
				out = append(out, warn(r, "policies",
					fmt.Sprintf("%s gives %s on %s (%s)", p.path, enumerate(groups), e.means, e.resource), e.narrower)...)
			}
		}
	}
	return out
}

func unrestrictedToken(r *schema.Resource, _ time.Time) []finding {
	var groups []string
	for _, p := range policiesOf(r) {
		groups = append(groups, p.writing()...)
	}
	if len(groups) == 0 || disabled(r) {
		return nil
	}
	slices.Sort(groups)
	groups = slices.Compact(groups)
	switch {
	case value(r, "condition") == nil:
		return warn(r, "", "may be used from any address, with the right to "+enumerate(groups),
			"Write condition: {request_ip: {in: [the CIDRs it is used from]}}.")
	case letsAllIn(r):
		return warn(r, "condition", "condition.request_ip.in lets every address in, with the right to "+enumerate(groups),
			"Name the CIDRs that the token is used from.")
	}
	return nil
}

// letsAllIn reports whether `in` names all of IPv4 or IPv6.
func letsAllIn(token *schema.Resource) bool {
	in, _ := top(token, "condition").part("request_ip").part("in").value.(schema.List)
	return slices.ContainsFunc(in, func(v schema.Value) bool {
		p, err := netip.ParsePrefix(plain(v))
		return err == nil && p.Bits() == 0
	})
}

func pointlessDenial(r *schema.Resource, _ time.Time) []finding {
	if schema.HasSensitive(value(r, "policies")) {
		return nil // what is allowed is not to be seen whole
	}
	policies := policiesOf(r)
	allowed, ids, names := map[string]bool{}, false, false
	for _, p := range policies {
		for _, g := range p.groups {
			if p.allows {
				allowed[groupStem(g)] = true
				ids, names = ids || schema.ValidID(g), names || !schema.ValidID(g)
			}
		}
	}
	var out []finding
	for _, p := range policies {
		var pointless []string
		for _, g := range p.groups {
			unsure := schema.ValidID(g) && names || !schema.ValidID(g) && ids
			if !p.allows && !unsure && !allowed[groupStem(g)] {
				pointless = append(pointless, g)
			}
		}
		if len(pointless) > 0 {
			out = append(out, warn(r, "policies", fmt.Sprintf("%s denies %s, which no policy of the token allows", p.path, enumerate(pointless)),
				"What is not allowed is denied anyway. Take it out of the policy, or mend the policy that should allow it.")...)
		}
	}
	return out
}

// groupStem is what two groups about the same thing have in common; an id is
// its own.
func groupStem(group string) string {
	if stem, _ := splitGroup(group); stem != "" {
		return stem
	}
	return group
}

func disabled(token *schema.Resource) bool { return text(token, "status") == "disabled" }

func endlessToken(r *schema.Resource, _ time.Time) []finding {
	if disabled(r) || value(r, "expires_on") != nil || value(r, "rotate") != nil {
		return nil
	}
	return warn(r, "", "never expires and is never rotated", "Write expires_on, or rotate: {every: 90d}.")
}

// instant is the attribute's instant; ok is false where there is none to be
// seen, and for disabled tokens, to which none matters.
func instant(r *schema.Resource, attr string) (t time.Time, ok bool) {
	t, err := time.Parse(time.RFC3339, text(r, attr))
	return t, err == nil && !disabled(r)
}

func expiringToken(r *schema.Resource, now time.Time) []finding {
	t, ok := instant(r, "expires_on")
	if left := t.Sub(now); !ok || left <= 0 || left > notice {
		return nil
	}
	return warn(r, "expires_on", fmt.Sprintf("expires on %s, %s", text(r, "expires_on"), in(t.Sub(now))),
		"Write a later expires_on, or replace the token in what uses it before that day.")
}

func in(d time.Duration) string {
	switch days := int(d / (24 * time.Hour)); days {
	case 0:
		return "in less than a day"
	case 1:
		return "in 1 day"
	default:
		return fmt.Sprintf("in %d days", days)
	}
}

func expiredToken(r *schema.Resource, now time.Time) []finding {
	t, ok := instant(r, "expires_on")
	if !ok || t.After(now) {
		return nil
	}
	return warn(r, "expires_on", fmt.Sprintf("expired on %s", text(r, "expires_on")),
		"Write a later expires_on, or take the token out.")
}

func postponedToken(r *schema.Resource, now time.Time) []finding {
	t, ok := instant(r, "not_before")
	if !ok || !t.After(now) {
		return nil
	}
	return warn(r, "not_before", fmt.Sprintf("may not be used before %s, %s", text(r, "not_before"), in(t.Sub(now))),
		"Take not_before out if the token is needed now.")
}

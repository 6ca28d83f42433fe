package schema

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// rights is what a token permits, flattened so that two can be compared.
type rights struct {
	allow, deny map[string][]string // permission group id to resources, nested ones joined by "/"
	in, notIn   []netip.Prefix
	anywhere    bool   // no `in` list
	from, until string // canonical instants; "" is no limit
	active      bool
}

func rightsOf(o View) rights {
	r := rights{allow: map[string][]string{}, deny: map[string][]string{}, anywhere: true}
	r.from, r.until = o.Text("not_before"), o.Text("expires_on")
	r.active = o.Text("status") != "disabled"
	attr := o.Kind.Attr("policies")
	policies, _ := o.Get("policies").(List)
	for _, p := range policies {
		get := func(name string) Value { return attr.Part(p, name) }
		side := r.allow
		if Text(get("effect")) == "deny" {
			side = r.deny
		}
		resources := flatten("", Reveal(get("resources")))
		groups, _ := get("permission_groups").(List)
		for _, g := range groups {
			side[Text(g)] = append(side[Text(g)], resources...)
		}
	}
	r.readCondition(o)
	return r
}

func (r *rights) readCondition(o View) {
	ip := o.Kind.Attr("condition").Part(o.Get("condition"), "request_ip")
	attr := o.Kind.AttrAt("condition.request_ip")
	if l, ok := attr.Part(ip, "in").(List); ok {
		r.anywhere, r.in = false, prefixes(l)
	}
	l, _ := attr.Part(ip, "not_in").(List)
	r.notIn = prefixes(l)
}

func prefixes(l List) []netip.Prefix {
	var out []netip.Prefix
	for _, v := range l {
		if p, err := netip.ParsePrefix(Text(v)); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func flatten(prefix string, v Value) []string {
	m, ok := v.(Map)
	if !ok {
		return nil
	}
	var out []string
	for _, k := range m.Keys() {
		if inner := flatten(prefix+k+"/", m[k]); inner != nil {
			out = append(out, inner...)
			continue
		}
		out = append(out, prefix+k)
	}
	return out
}

// covers reports whether one of the resources includes r, by name or by a
// trailing wildcard.
func covers(resources []string, r string) bool {
	for _, have := range resources {
		if have == r {
			return true
		}
		if stem, wild := strings.CutSuffix(have, "*"); wild && strings.HasPrefix(r, stem) {
			return true
		}
		if have == "com.cloudflare.api.account.zone.*" && strings.HasSuffix(r, "/com.cloudflare.api.account.zone.*") {
			return true
		}
	}
	return false
}

func prefixCovered(by []netip.Prefix, p netip.Prefix) bool {
	return slices.ContainsFunc(by, func(b netip.Prefix) bool {
		return b.Addr().BitLen() == p.Addr().BitLen() && b.Bits() <= p.Bits() && b.Contains(p.Addr())
	})
}

// words are the phrases for the same comparison read in its two directions.
type words struct{ group, resource, deny, anywhere, from, dates, status string }

var (
	gaining = words{"gains %s", "gains %s on %s", "is no longer denied %s on %s", "may now be used from any address", "may now be used from %s", "%s moves from %s to %s", "is enabled"}
	losing  = words{"loses %s", "loses %s on %s", "is denied %s on %s", "may no longer be used from any address", "may no longer be used from %s", "%s moves from %s to %s", "is disabled"}
)

// beyond says what b permits that a does not. Where reverse is true, a is the
// later one, so that dates read in the order of time.
func beyond(a, b rights, w words, name func(string) string, reverse bool) []string {
	var out []string
	for _, g := range sortedKeys(b.allow) {
		had, known := a.allow[g]
		for i, r := range sorted(b.allow[g]) {
			switch {
			case !known && i == 0:
				out = append(out, fmt.Sprintf(w.group, name(g)))
			case known && !covers(had, r):
				out = append(out, fmt.Sprintf(w.resource, name(g), r))
			}
		}
	}
	for _, g := range sortedKeys(a.deny) {
		for _, r := range sorted(a.deny[g]) {
			if !covers(b.deny[g], r) {
				out = append(out, fmt.Sprintf(w.deny, name(g), r))
			}
		}
	}
	return append(append(out, wherefrom(a, b, w)...), when(a, b, w, reverse)...)
}

func wherefrom(a, b rights, w words) []string {
	var out []string
	if b.anywhere && !a.anywhere {
		out = append(out, w.anywhere)
	}
	if !a.anywhere {
		for _, p := range b.in {
			if !prefixCovered(a.in, p) {
				out = append(out, fmt.Sprintf(w.from, p))
			}
		}
	}
	for _, p := range a.notIn {
		if !prefixCovered(b.notIn, p) {
			out = append(out, fmt.Sprintf(w.from, p))
		}
	}
	return out
}

func when(a, b rights, w words, reverse bool) []string {
	var out []string
	moved := func(what, x, y string) {
		if reverse {
			x, y = y, x
		}
		out = append(out, fmt.Sprintf(w.dates, what, orNone(x), orNone(y)))
	}
	if a.until != "" && (b.until == "" || b.until > a.until) {
		moved("expiry", a.until, b.until)
	}
	if a.from != "" && (b.from == "" || b.from < a.from) {
		moved("start", a.from, b.from)
	}
	if b.active && !a.active {
		out = append(out, w.status)
	}
	return out
}

func orNone(instant string) string {
	if instant == "" {
		return "none"
	}
	return instant
}

func sortedKeys(m map[string][]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return sorted(keys)
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return slices.Compact(s)
}

// tokenGains: a group, a wider resource, a lost denial, a lost or wider IP
// condition, a later expiry, an earlier start, being enabled.
func tokenGains(before, after View, name func(string) string) []string {
	return beyond(rightsOf(before), rightsOf(after), gaining, name, false)
}

// lockoutNotice is how near an expiry counts as being locked out.
const lockoutNotice = 24 * time.Hour

// tokenNarrows: fewer groups or resources, a new or tighter condition, being
// disabled or deleted, an expiry within a day.
func tokenNarrows(before, after View, now time.Time, name func(string) string) []string {
	if after.Row == nil {
		return []string{"is deleted"}
	}
	a, b := rightsOf(before), rightsOf(after)
	near := b.until != "" && b.until < now.Add(lockoutNotice).UTC().Format(time.RFC3339) && b.until != a.until
	b.until, a.until = "", "" // a far expiry locks nobody out
	out := beyond(b, a, losing, name, true)
	if near {
		out = append(out, "expires within 24 hours")
	}
	return out
}

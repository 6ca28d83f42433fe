package lint

import (
	"fmt"
	"strings"
	"time"

	"trueup/schema"
)

// objectID names a live object of one kind.
type objectID struct {
	scope schema.Scope
	id    string
}

// uses are the objects of one kind that others refer to.
type uses struct {
	addrs map[schema.Addr]bool
	ids   map[objectID]bool // named by a literal id; the id is "" where it is not to be seen
}

func usesOf(kind string, resources []*schema.Resource) uses {
	u := uses{map[schema.Addr]bool{}, map[objectID]bool{}}
	for _, r := range resources {
		for i := range r.Kind.Attrs {
			if r.Kind.Attrs[i].Refers != kind || i >= len(r.Values) || r.Values[i] == nil {
				continue
			}
			refs := schema.Refs(r.Values[i])
			for _, ref := range refs {
				u.addrs[ref.Addr] = true
			}
			if len(refs) == 0 {
				u.ids[objectID{r.Scope, plain(r.Values[i])}] = true
			}
		}
	}
	return u
}

// unusedMonitors finds those that no resource refers to. A literal id that no
// monitor claims by hand may belong to any monitor of the scope without an id.
func unusedMonitors(s *survey, rs []*schema.Resource) []finding {
	if len(rs) == 0 {
		return nil
	}
	u := usesOf(rs[0].Kind.Name, s.resources)
	claimed := map[objectID]bool{}
	for _, r := range rs {
		if r.ID != "" {
			claimed[objectID{r.Scope, r.ID}] = true
		}
	}
	unsure := map[schema.Scope]bool{}
	for o := range u.ids {
		if !claimed[o] {
			unsure[o.scope] = true
		}
	}
	var out []finding
	for _, r := range rs {
		if u.addrs[r.Addr] || u.ids[objectID{r.Scope, r.ID}] || r.ID == "" && unsure[r.Scope] {
			continue
		}
		out = append(out, warn(r, "", "no pool in these files uses this monitor",
			"Name it in a pool (its attribute monitor), or take it out if nothing else uses it.")...)
	}
	return out
}

func insecureMonitor(r *schema.Resource, _ time.Time) []finding {
	if text(r, "type") != "https" || !truth(r, "allow_insecure") {
		return nil
	}
	return warn(r, "allow_insecure", "the check does not verify the certificate of the origins",
		"Leave allow_insecure out, and give the origins a certificate that is valid for the check's Host header.")
}

func redirectedMonitor(r *schema.Resource, _ time.Time) []finding {
	if text(r, "type") != "http" || !truth(r, "follow_redirects") {
		return nil
	}
	return warn(r, "follow_redirects", "the check follows redirects, so it may test another host than the origin",
		"Use type https, or leave follow_redirects out and expect the redirect itself: expected_codes 3xx.")
}

// origin is what the rules want to know of a pool's origin.
type origin struct {
	address string // "" where it is not to be shown
	network string // for comparison only: it may be sensitive
	enabled bool
	weight  schema.Number
}

// originsOf is nil where the origins are not to be seen.
func originsOf(pool *schema.Resource) []origin {
	var out []origin
	for _, e := range top(pool, "origins").elems() {
		if _, ok := e.value.(schema.Row); !ok {
			return nil
		}
		weight, _ := schema.Reveal(e.part("weight").value).(schema.Number)
		out = append(out, origin{
			address: plain(e.part("address").value),
			network: schema.Text(e.part("virtual_network_id").value),
			enabled: schema.Truth(schema.Reveal(e.part("enabled").value)),
			weight:  weight,
		})
	}
	return out
}

func idlePool(r *schema.Resource, _ time.Time) []finding {
	origins := originsOf(r)
	if len(origins) == 0 || !truth(r, "enabled") {
		return nil
	}
	for _, o := range origins {
		if o.enabled && o.weight > 0 {
			return nil
		}
	}
	return warn(r, "origins", "the pool is enabled, but each of its origins is disabled or has weight 0, so none gets traffic",
		"Enable an origin and give it a weight, or write enabled: false for the pool.")
}

func unreachableMinimum(r *schema.Resource, _ time.Time) []finding {
	minimum, _ := value(r, "minimum_origins").(schema.Number)
	enabled := 0
	for _, o := range originsOf(r) {
		if o.enabled {
			enabled++
		}
	}
	if !truth(r, "enabled") || enabled == 0 || minimum <= schema.Number(enabled) {
		return nil
	}
	return warn(r, "minimum_origins",
		fmt.Sprintf("minimum_origins is %s, but only %s enabled, so the pool never counts as healthy", schema.FormatNumber(minimum), are(enabled, "origin")),
		fmt.Sprintf("Write %d or less, or enable more origins.", enabled))
}

func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}

// sharedOrigins reports an address once, at the first pool that has it.
func sharedOrigins(_ *survey, rs []*schema.Resource) []finding {
	type place struct {
		scope            schema.Scope
		address, network string
	}
	pools, order := map[place][]*schema.Resource{}, []place{}
	for _, r := range rs {
		for _, o := range originsOf(r) {
			p := place{r.Scope, o.address, o.network}
			if o.address == "" {
				continue
			}
			if pools[p] == nil {
				order = append(order, p)
			}
			pools[p] = append(pools[p], r)
		}
	}
	var out []finding
	for _, p := range order {
		if in := pools[p]; len(in) > 1 {
			out = append(out, warn(in[0], "origins", fmt.Sprintf("the origin %s is also in %s", p.address, addresses(in[1:])),
				"These pools fail together, and the origin carries the traffic of all. Give each pool origins of its own, unless that is meant.")...)
		}
	}
	return out
}

func addresses(rs []*schema.Resource) string {
	texts := make([]string, len(rs))
	for i, r := range rs {
		texts[i] = r.Addr.String()
	}
	return enumerate(texts)
}

// enumerate names three at most, and counts the others.
func enumerate(texts []string) string {
	const shown = 3
	if len(texts) > shown {
		return strings.Join(texts[:shown], ", ") + fmt.Sprintf(" and %d more", len(texts)-shown)
	}
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}

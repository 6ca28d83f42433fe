package sim

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"trueup/schema"
)

// The fields of a pool that lists and references go by.
const (
	poolName = iota
	poolMonitor
)

func pools() *product {
	return &product{
		kind: "pool", path: "load_balancers/pools", noun: "pool", title: "name",
		missing:   balancingMissing,
		duplicate: problem{status: http.StatusBadRequest, code: 1003, message: "name: value not unique"},
		build:     buildPool,
		index:     indexPool,
		uses: func(fields []string) []string {
			if fields[poolMonitor] == "" {
				return nil
			}
			return fields[poolMonitor:]
		},
		wire:     wirePool,
		answered: poolAnswered,
		times:    [2]string{"created_on", "modified_on"}, layout: micros,
		quota:    poolQuota,
		overfull: problem{status: http.StatusBadRequest, code: 1002, message: "pools exceeded quota: validation failed"},
	}
}

func indexPool(o Options, d doc) (string, []string) {
	key := text(d["name"])
	if o.LoosePoolNames {
		key = ""
	}
	return key, []string{text(d["name"]), text(d["monitor"])}
}

// poolAnswered: PUT shows the year 1 as creation (API facts §3).
func poolAnswered(e edit, d doc) {
	if e.verb == http.MethodPut {
		d["created_on"] = "0001-01-01T00:00:00Z"
	}
}

var poolNameRE = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func buildPool(c *call, e edit) (doc, *problem) {
	o := c.s.o
	if o.NoLoadBalancing {
		return nil, invalid("the origin list length must be in range [1, 0]")
	}
	d := overlay(e, "disabled_at", "networks")
	if _, sent := e.body["monitor"]; !sent && o.PutKeepsMonitor && e.old != nil {
		d["monitor"] = e.old["monitor"]
	}
	dropNulls(d) // null is unset
	dropBlankPolicies(d["load_shedding"])
	if d["monitor"] == "" {
		delete(d, "monitor")
	}
	if broken := check(attrs("pool"), d, ""); broken != "" {
		return nil, invalid("%s", broken)
	}
	if bad := c.checkPool(d, e); bad != nil {
		return nil, bad
	}
	defaults(d, doc{"description": "", "enabled": true, "minimum_origins": 1.0, "notification_email": ""})
	fillOrigins(c, d, e.old)
	fillPool(o, d)
	disabledAt(c, d, e.old)
	return d, nil
}

// dropBlankPolicies: "" has been seen, and is as good as unset (API facts §3).
func dropBlankPolicies(v any) {
	shed, _ := v.(doc)
	maps.DeleteFunc(shed, func(_ string, policy any) bool { return policy == "" || policy == nil })
}

func (c *call) checkPool(d doc, e edit) *problem {
	_, lat := d["latitude"]
	_, lon := d["longitude"]
	regions, _ := d["check_regions"].([]any)
	monitors := c.s.world.collection(c.s.products.monitors, e.coll.scope)
	switch {
	case d["name"] == nil:
		return invalid("name is required")
	case !poolNameRE.MatchString(text(d["name"])):
		return invalid("name can only have letters, digits, hyphens and underscores")
	case d["origins"] == nil:
		return invalid("origins is required")
	case lat != lon:
		return invalid("latitude and longitude must both be set")
	case text(d["notification_email"]) != "":
		return invalid("notification_email is deprecated and can only be reset")
	case d["monitor"] != nil && monitors.byID[text(d["monitor"])] == nil:
		return invalid("monitor %s not found", text(d["monitor"]))
	case c.s.o.RegionsRequired && (len(regions) == 0 || slices.Contains(texts(d["check_regions"]), "ALL_REGIONS")):
		return refuse(http.StatusBadRequest, 1002, "Probing from every data centre is not allowed with this subscription, specify check_regions")
	}
	return c.s.o.checkOrigins(docs(d["origins"]))
}

// fillPool: what was set in part is filled in; lists that are sets come back in
// order.
func fillPool(o Options, d doc) {
	if regions := texts(d["check_regions"]); len(regions) > 0 {
		slices.Sort(regions)
		d["check_regions"] = anyList(slices.Compact(regions))
	} else {
		d["check_regions"] = nil
	}
	if shed, ok := d["load_shedding"].(doc); ok {
		defaults(shed, doc{"default_percent": 0.0, "default_policy": "random", "session_percent": 0.0, "session_policy": "hash"})
	}
	if steer, ok := d["origin_steering"].(doc); ok {
		defaults(steer, doc{"policy": "random"})
	}
	if filter, ok := d["notification_filter"].(doc); ok && !o.FilterAsSent {
		for _, side := range []string{"origin", "pool"} {
			options, _ := filter[side].(doc)
			if options == nil {
				options = doc{}
			}
			filled := doc{"disable": false, "healthy": nil}
			for k, v := range options {
				if v != nil {
					filled[k] = v
				}
			}
			filter[side] = filled
		}
	}
}

// disabledAt is there only while the pool is disabled.
func disabledAt(c *call, d, old doc) {
	switch {
	case d["enabled"] != false:
		delete(d, "disabled_at")
	case old["disabled_at"] != nil:
		d["disabled_at"] = old["disabled_at"]
	default:
		d["disabled_at"] = c.now.Format(micros)
	}
}

func wirePool(s *Server, _ schema.Scope, d doc) doc {
	d["networks"] = []any{"cloudflare"}
	if s.o.EmptyObjects {
		defaults(d, doc{
			"load_shedding":       doc{"default_percent": 0, "default_policy": "", "session_percent": 0, "session_policy": ""},
			"origin_steering":     doc{},
			"notification_filter": doc{},
		})
	}
	for _, origin := range docs(d["origins"]) {
		wireOrigin(s.o, origin)
	}
	return d
}

func (c *call) listPools() (*reply, *problem) {
	shown := c.coll().listed(c.s.o.ListLag, c.now)
	if monitor := c.param("monitor"); monitor != "" {
		var some []*object
		for _, o := range shown {
			if o.fields[poolMonitor] == monitor {
				some = append(some, o)
			}
		}
		shown = some
	}
	return c.whole(shown), nil
}

// patchPools clears notification_email of a page of pools, by name
// (API facts §3).
func (c *call) patchPools() (*reply, *problem) {
	if email, sent := c.body["notification_email"]; !sent || email != "" || len(c.body) != 1 {
		return nil, invalid("only notification_email can be reset")
	}
	p, err := c.readPage(1, 1<<31, 1<<31)
	if err != nil {
		return nil, invalid("%v", err)
	}
	coll := c.coll()
	r := c.page(p, 0, sortObjects(coll.order, poolName, false))
	for i, raw := range r.list {
		d := decode(coll.byID[text(decode(raw)["id"])].raw)
		d["notification_email"], d["modified_on"] = "", c.now.Format(micros)
		o := c.put(coll, text(d["id"]), d)
		c.audit("change", o.id, d)
		r.list[i] = c.s.wire(o)
	}
	return r, nil
}

// hostName reports whether the text is a host name, a trailing dot allowed.
func hostName(name string) bool {
	return len(name) <= 253 && hostRE().MatchString(strings.TrimSuffix(name, "."))
}

var hostRE = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?i)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)
})

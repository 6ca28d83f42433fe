package sim

import (
	"fmt"
	"net/http"

	"trueup/schema"
)

// What monitors and pools have in common: API facts §2 and §3.

// invalid is how load balancing refuses values.
func invalid(format string, args ...any) *problem {
	return refuse(http.StatusBadRequest, 1002, "%s: validation failed", fmt.Sprintf(format, args...))
}

var balancingMissing = problem{status: http.StatusNotFound, code: 1001, message: "not found"}

// overlay is the object that was sent: over the old one with PATCH, by itself
// else. Keys that the API does not know are kept.
func overlay(e edit, own ...string) doc {
	d := doc{}
	if e.verb == http.MethodPatch {
		d = clone(e.old)
	}
	for k, v := range clone(e.body) {
		d[k] = v
	}
	for _, k := range append(own, "id", "created_on", "modified_on") {
		delete(d, k)
	}
	return d
}

// balancers are kept so that pools can be in use; no endpoint shows them.
func balancers() *product {
	return &product{
		path: "load_balancers", noun: "load_balancer", title: "name",
		build: func(_ *call, e edit) (doc, *problem) { return e.body, nil },
		index: func(_ Options, d doc) (string, []string) { return "", texts(d["pools"]) },
		uses:  func(fields []string) []string { return fields },
		times: [2]string{"created_on", "modified_on"}, layout: micros,
	}
}

// poolQuota: none by itself; 20 without Enterprise (API facts §3).
func poolQuota(o Options, _ schema.Level) int { return o.PoolQuota }

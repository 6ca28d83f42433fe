package planner_test

import (
	"testing"

	"trueup/schema"
)

// Bugs of API facts §10 that planning could repeat: what the server gives back
// in another spelling, order or completeness is no difference, and what does
// differ is seen.

func unchanged(t *testing.T, address string, files attrs, kind string, server attrs) {
	t.Helper()
	p := newWorld(want(address, files)).live(live(kind, id(1), server)).make(t)
	equal(t, "plan", p.Outcome()+" "+fields(p.Changes[0].Fields), "none ")
}

func changed(t *testing.T, address string, files attrs, kind string, server attrs, path string) {
	t.Helper()
	o := live(kind, id(1), server)
	p := newWorld(want(address, files)).live(o).have(ours(address, o)).make(t)
	c := p.Changes[len(p.Changes)-1]
	if len(c.Fields) != 1 || c.Fields[0].Path != path {
		t.Errorf("%s: want a change of %s", lines(p), path)
	}
}

func TestFact01OriginOrder7028(t *testing.T) {
	a, z := attrs{"name": "a", "address": "192.0.2.1"}, attrs{"name": "z", "address": "192.0.2.2"}
	unchanged(t, "pool.p", attrs{"origins": []any{z, a}}, "pool", attrs{"name": "p", "origins": []any{a, z}})
}

func TestFact02EmptyFilters7329(t *testing.T) {
	unchanged(t, "pool.p", attrs{"origins": origins}, "pool", attrs{"name": "p", "origins": origins,
		"notification_filter": attrs{"origin": attrs{"disable": false}, "pool": attrs{}}, "origin_steering": attrs{}})
}

func TestFact03LoadSheddingAbsentOrZero7137(t *testing.T) {
	unchanged(t, "pool.p", attrs{"origins": origins}, "pool", attrs{"name": "p", "origins": origins,
		"load_shedding": attrs{"default_percent": 0, "default_policy": "", "session_percent": 0}})
	unchanged(t, "pool.p", attrs{"origins": origins, "load_shedding": attrs{"default_percent": 0}}, "pool", attrs{"name": "p", "origins": origins})
}

func TestFact04LoadSheddingIsSeen5687(t *testing.T) {
	changed(t, "pool.p", attrs{"origins": origins, "origin_steering": attrs{"policy": "hash"}}, "pool", attrs{"name": "p", "origins": origins}, "origin_steering")
}

func TestFact10MonitorOmissions(t *testing.T) {
	files := attrs{"type": "https", "header": attrs{"host": []any{"a"}}}
	server := attrs{"type": "https", "description": "m", "header": attrs{"Host": []any{"a"}}, "expected_body": "", "probe_zone": ""}
	unchanged(t, "monitor.m", files, "monitor", server)
	server["consecutive_up"] = 3
	changed(t, "monitor.m", files, "monitor", server, "consecutive_up")
}

func TestFact11HeaderValue1885(t *testing.T) {
	changed(t, "monitor.m", attrs{"header": attrs{"Host": []any{"b"}}}, "monitor", attrs{"description": "m", "header": attrs{"host": []any{"a"}}}, `header["Host"]`)
}

func TestFact13And14AddressForms(t *testing.T) {
	unchanged(t, "access_rule.a", attrs{"value": "2001:db8::/32", "mode": "block"}, "access_rule",
		attrs{"target": "ip_range", "value": "2001:0db8:0000:0000:0000:0000:0000:0000/32", "mode": "block"})
	unchanged(t, "access_rule.a", attrs{"value": "2001:DB8::1", "mode": "block"}, "access_rule",
		attrs{"target": "ip6", "value": "2001:0db8:0000:0000:0000:0000:0000:0001", "mode": "block", "notes": ""})
	unchanged(t, "access_rule.a", attrs{"value": "as64500", "mode": "block"}, "access_rule", attrs{"target": "asn", "value": "AS64500", "mode": "block"})
	unchanged(t, "access_rule.a", attrs{"value": "us", "mode": "block"}, "access_rule", attrs{"target": "country", "value": "US", "mode": "block"})
}

func TestFact15ValueIsReplaced1360(t *testing.T) {
	o := live("access_rule", id(1), rule)
	p := newWorld(want("access_rule.a", attrs{"value": "192.0.2.2", "mode": "block"})).live(o).have(ours("access_rule.a", o)).make(t)
	equal(t, "plan", lines(p), "create-replace access_rule.a #1 (cannot-update) value")
	o = live("access_rule", id(1), rule)
	p = newWorld(want("access_rule.a", attrs{"value": "192.0.0.0/16", "mode": "block"})).live(o).have(ours("access_rule.a", o)).make(t)
	equal(t, "of another sort", lines(p), "create-replace access_rule.a #1 (cannot-update) target value")
}

// Rules of another scope are not in a Listing's objects; the same rule in two
// scopes is two objects.
func TestFact16And17Scopes201(t *testing.T) {
	zone := schema.Scope{Level: schema.Zone, ID: id(50)}
	r, o := want("access_rule.a", rule), live("access_rule", id(1), rule)
	w := newWorld(r).live(o)
	l := w.list(o.Kind, zone)
	l.Foreign = 3
	other := *o
	other.Scope, other.ID = zone, id(2)
	w.live(&other)
	p := w.make(t)
	equal(t, "plan", lines(p), "no-op access_rule.a #1 adopted record")
	equal(t, "left", left(p), "access_rule #2 not ours")
	if p.Foreign != 3 {
		t.Errorf("foreign: %d", p.Foreign)
	}
	w.in.Want.Scope = zone
	equal(t, "another default scope", lines(w.make(t)), "no-op access_rule.a #1 adopted record")
}

func TestFact20PolicyOrder7094(t *testing.T) {
	one := attrs{"permission_groups": []any{id(2), id(1)}, "resources": all}
	two := attrs{"effect": "deny", "permission_groups": []any{id(3)}, "resources": all}
	sorted := attrs{"permission_groups": []any{id(1), id(2)}, "resources": all}
	unchanged(t, "token.t", token(attrs{"policies": []any{one, two}}), "token", attrs{"name": "t", "policies": []any{two, sorted}})
}

func TestFact22VolatileTimes1368(t *testing.T) {
	before := liveToken(1, attrs{"last_used_on": "2026-01-01T00:00:00Z", "modified_on": "2026-01-01T00:00:00Z"})
	after := liveToken(1, attrs{"last_used_on": "2026-11-01T00:00:00Z", "modified_on": "2026-11-01T00:00:00Z"})
	equal(t, "plan", lines(newWorld(want("token.t", token(nil))).live(after).have(ours("token.t", before)).make(t)), "no-op token.t #1")
}

func TestFact23AllowedAddress5635(t *testing.T) {
	in := func(cidr string) attrs { return attrs{"request_ip": attrs{"in": []any{cidr}}} }
	changed(t, "token.t", token(attrs{"condition": in("192.0.2.0/24")}), "token", attrs{"name": "t", "policies": readOnly, "condition": in("198.51.100.0/24")}, "condition.request_ip.in")
	unchanged(t, "token.t", token(attrs{"condition": in("192.0.2.7")}), "token", attrs{"name": "t", "policies": readOnly, "condition": in("192.0.2.7/32")})
}

func TestFact24ConditionRemoved897(t *testing.T) {
	server := attrs{"name": "t", "policies": readOnly, "condition": attrs{"request_ip": attrs{"in": []any{}}}}
	changed(t, "token.t", token(nil), "token", server, "condition")
}

func TestFact26NestedResources908(t *testing.T) {
	nested := attrs{"com.cloudflare.api.account." + id(9): schema.Map{"com.cloudflare.api.account.zone.*": schema.String("*")}}
	p := []any{attrs{"permission_groups": []any{id(71)}, "resources": nested}}
	unchanged(t, "token.t", token(attrs{"policies": p}), "token", attrs{"name": "t", "policies": p})
	changed(t, "token.t", token(attrs{"policies": p}), "token", attrs{"name": "t", "policies": readOnly}, "policies[0].resources")
}

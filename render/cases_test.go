package render

import (
	"fmt"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/diag/diagtest"
	"trueup/planner"
	"trueup/schema"
)

var (
	office = obj{"mode": "whitelist", "value": "198.51.100.0/24", "notes": "Office egress"}
	login  = obj{"type": "https", "description": "login-page", "path": "/health", "expected_codes": "2xx",
		"header": obj{"Host": list{"www.example.com"}}}
	primary = obj{"name": "primary-dc-1", "monitor": id(18), "origins": list{
		obj{"name": "app-1", "address": "203.0.113.10", "weight": 0.6}, obj{"name": "app-2", "address": "203.0.113.11", "weight": 0.5}}}
	groups = map[string]string{id(101): "Zone Read", id(102): "DNS Read", id(103): "DNS Write"}
	reader = obj{"name": "ci-reader", "policies": list{
		obj{"permission_groups": list{id(101), id(102)}, "resources": obj{"com.cloudflare.api.account.zone.*": "*"}}},
		"condition": obj{"request_ip": obj{"in": list{"198.51.100.0/24"}}}, "expires_on": "2027-01-01T00:00:00Z",
		"secret": list{obj{"file": "secrets/ci-reader"}}}
)

// with is a copy of m with some members changed; nil takes one away.
func with(m obj, changes obj) obj {
	out := obj{}
	for k, v := range m {
		out[k] = v
	}
	for k, v := range changes {
		out[k] = v
	}
	return out
}

// cases are the plans that every format shows.
func cases() map[string]*planner.Plan {
	return map[string]*planner.Plan{
		"overview": overview(), "create": created(), "update": updated(), "replace": replaced(), "delete": deleted(),
		"forget": forgotten(), "scopes": scoped(), "types": types(), "drift": drifts(), "rotation": rotation(), "sensitive": sensitives(),
		"refused": refusedPlan(), "refused-part": refusedPart(), "none": nothing(), "adopted": adoptions(), "strings": longStrings(),
		"escape": escapes(), "budget": budgets(), "stale": stale(),
	}
}

// overview is the plan of the documentation.
func overview() *planner.Plan {
	p := plan(
		change("access_rule.office", planner.Update, with(office, obj{"mode": "block", "notes": "Office"}), office, field("mode"), field("notes"), same(1)),
		change("access_rule.old-partner", planner.Replace, obj{"mode": "block", "value": "198.51.100.7"}, obj{"mode": "block", "value": "198.51.100.9"},
			because(planner.ReasonReplaceField), field("value", replaces)),
		change(`access_rule.scrapers["192.0.2.77"]`, planner.Create, nil, obj{"mode": "block", "value": "192.0.2.77"}),
		change("monitor.login-page", planner.Update, with(login, obj{"interval": 30}), login, withID(id(18)),
			field("interval", was(60)), by("admin@example.com", "UI"), same(9),
			usedBy(schema.Referrer{Type: "pool", ID: id(21), Name: "primary-dc-1"}, schema.Referrer{Type: "pool", ID: id(77), Name: "backup"})),
		change("pool.primary-dc-1", planner.Update, primary, with(primary, obj{"origins": list{
			obj{"name": "app-1", "address": "203.0.113.10", "weight": 0.8}, obj{"name": "app-3", "address": "203.0.113.12"}}}), withID(id(21)),
			field(`origins["app-1"].weight`), field(`origins["app-3"]`), field(`origins["app-2"]`), same(3),
			usedBy(schema.Referrer{Type: "load_balancer", ID: id(88), Name: "www.example.com"})),
		change("token.ci-reader", planner.Update, reader, with(reader, obj{"condition": nil, "policies": list{
			obj{"permission_groups": list{id(101), id(102), id(103)}, "resources": obj{"com.cloudflare.api.account.zone.*": "*"}}}}),
			field("policies[0].permission_groups"), field("condition.request_ip"), same(3), named(groups),
			gains("gains DNS Write", "may now be used from any address")),
	)
	p.Resources = 214
	for i := range 41 {
		why := "not ours"
		if i >= 39 {
			why = "ignore rule 1"
		}
		p.LeftAlone = append(p.LeftAlone, schemaLeft("access_rule", fmt.Sprintf("192.0.2.%d", i), why, i))
	}
	return p
}

func schemaLeft(kind, label, why string, n int) planner.LeftAlone {
	return planner.LeftAlone{Kind: kind, Scope: schema.UserScope, ID: id(1000 + n), Label: label, Why: why}
}

func created() *planner.Plan {
	return plan(
		change("access_rule.tor", planner.Create, nil, obj{"mode": "challenge", "value": "T1"}),
		change("access_rule.back", planner.Create, nil, obj{"mode": "block", "value": "AS64500"}, because(planner.ReasonGone), by("admin@example.com", "UI"), func(c *planner.Change) { c.Lost = "0a1b2c3d4e5f60718293a4b5c6d7e8f9" }),
		change("monitor.login-page", planner.Create, nil, login),
		change(`monitor.probe["eu"]`, planner.Create, nil, obj{"type": "tcp", "port": 5432, "description": "probe-eu"}),
		change("pool.primary-dc-1", planner.Create, nil, with(primary, obj{"monitor": ref("monitor.login-page"), "check_regions": list{"WEU", "ENAM"}})),
		change("token.ci-reader", planner.Create, nil, reader, named(groups), gains("gains DNS Read", "gains Zone Read")),
		change("token.sinks", planner.Create, nil, with(reader, obj{"name": "sinks", "condition": nil, "rotate": obj{"every": "90d"}, "secret": list{
			obj{"file": "secrets/ci reader"}, obj{"command": list{"vault", "kv", "put", "secret/ci", "-"}},
			obj{"age": obj{"recipients": list{"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}, "file": "secrets/ci.age"}}}}), named(groups)),
	)
}

func updated() *planner.Plan {
	return plan(
		change("access_rule.adopted", planner.Update, with(office, obj{"notes": "by hand"}), office, adopted, field("notes"), same(2)),
		change(`access_rule.each["198.51.100.0/24"]`, planner.Update, with(office, obj{"mode": "block"}), office, field("mode"), same(2)),
		change("access_rule.moved", planner.Update, with(office, obj{"notes": nil}), office, renamed("access_rule.old"), field("notes"), same(2)),
		change("access_rule.unnoted", planner.Update, office, with(office, obj{"notes": nil}), field("notes"), same(2)),
		change("monitor.header", planner.Update, with(login, obj{"header": obj{"Host": list{"a.example"}, "X-Old": list{"1"}}}),
			with(login, obj{"header": obj{"Host": list{"b.example"}, "X-New": list{"1", "2"}}}),
			field(`header["Host"]`), field(`header["X-New"]`), field(`header["X-Old"]`), same(12)),
		change("pool.regions", planner.Update, with(primary, obj{"check_regions": list{"WEU", "ENAM", "OC"}, "monitor": id(18)}),
			with(primary, obj{"check_regions": list{"NEAS", "ENAM", "WNAM"}, "monitor": ref("monitor.new")}), field("monitor"), field("check_regions"), same(5)),
		change("invite_response.acme", planner.Update, obj{"organization_id": id(7), "status": "pending"}, obj{"organization_id": id(7), "status": "accepted"},
			field("status")),
	)
}

func replaced() *planner.Plan {
	return plan(
		change("access_rule.first-new", planner.CreateReplace, obj{"mode": "block", "value": "AS64500", "notes": "old"}, obj{"mode": "block", "value": "AS64501", "notes": "new"},
			because(planner.ReasonReplaceField), field("value", replaces), field("notes"), same(1)),
		change("access_rule.kind-of", planner.Replace, obj{"mode": "block", "value": "198.51.100.7"}, obj{"mode": "block", "value": "US"},
			because(planner.ReasonReplaceField), field("target", replaces), field("value", was("US"), replaces), by("admin@example.com", "API"), adopted),
		change("token.leaked", planner.Replace, with(reader, obj{"name": "leaked", "status": schema.String("active")}), with(reader, obj{"name": "leaked"}),
			because(planner.ReasonDead), named(groups), func(c *planner.Change) {
				c.Before[c.Kind.Index("status")] = schema.String("revoked (exposed)")
				field("status")(c)
			}),
	)
}

func deleted() *planner.Plan {
	return plan(
		change("access_rule.gone", planner.Delete, office, nil, because(planner.ReasonNotListed)),
		change("access_rule.stray", planner.Delete, obj{"mode": "block", "value": "192.0.2.9"}, nil, because(planner.ReasonExclusive)),
		change("monitor.used", planner.Delete, login, nil, because(planner.ReasonNotListed),
			usedBy(schema.Referrer{Type: "pool", ID: id(77), Name: "backup"}, schema.Referrer{Type: "pool", ID: id(78)})),
		change("pool.asked", planner.Delete, primary, nil, because(planner.ReasonDestroy)),
		change("pool.asked", planner.Delete, primary, nil, because(planner.ReasonSuperseded), deposed),
		change("token.old", planner.Delete, with(reader, obj{"name": "old"}), nil, because(planner.ReasonRetiring), deposed, named(groups)),
	)
}

func forgotten() *planner.Plan {
	p := plan(
		change("access_rule.gone", planner.Forget, nil, nil, because(planner.ReasonGone), by("admin@example.com", "UI")),
		change("access_rule.moved", planner.Forget, office, nil, because(planner.ReasonMovedScope)),
	)
	p.Budget.Apply, p.Budget.Seconds = 0, 0
	return p
}

// scoped has objects of two scopes.
func scoped() *planner.Plan {
	zone := schema.Scope{Level: schema.Zone, ID: id(6)}
	in := func(s schema.Scope) func(*planner.Change) { return func(c *planner.Change) { c.Scope = s } }
	p := plan(
		change("access_rule.here", planner.Create, nil, office, in(zone)),
		change("access_rule.here", planner.Forget, office, nil, because(planner.ReasonMovedScope)),
		change("access_rule.there", planner.Update, with(office, obj{"mode": "block"}), office, field("mode"), same(2), in(zone), by("admin@example.com", "UI")),
		change("access_rule.stray", planner.Delete, office, nil, because(planner.ReasonExclusive)),
	)
	p.Scopes = append(p.Scopes, zone)
	return p
}

// types has a change of every type of attribute and every nest.
func types() *planner.Plan {
	return plan(
		change("monitor.numbers", planner.Update, with(login, obj{"follow_redirects": false, "path": "/a", "expected_body": "ok"}),
			with(login, obj{"follow_redirects": true, "interval": 120, "path": "/b", "header": nil, "expected_body": nil}),
			field("path"), field("interval"), field("expected_body"), field("header"), field("follow_redirects"), same(7)),
		change("pool.objects", planner.Update, primary, with(primary, obj{"latitude": 37.7749, "longitude": -122.4194,
			"load_shedding": obj{"default_percent": 12.5}, "notification_filter": obj{"origin": obj{"healthy": false}},
			"origins": list{obj{"name": "app-1", "address": "2001:db8::1", "weight": 0.6, "header": obj{"Host": list{"www.example.com"}}},
				obj{"name": "app-2", "address": "origin.example.com", "enabled": false, "weight": 0}}}),
			field(`origins["app-1"].address`), field(`origins["app-1"].header`), field(`origins["app-2"]`), field("latitude"), field("longitude"),
			field("load_shedding"), field("notification_filter.origin"), same(3)),
		change("token.json", planner.Update, reader, with(reader, obj{"expires_on": "2027-06-30T12:00:00Z", "status": "disabled", "policies": list{
			obj{"effect": "deny", "permission_groups": list{id(103)}, "resources": obj{"com.cloudflare.api.account.1": obj{"com.cloudflare.api.account.zone.*": "*"}}},
			obj{"permission_groups": list{id(101), id(102)}, "resources": obj{"com.cloudflare.api.account.zone.*": "*"}}},
			"condition": obj{"request_ip": obj{"in": list{"198.51.100.0/24", "2001:db8::/32"}, "not_in": list{"198.51.100.7/32"}}}}),
			field("status"), func(c *planner.Change) {
				l := c.After[c.Kind.Index("policies")].(schema.List)
				c.Fields = append(c.Fields, planner.Field{Path: "policies[1]", After: l[0], Wanted: true})
			}, field("condition.request_ip.in"), field("condition.request_ip.not_in"), field("expires_on"), same(1), named(groups)),
	)
}

func drifts() *planner.Plan {
	return plan(
		change("access_rule.agreed", planner.NoOp, office, office, drift("mode", "block"), by("admin@example.com", "UI")),
		change("access_rule.agreed-too", planner.NoOp, office, office, drift("notes", "Office")),
		change("access_rule.both", planner.Update, with(office, obj{"mode": "challenge"}), office, field("mode", was("block"), wanted), same(2)),
		change("access_rule.several", planner.Update, with(office, obj{"mode": "challenge", "notes": nil}), office,
			field("mode", was("whitelist")), field("notes", was("Office egress")), by("admin@example.com", "API"), same(1)),
		change("access_rule.some", planner.Update, with(office, obj{"mode": "challenge", "notes": "Office"}), office,
			field("mode", was("whitelist")), field("notes"), by("admin@example.com", "terraform"), same(1)),
		change("access_rule.unset", planner.Update, office, with(office, obj{"notes": nil}), field("notes", was(nil)), same(2)),
	)
}

func rotation() *planner.Plan {
	retiring := with(reader, obj{"name": "ci-reader (retiring 2026-11-23)", "expires_on": "2026-11-24T10:00:00Z"})
	return plan(
		change("token.ci-reader", planner.Create, nil, with(reader, obj{"rotate": obj{"every": "90d", "overlap": "24h"}}), because(planner.ReasonRotation), named(groups)),
		change("token.ci-reader", planner.Update, reader, retiring, because(planner.ReasonRotation), deposed, field("name"), field("expires_on"), same(2), named(groups)),
		change("token.lost", planner.Roll, with(reader, obj{"name": "lost"}), with(reader, obj{"name": "lost"}), because(planner.ReasonSecretLost), same(4), named(groups)),
		change("token.lost-too", planner.Update, with(reader, obj{"name": "lost-too"}), with(reader, obj{"name": "lost-too", "expires_on": nil}), field("expires_on"),
			same(3), named(groups), func(c *planner.Change) { c.Roll = true }),
	)
}

const secretText = "hunter2-must-not-be-seen"

func sensitives() *planner.Plan {
	return plan(
		change("access_rule.noted", planner.Update, with(office, obj{"notes": sensitive(secretText + "-old")}), with(office, obj{"notes": sensitive(secretText)}), field("notes"), same(2)),
		change("access_rule.was", planner.Update, with(office, obj{"notes": sensitive(secretText)}), with(office, obj{"notes": sensitive("public-" + secretText)}), field("notes", was(schema.Sensitive{Digest: "aa:bb"})), same(2)),
		change("monitor.header", planner.Update, with(login, obj{"header": obj{"Host": list{"a.example"}, "X-Key": list{sensitive(secretText)}}}),
			with(login, obj{"header": obj{"Host": list{"b.example"}, "X-Key": list{sensitive(secretText + "-new")}}}),
			field(`header["Host"]`), field(`header["X-Key"]`), same(12)),
		change("monitor.made", planner.Create, nil, with(login, obj{"expected_body": sensitive(secretText)})),
		change("monitor.same", planner.NoOp, with(login, obj{"expected_body": secretText}), with(login, obj{"expected_body": sensitive(secretText)})),
		change("token.from", planner.Update, with(reader, obj{"condition": obj{"request_ip": obj{"in": list{sensitive("192.0.2.0/24"), "198.51.100.0/24"}}}}),
			with(reader, obj{"condition": obj{"request_ip": obj{"in": list{sensitive("203.0.113.0/24"), "198.51.100.0/24"}}}}),
			field("condition.request_ip.in"), same(3), named(groups)),
	)
}

func refusedPlan() *planner.Plan {
	var cs []*planner.Change
	var addrs []string
	for i := range 62 {
		a := fmt.Sprintf(`access_rule.scrapers["192.0.2.%d"]`, i+1)
		addrs = append(addrs, a)
		cs = append(cs, change(a, planner.Delete, obj{"mode": "block", "value": fmt.Sprintf("192.0.2.%d", i+1)}, nil, because(planner.ReasonNotListed)))
	}
	cs = append(cs, change("access_rule.block-range", planner.Create, nil, obj{"mode": "block", "value": "198.51.100.0/24"}),
		change("token.unsunk", planner.Create, nil, with(reader, obj{"name": "unsunk", "secret": nil}), named(groups)))
	p := plan(cs...)
	p.Refusals = []planner.Refusal{
		{Code: "limits", Message: "this plan deletes 62 of 140 access rules in scope user (44 %, the limit is 30 %).", Remedy: "If that is meant: trueup apply --allow-deletes 62", Addrs: addrs},
		{Code: "lock-out", Message: "lock-out. access_rule.block-range blocks 198.51.100.0/24, and this machine's requests come from 198.51.100.23.",
			Remedy: "If that is meant: --allow-lockout", Addrs: []string{"access_rule.block-range"}},
		{Code: "in-use", Message: "monitor.login-page is still used by pool.backup.", Remedy: "Take it out of the pool first.", Addrs: []string{"monitor.login-page"}},
		{Code: "no-sink", Message: "two tokens would be created and their secrets lost.", Remedy: "Write where the secret goes: secret: {file: secrets/NAME}", Addrs: []string{"token.a", "token.unsunk"}},
	}
	p.Warnings = diag.List{{Severity: diag.Warning, Summary: "the invitation has expired", Detail: "Ask for a new one.", Address: "invite_response.acme", Code: "expired",
		Range: diag.Range{File: "trueup.yaml", Start: diag.Pos{Line: 3, Column: 5}, End: diag.Pos{Line: 3, Column: 9}}}}
	return p
}

func refusedPart() *planner.Plan {
	return plan(
		change("access_rule.office", planner.Update, with(office, obj{"mode": "block"}), office, field("mode"), same(2)),
		change("pool.kept", planner.Delete, primary, nil, because(planner.ReasonNotListed), preventDestroy, refused("prevent_destroy forbids it; set prevent_destroy to false and apply, if it is meant")),
	)
}

func nothing() *planner.Plan {
	return plan(change("access_rule.office", planner.NoOp, office, office))
}

func adoptions() *planner.Plan {
	p := plan(
		change("access_rule.office", planner.NoOp, office, office, adopted),
		change("monitor.login-page", planner.NoOp, login, login, renamed("monitor.login")),
	)
	p.Scopes = append(p.Scopes, schema.Scope{Level: schema.Account, ID: id(5)})
	p.LeftAlone = []planner.LeftAlone{schemaLeft("pool", "by-hand", "not ours", 1)}
	return p
}

var lorem = strings.Repeat("All requests from the partner's scanners, agreed with their network team. ", 4)

func longStrings() *planner.Plan {
	return plan(
		change("access_rule.long", planner.Update, with(office, obj{"notes": lorem + "Until May 2026. " + lorem}), with(office, obj{"notes": lorem + "Until June 2027. " + lorem}), field("notes"), same(2)),
		change("access_rule.other", planner.Update, with(office, obj{"notes": "something quite short"}), with(office, obj{"notes": lorem}), field("notes"), same(2)),
		change("access_rule.removed-word", planner.Update, with(office, obj{"notes": "Office old egress"}), with(office, obj{"notes": "Office egress"}), field("notes"), same(2)),
		change("access_rule.same-start", planner.Create, nil, with(office, obj{"notes": lorem})),
		change("access_rule.wide", planner.Update, with(office, obj{"notes": "東京のオフィスからの出口、営業時間のみ"}), with(office, obj{"notes": "大阪のオフィスからの出口、営業時間のみ 確認済み"}), field("notes"), same(2)),
		change("access_rule.lines", planner.Update, with(office, obj{"notes": "first line\nsecond line\nthird line"}), with(office, obj{"notes": "first line\n2nd line\nthird line"}), field("notes"), same(2)),
		change("access_rule.right-to-left", planner.Update, with(office, obj{"mode": "block", "notes": "שלום"}), with(office, obj{"notes": "עולם"}), field("mode"), field("notes"), same(1)),
		change("access_rule.faked", planner.Update, with(office, obj{"notes": "Office"}), with(office, obj{"notes": "Office [+egress+] from [-nowhere-]"}), field("notes"), same(2)),
	)
}

// corpus is text that tries to be something else.
var corpus = diagtest.Hostile()

// escapes has the corpus in every text that a plan holds.
func escapes() *planner.Plan {
	corpus := slices.DeleteFunc(slices.Clone(corpus), func(s string) bool { return len(s) > 100 }) // golden files are read
	all := strings.Join(corpus, " ")
	c := change("access_rule.office", planner.Update, with(office, obj{"notes": corpus[0]}), with(office, obj{"notes": all}), field("notes", was(corpus[1])), same(2),
		by(all, all), gains(corpus...), usedBy(schema.Referrer{Type: corpus[0], ID: corpus[1], Name: all}), refused(all))
	each := change("access_rule.each", planner.Create, nil, with(office, obj{"notes": all}), because(planner.Reason(all)))
	each.Addr.Each, each.Addr.Key = true, all
	ids := change("pool.x", planner.Delete, primary, nil, withID(all), deposed, because(planner.ReasonExclusive))
	headers := change("monitor.h", planner.Update, login, with(login, obj{"header": obj{all: list{all}}}), field("header"), renamed("monitor.old"))
	headers.RenamedFrom.Key, headers.RenamedFrom.Each = all, true
	tok := change("token.t", planner.Create, nil, with(reader, obj{"secret": list{obj{"file": all}, obj{"command": list{all}}}}), named(map[string]string{id(101): all}))
	quiet := change("access_rule.q", planner.NoOp, office, office, drift("notes", all), by(all, all), adopted)
	p := plan(c, each, headers, ids, quiet, tok)
	p.Paths = []string{all}
	p.LeftAlone = []planner.LeftAlone{{Kind: all, Scope: schema.UserScope, ID: all + "2", Label: all, Why: all}}
	p.Refusals = []planner.Refusal{{Code: "in-use", Message: all, Remedy: all, Addrs: corpus, Moved: headers}}
	p.Warnings = diag.List{{Severity: diag.Warning, Summary: all, Detail: all, Address: all, Code: all, Range: diag.Range{File: all}}}
	p.Budget.Limit = 0
	return p
}

// stale is a saved plan two objects of which moved.
func stale() *planner.Plan {
	notes := change("access_rule.office", planner.Update, with(office, obj{"notes": "Office"}), office, field("notes"), same(2))
	header := change("monitor.header", planner.Update, with(login, obj{"header": obj{"Host": list{"a.example"}, "X-Key": list{sensitive(secretText)}}}),
		with(login, obj{"path": "/ready", "header": obj{"Host": list{"a.example"}, "X-Key": list{sensitive(secretText)}}}), field("path"), same(12))
	p := plan(notes, header)
	p.Refusals = []planner.Refusal{
		{Code: "stale", Message: "access_rule.office (" + notes.ID + ") was changed since the plan was made: mode, notes", Remedy: "Make a new plan, and look at it again.",
			Addrs: []string{"access_rule.office"}, Moved: change("access_rule.office", planner.Update, with(office, obj{"notes": "Office"}),
				with(office, obj{"mode": "block", "notes": "Office by hand"}), field("mode"), field("notes"))},
		{Code: "stale", Message: "monitor.header (" + header.ID + `) was changed since the plan was made: header["X-Key"]`, Remedy: "Make a new plan, and look at it again.",
			Addrs: []string{"monitor.header"}, Moved: change("monitor.header", planner.Update, with(login, obj{"header": obj{"X-Key": list{sensitive(secretText)}}}),
				with(login, obj{"header": obj{"X-Key": list{sensitive(secretText + "-found")}}}), field(`header["X-Key"]`))},
	}
	return p
}

func budgets() *planner.Plan {
	p := plan(change("access_rule.office", planner.Create, nil, office))
	p.Budget = planner.Budget{Read: 1, Apply: 12345, Limit: 1200, Remaining: 0, Seconds: 3086}
	p.Targets = []schema.Addr{addr("access_rule.office")}
	p.Destroy = true
	return p
}

var goldenOptions = Options{Source: "trueup.yaml", Commit: "4f2a91c"}

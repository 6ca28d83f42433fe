package planner_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trueup/diag"
	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

var (
	all      = attrs{"com.cloudflare.api.account.*": schema.String("*")}
	readOnly = []any{attrs{"permission_groups": []any{id(71)}, "resources": all}}
	readEdit = []any{attrs{"permission_groups": []any{id(71), id(72)}, "resources": all}}
	sink     = []any{attrs{"file": "secrets/t"}}
)

func token(more attrs) attrs {
	m := attrs{"policies": readOnly, "secret": sink}
	for k, v := range more {
		m[k] = v
	}
	return m
}

func liveToken(n int, more attrs) *schema.Object {
	m := attrs{"name": "t", "policies": readOnly, "issued_on": "2026-01-01T00:00:00Z"}
	for k, v := range more {
		m[k] = v
	}
	return live("token", id(n), m)
}

func warnings(p *planner.Plan) string {
	var out []string
	for _, d := range p.Warnings {
		out = append(out, d.Code)
	}
	return strings.Join(out, " ")
}

// API facts §10, 30 (2570, 2574): an adopted token's secret is not known, and
// adoption needs no sink.
func TestAdoptToken(t *testing.T) {
	p := newWorld(want("token.t", attrs{"policies": readOnly})).live(liveToken(1, nil)).make(t)
	equal(t, "plan", lines(p), "no-op token.t #1 adopted record")
	equal(t, "outcome", p.Outcome()+codes(p), "none")
	equal(t, "warnings", warnings(p), "secret-unknown")
}

func TestSinkToCreate(t *testing.T) {
	p := newWorld(want("token.t", attrs{"policies": readOnly})).make(t)
	equal(t, "no sink", codes(p), "no-sink")
	p = newWorld(want("token.t", token(nil))).make(t)
	equal(t, "a sink", codes(p), "")
	if p.Changes[0].Kind.Get(p.Changes[0].After, "secret") == nil {
		t.Error("the applier needs the sink")
	}
}

func TestSecretNeverDelivered(t *testing.T) {
	o := liveToken(1, nil)
	e := ours("token.t", o)
	e.Secret = state.Pending
	p := newWorld(want("token.t", token(nil))).live(o).have(e).make(t)
	equal(t, "roll", lines(p), "roll token.t #1 (secret-lost)")
	equal(t, "its requests", fmt.Sprint(p.Budget.Apply), "1")
	p = newWorld(want("token.t", token(attrs{"status": "disabled"}))).live(o).have(e).make(t)
	equal(t, "with an update", lines(p), "update token.t #1 (secret-lost) roll status")
	equal(t, "GET, PUT, GET, and PUT of the value", fmt.Sprint(p.Budget.Apply), "4")
	equal(t, "no sink", codes(newWorld(want("token.t", attrs{"policies": readOnly})).live(o).have(e).make(t)), "no-sink")
}

func TestOpenCreate(t *testing.T) {
	open := func(start time.Time) state.Intent {
		return state.Intent{Op: state.OpCreate, Addr: schema.Addr{Kind: "token", Name: "t"}, Scope: schema.UserScope, Values: liveToken(1, nil).Values, Start: start}
	}
	o := liveToken(1, attrs{"issued_on": "2026-11-23T11:59:58Z"})
	w := newWorld(want("token.t", token(nil))).live(o)
	w.in.Have.Open = []state.Intent{open(now)}
	p := w.make(t)
	equal(t, "ours", lines(p), "roll token.t #1 (secret-lost) adopted")
	equal(t, "warnings", warnings(p), "")

	w = newWorld().live(o)
	w.in.Have.Open = []state.Intent{open(now)}
	equal(t, "not wanted any more", lines(w.make(t)), "delete token.t #1 (not-listed)")

	w = newWorld(want("token.t", token(nil))).live(o)
	w.in.Have.Open = []state.Intent{open(now.Add(3 * time.Minute))}
	equal(t, "by a server whose clock is three minutes behind", lines(w.make(t)), "roll token.t #1 (secret-lost) adopted")

	w = newWorld(want("token.t", token(nil))).live(o)
	w.in.Have.Open = []state.Intent{open(now.Add(time.Hour))}
	equal(t, "older than the create", lines(w.make(t)), "no-op token.t #1 adopted record")
}

// API facts §10, 27 (commit 63319ed1e): the server's words.
func TestServerWords(t *testing.T) {
	o := liveToken(1, attrs{"status": "revoked (exposed)"})
	p := newWorld(want("token.t", token(nil))).live(o).have(ours("token.t", o)).make(t)
	equal(t, "revoked", lines(p), "create-replace token.t #1 (dead)")
	equal(t, "warnings", warnings(p), "server-status")

	o = liveToken(1, attrs{"status": "expired", "expires_on": "2026-06-01T00:00:00Z"})
	p = newWorld(want("token.t", token(attrs{"expires_on": "2026-06-01T00:00:00Z"}))).live(o).have(ours("token.t", o)).make(t)
	equal(t, "expired", lines(p), "no-op token.t #1")
	equal(t, "warnings", warnings(p), "server-status")
	p = newWorld(want("token.t", token(attrs{"expires_on": "2027-06-01T00:00:00Z"}))).live(o).have(ours("token.t", o)).make(t)
	equal(t, "prolonged", lines(p), "update token.t #1 expires_on")

	dead, alive := liveToken(1, attrs{"status": "revoked"}), liveToken(2, nil)
	p = newWorld(want("token.t", token(nil))).live(dead, alive).make(t)
	equal(t, "a live one of the name", lines(p), "no-op token.t #2 adopted record")
}

func TestRotation(t *testing.T) {
	rotate := token(attrs{"rotate": attrs{"every": "90d", "overlap": "48h"}})
	old := liveToken(1, attrs{"issued_on": "2026-08-01T00:00:00Z"})
	w := newWorld(want("token.t", rotate)).live(old).have(ours("token.t", old))
	p := w.make(t)
	equal(t, "due", lines(p), "create token.t (rotation) needs [1]\nupdate token.t #1 deposed (retiring) name expires_on")
	equal(t, "fields", fields(p.Changes[1].Fields), "name t > t (retiring 2026-11-25) was t wanted\nexpires_on - > 2026-11-25T12:00:00Z was - wanted")

	retired := liveToken(1, attrs{"name": "t (retiring 2026-11-25)", "expires_on": "2026-11-25T12:00:00Z"})
	w = newWorld(want("token.t", rotate)).live(retired).have(ours("token.t", old))
	equal(t, "cut off in between", lines(w.make(t)), "create token.t (rotation)")

	e := ours("token.t", retired)
	e.Deposed = true
	fresh := liveToken(2, attrs{"issued_on": "2026-11-23T12:00:00Z"})
	w = newWorld(want("token.t", rotate)).live(retired, fresh).have(e, ours("token.t", fresh))
	w.in.Want.Settings.Ownership["token"] = schema.Exclusive
	p = w.make(t)
	equal(t, "afterwards", lines(p), "no-op token.t #2")
	equal(t, "left", left(p), "token #1 retiring")
	w.in.Destroy = true
	equal(t, "destroy", lines(w.make(t)), "delete token.t #2 (destroy)\ndelete token.t #1 deposed (destroy)")

	w = newWorld(want("token.t", rotate)).live(retired, fresh)
	p = w.make(t)
	equal(t, "without state", lines(p)+"\n"+left(p), "no-op token.t #2 adopted record\ntoken #1 retiring")

	w = newWorld(want("token.t", rotate)).live(liveToken(1, attrs{"issued_on": "2026-08-25T12:00:01Z"}))
	equal(t, "a second early", lines(w.make(t)), "no-op token.t #1 adopted record")

	soon := liveToken(1, attrs{"issued_on": "2026-08-01T00:00:00Z", "expires_on": "2026-11-24T00:00:00Z", "name": strings.Repeat("é", 120)})
	r := want("token.t", token(attrs{"rotate": attrs{"every": "90d"}, "name": strings.Repeat("é", 120)}))
	c := newWorld(r).live(soon).make(t).Changes[1]
	equal(t, "an earlier expiry, a long name", fields(c.Fields[:1]), "name "+strings.Repeat("é", 120)+" > "+strings.Repeat("é", 98)+" (retiring 2026-11-24)")
	if len(c.Fields) != 1 || !c.Adopted {
		t.Errorf("%s", lines(&planner.Plan{Changes: []*planner.Change{c}}))
	}
}

func TestLockoutOfOwnToken(t *testing.T) {
	o := liveToken(1, nil)
	self := map[schema.Scope]string{schema.UserScope: id(1)}
	refused := func(name string, code string, w *world) {
		t.Helper()
		w.in.Self = self
		p := w.make(t)
		equal(t, name, codes(p), code)
		w.in.Options.AllowLockout = true
		equal(t, name+", allowed", codes(w.make(t)), "")
	}
	refused("deleted", "lock-out", newWorld().live(o).have(ours("token.t", o)))
	refused("disabled", "lock-out", newWorld(want("token.t", token(attrs{"status": "disabled"}))).live(o))
	refused("a condition", "lock-out", newWorld(want("token.t", token(attrs{"condition": attrs{"request_ip": attrs{"in": []any{"192.0.2.0/24"}}}}))).live(o))
	refused("more rights", "", newWorld(want("token.t", token(attrs{"policies": readEdit}))).live(o))
	refused("equal", "", newWorld(want("token.t", token(nil))).live(o))
	refused("rotated with a short overlap", "lock-out", newWorld(want("token.t", token(attrs{"rotate": attrs{"every": "90d", "overlap": "1h"}}))).live(o))
	e := ours("token.t", o)
	e.Secret = state.Pending
	refused("rolled", "lock-out", newWorld(want("token.t", token(nil))).live(o).have(e))
	revoked := liveToken(1, attrs{"status": "revoked"})
	refused("replaced", "lock-out", newWorld(want("token.t", token(nil))).live(revoked))

	w := newWorld().live(o).have(ours("token.t", o))
	w.in.Self = map[schema.Scope]string{schema.UserScope: id(2)}
	equal(t, "another token", codes(w.make(t)), "")

	// What is lost is said by its name, as what is gained is.
	more := liveToken(1, attrs{"policies": readEdit})
	more.Names = map[string]string{id(71): "Zone Read", id(72): "DNS Write"}
	w = newWorld(want("token.t", token(nil))).live(more)
	w.in.Self = self
	equal(t, "by name", w.make(t).Refusals[0].Message, "lock-out. token.t is the credential in use, and loses DNS Write")

	for name, asks := range map[string]*world{
		"[]":     newWorld(want("token.t", token(nil)), want("token.new", token(nil))).live(o),
		"[user]": newWorld(want("token.t", token(attrs{"status": "disabled"}))).live(o),
	} {
		equal(t, "asked in", fmt.Sprint(asks.make(t).Questions().Self), name)
	}
}

func TestPrivilegeIncrease(t *testing.T) {
	o := liveToken(1, attrs{"condition": attrs{"request_ip": attrs{"in": []any{"192.0.2.0/24"}}}})
	w := newWorld(want("token.t", token(attrs{"policies": readEdit}))).live(o)
	w.in.Catalogues = map[schema.Scope]schema.Catalogue{schema.UserScope: {{ID: id(72), Name: "DNS Write"}}}
	p := w.make(t)
	equal(t, "gains", strings.Join(p.Changes[0].Gains, "; "), "gains DNS Write; may now be used from any address")
	equal(t, "only said", codes(p), "")
	w.in.Options.FailOn = []string{"privilege-increase"}
	equal(t, "refused", codes(w.make(t)), "privilege-increase")

	w = newWorld(want("token.t", token(nil)))
	w.in.Options.FailOn = []string{"privilege-increase"}
	equal(t, "a new token", codes(w.make(t)), "")
}

func TestPermissionGroups(t *testing.T) {
	zone, account := "com.cloudflare.api.account.zone", "com.cloudflare.api.account"
	cat := schema.Catalogue{
		{ID: id(71), Name: "Zone Read", Scopes: []string{zone}}, {ID: id(72), Name: "DNS Write", Scopes: []string{zone}},
		{ID: id(73), Name: "Logs Write", Scopes: []string{account}}, {ID: id(74), Name: "Logs Write", Scopes: []string{zone}},
	}
	with := func(groups ...any) *world {
		w := newWorld(want("token.t", token(attrs{"policies": []any{attrs{"permission_groups": groups, "resources": all}}})))
		w.in.Catalogues = map[schema.Scope]schema.Catalogue{schema.UserScope: cat}
		return w
	}
	w := with("DNS Write", "Zone Read", id(72)).live(liveToken(1, attrs{"policies": readEdit}))
	equal(t, "by name, in any order, twice", w.make(t).Outcome(), "none")

	for written, wanted := range map[string]string{"Logs Write @ zone": id(74), "Logs Write @ " + account: id(73), "Logs Write @ account": id(73), "DNS Write": id(72)} {
		c := with(written).make(t).Changes[0]
		equal(t, written, show(c.After[c.Kind.Index("policies")]), "[(allow ["+wanted+"] map[com.cloudflare.api.account.*:*])]")
		equal(t, written, c.Names[wanted], strings.ReplaceAll(written, "com.cloudflare.api.", ""))
	}
	same := liveToken(1, attrs{"policies": []any{attrs{"permission_groups": []any{id(73)}, "resources": all}}})
	same.Names = map[string]string{id(73): "Logs Write", id(74): "Logs Write"}
	bare := with(id(74)).live(same)
	bare.in.Catalogues = nil
	equal(t, "one name, no catalogue", bare.make(t).Changes[0].Names[id(74)], "Logs Write ("+id(74)+")")
	// API facts §10, 25 (issue 1650): one name in two scopes.
	d := with("Logs Write").fails(t)
	equal(t, "ambiguous", d.Error()+"\n"+d[0].Detail, "trueup.yaml:1:1: error: token.t: 2 permission groups are named \"Logs Write\"\n"+
		"Say which one is meant, by scope or by id:\n  "+id(73)+"  Logs Write @ com.cloudflare.api.account\n  "+id(74)+"  Logs Write @ com.cloudflare.api.account.zone")
	d = with("DNS Wirte").fails(t)
	equal(t, "unknown", d[0].Summary+", "+d[0].Hint, `there is no permission group "DNS Wirte", did you mean "DNS Write"?`)
	// Each unknown name is reported, and where it stands.
	several := with("DNS Wirte", "Zone Raed", "DNS Write", "DNS Wirte")
	several.in.Want.Resources[0].Names = map[string]diag.Range{
		"DNS Wirte": {File: "trueup.yaml", Start: diag.Pos{Line: 7, Column: 31}}, "Zone Raed": {File: "trueup.yaml", Start: diag.Pos{Line: 8, Column: 31}},
	}
	equal(t, "several", several.fails(t).Error(), `trueup.yaml:7:31: error: token.t: there is no permission group "DNS Wirte"`+"\n"+
		`trueup.yaml:8:31: error: token.t: there is no permission group "Zone Raed"`)
	hidden := schema.Sensitive{Value: schema.String("DNS Wirte")} // one mistake, however often it is written
	d = with(hidden, schema.Sensitive{Value: schema.String("Logs Write")}, hidden).fails(t)
	if out := fmt.Sprintf("%+v", d); len(d) != 2 || strings.Contains(out, "Wirte") || strings.Contains(out, "Write") {
		t.Errorf("sensitive: %s", out)
	}
	d = with("DNS Write @ account").fails(t)
	equal(t, "scope", d[0].Summary, `there is no permission group "DNS Write" in a scope "account"`)
	d = with("Nothing of the sort").fails(t)
	equal(t, "all", d[0].Detail, "There are: DNS Write, Logs Write, Zone Read.")
	w = with("DNS Write")
	w.in.Catalogues = nil
	if d := w.fails(t); !strings.Contains(d[0].Summary, "cannot be looked up") {
		t.Errorf("%v", d)
	}
}

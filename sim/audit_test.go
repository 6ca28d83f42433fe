package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trueup/schema"
)

var userScope = schema.UserScope

func TestAuditLog(t *testing.T) {
	tt := start(t, Options{})
	m := id(tt.ok("POST", monitorsPath, `{"expected_codes":"200","description":"login"}`))
	tt.clock.add(time.Hour)
	if err := tt.s.Edit(userScope, "monitor", m, map[string]any{"interval": 30}); err != nil {
		t.Fatal(err)
	}
	tt.clock.add(time.Hour)
	tt.ok("DELETE", monitorsPath+"/"+m, "{}")
	tt.refused("DELETE", monitorsPath+"/"+m, "{}", 404, 1001, "")

	all := tt.list("/user/audit_logs")
	var have []string
	for _, e := range all {
		have = append(have, fmt.Sprint(e["action"].(doc)["type"], " ", e["interface"], " ", e["when"]))
		tt.want(e, map[string]string{"resource": `{"id":"` + m + `","type":"monitor"}`, "metadata": `{"description":"login"}`})
	}
	if want := "delete API 2026-11-23T11:00:00Z,change UI 2026-11-23T10:00:00Z,add API 2026-11-23T09:00:00Z"; strings.Join(have, ",") != want {
		t.Errorf("the log: %v", have)
	}
	tt.want(all[0], map[string]string{"actor": `{"email":"user@example.com","id":"` + UserID + `","ip":"198.51.100.23","type":"user"}`})

	for query, want := range map[string]int{
		"since=2026-11-23T10:00:00Z": 2, "before=2026-11-23T10:00:00Z": 2, "since=2026-11-24": 0, "action.type=add": 1, "id=" + id(all[0]): 1,
		"actor.ip=198.51.100.0/24": 3, "actor.ip=192.0.2.1": 0, "actor.email=USER@example.com": 3, "per_page=2": 2, "per_page=2&page=2": 1,
		"zone.name=example.com": 0, "hide_user_logs=true": 0,
	} {
		if n := len(tt.list("/user/audit_logs?" + query)); n != want {
			t.Errorf("%s: %d entries, want %d", query, n, want)
		}
	}
	if l := tt.list("/user/audit_logs?direction=asc"); l[0]["when"] != "2026-11-23T09:00:00Z" {
		t.Error("ascending is not oldest first")
	}
	for _, query := range []string{"per_page=0", "per_page=1001", "direction=x", "since=noon", "actor.ip=x"} {
		tt.refused("GET", "/user/audit_logs?"+query, "", 400, 10001, "")
	}
	if g := tt.do("GET", "/user/audit_logs", ""); !strings.Contains(g.body, `"errors":null`) {
		t.Error("errors is not null") // API facts §0.2
	}
	g := tt.do("GET", "/user/audit_logs?export=true", "")
	if g.header.Get("Content-Type") != "text/csv" || strings.Count(g.body, "\n") != 4 || !strings.HasPrefix(g.body, "id,when,action.type") {
		t.Errorf("CSV: %s", g.body)
	}
}

func TestDashboard(t *testing.T) {
	tt := start(t, Options{})
	r, err := tt.s.Put(userScope, "access_rule", map[string]any{"mode": "block", "configuration": map[string]any{"target": "ip", "value": "192.0.2.1"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tt.s.Put(userScope, "access_rule", map[string]any{"mode": "block"}); err == nil {
		t.Error("what the API refuses was put")
	}
	if err := tt.s.Edit(userScope, "access_rule", r, map[string]any{"notes": "x"}); err != nil {
		t.Error(err)
	}
	tokenID, secret, err := tt.s.Mint(userScope, "token", map[string]any{"name": "t", "policies": []any{decode([]byte(policy("API Tokens Read")))}})
	if err != nil {
		t.Fatal(err)
	}
	if err := tt.s.Edit(userScope, "token", tokenID, map[string]any{"status": "disabled"}); err != nil {
		t.Error(err)
	}
	tt.as(secret).refused("GET", tokensPath, "", 401, 10000, "")
	for _, err := range []error{
		tt.s.Edit(userScope, "access_rule", ZoneID, nil), tt.s.Remove(userScope, "monitor", ZoneID), tt.s.Force(userScope, "nothing", r, nil),
		tt.s.Remove(userScope, "", r), tt.s.Edit(userScope, "monitor", r, map[string]any{"x": func() {}}), tt.s.RemoveLoadBalancer(userScope, r),
	} {
		if err == nil {
			t.Error("no error")
		}
	}
	if err := tt.s.Remove(userScope, "access_rule", r); err != nil || len(tt.s.Objects("access_rule", userScope)) != 0 {
		t.Errorf("%v: still there", err)
	}
}

// Dump is the same for two ways to one end.
func TestDump(t *testing.T) {
	make := func(names ...string) string {
		tt := start(t, Options{})
		for _, name := range names {
			m := id(tt.ok("POST", monitorsPath, `{"expected_codes":"200","description":"`+name+`"}`))
			tt.clock.add(time.Second)
			tt.ok("POST", poolsPath, pool(`"name":"`+name+`","monitor":"`+m+`"`))
			tt.ok("POST", tokensPath, token("", policy("DNS Read"), policy("Zone Read")))
		}
		return tt.s.Dump()
	}
	if a, b := make("x", "y"), make("y", "x"); a != b {
		t.Errorf("they differ:\n%s\n%s", a, b)
	}
	if a, b := make("x", "y"), make("x", "z"); a == b {
		t.Error("different worlds, and one dump")
	}
}

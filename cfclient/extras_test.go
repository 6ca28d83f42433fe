package cfclient

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trueup/schema"
)

func TestCatalogue(t *testing.T) {
	c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		reply(w, 200, ok(`[{"id":"3","name":"Zone Read","scopes":["com.cloudflare.api.account.zone"],"description":"x"},{"id":"2","name":"Logs Write"},{"id":"1","name":"Logs Write","scopes":null},{"name":"no id"},7]`))
	})
	got, err := c.Catalogue(t.Context(), account)
	want := schema.Catalogue{{ID: "1", Name: "Logs Write"}, {ID: "2", Name: "Logs Write"}, {ID: "3", Name: "Zone Read", Scopes: []string{"com.cloudflare.api.account.zone"}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	expect(t, a.requests(), "GET /accounts/"+account.ID+"/tokens/permission_groups")
}

func TestVerify(t *testing.T) {
	zone := schema.Scope{Level: schema.Zone, ID: account.ID}
	tests := []struct {
		name, token string
		scope       schema.Scope
		status      int
		body, id    string
		requests    int
		fails       bool
	}{
		{"user", "older", schema.UserScope, 200, `{"result":{"id":"x","status":"active"},"success":true,"errors":[],"messages":[{"code":10000,"message":"This API Token is valid and active"}]}`, "x", 1, false},
		{"account", "cfat_1", account, 200, ok(`{"id":"x"}`), "x", 1, false},
		{"no token", "", schema.UserScope, 200, "", "", 0, false},
		{"an account's token is none of the user's", "cfat_1", schema.UserScope, 200, "", "", 0, false},
		{"and the other way round", "cfut_1", account, 200, "", "", 0, false},
		{"zone", "older", zone, 200, "", "", 0, false},
		{"another scope's", "older", account, 401, refuse(1000, "Invalid API Token"), "", 1, false},
		{"no answer", "older", account, 500, "", "", 1, true},
		{"null", "older", account, 200, ok("null"), "", 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/"+tt.scope.Path()+"/tokens/verify" || r.Header.Get("Authorization") != "Bearer "+tt.token {
					t.Error(r.URL.Path, r.Header)
				}
				reply(w, tt.status, tt.body)
			}, func(c *Config) { c.Token, c.Email, c.Key, c.MaxRetries = tt.token, "a@example.com", "0123456789", -1 })
			id, err := c.Verify(t.Context(), tt.scope)
			if id != tt.id || (err != nil) != tt.fails || len(a.requests()) != tt.requests {
				t.Error(id, err, a.requests())
			}
		})
	}
}

func TestReferrers(t *testing.T) {
	c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		reply(w, 200, ok(`[{"reference_type":"referrer","resource_id":"2","resource_name":"www.example.com","resource_type":"load_balancer"},
			{"reference_type":"referral","resource_id":"3","resource_name":"Login page monitor","resource_type":"monitor"},
			{"reference_type":"*","resource_id":"1","resource_name":null,"resource_type":"load_balancer"}]`))
	})
	got, err := c.Referrers(t.Context(), pool, schema.UserScope, "p/1")
	want := []schema.Referrer{{Type: "load_balancer", ID: "1"}, {Type: "load_balancer", ID: "2", Name: "www.example.com"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := c.Referrers(t.Context(), rule, schema.UserScope, "x"); got != nil || err != nil {
		t.Error("nothing refers to rules: ", got, err)
	}
	expect(t, a.requests(), "GET /user/load_balancers/pools/p%2F1/references")
}

func entry(id, when, more string) string {
	return fmt.Sprintf(`{"action":{"result":true,"type":"update"},"actor":{"email":"admin@example.com","ip":"198.51.100.23","type":"user"},"interface":"UI","resource":{"id":%q,"type":"x"},"when":%q%s}`, id, when, more)
}

func TestEvents(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	c, a := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		reply(w, 200, ok(`[`+strings.Join([]string{
			entry("other", "2026-11-22T14:03:00Z", ""),
			entry("a", "2026-11-22T14:02:00Z", `,"action":{"result":false}`),
			entry("a", "2026-11-22T14:01:00.5Z", ""),
			entry("a", "2026-11-22T13:00:00Z", `,"interface":"API"`),
			`{"resource":{"id":"b"},"when":"2026-11-21T00:00:00Z","actor":{"email":null,"type":"Cloudflare"},"metadata":[1],"interface":7}`,
			`{"resource":{"id":"c"},"when":"yesterday"}`, `7`, `{"resource":[]}`,
		}, ",")+`]`))
	})
	got, err := c.Events(t.Context(), schema.UserScope, day(1), day(23), []string{"a", "b", "c"})
	want := map[string]Event{
		"a": {Actor: "admin@example.com", Interface: "UI", When: time.Date(2026, 11, 22, 14, 1, 0, 5e8, time.UTC)},
		"b": {Actor: "Cloudflare", When: day(21)},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	expect(t, a.requests(), "GET /user/audit_logs?before=2026-11-23T00%3A00%3A00Z&direction=desc&page=1&per_page=1000&since=2026-11-01T00%3A00%3A00Z")
}

func TestEventsEnd(t *testing.T) {
	page := func(n int, when string) string {
		items := make([]string, 1000)
		for i := range items {
			items[i] = entry(fmt.Sprintf("x%d", n), when, "")
		}
		return ok(`[` + strings.Join(items, ",") + `]`)
	}
	c, a := serve(t, func(n int, w http.ResponseWriter, r *http.Request) { reply(w, 200, page(n, "2026-11-22T00:00:00Z")) })
	before := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name     string
		since    time.Time
		ids      []string
		requests int
	}{
		{"all are found", time.Time{}, []string{"x0", "x2"}, 3},
		{"a bounded number of pages", time.Time{}, []string{"none"}, auditPages},
		{"since is reached", time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), []string{"none"}, 1},
		{"nothing is asked", time.Time{}, nil, 0},
	} {
		n := len(a.requests())
		if _, err := c.Events(t.Context(), account, tt.since, before, tt.ids); err != nil || len(a.requests())-n != tt.requests {
			t.Error(tt.name, err, len(a.requests())-n)
		}
	}
	if got, err := c.Events(t.Context(), schema.Scope{Level: schema.Zone, ID: "z"}, time.Time{}, before, []string{"a"}); len(got) != 0 || err != nil {
		t.Error(got, err)
	}
}

func TestOwnAddress(t *testing.T) {
	for _, tt := range []struct{ result, want string }{
		{`[{"actor":{"type":"Cloudflare","ip":"192.0.2.1"}},{"actor":{"type":"user","ip":"::ffff:198.51.100.23"}},{"actor":{"ip":"192.0.2.2"}}]`, "198.51.100.23"},
		{`[{"actor":{"type":"user","ip":""}}]`, "invalid IP"},
		{`[]`, "invalid IP"},
		{`null`, "invalid IP"},
	} {
		c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, 200, ok(tt.result)) })
		if ip, err := c.OwnAddress(t.Context()); ip.String() != tt.want || err != nil {
			t.Error(ip, err)
		}
		expect(t, a.requests(), "GET /user/audit_logs?direction=desc&per_page=25")
	}
	c, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, 403, refuse(10000, "no")) })
	if ip, err := c.OwnAddress(t.Context()); ip.IsValid() || fault(t, err).Meaning != schema.Denied {
		t.Error(ip, err)
	}
}

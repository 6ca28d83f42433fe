package sim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"trueup/schema"
)

func groupNamed(name, scope string) string {
	for _, g := range catalogue() {
		if g.name == name && (scope == "" || g.scope == scope) {
			return g.id
		}
	}
	return ""
}

func policy(groups ...string) string {
	var list []any
	for _, g := range groups {
		list = append(list, doc{"id": groupNamed(g, "")})
	}
	return string(encode(doc{"effect": "allow", "permission_groups": list, "resources": doc{"com.cloudflare.api.account.zone.*": "*"}}))
}

func token(fields string, policies ...string) string {
	return `{"name":"ci","policies":[` + strings.Join(policies, ",") + `]` + fields + `}`
}

func TestTokenCreate(t *testing.T) {
	tt := start(t, Options{})
	d := tt.ok("POST", tokensPath, token(`,"status":"disabled","expires_on":"2027-01-01T01:00:00.5+01:00"`, policy("DNS Read")))
	tt.want(d, map[string]string{
		"status":    `"active"`, // POST takes none
		"issued_on": `"2026-11-23T09:00:00Z"`, "modified_on": `"2026-11-23T09:00:00Z"`, "expires_on": `"2027-01-01T00:00:00Z"`,
		"condition": "-", "not_before": "-", "last_used_on": "-", "secret_hash": "-",
	})
	secret := text(d["value"])
	if !regexp.MustCompile(`^cfut_[A-Za-z0-9]{40}[0-9a-f]{8}$`).MatchString(secret) {
		t.Errorf("the value has a wrong form")
	}
	for _, path := range []string{tokensPath, tokensPath + "/" + id(d)} {
		if g := tt.do("GET", path, ""); strings.Contains(g.body, secret) || strings.Contains(g.body, "secret_hash") || strings.Contains(g.body, `"value"`) {
			t.Errorf("GET %s shows the secret or its hash", path)
		}
	}
	if tokenID, ok := tt.s.ValidSecret(secret); !ok || tokenID != id(d) {
		t.Error("the secret is not valid")
	}
}

func TestTokenTimes(t *testing.T) {
	body := token(`,"not_before":"2026-01-01T00:00:00.25Z"`, policy("DNS Read"))
	for kept, want := range map[bool]string{false: `"2026-01-01T00:00:00Z"`, true: `"2026-01-01T00:00:00.25Z"`} {
		tt := start(t, Options{SubSecondTimes: kept})
		tt.want(tt.ok("POST", tokensPath, body), map[string]string{"not_before": want})
	}
	start(t, Options{SubSecondRefused: true}).refused("POST", tokensPath, body, 400, 1001, "fractions")
}

// Policies and groups come back in the server's order (bug 20).
func TestTokenOrder(t *testing.T) {
	tt := start(t, Options{})
	groups := []string{"Zone Read", "DNS Read", "DNS Write", "Zone Write", "Logs Read"}
	sorted := true
	for range 5 {
		d := tt.ok("POST", tokensPath, token("", policy(groups...), policy("DNS Read"), policy("Zone Read")))
		ids := []string{}
		for _, p := range docs(d["policies"]) {
			ids = append(ids, id(p))
			gs := []string{}
			for _, g := range docs(p["permission_groups"]) {
				gs = append(gs, id(g))
				if g["name"] != groupName(id(g)) {
					t.Errorf("a group without its name: %v", g)
				}
			}
			if !slices.IsSorted(gs) {
				t.Errorf("groups are not by id: %v", gs)
			}
		}
		sorted = sorted && slices.IsSorted(ids)
	}
	if !sorted {
		t.Error("policies are not by id")
	}
}

func TestTokenPolicyIDs(t *testing.T) {
	for remint, want := range map[bool]bool{false: true, true: false} {
		tt := start(t, Options{RemintPolicyIDs: remint})
		d := tt.ok("POST", tokensPath, token("", policy("DNS Read"), policy("Zone Read")))
		e := tt.ok("PUT", tokensPath+"/"+id(d), token("", policy("Zone Read"), policy("DNS Read")))
		if have := same(d["policies"], e["policies"]); have != want {
			t.Errorf("remint %v: policies kept: %v", remint, have)
		}
	}
}

func TestTokenRefused(t *testing.T) {
	tt := start(t, Options{TokenNullRefused: true})
	p := policy("DNS Read")
	with := func(old, new string) string { return strings.Replace(token("", p), old, new, 1) }
	for body, contains := range map[string]string{
		`{"name":"ci"}`: "policies",
		token(""):       "policies",
		token("", `{}`): "effect",
		with(groupNamed("DNS Read", ""), "0123456789abcdef0123456789abcdef"):                        "Permission group",
		with(`"com.cloudflare.api.account.zone.*":"*"`, ``):                                         "resources",
		with(`"com.cloudflare.api.account.zone.*":"*"`, `"zone.*":"*"`):                             "resource",
		with(`"com.cloudflare.api.account.zone.*":"*"`, `"com.cloudflare.api.user.`+ZoneID+`":"*"`): "own",
		with(`.zone.*":"*"`, `.zone.*":"x"`):                                                        "resource",
		token(`,"condition":{"request_ip":{"in":["nowhere"]}}`, p):                                  "CIDR",
		token(`,"condition":{"request_ip":{"in":"10.0.0.0/8"}}`, p):                                 "lists",
		token(`,"condition":3`, p):                                                                  "object",
		token(`,"expires_on":"tomorrow"`, p):                                                        "expires_on",
		token(`,"expires_on":null`, p):                                                              "null",
	} {
		tt.refused("POST", tokensPath, body, 400, 1001, contains)
	}
	tt.refused("POST", tokensPath, `{"name":"","policies":[`+p+`]}`, 400, 400, "name must have a length")
	tt.refused("POST", tokensPath, `{"name":"`+strings.Repeat("x", 121)+`","policies":[`+p+`]}`, 400, 400, "name")
	tt.refused("PUT", tokensPath+"/"+credentialID, token(`,"status":"revoked"`, p), 400, 1001, "status")
	tt.refused("GET", tokensPath+"/"+ZoneID, "", 404, 1003, "")
	tt.refused("PUT", tokensPath+"/"+ZoneID, token("", p), 404, 1003, "")
	tt.refused("PUT", tokensPath+"/"+ZoneID+"/value", "{}", 404, 1003, "")
	start(t, Options{EmptyPolicies: true}).ok("POST", tokensPath, token(""))
	start(t, Options{}).ok("POST", tokensPath, token(`,"expires_on":null,"condition":null`, p))
}

func TestTokenCondition(t *testing.T) {
	const cidrs = `{"in":["198.51.100.100/24","192.0.2.1"],"not_in":["198.51.100.7/32"]}`
	const kept = `{"in":["198.51.100.100/24","192.0.2.1/32"],"not_in":["198.51.100.7/32"]}`
	for _, tc := range []struct {
		o          Options
		body, want string
	}{
		{Options{}, `{"request_ip":` + cidrs + `}`, `{"request_ip":` + kept + `}`},
		{Options{}, `{"request.ip":` + cidrs + `}`, `{"request_ip":` + kept + `}`},
		{Options{ConditionDotted: true}, `{"request_ip":` + cidrs + `}`, `{"request.ip":` + kept + `}`},
		{Options{ConditionDropped: true}, `{"request_ip":` + cidrs + `}`, "-"},
		{Options{MaskHostBits: true}, `{"request_ip":{"in":["198.51.100.100/24"]}}`, `{"request_ip":{"in":["198.51.100.0/24"]}}`},
		{Options{CIDRsSorted: true}, `{"request_ip":` + cidrs + `}`, `{"request_ip":{"in":["192.0.2.1/32","198.51.100.100/24"],"not_in":["198.51.100.7/32"]}}`},
	} {
		tt := start(t, tc.o)
		tt.want(tt.ok("POST", tokensPath, token(`,"condition":`+tc.body, policy("DNS Read"))), map[string]string{"condition": tc.want})
	}
}

// An empty list, and an empty block, let nobody in (API facts §4).
func TestTokenEmptyConditionShutsOut(t *testing.T) {
	for _, body := range []string{`{"request_ip":{"in":[]}}`, `{"request_ip":{}}`, `{}`} {
		tt := start(t, Options{})
		d := tt.ok("POST", tokensPath, token(`,"condition":`+body, policy("API Tokens Read")))
		tt.as(text(d["value"])).refused("GET", tokensPath, "", 403, 9109, "")
	}
}

func TestTokenPut(t *testing.T) {
	create := token(`,"expires_on":"2027-01-01T00:00:00Z","condition":{"request_ip":{"in":["192.0.2.0/24"]}}`, policy("DNS Read"))
	for _, tc := range []struct {
		o                 Options
		body              string
		condition, expiry string
	}{
		{Options{}, "", "-", "-"},
		{Options{PutKeepsCondition: true}, "", `{"request_ip":{"in":["192.0.2.0/24"]}}`, "-"},
		{Options{PutKeepsUnset: true}, "", "-", `"2027-01-01T00:00:00Z"`},
		{Options{PutKeepsCondition: true, PutKeepsUnset: true}, `,"condition":null,"expires_on":null`, "-", "-"},
	} {
		tt := start(t, tc.o)
		d := tt.ok("POST", tokensPath, create)
		tt.clock.add(time.Hour)
		e := tt.ok("PUT", tokensPath+"/"+id(d), token(tc.body+`,"status":"disabled"`, policy("DNS Write")))
		tt.want(e, map[string]string{"condition": tc.condition, "expires_on": tc.expiry, "status": `"disabled"`,
			"value": "-", "issued_on": `"2026-11-23T09:00:00Z"`, "modified_on": `"2026-11-23T10:00:00Z"`})
		// The secret survives (bug 21).
		if _, ok := tt.s.ValidSecret(text(d["value"])); !ok {
			t.Error("PUT killed the secret")
		}
		tt.refused("PUT", tokensPath+"/"+id(d), `{"name":"x"}`, 400, 1001, "policies")
	}
}

func TestTokenRoll(t *testing.T) {
	tt := start(t, Options{})
	d := tt.ok("POST", tokensPath, token("", policy("API Tokens Read")))
	old := text(d["value"])
	tt.as(old).ok("GET", tokensPath+"/verify", "")
	tt.refused("PUT", tokensPath+"/"+id(d)+"/value", "", 400, 6007, "")
	g := tt.do("PUT", tokensPath+"/"+id(d)+"/value", "{}")
	secret := text(g.doc["result"])
	if g.status != 200 || secret == old || !strings.HasPrefix(secret, "cfut_") {
		t.Fatalf("%d", g.status)
	}
	tt.as(old).refused("GET", tokensPath+"/verify", "", 401, 10000, "")
	tt.want(tt.as(secret).ok("GET", tokensPath+"/verify", ""), map[string]string{"id": `"` + id(d) + `"`, "status": `"active"`})
	tt.want(tt.ok("GET", tokensPath+"/"+id(d), ""), map[string]string{"policies": string(encode(d["policies"]))})
}

func TestTokenLife(t *testing.T) {
	tt := start(t, Options{})
	d := tt.ok("POST", tokensPath, token(`,"expires_on":"2026-11-23T10:00:00Z"`, policy("API Tokens Read")))
	as := tt.as(text(d["value"]))
	as.ok("GET", tokensPath, "")
	tt.want(tt.ok("GET", tokensPath+"/"+id(d), ""), map[string]string{"last_used_on": `"2026-11-23T09:00:00Z"`})
	tt.clock.add(time.Hour)
	tt.want(tt.ok("GET", tokensPath+"/"+id(d), ""), map[string]string{"status": `"expired"`})
	as.refused("GET", tokensPath, "", 401, 10000, "")
	tt.want(as.ok("GET", tokensPath+"/verify", ""), map[string]string{"status": `"expired"`, "expires_on": `"2026-11-23T10:00:00Z"`})
	// The server's word comes back in a PUT: no change.
	tt.want(tt.ok("PUT", tokensPath+"/"+id(d), token(`,"status":"expired"`, policy("API Tokens Read"))), map[string]string{"status": `"active"`})

	if err := tt.s.Force(schema.UserScope, "token", id(d), func(d map[string]any) { d["status"] = "revoked (exposed)" }); err != nil {
		t.Fatal(err)
	}
	tt.want(tt.ok("GET", tokensPath+"/"+id(d), ""), map[string]string{"status": `"revoked (exposed)"`})
	as.refused("GET", tokensPath, "", 401, 10000, "")

	d = tt.ok("POST", tokensPath, token(`,"not_before":"2027-01-01T00:00:00Z"`, policy("API Tokens Read")))
	tt.as(text(d["value"])).refused("GET", tokensPath, "", 401, 10000, "")
	tt.want(tt.ok("DELETE", tokensPath+"/"+id(d), "{}"), map[string]string{"id": `"` + id(d) + `"`})
	tt.as(text(d["value"])).refused("GET", tokensPath+"/verify", "", 401, 10000, "")
}

// Nobody grants what they lack, or does what they may not.
func TestTokenRights(t *testing.T) {
	tt := start(t, Options{})
	as := tt.as(text(tt.ok("POST", tokensPath, token("", policy("API Tokens Write", "Zone Read")))["value"]))
	as.ok("POST", tokensPath, token("", policy("Zone Read")))
	as.refused("POST", tokensPath, token("", policy("DNS Write")), 400, 1001, "Failed common permission check against resources. (Permission group: DNS Write)")
	as.refused("GET", monitorsPath, "", 403, 9109, "")
	as.s.o.Denied10000 = true
	as.refused("GET", monitorsPath, "", 403, 10000, "")
	reader := tt.as(text(tt.ok("POST", tokensPath, token("", policy("Load Balancing: Monitors and Pools Read")))["value"]))
	reader.ok("GET", monitorsPath, "")
	reader.refused("POST", monitorsPath, `{"expected_codes":"200"}`, 403, 10000, "")
}

func TestTokenFresh(t *testing.T) {
	tt := start(t, Options{FreshTokenLag: 3 * time.Second})
	as := tt.as(text(tt.ok("POST", tokensPath, token("", policy("API Tokens Read")))["value"]))
	as.refused("GET", tokensPath, "", 403, 9109, "")
	tt.clock.add(3 * time.Second)
	as.ok("GET", tokensPath, "")
}

func TestTokenPages(t *testing.T) {
	tt := start(t, Options{})
	for i := range 49 {
		tt.ok("POST", tokensPath, strings.Replace(token("", policy("DNS Read")), "ci", fmt.Sprint("t", i), 1))
	}
	tt.refused("POST", tokensPath, token("", policy("DNS Read")), 400, 1010, "quota")
	if n := len(tt.list(tokensPath)); n != 20 {
		t.Errorf("%d on a page", n)
	}
	if l := tt.list(tokensPath + "?per_page=50&direction=desc"); len(l) != 50 || l[0]["name"] != "t48" {
		t.Errorf("%d: %v", len(l), l[0]["name"])
	}
	for _, q := range []string{"?per_page=4", "?per_page=51", "?page=0", "?direction=x"} {
		tt.refused("GET", tokensPath+q, "", 400, 1001, "")
	}
}

func TestAccountTokens(t *testing.T) {
	tt := start(t, Options{})
	path := "/accounts/" + AccountID + "/tokens"
	tt.refused("POST", path, token("", policy("DNS Read")), 400, 1001, "nested")
	nested := strings.Replace(policy("DNS Read", "Account API Tokens Read"), `"com.cloudflare.api.account.zone.*":"*"`, `"com.cloudflare.api.account.`+AccountID+`":{"com.cloudflare.api.account.zone.*":"*"}`, 1)
	d := tt.ok("POST", path, token("", nested))
	as := tt.as(text(d["value"]))
	if !strings.HasPrefix(text(d["value"]), "cfat_") {
		t.Error("not an account's token")
	}
	tt.want(as.ok("GET", path+"/verify", ""), map[string]string{"id": `"` + id(d) + `"`})
	as.ok("GET", path, "")
	as.refused("GET", tokensPath+"/verify", "", 403, 9109, "")
	as.refused("GET", tokensPath, "", 403, 9109, "")
}

func TestPermissionGroups(t *testing.T) {
	tt := start(t, Options{})
	all, ids, logs := tt.list(tokensPath+"/permission_groups"), map[string]bool{}, 0
	for _, g := range all {
		ids[id(g)] = true
		if g["name"] == "Logs Write" {
			logs++
		}
	}
	if len(all) < 40 || len(ids) != len(all) || logs != 2 {
		t.Errorf("%d groups, %d ids, %d named Logs Write", len(all), len(ids), logs)
	}
	if l := tt.list(tokensPath + "/permission_groups?name=Zone+Read"); len(l) != 1 || id(l[0]) != "c8fed203ed3043cba015a93ad1616f1f" {
		t.Errorf("Zone Read: %v", l)
	}
	if l := tt.list(tokensPath + "/permission_groups?name=Logs+Write&scope=com.cloudflare.api.account"); len(l) != 1 {
		t.Errorf("Logs Write of accounts: %v", l)
	}
}

package sim

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Which credential each endpoint takes (API facts §0.1).
func TestAccess(t *testing.T) {
	for _, tc := range []struct {
		path       string
		token, key bool
		either     func(*Options)
	}{
		{rulesPath, true, true, nil},
		{monitorsPath, true, true, nil},
		{poolsPath, true, true, nil},
		{"/user/audit_logs", true, true, nil},
		{tokensPath, true, false, func(o *Options) { o.KeysForTokens = true }},
		{tokensPath + "/permission_groups", true, false, func(o *Options) { o.KeysForTokens = true }},
		{invitesPath, false, true, func(o *Options) { o.TokensForInvites = true }},
		{"/user", false, true, func(o *Options) { o.TokensForUser = true }},
	} {
		try := func(o Options, token, key bool) {
			tt := start(t, o)
			for want, as := range map[*bool]*tester{&token: tt, &key: tt.byKey()} {
				if *want {
					as.ok("GET", tc.path, "")
				} else {
					as.refused("GET", tc.path, "", 403, 10000, "")
				}
			}
		}
		try(Options{}, tc.token, tc.key)
		if tc.either != nil {
			var o Options
			tc.either(&o)
			try(o, true, true)
		}
	}
}

func TestVerify(t *testing.T) {
	tt := start(t, Options{})
	g := tt.do("GET", tokensPath+"/verify", "")
	if m := docs(g.doc["messages"]); len(m) != 1 || m[0]["code"] != 10000.0 || m[0]["message"] != "This API Token is valid and active" {
		t.Errorf("messages: %s", g.body) // code 10000, and no error (API facts §0.2)
	}
	tt.byKey().refused("GET", tokensPath+"/verify", "", 400, 1001, `Missing \"Authorization\" header`)
	o := start(t, Options{KeysForTokens: true}).byKey()
	o.refused("GET", tokensPath+"/verify", "", 400, 1001, "Missing")
}

func TestBadCredentials(t *testing.T) {
	_, email, key := New(Options{}).Credentials()
	for _, tc := range []struct {
		name         string
		headers      map[string]string
		status, code int
		contains     string
	}{
		{"none", nil, 401, 10000, "Authentication error"},
		{"unknown token", bearer("cfut_" + strings.Repeat("x", 48)), 401, 10000, ""},
		{"malformed token", bearer("two words"), 400, 6003, `"error_chain":[{"code":6111,"message":"Invalid format for Authorization header"}]`},
		{"no Bearer", map[string]string{"Authorization": "Basic abc"}, 400, 6003, "6111"},
		{"malformed email", map[string]string{"X-Auth-Email": "x", "X-Auth-Key": key}, 400, 6003, "6102"},
		{"malformed key", map[string]string{"X-Auth-Email": email, "X-Auth-Key": "abc"}, 400, 6003, "6103"},
		{"unknown key", map[string]string{"X-Auth-Email": email, "X-Auth-Key": strings.Repeat("0", 37)}, 401, 10000, ""},
		{"another's key", map[string]string{"X-Auth-Email": "other@example.com", "X-Auth-Key": key}, 401, 10000, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tt := start(t, Options{})
			tt.headers = tc.headers
			tt.refused("GET", rulesPath, "", tc.status, tc.code, tc.contains)
		})
	}
	tt := start(t, Options{AuthErrors403: true})
	tt.headers = nil
	tt.refused("GET", rulesPath, "", 403, 10000, "")
}

func TestRoutes(t *testing.T) {
	tt := start(t, Options{})
	for _, tc := range []struct {
		method, path string
		status, code int
	}{
		{"GET", "/nothing", 404, 7003}, {"GET", "/", 404, 7003}, {"GET", "/user/nothing", 404, 7003},
		{"GET", monitorsPath + "/login-page", 404, 7003}, {"GET", tokensPath + "/short", 404, 7003},
		{"GET", "/accounts/" + ZoneID + "/tokens", 404, 7003}, {"GET", "/accounts/" + AccountID + "/invites", 404, 7003},
		{"PUT", rulesPath, 405, 7001}, {"PATCH", tokensPath + "/" + ZoneID, 405, 7001}, {"POST", invitesPath, 405, 7001},
	} {
		tt.refused(tc.method, tc.path, "{}", tc.status, tc.code, "")
	}
}

func TestBodies(t *testing.T) {
	tt := start(t, Options{})
	for _, body := range []string{"", "{", "[]", "null", `"x"`, `{"a":1} x`, strings.Repeat("[", 20000)} {
		tt.refused("POST", monitorsPath, body, 400, 6007, "")
	}
	tt.refused("POST", monitorsPath, `{"description":"`+strings.Repeat("x", maxBody)+`"}`, 400, 6007, "")
	delete(tt.headers, "Content-Type")
	tt.refused("POST", monitorsPath, `{"expected_codes":"200"}`, 400, 1029, "")
	tt.headers["Content-Type"] = "application/json; charset=utf-8"
	tt.ok("POST", monitorsPath, `{"expected_codes":"200"}`)
}

// A body says its size (API facts §0.2).
func TestUnsizedBody(t *testing.T) {
	tt := start(t, Options{})
	r := httptest.NewRequest("POST", basePath+monitorsPath, strings.NewReader(`{"expected_codes":"200"}`))
	for k, v := range tt.headers {
		r.Header.Set(k, v)
	}
	r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
	w := httptest.NewRecorder()
	tt.s.ServeHTTP(w, r)
	if w.Code != 400 {
		t.Error(w.Code, w.Body)
	}
}

func TestHeaders(t *testing.T) {
	tt := start(t, Options{})
	for i, path := range []string{rulesPath, "/nothing"} {
		h := tt.do("GET", path, "").header
		if h.Get("Cf-Ray") == "" || h.Get("Ratelimit-Policy") != `"default";q=1200;w=300` || h.Get("Ratelimit") != fmt.Sprintf(`"default";r=%d;t=300`, 1199-i) {
			t.Errorf("%v", h)
		}
	}
}

// Past the limit everything is blocked for the next window (API facts §0.4).
func TestRateLimit(t *testing.T) {
	tt := start(t, Options{})
	for range 1200 {
		tt.do("GET", "/user/audit_logs", "")
	}
	tt.clock.add(2 * time.Minute)
	for _, as := range []*tester{tt, tt.byKey()} { // token and key together
		as.refused("POST", monitorsPath, `{"expected_codes":"200"}`, 429, 971, "throttling")
	}
	if h := tt.do("GET", rulesPath, "").header; h.Get("Retry-After") != "300" {
		t.Errorf("Retry-After %q", h.Get("Retry-After"))
	}
	tt.clock.add(5*time.Minute - time.Second)
	tt.refused("GET", rulesPath, "", 429, 971, "")
	tt.clock.add(time.Second)
	if l := tt.list(monitorsPath); len(l) != 0 {
		t.Error("a limited request was executed")
	}
	tt = start(t, Options{RateLimit: RateLimit{Requests: 2, Window: time.Second}})
	tt.list(rulesPath)
	tt.list(rulesPath)
	tt.refused("GET", rulesPath, "", 429, 971, "")
	tt = start(t, Options{RateLimit: RateLimit{Requests: -1}})
	for range 1300 {
		tt.list(invitesFree)
	}
}

const invitesFree = "/user/audit_logs"

func TestUser(t *testing.T) {
	tt := start(t, Options{}).byKey()
	tt.want(tt.ok("GET", "/user", ""), map[string]string{"id": `"` + UserID + `"`, "email": `"user@example.com"`})
}

// The log and the list of requests have no secrets.
func TestRequestLog(t *testing.T) {
	var log strings.Builder
	tt := start(t, Options{Log: &log})
	token, _, key := tt.s.Credentials()
	tt.do("GET", tokensPath+"/"+token, "")
	tt.do("GET", rulesPath+"?notes="+token, "")
	tt.byKey().list(rulesPath)
	secret := text(tt.ok("POST", tokensPath, `{"name":"t","policies":[`+policy("DNS Read")+`]}`)["value"])
	all := log.String() + fmt.Sprint(tt.s.Requests()) + tt.s.Dump() + fmt.Sprint(tt.s.Objects("token", userScope))
	for _, s := range []string{token, key, secret, "secret_hash"} {
		if strings.Contains(all, s) {
			t.Errorf("a secret is shown: %s", s[:6])
		}
	}
	if !strings.Contains(log.String(), "GET /client/v4/user/tokens/cfut_redacted 404\n") {
		t.Errorf("the log: %s", log.String())
	}
	if r := tt.s.Requests(); len(r) != 4 || r[3].Method != "POST" || r[3].Path != basePath+tokensPath || r[3].Status != 200 {
		t.Errorf("requests: %v", r)
	}
}

func TestOverNetwork(t *testing.T) {
	tt := start(t, Options{})
	srv := httptest.NewServer(tt.s)
	defer srv.Close()
	r := httptest.NewRequest("GET", srv.URL+basePath+rulesPath, nil)
	r.RequestURI = ""
	for k, v := range tt.headers {
		r.Header.Set(k, v)
	}
	resp, err := srv.Client().Do(r)
	if err != nil || resp.StatusCode != 200 || resp.ContentLength <= 0 {
		t.Fatalf("%v %v", resp, err)
	}
	resp.Body.Close()
}

package sim

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// artefacts are answers in which the spec is wrong, not the simulator: method
// and path, and why.
var artefacts = map[string]string{
	"PATCH /user/load_balancers/pools": "the request's enum literal is two quote characters; only the answer is held against it",
}

// Answers are valid by the spec, with every endpoint of the simulator asked.
// What the spec says is also said by the other tests, by hand.
func TestContract(t *testing.T) {
	path := cmp.Or(os.Getenv("TRUEUP_SPEC"), "../../shared/spec/cloudflare-user.openapi.yml")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the spec is not there: %v (TRUEUP_SPEC names it)", err)
	}
	spec, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tt := start(t, Options{TokensForInvites: true, TokensForUser: true})
	asked := map[string]bool{}
	try := func(method, pattern, path, body string) doc {
		t.Helper()
		g := tt.do(method, path, body)
		asked[method+" "+pattern] = true
		item := spec.Paths.Value(pattern)
		if item == nil || item.GetOperation(method) == nil {
			t.Errorf("%s %s is not in the spec", method, pattern)
			return nil
		}
		response := item.GetOperation(method).Responses.Status(200)
		var v any
		if err := json.Unmarshal([]byte(g.body), &v); err != nil || g.status != 200 {
			t.Errorf("%s %s: %d %s", method, pattern, g.status, g.body)
			return nil
		}
		if err := response.Value.Content.Get("application/json").Schema.Value.VisitJSON(v, openapi3.VisitAsResponse()); err != nil {
			t.Errorf("%s %s: %v\n%s", method, pattern, err, g.body)
		}
		d, _ := g.doc["result"].(doc)
		return d
	}
	r := id(try("POST", rulesPath, rulesPath, rule("ip", "192.0.2.1", "block", "a & b")))
	try("GET", rulesPath, rulesPath, "")
	try("PATCH", rulesPath+"/{identifier}", rulesPath+"/"+r, `{"mode":"challenge"}`)
	m := id(try("POST", monitorsPath, monitorsPath, `{"expected_codes":"200","header":{"host":["example.com"]}}`))
	p := id(try("POST", poolsPath, poolsPath, pool(`"name":"web","monitor":"`+m+`","load_shedding":{},"origin_steering":{},"notification_filter":{"pool":{"healthy":false}},"check_regions":["WEU"]`)))
	for _, x := range [][3]string{{monitorsPath, "/{monitor_id}", m}, {poolsPath, "/{pool_id}", p}} {
		try("GET", x[0], x[0], "")
		try("GET", x[0]+x[1], x[0]+"/"+x[2], "")
		try("GET", x[0]+x[1]+"/references", x[0]+"/"+x[2]+"/references", "")
		body := `{"expected_codes":"2xx"}`
		if x[0] == poolsPath {
			body = pool(`"name":"web","monitor":"` + m + `"`)
		}
		try("PATCH", x[0]+x[1], x[0]+"/"+x[2], body)
		try("PUT", x[0]+x[1], x[0]+"/"+x[2], body)
	}
	try("PATCH", poolsPath, poolsPath, `{"notification_email":""}`)
	try("DELETE", poolsPath+"/{pool_id}", poolsPath+"/"+p, "{}")
	try("DELETE", monitorsPath+"/{monitor_id}", monitorsPath+"/"+m, "{}")
	try("DELETE", rulesPath+"/{identifier}", rulesPath+"/"+r, "{}")
	body := token(`,"expires_on":"2027-01-01T00:00:00Z","condition":{"request_ip":{"in":["192.0.2.0/24"]}}`, policy("DNS Read"))
	k := id(try("POST", tokensPath, tokensPath, body))
	try("GET", tokensPath, tokensPath, "")
	try("GET", tokensPath+"/{token_id}", tokensPath+"/"+k, "")
	try("PUT", tokensPath+"/{token_id}", tokensPath+"/"+k, body)
	try("PUT", tokensPath+"/{token_id}/value", tokensPath+"/"+k+"/value", "{}")
	try("DELETE", tokensPath+"/{token_id}", tokensPath+"/"+k, "{}")
	try("GET", tokensPath+"/permission_groups", tokensPath+"/permission_groups", "")
	try("GET", tokensPath+"/verify", tokensPath+"/verify", "")
	i := id(tt.list(invitesPath)[0])
	try("GET", invitesPath, invitesPath, "")
	try("GET", invitesPath+"/{invite_id}", invitesPath+"/"+i, "")
	try("PATCH", invitesPath+"/{invite_id}", invitesPath+"/"+i, `{"status":"accepted"}`)
	try("GET", "/user", "/user", "")
	try("GET", "/user/audit_logs", "/user/audit_logs", "")
	complete(t, tt.s, asked)
}

// complete: no user-level endpoint was forgotten.
func complete(t *testing.T, s *Server, asked map[string]bool) {
	t.Helper()
	for _, rt := range s.routes {
		if rt.levels[0] != "user" || rt.only != nil && !rt.only(s.o, "user") {
			continue
		}
		found := false
		for a := range asked {
			method, path, _ := strings.Cut(a, " ")
			segments := strings.Split(strings.TrimPrefix(strings.TrimPrefix(path, "/user"), "/"), "/")
			for i, x := range segments {
				if strings.HasPrefix(x, "{") {
					segments[i] = "{id}"
				}
			}
			found = found || method == rt.method && strings.Join(segments, "/") == rt.path
		}
		if !found {
			t.Errorf("%s %s was not asked", rt.method, rt.path)
		}
	}
	for _, a := range slices.Sorted(maps.Keys(artefacts)) {
		t.Logf("artefact of the spec: %s: %s", a, artefacts[a])
	}
}

package sim

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// No body, path or query makes the server panic, or answer with something that
// is neither an envelope nor CSV.
func FuzzRequests(f *testing.F) {
	paths := []string{rulesPath, monitorsPath, poolsPath, tokensPath, invitesPath}
	for i, body := range []string{
		rule("ip6", "2001:db8::1", "block", "x"), `{"expected_codes":"200","header":{"a":["b"]},"type":"tcp"}`,
		pool(`"name":"web","load_shedding":{},"notification_filter":{"pool":null},"check_regions":[]`),
		token(`,"condition":{"request.ip":{"in":[]}},"expires_on":"2027-01-01T00:00:00Z"`, policy("DNS Read")), `{"status":"accepted"}`,
	} {
		f.Add("POST", paths[i], "per_page=5&page=2", body)
	}
	f.Add("PUT", tokensPath+"/"+credentialID, "", `{"name":"x","policies":[{"effect":"allow","permission_groups":[null],"resources":{"a":{"b":{}}}}]}`)
	f.Add("PATCH", poolsPath, "page=9223372036854775807&per_page=2", `{"notification_email":""}`)
	f.Add("GET", "/user/audit_logs", "since=2026-01-01&actor.ip=::1%25x", "")
	f.Add("GET", "/zones//", "%zz&;", "")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		o := Options{Clock: func() time.Time { return time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) }, TokensForInvites: true, KeysForTokens: true}
		s := New(o)
		credential, _, _ := s.Credentials()
		for range 2 { // the second meets what the first left
			r, err := http.NewRequest(method, "http://sim", strings.NewReader(body))
			if err != nil {
				return
			}
			r.URL.Path, r.URL.RawQuery = path, query
			r.Header.Set("Authorization", "Bearer "+credential)
			r.Header.Set("Content-Type", "application/json")
			out := s.exchange(r)
			if out.header.Get("Content-Type") == "application/json" && !json.Valid(out.body) {
				t.Fatalf("no JSON: %s", out.body)
			}
			if out.status >= 500 {
				t.Fatalf("%d: %s", out.status, out.body)
			}
			s.Dump()
		}
	})
}

func FuzzParseFault(f *testing.F) {
	f.Add("cut-after@POST:tokens#2")
	f.Add("429:3s@#17-")
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := ParseFault(text)
		if err != nil {
			return
		}
		again, err := ParseFault(fault.String())
		if err != nil || again != fault {
			t.Errorf("%q: %+v is written %q and read %+v, %v", text, fault, fault, again, err)
		}
		globFits(fault.Glob, text)
	})
}

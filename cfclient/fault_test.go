package cfclient

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"trueup/schema"
)

// TestFaults: what answers come to, by kind, status, code and text (API facts
// §0.2, §0.3, §1-5).
func TestFaults(t *testing.T) {
	tests := []struct {
		name    string
		kind    *schema.Kind
		status  int
		body    string
		meaning schema.Meaning
		code    int
		says    string
	}{
		{"duplicate rule", rule, 400, refuse(10009, "firewallaccessrules.api.duplicate_of_existing"), schema.Duplicate, 10009, "duplicate_of_existing"},
		{"bad rule", rule, 400, refuse(10001, "firewallaccessrules.api.validation_error: x"), schema.Invalid, 10001, "validation_error"},
		{"rule gone", rule, 404, refuse(10001, "firewallaccessrules.api.not_found"), schema.NotFound, 10001, "not_found"},
		{"pool in use", pool, 412, refuse(1005, "This object is referenced by other objects, delete them first."), schema.InUse, 1005, "Take it out"},
		{"in use, the other form", monitor, 400, refuse(1002, "still referenced"), schema.InUse, 1002, "still referenced"},
		{"§10.9: not entitled", monitor, 400, refuse(1002, "interval is not in range [0, 0]: validation failed"), schema.NotEntitled, 1002, "not enabled"},
		{"§10.9: interval", monitor, 400, refuse(1002, "interval is not in range [60, 3600]: validation failed"), schema.Invalid, 1002, "[60, 3600]"},
		{"token gone", token, 404, refuse(1003, "API Token not found"), schema.NotFound, 1003, ""},
		{"granting too much", token, 400, refuse(1001, "Failed common permission check against resources."), schema.Denied, 1001, "cannot grant"},
		{"authentication", pool, 403, refuse(10000, "Authentication error"), schema.Denied, 10000, "CLOUDFLARE_API_TOKEN"},
		{"the key's variables", invite, 401, refuse(10000, "Authentication error"), schema.Denied, 10000, "CLOUDFLARE_EMAIL with CLOUDFLARE_API_KEY"},
		{"malformed credential, a chain", pool, 400, `{"success":false,"errors":[{"code":6003,"message":"Invalid request headers","error_chain":[{"code":6111,"message":"Invalid format for Authorization header"}]}],"messages":[],"result":null}`,
			schema.Denied, 6111, "Invalid request headers: Invalid format"},
		{"the table knows the outer code", rule, 400, `{"success":false,"errors":[{"code":10009,"message":"a","error_chain":[{"code":5,"message":"b","error_chain":[{"code":6,"message":"c"}]}]},{"code":8,"message":"d"}]}`,
			schema.Duplicate, 6, "a: b: c; d"},
		{"a code in messages is no error", pool, 400, `{"success":false,"errors":[],"messages":[{"code":10000,"message":"note"}]}`, schema.Invalid, 0, "note"},
		{"errors is an object", pool, 400, `{"success":false,"errors":{"code":"7","message":"m"}}`, schema.Invalid, 7, "m"},
		{"errors is null", pool, 404, `{"success":false,"errors":null,"messages":null}`, schema.NotFound, 0, "Not Found"},
		{"errors is text, no success", pool, 400, `{"errors":["plain"]}`, schema.Invalid, 0, "plain"},
		{"errors of a 200", pool, 200, `{"success":false,"errors":[{"code":7,"message":"m"}]}`, schema.Other, 7, "m"},
		{"errors of a 200 without success", pool, 200, `{"errors":[{"code":7,"message":"m"}]}`, schema.Other, 7, "m"},
		{"no such account", pool, 404, refuse(7003, "Could not route to /accounts/x, perhaps your object identifier is invalid?"), schema.NotFound, 7003, "Check the id in the scope"},
		{"no body", pool, 403, ``, schema.Denied, 0, "the body is empty"},
		{"HTML", pool, 502, "<html><head><title>\n api.example | 502: Bad gateway &amp; co</title></head></html>", schema.Unknown, 0, `titled \"api.example | 502: Bad gateway & co\"`},
		{"cut off", pool, 500, `{"success":false,"errors":[{"co`, schema.Unknown, 0, "31 bytes of application/json"},
		{"redirect", pool, 304, ``, schema.Other, 0, "redirected"},
		{"garbage", pool, 200, `<html>`, schema.Unknown, 0, "cannot be read"},
		{"control characters", pool, 400, `{"success":false,"errors":[{"message":"a\u001b[31mb\u202e"}]}`, schema.Invalid, 0, `a\\u001b[31mb\\u202e`},
		{"endless", pool, 400, `{"success":false,"errors":[{"message":"` + strings.Repeat("é", 5000) + `"}]}`, schema.Invalid, 0, "é…"},
		{"odd codes", pool, 400, `{"success":"no","errors":[{"code":1e300,"message":7},{"code":-1},7,null]}`, schema.Invalid, 2147483647, "Bad Request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, tt.status, tt.body) }, func(c *Config) {
				c.Email, c.Key, c.MaxRetries = "a@example.com", "0123456789", -1
			})
			_, err := c.Get(t.Context(), tt.kind, account, "x")
			f := fault(t, err)
			if f.Meaning != tt.meaning || f.Code != tt.code || f.Status != tt.status && tt.status != 200 {
				t.Errorf("meaning %d, code %d, status %d", f.Meaning, f.Code, f.Status)
			}
			if text := f.Error(); !strings.Contains(text, tt.says) || !strings.Contains(text, "ray 8f0c1a2b3c4d5e6f-FRA") || len(text) > 2500 {
				t.Error(text)
			}
		})
	}
}

// TestRedaction: no credential, minted secret or sensitive value comes back in
// an error, in whatever form the API echoes it.
func TestRedaction(t *testing.T) {
	const key, hidden = "0123456789abcdef0123456789abcdef01234", `p&ss "word"`
	echo := []string{"tok-1234567890", key, "cfut_AbC-123_x", "cfat_1", "cfk_2", "minted-value", hidden, "p&amp;ss &#34;word&#34;", "p%26ss+%22word%22"}
	c, _ := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch {
		case n == 0:
			reply(w, 200, ok(`{"id":"x","value":"minted-value"}`))
		case n%2 == 1:
			reply(w, 400, fmt.Sprintf(`{"success":false,"errors":[{"message":%q}]}`, "start "+strings.Join(echo, " | ")+" end"))
		default:
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(500)
			fmt.Fprintf(w, "<title>%s</title>", strings.Join(echo[:3], " "))
		}
	}, func(c *Config) { c.Email, c.Key, c.MaxRetries = "a@example.com", key, -1 })
	if _, _, err := c.Create(t.Context(), token, schema.UserScope, want(t, "token", tokenBare)); err != nil {
		t.Fatal(err)
	}
	row := want(t, "monitor", `{"description":"m"}`)
	row[monitor.Index("header")] = schema.Map{"X-A": schema.Sensitive{Value: schema.Strings(hidden)}}
	for range 2 {
		_, _, err := c.Create(t.Context(), monitor, schema.UserScope, row)
		text := fmt.Sprintf("%v %+v %#v", err, err, fault(t, err))
		for _, secret := range echo {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in %s", secret, text)
			}
		}
		if !strings.Contains(text, schema.Masked) {
			t.Error(text)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("64 MiB")
	}
	chunk := []byte(strings.Repeat(" ", 1<<20))
	c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		for range 65 {
			w.Write(chunk)
		}
	})
	_, err := c.Get(t.Context(), pool, account, "x")
	if f := fault(t, err); !strings.Contains(f.Message, "64 MiB") || f.Meaning != schema.Other || len(a.requests()) != 1 {
		t.Error(f, len(a.requests()))
	}
	_, _, err = c.Create(t.Context(), pool, account, want(t, "pool", poolPlain))
	if f := fault(t, err); f.Meaning != schema.Unknown {
		t.Error(f)
	}
}

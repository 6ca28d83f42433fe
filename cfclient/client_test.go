package cfclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trueup/schema"
)

var (
	rule    = schema.KindNamed("access_rule")
	monitor = schema.KindNamed("monitor")
	pool    = schema.KindNamed("pool")
	token   = schema.KindNamed("token")
	invite  = schema.KindNamed("invite_response")
)

// api is a server of a test: it answers by the script and remembers what it
// was asked.
type api struct {
	*httptest.Server
	*clock
	mu    sync.Mutex
	asked []string // METHOD path?query body
}

// clock is a clock that sleeping moves.
type clock struct {
	mu    sync.Mutex
	t     time.Time
	slept time.Duration
	waits []string // what OnWait was told
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t, c.slept = c.t.Add(d), c.slept+d
	return ctx.Err()
}

func (c *clock) onWait(d time.Duration, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = append(c.waits, fmt.Sprintf("%s %s", d, why))
}

// serve starts a server whose n-th request (from 0) is answered by answer, and
// a client for it. change may alter the client's configuration.
func serve(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request), change ...func(*Config)) (*Client, *api) {
	t.Helper()
	a := &api{clock: newClock()}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		n := len(a.asked)
		a.asked = append(a.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
		a.mu.Unlock()
		answer(n, w, r)
	}))
	t.Cleanup(a.Close)
	cfg := Config{BaseURL: a.URL, Token: "tok-1234567890", Now: a.now, Sleep: a.sleep, OnWait: a.onWait, Jitter: func() float64 { return 0 }}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c, a
}

func (a *api) requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked)
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cf-Ray", "8f0c1a2b3c4d5e6f-FRA")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func ok(result string) string {
	return `{"result":` + result + `,"success":true,"errors":[],"messages":[]}`
}

func refuse(code int, message string) string {
	return fmt.Sprintf(`{"success":false,"errors":[{"code":%d,"message":%q}],"messages":[],"result":null}`, code, message)
}

const ruleJSON = `{"id":"` + id32 + `","mode":"block","notes":"n","configuration":{"target":"ip","value":"192.0.2.1"}}`

func fault(t *testing.T, err error) *schema.Fault {
	t.Helper()
	var f *schema.Fault
	if !errors.As(err, &f) {
		t.Fatalf("%v (%T) is no Fault", err, err)
	}
	return f
}

func TestBaseURL(t *testing.T) {
	for base, good := range map[string]bool{
		"":                                      true,
		"https://api.example.com/client/v4/":    true,
		"http://127.0.0.1:8080":                 true,
		"http://localhost:1/x":                  true,
		"http://[::1]:80":                       true,
		"http://api.example.com":                false,
		"http://127.0.0.1.example.com":          false,
		"http://10.0.0.1":                       false,
		"https://user:password@api.example.com": false,
		"ftp://api.example.com":                 false,
		"api.example.com":                       false,
		"https://api.example.com?x=1":           false,
		"https://%zz":                           false,
		"//api.example.com":                     false,
	} {
		_, err := New(Config{BaseURL: base})
		if (err == nil) != good {
			t.Errorf("%q: %v", base, err)
		}
		if err != nil && strings.Contains(err.Error(), "password@") {
			t.Errorf("%q: %v", base, err)
		}
	}
}

func TestUnusableCredentials(t *testing.T) {
	for _, cfg := range []Config{{Token: "secret\n"}, {Email: "a b"}, {Key: "secret\x00"}} {
		if _, err := New(cfg); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "CLOUDFLARE_") {
			t.Error(cfg, err)
		}
	}
}

func TestCredentials(t *testing.T) {
	const both = "Bearer tok-1234567890|"
	const key = "|a@example.com|0123456789abcdef0123456789abcdef01234"
	set := func(tok, mail, k bool) func(*Config) {
		return func(c *Config) {
			c.Token = ""
			if tok {
				c.Token = "tok-1234567890"
			}
			if mail {
				c.Email = "a@example.com"
			}
			if k {
				c.Key = "0123456789abcdef0123456789abcdef01234"
			}
		}
	}
	tests := []struct {
		name          string
		kind          *schema.Kind
		set           func(*Config)
		want, missing string
	}{
		{"token where both are accepted", rule, set(true, true, true), both, ""},
		{"key where both are accepted", rule, set(false, true, true), key, ""},
		{"token only", token, set(true, true, true), both, ""},
		{"token only, and none", token, set(false, true, true), "", "CLOUDFLARE_API_TOKEN"},
		{"key only", invite, set(true, true, true), key, ""},
		{"key only, and none", invite, set(true, false, false), "", "CLOUDFLARE_EMAIL with CLOUDFLARE_API_KEY"},
		{"key without email", invite, set(true, false, true), "", "CLOUDFLARE_EMAIL with CLOUDFLARE_API_KEY"},
		{"nothing", pool, set(false, false, false), "", "CLOUDFLARE_API_TOKEN or CLOUDFLARE_EMAIL with CLOUDFLARE_API_KEY"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
				h := r.Header
				got = h.Get("Authorization") + "|" + h.Get("X-Auth-Email")
				if h.Get("X-Auth-Key") != "" {
					got += "|" + h.Get("X-Auth-Key")
				}
				reply(w, 200, ok(`[]`))
			}, tt.set)
			if got := c.Missing(tt.kind); got != tt.missing {
				t.Errorf("Missing = %q", got)
			}
			_, err := c.List(t.Context(), tt.kind, schema.UserScope)
			if got != tt.want {
				t.Errorf("sent %q", got)
			}
			if tt.missing == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if f := fault(t, err); f.Meaning != schema.Denied || !strings.Contains(f.Error(), tt.missing) || len(a.requests()) > 0 {
				t.Error(f, a.requests())
			}
		})
	}
}

// TestShape: what requests look like.
func TestShape(t *testing.T) {
	var headers []http.Header
	var lengths []int64
	c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		headers, lengths = append(headers, r.Header), append(lengths, r.ContentLength)
		if r.Method == "DELETE" {
			reply(w, 200, ok(`null`))
			return
		}
		reply(w, 200, ok(ruleJSON))
	}, func(c *Config) { c.UserAgent = "trueup/test" })
	row := want(t, "access_rule", rulePlain)
	o, secret, err := c.Create(t.Context(), rule, schema.UserScope, row)
	if err != nil || o.ID != id32 || !secret.Empty() {
		t.Fatal(o, secret, err)
	}
	if _, err = c.Update(t.Context(), o, row, false); err != nil {
		t.Fatal(err)
	}
	if err = c.Delete(t.Context(), rule, account, "a/b?c"); err != nil {
		t.Fatal(err)
	}
	expect(t, a.requests(),
		`POST /user/firewall/access_rules/rules {"configuration":{"target":"ip","value":"192.0.2.1"},"mode":"block"}`,
		`PATCH /user/firewall/access_rules/rules/`+id32+` {"mode":"block","notes":""}`,
		`DELETE /accounts/`+account.ID+`/firewall/access_rules/rules/a%2Fb%3Fc {}`)
	for i, h := range headers {
		if h.Get("Content-Type") != "application/json" || h.Get("User-Agent") != "trueup/test" || lengths[i] <= 0 {
			t.Error(h, lengths[i])
		}
	}
	for _, id := range []string{"", ".", ".."} {
		if err := c.Delete(t.Context(), rule, schema.UserScope, id); fault(t, err).Meaning != schema.Invalid {
			t.Error(id, err)
		}
	}
	if len(a.requests()) != 3 || c.Requests() != 3 {
		t.Error(a.requests(), c.Requests())
	}
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("requests:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRedirects(t *testing.T) {
	var leaked []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked = append(leaked, r.Header.Get("Authorization")+r.Header.Get("X-Auth-Key"))
	}))
	defer other.Close()
	c, a := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == "POST":
			http.Redirect(w, r, "/user/firewall/access_rules/rules", http.StatusFound)
		case strings.HasPrefix(r.URL.Path, "/user/load"):
			http.Redirect(w, r, other.URL+"/x?credential=tok-1234567890", http.StatusFound)
		case n == 0:
			http.Redirect(w, r, "/moved", http.StatusMovedPermanently)
		default:
			reply(w, 200, ok(`[`+ruleJSON+`]`))
		}
	})
	if objects, err := c.List(t.Context(), rule, schema.UserScope); err != nil || len(objects) != 1 {
		t.Error("a redirect within the host: ", objects, err)
	}
	_, err := c.List(t.Context(), monitor, schema.UserScope)
	if f := fault(t, err); f.Status != 302 || strings.Contains(f.Error(), "tok-") || !strings.Contains(f.Message, "redirected to 127.0.0.1") || len(leaked) > 0 {
		t.Error(f, leaked)
	}
	n := len(a.requests())
	if _, _, err = c.Create(t.Context(), rule, schema.UserScope, want(t, "access_rule", rulePlain)); fault(t, err).Status != 302 || len(a.requests()) != n+1 {
		t.Error("a redirected POST: ", err, a.requests())
	}
}

func TestObjects(t *testing.T) {
	t.Run("get", func(t *testing.T) {
		c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, 200, ok(`{"id":"x","name":"p"}`)) })
		if o, err := c.Get(t.Context(), pool, account, "x"); err != nil || schema.Text(o.Get("name")) != "p" || o.Scope != account {
			t.Error(o, err)
		}
		expect(t, a.requests(), "GET /accounts/"+account.ID+"/load_balancers/pools/x")
	})
	t.Run("get without GET", func(t *testing.T) {
		c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, 200, ok(`[`+ruleJSON+`]`)) })
		if o, err := c.Get(t.Context(), rule, schema.UserScope, id32); err != nil || o.ID != id32 {
			t.Error(o, err)
		}
		if _, err := c.Get(t.Context(), rule, schema.UserScope, "other"); fault(t, err).Meaning != schema.NotFound {
			t.Error(err)
		}
		if len(a.requests()) != 2 {
			t.Error(a.requests())
		}
	})
	t.Run("get at levels that have it; another scope's is not there", func(t *testing.T) {
		c, a := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
			reply(w, 200, ok(`{"id":"x","mode":"block","scope":{"type":"`+[]string{"account", "user"}[n]+`"}}`))
		})
		if o, err := c.Get(t.Context(), rule, account, "x"); err != nil || o.ID != "x" {
			t.Error(o, err)
		}
		if o, err := c.Get(t.Context(), rule, account, "x"); o != nil || fault(t, err).Meaning != schema.NotFound {
			t.Error(o, err)
		}
		expect(t, a.requests()[:1], "GET /accounts/"+account.ID+"/firewall/access_rules/rules/x")
	})
	t.Run("a token's secret", func(t *testing.T) {
		c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				reply(w, 200, ok(`{"id":"x","name":"t","value":"cfut_one"}`))
				return
			}
			reply(w, 200, ok(`"cfut_two"`))
		})
		o, secret, err := c.Create(t.Context(), token, schema.UserScope, want(t, "token", tokenBare))
		if err != nil || secret.Reveal() != "cfut_one" || strings.Contains(string(o.Raw), "cfut") {
			t.Error(o, secret.Reveal(), err)
		}
		if secret, err = c.Roll(t.Context(), token, schema.UserScope, "x"); err != nil || secret.Reveal() != "cfut_two" {
			t.Error(secret.Reveal(), err)
		}
		expect(t, a.requests()[1:], `PUT /user/tokens/x/value {}`)
	})
	t.Run("a roll that shows no secret is unknown", func(t *testing.T) {
		for _, result := range []string{`null`, `""`, `{}`, `7`} {
			c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, 200, ok(result)) })
			if _, err := c.Roll(t.Context(), token, schema.UserScope, "x"); fault(t, err).Meaning != schema.Unknown || len(a.requests()) != 1 {
				t.Error(result, err)
			}
		}
	})
	t.Run("a PUT without what came is preceded by a GET", func(t *testing.T) {
		c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			reply(w, 200, ok(`{"id":"x","future":7,"name":"p","origins":[{"name":"a","address":"192.0.2.9"}]}`))
		})
		o := &schema.Object{Kind: pool, Scope: schema.UserScope, ID: "x", Values: want(t, "pool", poolPlain)}
		if _, err := c.Update(t.Context(), o, o.Values, false); err != nil {
			t.Error(err)
		}
		if r := a.requests(); len(r) != 2 || !strings.HasPrefix(r[1], `PUT /user/load_balancers/pools/x {"future":7,`) {
			t.Error(r)
		}
	})
	t.Run("an update whose answer shows nothing is read again", func(t *testing.T) {
		for _, answer := range []string{ok(`null`), ok(`{}`), ok(`"done"`), `{"success":true}`, ``} {
			c, a := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 0 {
					reply(w, 200, answer)
					return
				}
				reply(w, 200, ok(`{"id":"x","name":"read"}`))
			})
			live := decodeItem(t, "pool", schema.UserScope, `{"id":"x","name":"p"}`).Object
			if o, err := c.Update(t.Context(), live, want(t, "pool", poolPlain), false); err != nil || schema.Text(o.Get("name")) != "read" {
				t.Error(answer, o, err, a.requests())
			}
		}
	})
	t.Run("delete", func(t *testing.T) {
		for _, answer := range []struct {
			status int
			body   string
			gone   bool
		}{
			{200, ok(`{"id":"x"}`), true}, {200, ok(`null`), true}, {200, `{"id":"x"}`, true}, {204, ``, true}, {200, ``, true},
			{404, refuse(10001, "firewallaccessrules.api.not_found"), true},
			{400, refuse(1002, "no"), false}, {200, refuse(1002, "no"), false}, {403, ``, false},
		} {
			c, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, answer.status, answer.body) })
			if err := c.Delete(t.Context(), rule, schema.UserScope, "x"); (err == nil) != answer.gone {
				t.Error(answer, err)
			}
		}
	})
}

package cfclient

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"trueup/schema"
)

// writes and reads of one object each, by what may be repeated.
func operations(t *testing.T, c *Client) map[string]func(context.Context) error {
	live := decodeItem(t, "pool", schema.UserScope, `{"id":"x","name":"p"}`).Object
	liveRule := decodeItem(t, "access_rule", schema.UserScope, ruleJSON).Object
	pending := decodeItem(t, "invite_response", schema.UserScope, `{"id":"x","status":"pending"}`).Object
	ops := map[string]func(context.Context) error{
		"list": func(ctx context.Context) error { _, err := c.List(ctx, monitor, schema.UserScope); return err },
		"get":  func(ctx context.Context) error { _, err := c.Get(ctx, pool, schema.UserScope, "x"); return err },
		"PUT": func(ctx context.Context) error {
			_, err := c.Update(ctx, live, want(t, "pool", poolPlain), false)
			return err
		},
		"DELETE": func(ctx context.Context) error { return c.Delete(ctx, pool, schema.UserScope, "x") },
		"roll":   func(ctx context.Context) error { _, err := c.Roll(ctx, token, schema.UserScope, "x"); return err },
	}
	ops["PATCH"] = func(ctx context.Context) error {
		_, err := c.Update(ctx, liveRule, want(t, "access_rule", rulePlain), false)
		return err
	}
	ops["POST"] = func(ctx context.Context) error {
		_, _, err := c.Create(ctx, pool, schema.UserScope, want(t, "pool", poolPlain))
		return err
	}
	ops["answer"] = func(ctx context.Context) error {
		_, err := c.Update(ctx, pending, want(t, "invite_response", `{"organization_name":"a","status":"accepted"}`), false)
		return err
	}
	return ops
}

var onceOnly = []string{"POST", "roll", "answer"}

func succeed(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/value"):
		reply(w, 200, ok(`"cfut_new"`))
	case r.Method == "GET" && strings.HasSuffix(r.URL.Path, "monitors"):
		reply(w, 200, ok(`[]`))
	default:
		reply(w, 200, ok(`{"id":"x"}`))
	}
}

// TestRetries: API facts §0.5. Each failure happens twice, then all is well.
func TestRetries(t *testing.T) {
	cutOff := func(w http.ResponseWriter) {
		conn, _, _ := http.NewResponseController(w).Hijack()
		conn.Close()
	}
	failures := []struct {
		name   string
		fail   func(http.ResponseWriter)
		always bool // sent again even if it must not be done twice
	}{
		{"500", func(w http.ResponseWriter) { reply(w, 500, refuse(1, "oops")) }, false},
		{"502 in HTML", func(w http.ResponseWriter) { reply(w, 502, "<html>") }, false},
		{"cut off without an answer", cutOff, false},
		{"cut off in the middle", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"result":{"id":`)
		}, false},
		{"200 in HTML", func(w http.ResponseWriter) { reply(w, 200, "<html>") }, false},
		{"truncated JSON", func(w http.ResponseWriter) { reply(w, 200, `{"result":[{"id":"x"},`) }, false},
		{"429", func(w http.ResponseWriter) { reply(w, 429, refuse(971, "Please wait")) }, true},
	}
	for _, failure := range failures {
		for name := range operations(t, nil) {
			t.Run(failure.name+"/"+name, func(t *testing.T) {
				c, a := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
					if n < 2 {
						failure.fail(w)
						return
					}
					succeed(w, r)
				}, func(c *Config) { c.Email, c.Key = "a@example.com", "0123456789" })
				err := operations(t, c)[name](t.Context())
				if slices.Contains(onceOnly, name) && !failure.always {
					if f := fault(t, err); f.Meaning != schema.Unknown || len(a.requests()) != 1 {
						t.Error(f.Meaning, f, a.requests())
					}
					return
				}
				if err != nil || len(a.requests()) != 3 || c.Requests() != 3 || len(a.waits) != 2 {
					t.Error(err, a.requests(), a.waits)
				}
			})
		}
	}
}

func TestRetriesEnd(t *testing.T) {
	c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, 503, "") }, func(c *Config) { c.MaxRetries = 3 })
	_, err := c.Get(t.Context(), pool, schema.UserScope, "x")
	if f := fault(t, err); f.Status != 503 || len(a.requests()) != 4 {
		t.Error(f, a.requests())
	}
	expect(t, a.waits, "250ms retry 1 of 3 after 503", "500ms retry 2 of 3 after 503", "1s retry 3 of 3 after 503")
}

func TestRefusalsAreNotRetried(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 412} {
		c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, status, refuse(1, "no")) })
		if _, err := c.Get(t.Context(), pool, schema.UserScope, "x"); err == nil || len(a.requests()) != 1 {
			t.Error(status, err, a.requests())
		}
	}
}

// A DELETE whose answer was lost and that finds nothing left is done.
func TestDeleteAfterLostAnswer(t *testing.T) {
	c, a := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 0 {
			reply(w, 502, "")
			return
		}
		reply(w, 404, refuse(1001, "not found"))
	})
	if err := c.Delete(t.Context(), pool, schema.UserScope, "x"); err != nil || len(a.requests()) != 2 {
		t.Error(err, a.requests())
	}
}

// §10.28.
func TestRetryAfter(t *testing.T) {
	tests := []struct {
		name, header string
		status       int
		slept        time.Duration
		gives        bool
	}{
		{"seconds", "300", 429, 300 * time.Second, false},
		{"a date", "Mon, 23 Nov 2026 10:04:00 GMT", 429, 240 * time.Second, false},
		{"a date gone by", "Mon, 23 Nov 2026 09:00:00 GMT", 429, firstRateWait, false},
		{"none", "", 429, firstRateWait, false},
		{"nonsense", "soon", 429, firstRateWait, false},
		{"with a 503", "7", 503, 7 * time.Second, false},
		{"longer than anyone waits", "86400", 429, 0, true},
		{"the same with a 503", "86400", 503, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, a := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 0 {
					if tt.header != "" {
						w.Header().Set("Retry-After", tt.header)
					}
					reply(w, tt.status, refuse(10100, "More than 1200 requests per 300 seconds reached"))
					return
				}
				succeed(w, r)
			})
			_, err := c.Get(t.Context(), pool, schema.UserScope, "x")
			if tt.gives {
				if f := fault(t, err); !strings.Contains(f.Remedy, "24h") || len(a.requests()) != 1 {
					t.Error(f, a.requests())
				}
				return
			}
			if err != nil || a.slept != tt.slept || len(a.waits) != 1 {
				t.Error(err, a.slept, a.waits)
			}
		})
	}
}

// A block of five minutes, of which nothing is said, is waited out.
func TestSilentRateLimit(t *testing.T) {
	var a *api
	var c *Client
	begin := newClock().now()
	c, a = serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if a.now().Sub(begin) < 5*time.Minute {
			reply(w, 429, refuse(971, "Please wait and consider throttling your request speed"))
			return
		}
		succeed(w, r)
	})
	if _, _, err := c.Create(t.Context(), pool, schema.UserScope, want(t, "pool", poolPlain)); err != nil {
		t.Error(err, a.waits)
	}
	c, _ = serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, 429, "") })
	if _, err := c.Get(t.Context(), pool, schema.UserScope, "x"); fault(t, err).Meaning != schema.RateLimited || c.Requests() != maxRateWaits+1 {
		t.Error(err, c.Requests())
	}
}

// Where nothing was sent, everything may be sent again, and the fault says so.
func TestUnsent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + l.Addr().String()
	l.Close() // nobody answers there
	clk := newClock()
	c, err := New(Config{BaseURL: base, Token: "tok", Email: "a", Key: "0123456789", Now: clk.now, Sleep: clk.sleep, OnWait: clk.onWait, MaxRetries: 2})
	if err != nil {
		t.Fatal(err)
	}
	for name, op := range operations(t, c) {
		before := c.Requests()
		if f := fault(t, op(t.Context())); f.Meaning != schema.Unsent || c.Requests()-before != 3 {
			t.Error(name, f.Meaning, f, c.Requests()-before)
		}
	}
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A transport that tells nothing of its connections may have sent the request.
func TestLostInUnknownTransport(t *testing.T) {
	for _, tt := range []struct {
		err     error
		meaning schema.Meaning
	}{
		{errors.New("tok-1234567890 was in it"), schema.Unknown},
		{io.ErrUnexpectedEOF, schema.Unknown},
		{&net.OpError{Op: "read", Err: errors.New("reset")}, schema.Unknown},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, schema.Unsent},
		{&net.DNSError{Err: "no such host"}, schema.Unsent},
	} {
		c, _ := serve(t, nil, func(c *Config) {
			c.MaxRetries = -1
			c.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, tt.err })
		})
		_, _, err := c.Create(t.Context(), pool, schema.UserScope, want(t, "pool", poolPlain))
		if f := fault(t, err); f.Meaning != tt.meaning || strings.Contains(f.Error(), "tok-") {
			t.Error(tt.err, f.Meaning, f)
		}
	}
}

func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	c, a := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 0 {
			<-release
			return
		}
		succeed(w, r)
	}, func(c *Config) { c.Timeout = 50 * time.Millisecond })
	defer close(release)
	if _, err := c.Get(t.Context(), pool, schema.UserScope, "x"); err != nil || len(a.requests()) != 2 {
		t.Error(err, a.requests())
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, _, err := c.Create(ctx, pool, schema.UserScope, want(t, "pool", poolPlain))
	if f := fault(t, err); f.Meaning != schema.Unknown || !errors.Is(err, context.Canceled) {
		t.Error(f.Meaning, f)
	}
	_, _, err = c.Create(ctx, pool, schema.UserScope, want(t, "pool", poolPlain))
	if f := fault(t, err); f.Meaning != schema.Unsent || !errors.Is(err, context.Canceled) || len(a.requests()) != 1 {
		t.Error(f.Meaning, f, a.requests())
	}
}

// API facts §0.6: a new credential is refused for a while.
func TestFreshCredential(t *testing.T) {
	var denials atomic.Int32
	c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if denials.Add(-1) >= 0 {
			reply(w, 403, refuse(9109, "Unauthorized"))
			return
		}
		succeed(w, r)
	})
	denials.Store(1)
	if _, err := c.Get(t.Context(), token, schema.UserScope, "x"); fault(t, err).Meaning != schema.Denied {
		t.Error("nothing was written yet: ", err)
	}
	denials.Store(0)
	if _, _, err := c.Create(t.Context(), token, schema.UserScope, want(t, "token", tokenBare)); err != nil {
		t.Fatal(err)
	}
	denials.Store(3)
	if _, err := c.Get(t.Context(), token, schema.UserScope, "x"); err != nil || len(a.waits) != 3 {
		t.Error("just after a create: ", err, a.waits)
	}
	denials.Store(2)
	if _, _, err := c.Create(t.Context(), pool, schema.UserScope, want(t, "pool", poolPlain)); err != nil {
		t.Error("a denial is of no effect, so a write is sent again too: ", err, a.waits)
	}
	a.sleep(t.Context(), time.Minute)
	denials.Store(1)
	if _, err := c.Get(t.Context(), token, schema.UserScope, "x"); fault(t, err).Meaning != schema.Denied {
		t.Error("long after: ", err)
	}
}

// A write that may have been executed stays so, whatever comes of the attempts
// after it.
func TestDoubtStays(t *testing.T) {
	for name, then := range map[string]error{"unsent": &net.OpError{Op: "dial", Err: errors.New("refused")}, "rate limit": nil} {
		n := 0
		c, _ := serve(t, nil, func(c *Config) {
			c.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
				if n++; n == 1 {
					return nil, io.ErrUnexpectedEOF
				}
				if then != nil {
					return nil, then
				}
				return &http.Response{StatusCode: 429, Header: http.Header{}, Body: http.NoBody}, nil
			})
		})
		if f := fault(t, c.Delete(t.Context(), pool, schema.UserScope, "x")); f.Meaning != schema.Unknown || n < 6 {
			t.Error(name, f.Meaning, f, n)
		}
	}
}

package sim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParseFault(t *testing.T) {
	for text, want := range map[string]Fault{
		"cut-after@POST:tokens#2": {Action: CutAfter, Method: "POST", Glob: "tokens", First: 2, Last: 2},
		"429:3s@#17":              {Action: Limit429, For: 3 * time.Second, First: 17, Last: 17},
		"429":                     {Action: Limit429, For: time.Second},
		"delay:200ms@GET:":        {Action: Delay, For: 200 * time.Millisecond, Method: "GET"},
		"503@pools/*#1-3":         {Action: Down503, Glob: "pools/*", First: 1, Last: 3},
		"refuse@DELETE":           {Action: Refuse, Method: "DELETE"},
		"html500@#5-":             {Action: HTML500, First: 5},
		"blocked":                 {Action: Blocked, For: 5 * time.Minute},
	} {
		f, err := ParseFault(text)
		if err != nil || f != want {
			t.Errorf("%s: %+v, %v", text, f, err)
		}
		if g, err := ParseFault(f.String()); err != nil || g != f {
			t.Errorf("%s is written %s and read %+v, %v", text, f, g, err)
		}
	}
	for _, text := range []string{"", "explode", "refuse:3s", "delay", "delay:-1s", "delay:x", "503@#0", "503@#3-2", "503@get:x", "503@[#1", "503@#99999999999999999999"} {
		if f, err := ParseFault(text); err == nil {
			t.Errorf("%q: no error, %+v", text, f)
		}
	}
	all, err := ParseFaults("503@#1, refuse@POST:tokens ,")
	if err != nil || len(all) != 2 {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := ParseFaults("503,explode"); err == nil {
		t.Error("no error")
	}
}

func TestFaultPlaces(t *testing.T) {
	for _, tc := range []struct {
		glob, path string
		want       bool
	}{
		{"tokens", "/client/v4/user/tokens", true}, {"tokens", "/client/v4/user/tokens/x", false}, {"tokens/*", "/client/v4/user/tokens/x", true},
		{"tokens/*", "/client/v4/user/tokens/x/value", false}, {"tokens/**", "/client/v4/user/tokens/x/value", true}, {"tokens/**", "/user/tokens", true},
		{"user/*/pools", "/user/load_balancers/pools", true}, {"pools", "/pool", false}, {"", "/anything", true}, {"a/b/c", "/c", false},
	} {
		if have := globFits(tc.glob, tc.path); have != tc.want {
			t.Errorf("%s on %s: %v", tc.glob, tc.path, have)
		}
	}
}

// Each fault as a client sees it, in process and over a network, and whether
// the request was executed.
func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		fault    string
		status   int // 0: no answer
		executed bool
		check    func(got, error) bool
	}{
		{"refuse", 0, false, nil},
		{"cut-before", 0, false, nil},
		{"cut-after", 0, true, nil},
		{"delay:1ms", 200, true, func(g got, err error) bool { return g.doc["success"] == true }},
		{"garbage", 200, true, func(g got, err error) bool { return g.doc == nil && g.body != "" }},
		{"truncated", 0, true, func(_ got, err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		{"500-after", 500, true, nil},
		{"html500", 500, false, func(g got, _ error) bool { return strings.HasPrefix(g.body, "<!DOCTYPE html>") }},
		{"502", 502, false, nil},
		{"503:7s", 503, false, func(g got, _ error) bool { return g.header.Get("Retry-After") == "7" }},
		{"429:3s", 429, false, func(g got, _ error) bool {
			return g.header.Get("Retry-After") == "3" && strings.Contains(g.body, "971")
		}},
		{"forbidden", 403, false, nil},
		{"blocked:60s", 429, false, func(g got, _ error) bool { return g.header.Get("Retry-After") == "60" }},
	} {
		for _, network := range []bool{false, true} {
			tt := start(t, Options{})
			f, err := ParseFault(tc.fault + "@POST:monitors#1")
			if err != nil {
				t.Fatal(err)
			}
			tt.s.AddFault(f)
			send := tt.send
			if network {
				srv := httptest.NewServer(tt.s)
				defer srv.Close()
				send = overNetwork(tt, srv.URL)
			}
			tt.list(monitorsPath) // another request: no fault
			g, err := send("POST", monitorsPath, `{"expected_codes":"200"}`)
			if tc.status == 0 != (err != nil) || g.status != tc.status || tc.check != nil && !tc.check(g, err) {
				t.Errorf("%s (network %v): %d %s, %v", tc.fault, network, g.status, g.body, err)
			}
			if executed := len(tt.s.Objects("monitor", userScope)) == 1; executed != tc.executed {
				t.Errorf("%s (network %v): executed %v", tc.fault, network, executed)
			}
			if g, err := send("POST", monitorsPath, `{"expected_codes":"200"}`); tc.fault != "blocked:60s" && (err != nil || g.status != 200) {
				t.Errorf("%s: the next request fails too: %d %v", tc.fault, g.status, err)
			}
			if n := tt.s.Requests()[1]; n.Fault == "" || n.Status != 0 && n.Status != tc.status && tc.fault != "truncated" {
				t.Errorf("%s: the log says %+v", tc.fault, n)
			}
		}
	}
}

func overNetwork(t *tester, url string) func(method, path, body string) (got, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(method, path, body string) (got, error) {
		r, err := http.NewRequest(method, url+basePath+path, strings.NewReader(body))
		if err != nil {
			return got{}, err
		}
		for k, v := range t.headers {
			r.Header.Set(k, v)
		}
		resp, err := client.Do(r)
		if err != nil {
			return got{}, err
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			return got{}, err
		}
		return got{status: resp.StatusCode, header: resp.Header, body: string(raw), doc: decodeOrNil(raw)}, nil
	}
}

func decodeOrNil(raw []byte) doc {
	if d := decode(raw); len(d) > 0 {
		return d
	}
	return nil
}

func TestFaultErrors(t *testing.T) {
	tt := start(t, Options{})
	tt.s.AddFault(Fault{Action: Refuse, First: 1, Last: 1})
	if _, err := tt.send("GET", rulesPath, ""); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("refuse: %v", err)
	}
	tt.s.ClearFaults()
	tt.list(rulesPath)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, _ := http.NewRequestWithContext(ctx, "GET", "http://sim"+rulesPath, nil)
	if _, err := tt.s.Transport().RoundTrip(r); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that was given up: %v", err)
	}
}

// A client that gives up while it waits does not undo what it asked for.
func TestFaultDelayHonoursContext(t *testing.T) {
	tt := start(t, Options{})
	tt.s.AddFault(Fault{Action: Delay, For: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, "POST", "http://sim"+monitorsPath, strings.NewReader(`{"expected_codes":"200"}`))
	for k, v := range tt.headers {
		r.Header.Set(k, v)
	}
	if _, err := tt.s.Transport().RoundTrip(r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if len(tt.s.Objects("monitor", userScope)) != 1 {
		t.Error("not executed")
	}
}

package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"trueup/schema"
)

// clock is a clock that goes when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 123456789, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// tester sends plain requests.
type tester struct {
	*testing.T
	s       *Server
	clock   *clock
	headers map[string]string
}

func start(t *testing.T, o Options) *tester {
	t.Helper()
	c := newClock()
	o.Clock = c.Now
	s := New(o)
	token, _, _ := s.Credentials()
	return &tester{t, s, c, bearer(token)}
}

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"}
}

func (t *tester) byKey() *tester {
	_, email, key := t.s.Credentials()
	return &tester{t.T, t.s, t.clock, map[string]string{"X-Auth-Email": email, "X-Auth-Key": key, "Content-Type": "application/json"}}
}

func (t *tester) as(token string) *tester { return &tester{t.T, t.s, t.clock, bearer(token)} }

// got is an answer.
type got struct {
	status int
	header http.Header
	body   string
	doc    doc
}

func (t *tester) send(method, path, body string) (got, error) {
	t.Helper()
	g, err := t.fetch(t.Context(), method, path, body)
	json.Unmarshal([]byte(g.body), &g.doc)
	return g, err
}

func (t *tester) fetch(ctx context.Context, method, path, body string) (got, error) {
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://sim"+basePath+path, in)
	if err != nil {
		return got{}, err
	}
	for k, v := range t.headers {
		r.Header.Set(k, v)
	}
	resp, err := t.s.Transport().RoundTrip(r)
	if err != nil {
		return got{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return got{}, err
	}
	return got{status: resp.StatusCode, header: resp.Header, body: string(raw)}, nil
}

func (t *tester) do(method, path, body string) got {
	t.Helper()
	g, err := t.send(method, path, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return g
}

// ok sends a request that must succeed and gives the result.
func (t *tester) ok(method, path, body string) doc {
	t.Helper()
	g := t.do(method, path, body)
	if g.status != 200 || g.doc["success"] != true {
		t.Fatalf("%s %s: %d %s", method, path, g.status, g.body)
	}
	d, _ := g.doc["result"].(doc)
	return d
}

func (t *tester) list(path string) []doc {
	t.Helper()
	g := t.do("GET", path, "")
	if g.status != 200 {
		t.Fatalf("GET %s: %d %s", path, g.status, g.body)
	}
	return docs(g.doc["result"])
}

// refused sends a request that must fail so.
func (t *tester) refused(method, path, body string, status, code int, contains string) {
	t.Helper()
	g := t.do(method, path, body)
	errs := docs(g.doc["errors"])
	if g.status != status || len(errs) == 0 || errs[0]["code"] != float64(code) || !strings.Contains(g.body, contains) {
		t.Errorf("%s %s %s: %d %s, want %d, code %d, %q", method, path, body, g.status, g.body, status, code, contains)
	}
	if g.doc["success"] != false || g.doc["result"] != nil {
		t.Errorf("%s %s: not a refusal's envelope: %s", method, path, g.body)
	}
}

// want compares parts of a document: keys to the JSON that they should have;
// "-" is a key that is not there.
func (t *tester) want(d doc, parts map[string]string) {
	t.Helper()
	for k, v := range parts {
		have, there := d[k]
		text := string(encode(have))
		if v == "-" && there || v != "-" && (!there || !sameJSON(text, v)) {
			t.Errorf("%s is %s (there: %v), want %s", k, text, there, v)
		}
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return same(x, y)
}

func id(d doc) string { return text(d["id"]) }

const (
	rulesPath    = "/user/firewall/access_rules/rules"
	monitorsPath = "/user/load_balancers/monitors"
	poolsPath    = "/user/load_balancers/pools"
	tokensPath   = "/user/tokens"
)

var (
	accountScope = schema.Scope{Level: schema.Account, ID: AccountID}
	zoneScope    = schema.Scope{Level: schema.Zone, ID: ZoneID}
)

func TestSwitches(t *testing.T) {
	names := Switches()
	if len(names) < 35 {
		t.Fatalf("%d switches: %v", len(names), names)
	}
	for _, name := range names {
		var o Options
		if err := o.Set(name, true); err != nil {
			t.Fatal(err)
		}
		tt := start(t, o) // settles with every one
		tt.list(rulesPath)
	}
	var o Options
	if o.Set("NoSuch", true) == nil || o.Set("Clock", true) == nil {
		t.Error("no such switch, and no error")
	}
}

// Same requests, clock and randomness: same bytes.
func TestDeterminism(t *testing.T) {
	run := func() string {
		tt := start(t, Options{})
		var b bytes.Buffer
		for _, r := range [][3]string{
			{"POST", rulesPath, `{"mode":"block","configuration":{"target":"ip","value":"192.0.2.1"}}`},
			{"POST", monitorsPath, `{"expected_codes":"200","description":"m"}`},
			{"POST", tokensPath, `{"name":"t","policies":[` + policy("DNS Read") + `]}`},
			{"GET", tokensPath, ""}, {"GET", "/user/audit_logs", ""},
		} {
			g := tt.do(r[0], r[1], r[2])
			b.WriteString(g.body + g.header.Get("Cf-Ray") + "\n")
		}
		return b.String()
	}
	if a, b := run(), run(); a != b {
		t.Errorf("two runs differ:\n%s\n%s", a, b)
	}
}

func TestConcurrentUse(t *testing.T) {
	tt := start(t, Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				value := "AS" + string(rune('1'+i)) + string(rune('0'+j/10)) + string(rune('0'+j%10))
				tt.send("POST", rulesPath, `{"mode":"block","configuration":{"target":"asn","value":"`+value+`"}}`)
				tt.send("GET", rulesPath+"?per_page=1000&order=configuration.value", "")
			}
		})
	}
	wg.Wait()
	if n := len(tt.list(rulesPath + "?per_page=1000")); n != 160 {
		t.Errorf("%d rules, want 160", n)
	}
}

// Package cfclient talks to the API: one generic client for every kind, driven
// by the table. It knows credentials, pages, envelopes, retries, the rate limit
// and the JSON of rows.
//
// It decides nothing about what is wanted and knows no kind by name; it prints
// nothing, and no secret leaves it in an error. cli makes a Client and reads
// live objects with it; applier writes through it.
package cfclient

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"trueup/schema"
)

// DefaultBaseURL is the public API.
const DefaultBaseURL = "https://api.cloudflare.com/client/v4"

// Config is how a Client is made. The zero value is the public API without
// credentials.
type Config struct {
	BaseURL string // "": DefaultBaseURL. Plain http only to loopback

	// Credentials: whichever are set, all of them at once too. Each request
	// uses what its endpoint accepts.
	Token, Email, Key string

	Transport   http.RoundTripper // nil: HTTP/2, keep-alive, proxies from the environment
	UserAgent   string
	Timeout     time.Duration // of one request with its answer; 0: 30 s
	Parallelism int           // of the pages of a list; 0: 8
	MaxRetries  int           // of one request, waits for the rate limit not counted; 0: 5; negative: none

	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error // returns the context's error if that ends first
	Jitter func() float64                             // in [0, 1)

	// OnWait is told of each wait as it begins: for the rate limit, because the
	// API asks for it, before a retry. It is called from several goroutines.
	OnWait func(d time.Duration, why string)
}

// Client is safe for concurrent use.
type Client struct {
	cfg     Config
	base    string
	http    *http.Client
	limiter *limiter
	redact  redactor
	codecs  map[*schema.Kind]*codec
	buffers sync.Pool // of *bytes.Buffer, for bodies

	mu     sync.Mutex
	minted time.Time // when this client last wrote to a credential
}

// New checks the configuration and makes a client. It sends nothing.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	base, err := checkBase(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	if err := cfg.checkCredentials(); err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, base: base, limiter: newLimiter(cfg), codecs: map[*schema.Kind]*codec{}}
	c.buffers.New = func() any { return new(bytes.Buffer) }
	c.http = &http.Client{Transport: cfg.Transport, CheckRedirect: checkRedirect}
	c.redact.add(cfg.Token, cfg.Key)
	for _, k := range schema.Kinds {
		c.codecs[k] = newCodec(k)
	}
	return c, nil
}

func (cfg Config) withDefaults() Config {
	cfg.BaseURL = cmp.Or(cfg.BaseURL, DefaultBaseURL)
	cfg.UserAgent = cmp.Or(cfg.UserAgent, "trueup")
	cfg.Timeout = cmp.Or(cfg.Timeout, 30*time.Second)
	cfg.Parallelism = max(cmp.Or(cfg.Parallelism, 8), 1)
	cfg.MaxRetries = max(cmp.Or(cfg.MaxRetries, 5), 0)
	if cfg.Transport == nil {
		cfg.Transport = newTransport(cfg.Parallelism)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	if cfg.OnWait == nil {
		cfg.OnWait = func(time.Duration, string) {}
	}
	return cfg
}

// checkCredentials refuses what no header can hold, such as the line break of a
// file that was read whole.
func (cfg Config) checkCredentials() error {
	for _, v := range []struct{ name, value string }{{tokenVariable, cfg.Token}, {emailVariable, cfg.Email}, {keyVariable, cfg.Key}} {
		if strings.ContainsFunc(v.value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return fmt.Errorf("%s holds a blank, a line break or another character that cannot be in it", v.name)
		}
	}
	return nil
}

func newTransport(parallelism int) http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t := standard.Clone()
	t.MaxIdleConnsPerHost = max(2*parallelism, 16)
	return t
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// checkBase refuses a base URL that would send credentials in the clear. Its
// errors don't repeat the URL, which may hold a password.
func checkBase(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("the base URL has no form that can be used: write it as %s", DefaultBaseURL)
	case u.User != nil:
		return "", fmt.Errorf("the base URL must not hold a user or a password")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return strings.TrimRight(text, "/"), nil
	case u.Scheme == "http":
		return "", fmt.Errorf("the base URL: plain http only to this machine, not to %s: use https", u.Hostname())
	}
	return "", fmt.Errorf("the base URL: https is wanted, not %q", u.Scheme)
}

// Public reports whether the API is another than one on this machine.
func (c *Client) Public() bool {
	u, err := url.Parse(c.base)
	return err == nil && !loopback(u.Hostname())
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// checkRedirect follows a read within the host it went to, and nothing else:
// a redirect would take the credentials along, and make a GET of a POST.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method != http.MethodGet || len(via) > 3 || req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// Variables that hold credentials, as messages name them.
const (
	tokenVariable = "CLOUDFLARE_API_TOKEN"
	emailVariable = "CLOUDFLARE_EMAIL"
	keyVariable   = "CLOUDFLARE_API_KEY"
)

// credential is the first of the accepted ones that is set, or "".
func (c *Client) credential(accepted []schema.Auth) schema.Auth {
	for _, a := range accepted {
		if a == schema.Token && c.cfg.Token != "" || a == schema.Key && c.cfg.Email != "" && c.cfg.Key != "" {
			return a
		}
	}
	return ""
}

// Missing is "" where the kind's endpoints accept a credential that is set,
// else the variables that would hold one.
func (c *Client) Missing(k *schema.Kind) string { return c.missing(k.API.Auth) }

func (c *Client) missing(accepted []schema.Auth) string {
	if c.credential(accepted) != "" {
		return ""
	}
	names := make([]string, len(accepted))
	for i, a := range accepted {
		names[i] = variable(a)
	}
	return strings.Join(names, " or ")
}

func variable(a schema.Auth) string {
	if a == schema.Key {
		return emailVariable + " with " + keyVariable
	}
	return tokenVariable
}

func (c *Client) sign(h http.Header, a schema.Auth) {
	if a == schema.Key {
		h.Set("X-Auth-Email", c.cfg.Email)
		h.Set("X-Auth-Key", c.cfg.Key)
		return
	}
	h.Set("Authorization", "Bearer "+c.cfg.Token)
}

// codec is that of the kind; one that is not in the table gets a new one.
func (c *Client) codec(k *schema.Kind) *codec {
	if known := c.codecs[k]; known != nil {
		return known
	}
	return newCodec(k)
}

// Requests is how many requests this client has sent, retries too.
func (c *Client) Requests() int { return c.limiter.requests() }

// Window is how many requests the rate limit's window allows and how many of
// them are left. known is false while the API has not said, and only our own
// requests are counted.
func (c *Client) Window() (limit, remaining int, known bool) { return c.limiter.state() }

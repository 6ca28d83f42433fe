package cfclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"trueup/schema"
)

// maxBody bounds one answer, in bytes.
const maxBody = 64 << 20

// effect says what a request that was lost may have done, and so whether it
// may be sent again (API facts §0.5).
type effect uint8

const (
	reads      effect = iota // nothing
	repeatable               // the same as a second one would
	once                     // something that must not be done twice
)

// call is one request as it is meant, whatever it takes.
type call struct {
	method string
	path   string // below the base URL, escaped
	query  string // encoded
	body   []byte // nil: none
	auth   []schema.Auth
	kind   *schema.Kind // whose codes the errors are read by; nil: nobody's
	effect effect

	secrets []string // that are in the body

	// result reads the "result" of a success; nil: it doesn't matter. It may be
	// called again after a retry, and starts anew then.
	result func(body []byte, dec *jsontext.Decoder) error
	// need: an answer without result is no answer.
	need bool
}

// answer is what came of one attempt.
type answer struct {
	envelope
	retryAfter time.Duration // 0: not said
	open       bool          // it was sent, and the limiter does not know yet that it is over
	header     http.Header   // nil where there is no answer
}

// collection is the URL path of the collection of a kind, or of what is below it;
// parts are escaped.
func collection(k *schema.Kind, s schema.Scope, below ...string) string {
	return scoped(s, append([]string{k.API.Path}, escaped(below)...)...)
}

func scoped(s schema.Scope, parts ...string) string {
	s.ID = url.PathEscape(s.ID)
	return "/" + s.Path() + "/" + strings.Join(parts, "/")
}

func escaped(parts []string) []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = url.PathEscape(p)
	}
	return out
}

// checkID refuses what would name another path than that of an object.
func checkID(id string) error {
	if id == "" || id == "." || id == ".." {
		return &schema.Fault{Meaning: schema.Invalid, Message: fmt.Sprintf("%q is not an id", id)}
	}
	return nil
}

// attempt sends the call once.
func (c *Client) attempt(ctx context.Context, q *call) (answer, *schema.Fault) {
	cred := c.credential(q.auth)
	if cred == "" {
		return answer{}, &schema.Fault{Meaning: schema.Denied, Message: "no credential that this endpoint accepts is set", Remedy: "Set " + c.missing(q.auth) + "."}
	}
	if err := c.limiter.wait(ctx); err != nil {
		return answer{}, &schema.Fault{Meaning: schema.Unsent, Message: errNotSent.Error(), Err: errors.Join(errNotSent, err)}
	}
	run := ctx
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	var way trace
	resp, err := c.send(httptrace.WithClientTrace(ctx, way.hooks()), q, cred)
	if err != nil {
		return answer{open: true}, c.lost(run, err, &way, q)
	}
	defer resp.Body.Close()
	buf := c.buffers.Get().(*bytes.Buffer)
	defer c.giveBack(buf)
	_, err = buf.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	a := answer{open: true, header: resp.Header}
	switch {
	case err != nil:
		return a, c.broken(resp, q, "the answer broke off", err)
	case buf.Len() > maxBody:
		return a, &schema.Fault{Meaning: lostMeaning(q, schema.Other), Status: resp.StatusCode, Message: "the answer is larger than 64 MiB", Ray: ray(resp)}
	}
	var f *schema.Fault
	a.envelope, f = c.read(resp, buf.Bytes(), q, cred)
	a.retryAfter = c.retryAfter(resp.Header)
	return a, f
}

// giveBack keeps a body's memory for the next, but for an uncommonly large one.
func (c *Client) giveBack(buf *bytes.Buffer) {
	if buf.Cap() <= 4<<20 {
		buf.Reset()
		c.buffers.Put(buf)
	}
}

func (c *Client) send(ctx context.Context, q *call, cred schema.Auth) (*http.Response, error) {
	target := c.base + q.path
	if q.query != "" {
		target += "?" + q.query
	}
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body) // a sized body: API facts §0.2
	}
	req, err := http.NewRequestWithContext(ctx, q.method, target, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	c.sign(req.Header, cred)
	return c.http.Do(req)
}

// read makes of an answer its envelope, or a fault.
func (c *Client) read(resp *http.Response, body []byte, q *call, cred schema.Auth) (envelope, *schema.Fault) {
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		env, err := readEnvelope(body, nil)
		return env, c.refusal(resp, body, env, err, q, cred)
	}
	if len(bytes.TrimSpace(body)) == 0 && !q.need && q.effect != reads {
		return envelope{}, nil
	}
	env, err := readEnvelope(body, q.result)
	switch {
	case !env.succeeded():
		return env, c.refusal(resp, body, env, nil, q, cred)
	case err != nil:
		return env, c.broken(resp, q, "the answer cannot be read: "+what(resp, body), err)
	case q.need && !env.result:
		return env, c.broken(resp, q, "the answer has no result", nil)
	}
	return env, nil
}

// broken is the fault for an answer that tells nothing.
func (c *Client) broken(resp *http.Response, q *call, message string, err error) *schema.Fault {
	if err != nil {
		message += ": " + err.Error()
	}
	return &schema.Fault{Meaning: schema.Unknown, Status: resp.StatusCode, Message: c.redact.clean(message, q.secrets), Ray: ray(resp), Err: plain(err)}
}

// errNotSent: the run ended while a request waited for its turn.
var errNotSent = errors.New("interrupted before it was sent")

// lost is the fault for a request of the run without an answer.
func (c *Client) lost(run context.Context, err error, way *trace, q *call) *schema.Fault {
	f := &schema.Fault{Meaning: schema.Unknown, Err: plain(err)}
	if way.unsent(err) {
		f.Meaning = schema.Unsent
	}
	// The URL that net/http puts in front says nothing that the caller doesn't know.
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	message := err.Error()
	switch {
	case run.Err() != nil:
		message = "cut off before it was answered"
	case errors.Is(err, context.DeadlineExceeded):
		message = fmt.Sprintf("no answer within %s", c.cfg.Timeout)
	}
	f.Message = c.redact.clean(message, q.secrets)
	return f
}

// plain is the cause for errors.Is, without text that could hold a secret.
func plain(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	return nil
}

// lostMeaning is Unknown where it matters, for a write.
func lostMeaning(q *call, otherwise schema.Meaning) schema.Meaning {
	if q.effect == reads {
		return otherwise
	}
	return schema.Unknown
}

// trace follows how far a request got.
type trace struct{ asked, connected atomic.Bool }

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { t.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.connected.Store(true) },
	}
}

// unsent reports whether certainly nothing was sent: the transport speaks of
// its connections and never had one, or it could not dial.
func (t *trace) unsent(err error) bool {
	if t.connected.Load() {
		return false
	}
	var op *net.OpError
	var dns *net.DNSError
	return t.asked.Load() || errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

func ray(resp *http.Response) string { return resp.Header.Get("Cf-Ray") }

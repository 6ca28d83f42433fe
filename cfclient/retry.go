package cfclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"trueup/schema"
)

const (
	firstPause = 500 * time.Millisecond
	maxPause   = 60 * time.Second
	maxWait    = 15 * time.Minute // the longest Retry-After that is waited out; the API's block lasts five

	// A rate limit that says no time is waited out by these: together they are
	// longer than the API's block.
	maxRateWaits  = 10
	firstRateWait = 4 * time.Second

	// A credential that was just written may be refused for seconds (API facts §0.6).
	freshFor     = 10 * time.Second
	freshRetries = 6
)

// do sends the call until there is an answer that counts. The error is a
// *schema.Fault.
func (c *Client) do(ctx context.Context, q *call) (answer, error) {
	var t tries
	for {
		a, f := c.attempt(ctx, q)
		pause, why := time.Duration(0), ""
		if f != nil {
			t.judge(q, f)
			pause, why = c.again(ctx, q, a, f, &t)
		}
		limited := why != "" && f.Meaning == schema.RateLimited
		if limited {
			c.limiter.block(pause, why) // everybody waits, and the limiter says so
		}
		if a.open { // now, so that nobody slips through before the block
			c.limiter.done(a.header)
		}
		switch {
		case f == nil:
			return a, nil
		case why == "":
			return a, f
		case limited:
			continue
		}
		c.cfg.OnWait(pause, why)
		if c.cfg.Sleep(ctx, pause) != nil {
			return a, f
		}
	}
}

// tries counts the attempts of one call by what they failed of.
type tries struct {
	rate, fresh, other int
	doubt              bool // an earlier one may have been executed
}

// judge makes the fault of an attempt one of the whole call: that the latest
// attempt was not executed says nothing of those before.
func (t *tries) judge(q *call, f *schema.Fault) {
	switch {
	case q.effect == reads:
	case f.Meaning == schema.Unknown:
		t.doubt = true
	case t.doubt && (f.Meaning == schema.Unsent || f.Meaning == schema.RateLimited):
		f.Meaning = schema.Unknown
	}
}

// again decides whether the call is sent once more, after which pause, and
// says why; "" if it is not.
func (c *Client) again(ctx context.Context, q *call, a answer, f *schema.Fault, t *tries) (time.Duration, string) {
	switch {
	case ctx.Err() != nil, errors.Is(f.Err, errNotSent):
		return 0, ""
	case f.Meaning == schema.RateLimited: // not executed, whatever it was (API facts §0.5)
		return c.rateWait(a, f, t)
	case f.Meaning == schema.Denied && f.Status != 0 && c.fresh() && t.fresh < freshRetries: // not executed, whatever it was
		t.fresh++
		return c.pause(firstPause, t.fresh), "the credential is new, and not known everywhere yet"
	case t.other >= c.cfg.MaxRetries || !mayRepeat(q, f):
		return 0, ""
	case a.retryAfter > maxWait:
		f.Remedy = fmt.Sprintf("The API asks to come back in %s.", a.retryAfter)
		return 0, ""
	}
	t.other++
	return max(c.pause(firstPause, t.other), a.retryAfter), fmt.Sprintf("retry %d of %d after %s", t.other, c.cfg.MaxRetries, cause(f))
}

func (c *Client) rateWait(a answer, f *schema.Fault, t *tries) (time.Duration, string) {
	t.rate++
	switch {
	case a.retryAfter > maxWait:
		f.Remedy = fmt.Sprintf("The API asks to come back in %s.", a.retryAfter)
		return 0, ""
	case t.rate > maxRateWaits:
		f.Remedy = "Somebody else uses up the rate limit: try later."
		return 0, ""
	case a.retryAfter > 0:
		return a.retryAfter, "rate limit: the API asks to wait"
	}
	return min(firstRateWait<<(t.rate-1), maxPause), "rate limit: refused, and not said for how long"
}

// mayRepeat reports whether a call that failed so may be sent again.
func mayRepeat(q *call, f *schema.Fault) bool {
	switch f.Meaning {
	case schema.Unsent:
		return true
	case schema.Unknown:
		return q.effect != once
	}
	return q.effect == reads && f.Status >= 500
}

func cause(f *schema.Fault) string {
	if f.Status != 0 {
		return strconv.Itoa(f.Status)
	}
	return "a lost connection"
}

// pause doubles with each try, up to maxPause; half of it is random.
func (c *Client) pause(first time.Duration, try int) time.Duration {
	d := min(first<<min(try-1, 20), maxPause)
	return d/2 + time.Duration(c.cfg.Jitter()*float64(d/2))
}

// retryAfter reads the header: seconds, or a date.
func (c *Client) retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		return 0
	}
	if s, err := strconv.ParseFloat(text, 64); err == nil && s >= 0 && s < 1e9 {
		return time.Duration(s * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(c.cfg.Now()), 0)
	}
	return 0
}

// wrote notes that a credential was made or changed.
func (c *Client) wrote(k *schema.Kind) {
	if k.API.Secret {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.minted = c.cfg.Now()
	}
}

func (c *Client) fresh() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.minted.IsZero() && c.cfg.Now().Sub(c.minted) < freshFor
}

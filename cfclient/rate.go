package cfclient

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What the API allows unless it says otherwise (API facts §0.4).
var (
	assumedWindow = window{quota: 1200, length: 300 * time.Second}
	burstWindow   = window{quota: 200, length: time.Second}
)

// margin is how much longer than a window a request counts, since the server's
// clock starts when it arrives, not when it is sent.
const margin = time.Second

// answerWait is how long to wait for an answer that will tell what remains.
const answerWait = 200 * time.Millisecond

// window allows so many requests in any stretch of time of its length.
type window struct {
	quota  int
	length time.Duration
}

// limiter holds requests back, so that a window is never overdrawn by our own
// hand: full speed while there is room, then as fast as room comes. It is
// shared by all goroutines of a client.
type limiter struct {
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	onWait func(time.Duration, string)

	mu        sync.Mutex
	windows   []window      // the first is the one that is reported
	sent      []time.Time   // a ring of the latest requests
	next      int           // where the next one goes in sent
	count     int           // how many were sent in all
	open      int           // how many are not answered yet
	remaining int           // of the server's window, less what was sent since it said so
	room      bool          // the server's last word was that something remains
	reset     time.Time     // when that window is over; zero: the server has said nothing
	told      bool          // the server has spoken of its window
	lowest    int           // what the server said remains of that window
	blocked   time.Time     // nothing is sent before
	why       string        // of blocked
	announced time.Time     // the end of the latest wait that onWait was told of
	first     chan struct{} // closed when the first request is over: only its answer tells what others have used up
}

func newLimiter(c Config) *limiter {
	l := &limiter{now: c.Now, sleep: c.Sleep, onWait: c.OnWait, first: make(chan struct{})}
	l.setWindows([]window{assumedWindow})
	return l
}

// setWindows replaces what is assumed of the server's windows.
func (l *limiter) setWindows(ws []window) {
	ws = append(ws, burstWindow)
	size := len(l.sent) // never smaller: what was sent counts again if a larger window comes back
	for _, w := range ws {
		size = max(size, w.quota)
	}
	ring := make([]time.Time, size)
	for i := range size { // the latest come last
		ring[i] = l.back(size - i)
	}
	l.windows, l.sent, l.next = ws, ring, 0
}

// back is when the n-th latest request was sent; zero if there was none.
func (l *limiter) back(n int) time.Time {
	if n > len(l.sent) {
		return time.Time{}
	}
	return l.sent[(l.next-n+len(l.sent))%len(l.sent)]
}

// wait returns when a request may be sent, and counts it as sent: done must be
// called when it is answered or lost.
func (l *limiter) wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		l.mu.Lock()
		if l.alone() {
			l.mu.Unlock()
			select {
			case <-l.first:
			case <-ctx.Done():
			}
			continue
		}
		now := l.now()
		at, why := l.earliest(now)
		if !at.After(now) {
			l.take(now)
			l.mu.Unlock()
			return nil
		}
		announce := why != "" && at.After(l.announced)
		if announce {
			l.announced = at
		}
		l.mu.Unlock()
		if announce {
			l.onWait(at.Sub(now), why)
		}
		if err := l.sleep(ctx, at.Sub(now)); err != nil {
			return err
		}
	}
}

// alone reports whether the first request is still under way.
func (l *limiter) alone() bool {
	select {
	case <-l.first:
		return false
	default:
		return l.count > 0
	}
}

// earliest is when the next request may be sent; why is empty where that is
// too soon to speak of.
func (l *limiter) earliest(now time.Time) (at time.Time, why string) {
	at, why = l.blocked, l.why
	later := func(t time.Time, reason string) {
		if t.After(at) {
			at, why = t, reason
		}
	}
	for _, w := range l.windows {
		if t := l.back(w.quota); !t.IsZero() {
			slack := margin
			if w.length <= margin {
				slack = 0
			}
			later(t.Add(w.length+slack), "rate limit: paced")
		}
	}
	switch {
	case !l.told || l.remaining > 0 || !now.Before(l.reset):
	case l.room && l.open > 0: // the answers under way will tell
		later(now.Add(answerWait), "")
	default:
		later(l.reset, "rate limit: the window is used up")
	}
	return at, why
}

func (l *limiter) take(now time.Time) {
	l.sent[l.next] = now
	l.next = (l.next + 1) % len(l.sent)
	l.count++
	l.open++
	l.remaining--
}

// done says that a request was answered, with these headers, or lost (nil).
func (l *limiter) done(h http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open--; l.alone() {
		close(l.first)
	}
	if ws := parsePolicy(h.Get("Ratelimit-Policy")); len(ws) > 0 && !l.hasWindows(ws) {
		l.setWindows(ws)
	}
	if r, t, ok := parseRatelimit(h.Get("Ratelimit")); ok {
		l.hear(r, t)
	}
}

// hear takes in what an answer says: r remain of the window that is over in t.
// Answers come out of order, so the lowest r that was heard of a window is the
// latest. What is under way may not be counted in it.
func (l *limiter) hear(r int, t time.Duration) {
	now := l.now()
	reset := now.Add(t + margin) // t is in whole seconds, and may be rounded down
	switch {
	case !l.told || !now.Before(l.reset) || reset.After(l.reset.Add(2*margin)): // another window
		l.lowest = r
	case reset.Before(l.reset.Add(-2 * margin)): // of the window before
		return
	default:
		l.lowest, reset = min(l.lowest, r), l.reset
	}
	l.remaining, l.room, l.reset, l.told = l.lowest-l.open, l.lowest > 0, reset, true
}

func (l *limiter) hasWindows(ws []window) bool {
	if len(ws) != len(l.windows)-1 {
		return false
	}
	for i, w := range ws {
		if w != l.windows[i] {
			return false
		}
	}
	return true
}

// block keeps every request back for d.
func (l *limiter) block(d time.Duration, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.now().Add(d); t.After(l.blocked) {
		l.blocked, l.why = t, why
	}
}

func (l *limiter) requests() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// state is the first window's size and what is left of it by our own count and
// by the server's word.
func (l *limiter) state() (limit, remaining int, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, w := l.now(), l.windows[0]
	used := 0
	for used < w.quota && l.back(used+1).After(now.Add(-w.length-margin)) {
		used++
	}
	remaining = w.quota - used
	if l.told && now.Before(l.reset) {
		remaining = min(remaining, max(l.remaining, 0))
	}
	return w.quota, remaining, l.told
}

// parseRatelimit reads `"default";r=50;t=30`. Of several, the one with the
// least left counts.
func parseRatelimit(header string) (remaining int, reset time.Duration, ok bool) {
	for part := range strings.SplitSeq(header, ",") {
		r, t := param(part, "r"), param(part, "t")
		if r < 0 || t < 0 || ok && r >= remaining {
			continue
		}
		remaining, reset, ok = r, time.Duration(t)*time.Second, true
	}
	return remaining, reset, ok
}

// parsePolicy reads `"burst";q=100;w=60`, of which there may be several.
func parsePolicy(header string) []window {
	var ws []window
	for part := range strings.SplitSeq(header, ",") {
		if q, w := param(part, "q"), param(part, "w"); q > 0 && w > 0 {
			ws = append(ws, window{quota: q, length: time.Duration(w) * time.Second})
		}
	}
	return ws
}

// maxParam bounds the numbers taken from headers.
const maxParam = 1_000_000

// param is the whole number that the parameter has, or -1.
func param(item, name string) int {
	for p := range strings.SplitSeq(item, ";") {
		if text, ok := strings.CutPrefix(strings.TrimSpace(p), name+"="); ok {
			if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= maxParam {
				return n
			}
		}
	}
	return -1
}

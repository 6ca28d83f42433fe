package cfclient

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"trueup/schema"
)

// answered is a limiter whose first request is over.
func answered() (*limiter, *clock) {
	l, c := newTestLimiter()
	close(l.first)
	return l, c
}

func newTestLimiter() (*limiter, *clock) {
	c := newClock()
	return newLimiter(Config{Now: c.now, Sleep: c.sleep, OnWait: c.onWait}), c
}

// most is how many of the times lie within any stretch of the length.
func most(times []time.Time, length time.Duration) int {
	n, from := 0, 0
	for i, at := range times {
		for at.Sub(times[from]) >= length {
			from++
		}
		n = max(n, i-from+1)
	}
	return n
}

// Full speed while the window has room; never more than 1,200 in any five
// minutes, never more than 200 in any second.
func TestWindowIsNeverOverdrawn(t *testing.T) {
	l, c := newTestLimiter()
	begin := c.now()
	var times []time.Time
	for range 3000 {
		if err := l.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		times = append(times, c.now())
		c.sleep(t.Context(), time.Millisecond) // the request takes its time
		l.done(nil)
	}
	if n := most(times, 300*time.Second); n > 1200 {
		t.Errorf("%d in five minutes", n)
	}
	if n := most(times, time.Second); n > 200 {
		t.Errorf("%d in a second", n)
	}
	if d := times[1199].Sub(begin); d > 7*time.Second {
		t.Errorf("the first 1,200 took %s", d)
	}
	if d := times[2999].Sub(begin); d > 611*time.Second {
		t.Errorf("3,000 took %s", d)
	}
	if len(c.waits) == 0 || l.requests() != 3000 {
		t.Error(c.waits, l.requests())
	}
}

func TestLimiterIsShared(t *testing.T) {
	l, c := newTestLimiter()
	l.setWindows([]window{{quota: 50, length: time.Minute}})
	var mu sync.Mutex
	var times []time.Time
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 10 {
				if err := l.wait(context.Background()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				times = append(times, c.now())
				mu.Unlock()
				l.done(nil)
			}
		})
	}
	wg.Wait()
	slices.SortFunc(times, time.Time.Compare)
	// A goroutine may note its time after another has moved the clock, so
	// only the whole can be checked: 200 at 50 a minute take three minutes.
	if d := times[199].Sub(times[0]); len(times) != 200 || d < 3*time.Minute {
		t.Error(len(times), d)
	}
}

func headers(limit, policy string) http.Header {
	return http.Header{"Ratelimit": {limit}, "Ratelimit-Policy": {policy}}
}

// What others used up shows in the headers.
func TestRatelimitHeader(t *testing.T) {
	l, c := newTestLimiter()
	l.wait(t.Context())
	l.done(headers(`"default";r=2;t=30`, `"default";q=1200;w=300`))
	if limit, remaining, known := l.state(); limit != 1200 || remaining != 2 || !known {
		t.Error(limit, remaining, known)
	}
	for range 2 {
		l.wait(t.Context())
		l.done(nil)
	}
	if c.slept != 0 {
		t.Error("two were left, and it slept ", c.slept)
	}
	if _, remaining, _ := l.state(); remaining != 0 {
		t.Error(remaining)
	}
	l.wait(t.Context())
	if c.slept != 31*time.Second { // whole seconds, that may be rounded down
		t.Error("slept ", c.slept, c.waits)
	}
	expect(t, c.waits, "31s rate limit: the window is used up")
}

// An answer that comes late says more than is left.
func TestRatelimitAnswerThatComesLate(t *testing.T) {
	l, _ := answered()
	l.wait(t.Context())
	l.wait(t.Context())
	l.done(headers(`"default";r=3;t=30`, ""))
	l.done(headers(`"default";r=9;t=30`, ""))
	if _, remaining, _ := l.state(); remaining != 3 {
		t.Error(remaining)
	}
	l.wait(t.Context())
	l.wait(t.Context())
	l.done(headers(`"default";r=1199;t=300`, ""))
	l.done(headers(`"default";r=0;t=1`, "")) // of the window before
	if _, remaining, _ := l.state(); remaining < 1190 {
		t.Error(remaining)
	}
}

// Answers that come out of order, or while others are under way.
func TestRatelimitWhileOthersAreOpen(t *testing.T) {
	l, c := answered()
	l.wait(t.Context())
	l.wait(t.Context())
	l.done(headers(`"default";r=1;t=300`, "")) // b is counted in this
	go func() { time.Sleep(10 * time.Millisecond); l.done(headers(`"default";r=2;t=300`, "")) }()
	l.sleep = func(context.Context, time.Duration) error { time.Sleep(time.Millisecond); return nil }
	if err := l.wait(t.Context()); err != nil || len(c.waits) != 0 {
		t.Error(err, c.waits)
	}
}

// What others used up is only known with the first answer, so nothing else is
// sent until it is there.
func TestFirstRequestIsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Config{}.withDefaults())
		var sent atomic.Int64
		for range 5 {
			go func() {
				l.wait(t.Context())
				sent.Add(1)
			}()
			synctest.Wait()
		}
		if n := sent.Load(); n != 1 {
			t.Errorf("%d were sent before the first answer", n)
		}
		l.done(headers(`"default";r=2;t=30`, ""))
		synctest.Wait()
		if n := sent.Load(); n != 3 {
			t.Errorf("two are left, and %d more were sent", n-1)
		}
		time.Sleep(time.Minute)
	})
}

func TestPolicyReplacesWhatIsAssumed(t *testing.T) {
	l, c := newTestLimiter()
	if limit, remaining, known := l.state(); limit != 1200 || remaining != 1200 || known {
		t.Error(limit, remaining, known)
	}
	for range 10 {
		l.wait(t.Context())
		l.done(headers(`"default";r=90;t=60`, `"burst";q=100;w=60`))
	}
	if limit, remaining, known := l.state(); limit != 100 || remaining != 90 || !known {
		t.Error(limit, remaining, known)
	}
	for range 90 { // what was sent before the policy was known counts
		l.wait(t.Context())
		l.done(headers("", `"burst";q=100;w=60`))
	}
	if c.slept > time.Second {
		t.Error(c.slept)
	}
	l.wait(t.Context())
	if c.slept < 59*time.Second || c.slept > 62*time.Second {
		t.Error(c.slept, c.waits)
	}
}

func TestRatelimitHeaders(t *testing.T) {
	for header, want := range map[string]struct {
		r  int
		t  time.Duration
		ok bool
	}{
		`"default";r=50;t=30`:        {50, 30 * time.Second, true},
		`"a";r=50;t=30, "b";t=9;r=3`: {3, 9 * time.Second, true},
		`default; r=0; t=0`:          {0, 0, true},
		``:                           {},
		`"default";r=x;t=30`:         {},
		`"default";r=-1;t=30`:        {},
		`"default";t=30`:             {},
		`"default";r=99999999999999999999999;t=30`:   {},
		`"default";r=5;t=99999999999999999999999999`: {},
	} {
		if r, d, ok := parseRatelimit(header); r != want.r || d != want.t || ok != want.ok {
			t.Error(header, r, d, ok)
		}
	}
	if ws := parsePolicy(`"burst";q=100;w=60,"x";q=0;w=1,"y";q=5, "long";w=3600;q=9`); !slices.Equal(ws, []window{{100, time.Minute}, {9, time.Hour}}) {
		t.Error(ws)
	}
}

func TestWaitIsInterrupted(t *testing.T) {
	l, _ := newTestLimiter()
	ctx, cancel := context.WithCancel(t.Context())
	l.block(time.Hour, "rate limit")
	l.sleep = sleep
	go func() { time.Sleep(time.Millisecond); cancel() }()
	if err := l.wait(ctx); err != context.Canceled || l.requests() != 0 {
		t.Error(err, l.requests())
	}
}

// A block holds everybody back, and is announced once.
func TestBlockIsShared(t *testing.T) {
	l, c := answered()
	l.block(time.Minute, "rate limit: the API asks to wait")
	var wg sync.WaitGroup
	var gate sync.WaitGroup
	gate.Add(8)
	l.sleep = func(ctx context.Context, d time.Duration) error { // nobody wakes before all sleep
		gate.Done()
		gate.Wait()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.slept == 0 {
			c.t, c.slept = c.t.Add(d), d
		}
		return nil
	}
	for range 8 {
		wg.Go(func() { l.wait(context.Background()) })
	}
	wg.Wait()
	expect(t, c.waits, "1m0s rate limit: the API asks to wait")
}

// The client's window, through real answers.
func TestClientWindow(t *testing.T) {
	c, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Ratelimit", `"default";r=1188;t=120`)
		w.Header().Set("Ratelimit-Policy", `"default";q=1200;w=300`)
		reply(w, 200, ok(`[]`))
	})
	if _, err := c.List(t.Context(), monitor, schema.UserScope); err != nil {
		t.Fatal(err)
	}
	if limit, remaining, known := c.Window(); limit != 1200 || remaining != 1188 || !known || c.Requests() != 1 {
		t.Error(limit, remaining, known, c.Requests())
	}
}

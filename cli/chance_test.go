package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"trueup/applier"
	"trueup/cfclient"
	"trueup/schema"
	"trueup/sim"
	"trueup/state"
)

// chance decides, by a seed, when things happen and what goes wrong. It goes by
// what is asked for and how often that was asked before, not by who asks first:
// so one seed is one story, whatever the scheduler does. In virtual time
// everything has a moment of its own.
type chance struct {
	seed     uint64
	parallel int
	faults   float64 // the share of requests that go wrong
	broken   float64 // the share of deliveries and records that fail
	dark     int     // the network is gone from this request of the run on; 0: never
	stop     chan struct{}

	mu    sync.Mutex
	asked map[string]uint64
	sent  int
	trace []string
	quiet bool // there is no trace

	blocked time.Time // until then, by a fault
	earned  []string  // requests that were one too many, though their client could know
}

func newChance(seed uint64) *chance {
	return &chance{seed: seed, parallel: 1, asked: map[string]uint64{}}
}

// of is the randomness for one thing.
func (c *chance) of(what string) *rand.Rand {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := fnv.New64a()
	_, _ = io.WriteString(h, what)
	n := c.asked[what]
	c.asked[what]++
	return rand.New(rand.NewPCG(c.seed, h.Sum64()+n))
}

// pause takes a moment that nothing else has.
func (c *chance) pause(what string) {
	time.Sleep(time.Duration(c.of("pause " + what).Int64N(int64(200 * time.Millisecond))))
}

func (c *chance) jitter() float64 { return c.of("jitter").Float64() }

func (c *chance) on(e applier.Event) {
	if e.Type == applier.Started {
		c.pause("start " + e.Change.Addr.String())
	}
}

func (c *chance) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quiet {
		return
	}
	c.trace = append(c.trace, time.Now().UTC().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// chanceFaults are what goes wrong with a request, some oftener than others.
var chanceFaults = []string{
	"refuse", "cut-before", "cut-after", "cut-after", "cut-after", "delay:10s", "delay:45s", "garbage", "truncated",
	"500-after", "500-after", "html500", "502", "503:3s", "429:1s", "429:40s", "429:300s", "forbidden", "blocked",
}

// fault draws what goes wrong with the next request; nil: nothing.
func (c *chance) fault(r *rand.Rand) *sim.Fault {
	c.mu.Lock()
	c.sent++
	dark := c.dark > 0 && c.sent >= c.dark
	c.mu.Unlock()
	text := "refuse"
	switch {
	case dark:
	case r.Float64() >= c.faults:
		return nil
	default:
		text = chanceFaults[r.IntN(len(chanceFaults))]
	}
	f, err := sim.ParseFault(text)
	if err != nil {
		panic(err) // a broken table
	}
	f.First, f.Last = 1, 1
	return &f
}

type chanceTransport struct {
	*chance
	api  *sim.Server
	next http.RoundTripper
	told *atomic.Bool // what is left of the window
}

func (c *chance) transport(s *site, next http.RoundTripper) http.RoundTripper {
	return chanceTransport{c, s.api, next, new(atomic.Bool)}
}

func (c chanceTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	what := r.Method + " " + r.URL.RequestURI()
	c.pause("request " + what + string(body))
	c.api.ClearFaults()
	label := ""
	if f := c.fault(c.of("fault " + what + string(body))); f != nil {
		c.api.AddFault(*f)
		label = " " + f.String()
	}
	resp, err := c.next.RoundTrip(r)
	status := 0
	if err == nil {
		status = resp.StatusCode
	}
	c.note("%s %d%s", what, status, label)
	c.judge(what, status, label)
	c.pause("answer " + what + string(body))
	return resp, err
}

// judge notes what earns a block. The first answer tells a client what others
// used up, so it is not to blame before.
func (c chanceTransport) judge(what string, status int, fault string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.HasPrefix(fault, " blocked") {
		c.blocked = time.Now().Add(6 * time.Minute)
	}
	if status == http.StatusTooManyRequests && fault == "" && c.told.Load() && time.Now().After(c.blocked) {
		c.earned = append(c.earned, what)
	}
	if status != 0 && fault == "" {
		c.told.Store(true)
	}
}

// chanceClient lets calls that begin together begin one after another.
type chanceClient struct {
	*cfclient.Client
	c *chance
}

func (c chanceClient) Read(ctx context.Context, k *schema.Kind, s schema.Scope) ([]*schema.Object, int, error) {
	c.c.pause("read " + k.Name + s.String())
	return c.Client.Read(ctx, k, s)
}

func (c chanceClient) List(ctx context.Context, k *schema.Kind, s schema.Scope) ([]*schema.Object, error) {
	c.c.pause("list " + k.Name + s.String())
	return c.Client.List(ctx, k, s)
}

func (c chanceClient) Get(ctx context.Context, k *schema.Kind, s schema.Scope, id string) (*schema.Object, error) {
	c.c.pause("get " + id)
	return c.Client.Get(ctx, k, s, id)
}

func (c chanceClient) Catalogue(ctx context.Context, s schema.Scope) (schema.Catalogue, error) {
	c.c.pause("catalogue " + s.String())
	return c.Client.Catalogue(ctx, s)
}

func (c chanceClient) Verify(ctx context.Context, s schema.Scope) (string, error) {
	c.c.pause("verify " + s.String())
	return c.Client.Verify(ctx, s)
}

func (c chanceClient) Referrers(ctx context.Context, k *schema.Kind, s schema.Scope, id string) ([]schema.Referrer, error) {
	c.c.pause("referrers " + id)
	return c.Client.Referrers(ctx, k, s, id)
}

func (c chanceClient) OwnAddress(ctx context.Context) (netip.Addr, error) {
	c.c.pause("own address")
	return c.Client.OwnAddress(ctx)
}

var errFull = errors.New("the disk is full")

type chanceStore struct {
	state.Store
	c *chance
}

func (s chanceStore) Append(ctx context.Context, recs ...state.Record) error {
	what := "append"
	for _, r := range recs {
		switch {
		case r.Intent != nil:
			what += fmt.Sprintf(" %s %s %s", r.Intent.Op, r.Intent.Addr, r.Intent.ID)
		case r.Outcome != nil && r.Outcome.Put != nil:
			what += fmt.Sprintf(" put %s %s %s", r.Outcome.Put.Addr, r.Outcome.Put.ID, r.Outcome.Put.Secret)
		case r.Outcome != nil:
			what += fmt.Sprintf(" outcome %d", r.Outcome.Seq)
		}
	}
	s.c.pause(what)
	if s.c.of(what).Float64() < s.c.broken {
		s.c.note("%s: %v", what, errFull)
		return errFull
	}
	err := s.Store.Append(ctx, recs...)
	s.c.note("%s: %v", what, err)
	return err
}

type chanceSinks struct {
	next applier.Sinks
	c    *chance
}

func (s chanceSinks) Check(k *schema.Kind, row schema.Row) error { return s.next.Check(k, row) }

func (s chanceSinks) Deliver(ctx context.Context, addr schema.Addr, k *schema.Kind, row schema.Row, secret schema.Secret) (string, error) {
	s.c.pause("deliver " + addr.String())
	if s.c.of("deliver "+addr.String()).Float64() < s.c.broken {
		s.c.note("deliver %s: %v", addr, errFull)
		return "", errFull
	}
	where, err := s.next.Deliver(ctx, addr, k, row, secret)
	s.c.note("deliver %s: %v", addr, err)
	return where, err
}

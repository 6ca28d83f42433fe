package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"trueup/applier"
	"trueup/cfclient"
	"trueup/loader"
	"trueup/planner"
	"trueup/schema"
	"trueup/sim"
	"trueup/sink"
	"trueup/state"
)

// site is a simulator, a directory with the files and the state, and a clock
// that sleeping moves; in a bubble of synctest, the bubble's.
type site struct {
	t   *testing.T
	dir string
	api *sim.Server
	now atomic.Int64

	slow   bool    // every run begins when what the one before did can be seen
	bubble bool    // time is virtual, and several steps go at a time
	life   *life   // of the next process; nil: it is not killed
	chance *chance // of what happens when, and what goes wrong; nil: one after another, and nothing
	last   *cfclient.Client
}

func newSite(t *testing.T, slow bool) *site {
	o := sim.Options{}
	if slow {
		o.ListLag, o.DeletedStillListed, o.InUseLag, o.FreshTokenLag = 3*time.Second, 2*time.Second, 3*time.Second, 2*time.Second
	}
	s := newSiteWith(t, o)
	s.slow = slow
	return s
}

func newSiteWith(t *testing.T, o sim.Options) *site {
	s := &site{t: t, dir: quickDir(t)}
	s.now.Store(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	o.Clock, o.RateLimit = s.clock, sim.RateLimit{Requests: -1}
	s.api = sim.New(o)
	return s
}

// quickDir is a directory in memory, where there is such a place: a sync costs
// nothing there.
func quickDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "trueup-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (s *site) clock() time.Time {
	if s.bubble {
		return time.Now().UTC()
	}
	return time.Unix(0, s.now.Load()).UTC()
}

func (s *site) sleep(ctx context.Context, d time.Duration) error {
	if !s.bubble {
		s.now.Add(int64(d))
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// process is what one run has: the files, a client and a store of its own.
type process struct {
	*site
	app    *app
	graph  *schema.Graph
	client connection
	store  state.Store
}

// connection is what a run needs of the API.
type connection interface {
	world
	applier.API
}

func (s *site) start(yaml string) *process {
	s.t.Helper()
	if s.slow {
		s.now.Add(int64(10 * time.Second))
	}
	path := filepath.Join(s.dir, "trueup.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		s.t.Fatal(err)
	}
	g, _, ds := loader.Load(s.t.Context(), loader.Options{Paths: []string{path}})
	if ds.HasErrors() {
		s.t.Fatal(ds)
	}
	a := &app{IO: IO{Env: func(string) (string, bool) { return "", false }, Out: io.Discard, Err: io.Discard}, clock: s.clock, nap: s.sleep}
	return &process{site: s, app: a, graph: g, client: s.connect(), store: s.open()}
}

func (s *site) connect() connection {
	token, email, key := s.api.Credentials()
	cfg := cfclient.Config{
		Token: token, Email: email, Key: key, Transport: s.api.Transport(), Parallelism: 1,
		Now: s.clock, Sleep: s.sleep,
	}
	if s.life != nil {
		cfg.Transport = mortalTransport{s.life, cfg.Transport}
	}
	if s.chance != nil {
		cfg.Transport, cfg.Jitter = s.chance.transport(s, cfg.Transport), s.chance.jitter
	}
	client, err := cfclient.New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.last = client
	if s.chance != nil {
		return chanceClient{client, s.chance}
	}
	return client
}

func (s *site) open() state.Store {
	var store state.Store = state.OpenFile(filepath.Join(s.dir, "state.json"), state.FileOptions{Now: s.clock, Rand: rand.Reader, NoBackup: true})
	if s.life != nil {
		store = mortalStore{s.life, store}
	}
	if s.chance != nil {
		store = chanceStore{store, s.chance}
	}
	return store
}

func (p *process) options() applier.Options {
	o := applier.Options{Sinks: sink.Sinks{}, Parallelism: 1, Now: p.clock, Sleep: p.sleep}
	if p.life != nil {
		o.Sinks = mortalSinks{p.life, o.Sinks}
	}
	if p.chance != nil {
		o.Sinks, o.Parallelism = chanceSinks{o.Sinks, p.chance}, p.chance.parallel
		o.On, o.Stop = p.chance.on, p.chance.stop
	}
	return o
}

// plan settles and plans, as apply does.
func (p *process) plan(ctx context.Context) (*planner.Plan, *state.Snapshot, error) {
	have, err := p.store.Load(ctx)
	if err != nil {
		return nil, nil, err
	}
	if len(have.Open) > 0 {
		if err := applier.Settle(ctx, p.client, p.store, have, p.options()); err != nil {
			return nil, nil, err
		}
		if have, err = p.store.Load(ctx); err != nil {
			return nil, nil, err
		}
	}
	plan, err := p.app.decide(ctx, p.client, p.graph, have, guardFlags{AllowDeletes: 100}, false)
	return plan, have, err
}

// apply is a whole apply; the error is whatever keeps it from being complete.
func (s *site) apply(yaml string) error {
	s.t.Helper()
	return s.applyUntil(s.t.Context(), yaml)
}

func (s *site) applyUntil(ctx context.Context, yaml string) error {
	s.t.Helper()
	p := s.start(yaml)
	plan, have, err := p.plan(ctx)
	if err != nil {
		return err
	}
	r, err := applier.Run(ctx, plan, p.client, p.store, have, p.options())
	for _, e := range r.Failed {
		return fmt.Errorf("%s: %w", e.Change.Addr, e.Err)
	}
	return err
}

// ofTheDay finds the time of day of instants; a run that waits and tries again
// is later, and so is the end of what it retires.
var ofTheDay = regexp.MustCompile(`T00:\d\d:\d\dZ`)

func (s *site) dump() string { return ofTheDay.ReplaceAllString(s.api.Dump(), "") }

// foreseen demands that a plan, which settles nothing, shows what an apply does
// after it has settled. What it finds to be ours is adopted in the one, and
// known in the other.
func (s *site) foreseen(yaml string) {
	s.t.Helper()
	p := s.start(yaml)
	have, err := p.store.Load(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	shown, err := p.app.decide(s.t.Context(), p.client, p.graph, have, guardFlags{AllowDeletes: 100}, false)
	if err != nil {
		s.t.Fatal(err)
	}
	done, _, err := p.plan(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	x, y := shown.Counts(), done.Counts()
	if x.Adopt, y.Adopt = 0, 0; x != y {
		s.t.Errorf("the plan shows %+v, and the apply does %+v", x, y)
	}
}

// settled demands what an apply must have reached: the objects, secrets that
// work, nothing left open, and nothing to do.
func (s *site) settled(yaml, dump string, secrets ...string) {
	s.t.Helper()
	if got := s.dump(); got != dump {
		s.t.Errorf("another end than without a fault:\n%s", onlyIn(dump, got, "- ")+onlyIn(got, dump, "+ "))
	}
	for _, name := range secrets {
		s.secret(name)
	}
	plan, have, err := s.start(yaml).plan(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if plan.Outcome() != "none" {
		s.t.Errorf("the next plan is not empty: %+v", plan.Counts())
	}
	current := 0
	for _, e := range have.Entries {
		if !e.Deposed {
			current++
		}
		if e.Secret == state.Pending {
			s.t.Errorf("%s: the secret is still pending", e.Addr)
		}
	}
	if len(have.Open) > 0 || current != plan.Resources {
		s.t.Errorf("the state has %d open writes and %d entries for %d resources", len(have.Open), current, plan.Resources)
	}
}

// secret demands that the file holds the value of the live token of the name.
func (s *site) secret(name string) {
	s.t.Helper()
	value, err := os.ReadFile(filepath.Join(s.dir, "secrets", name))
	if err != nil {
		s.t.Error(err)
		return
	}
	id, ok := s.api.ValidSecret(string(value))
	for _, o := range s.api.Objects("token", schema.UserScope) {
		if ok && o["id"] == id && o["name"] == name {
			return
		}
	}
	s.t.Errorf("secrets/%s does not hold the value of the token %s", name, name)
}

func disturb(t *testing.T, s *site, text string) {
	t.Helper()
	faults, err := sim.ParseFaults(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		s.api.AddFault(f)
	}
}

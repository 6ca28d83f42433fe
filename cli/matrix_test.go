package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
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

// matrixFirst has one of each kind; matrixSecond changes, replaces, removes and
// adds some of each; matrixRotated has a token that comes of age.
const (
	matrixFirst = `
access_rules:
  office: {mode: whitelist, value: 198.51.100.0/24, notes: Office}
  bad: {mode: block, value: 192.0.2.77}
  worse: {mode: block, value: 192.0.2.78}
monitors:
  login-page: {type: https, path: /health, expected_codes: 2xx}
  spare: {type: tcp, port: 25}
pools:
  primary:
    monitor: ${monitor.login-page.id}
    origins: [{name: app-1, address: 203.0.113.10, weight: 0.6}]
  secondary:
    monitor: ${monitor.spare.id}
    origins: [{name: app-1, address: 203.0.113.20}]
tokens:
  deployer:
    policies: [{permission_groups: [Zone Read], resources: {com.cloudflare.api.account.zone.*: "*"}}]
    condition: {request_ip: {in: [198.51.100.0/24]}}
    secret: {file: secrets/deployer}
invite_responses:
  partner: {organization_id: 5a7805061c76ada191ed06f989cc3dac, status: accepted}
`
	matrixSecond = `
access_rules:
  office: {mode: whitelist, value: 198.51.100.0/24, notes: The office}
  bad: {mode: block, value: 192.0.2.99}
  scrapers: {mode: challenge, value: AS64500}
monitors:
  login-page: {type: https, path: /ready, expected_codes: 2xx}
pools:
  primary:
    monitor: ${monitor.login-page.id}
    origins: [{name: app-2, address: 203.0.113.11}]
tokens:
  deployer:
    policies: [{permission_groups: [Zone Read, DNS Read], resources: {com.cloudflare.api.account.zone.*: "*"}}]
    secret: {file: secrets/deployer}
  reader:
    policies: [{permission_groups: [Zone Read], resources: {com.cloudflare.api.account.zone.*: "*"}}]
    secret: {file: secrets/reader}
invite_responses:
  partner: {organization_id: 5a7805061c76ada191ed06f989cc3dac, status: accepted}
`
	matrixRotated = `
tokens:
  deployer:
    policies: [{permission_groups: [Zone Read], resources: {com.cloudflare.api.account.zone.*: "*"}}]
    rotate: {every: 90d, overlap: 24h}
    secret: {file: secrets/deployer}
`
)

// site is a simulator, a directory with the files and the state, and a clock
// that sleeping moves.
type site struct {
	t   *testing.T
	dir string
	api *sim.Server
	now atomic.Int64

	slow bool  // every run begins when what the one before did can be seen
	life *life // of the next process; nil: it is not killed
}

func newSite(t *testing.T, slow bool) *site {
	s := &site{t: t, dir: t.TempDir(), slow: slow}
	s.now.Store(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	o := sim.Options{Clock: s.clock, RateLimit: sim.RateLimit{Requests: -1}}
	if slow {
		o.ListLag, o.DeletedStillListed, o.InUseLag, o.FreshTokenLag = 3*time.Second, 2*time.Second, 3*time.Second, 2*time.Second
	}
	s.api = sim.New(o)
	return s
}

func (s *site) clock() time.Time { return time.Unix(0, s.now.Load()).UTC() }

func (s *site) sleep(ctx context.Context, d time.Duration) error {
	s.now.Add(int64(d))
	return ctx.Err()
}

// process is what one run has: the files, a client and a store of its own.
type process struct {
	*site
	app    *app
	graph  *schema.Graph
	client *cfclient.Client
	store  state.Store
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
	token, email, key := s.api.Credentials()
	client, err := cfclient.New(cfclient.Config{
		Token: token, Email: email, Key: key, Transport: s.transport(), Parallelism: 1,
		Now: s.clock, Sleep: s.sleep,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	a := &app{IO: IO{Env: func(string) (string, bool) { return "", false }, Out: io.Discard, Err: io.Discard}, clock: s.clock}
	var store state.Store = state.OpenFile(filepath.Join(s.dir, "state.json"), state.FileOptions{Now: s.clock, Rand: rand.Reader, NoBackup: true})
	if s.life != nil {
		store = mortalStore{s.life, store}
	}
	return &process{site: s, app: a, graph: g, client: client, store: store}
}

func (s *site) transport() http.RoundTripper {
	if s.life != nil {
		return mortalTransport{s.life, s.api.Transport()}
	}
	return s.api.Transport()
}

func (p *process) options() applier.Options {
	o := applier.Options{Sinks: sink.Sinks{}, Parallelism: 1, Now: p.clock, Sleep: p.sleep}
	if p.life != nil {
		o.Sinks = mortalSinks{p.life, o.Sinks}
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
	p, ctx := s.start(yaml), s.t.Context()
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

// settled demands what an apply must have reached: the objects, secrets that
// work, nothing left open, and nothing to do.
func (s *site) settled(yaml, dump string, secrets ...string) {
	s.t.Helper()
	if got := s.dump(); got != dump {
		s.t.Errorf("another end than without a fault:\n%s\nwant:\n%s", got, dump)
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

// matrixFaults are what goes wrong at request N, and in the last rows at
// everything from M, the next, on too: the process or the network is gone.
var matrixFaults = []string{
	"refuse@#N", "cut-before@#N", "cut-after@#N", "garbage@#N", "truncated@#N",
	"429:1s@#N", "500-after@#N", "html500@#N", "forbidden@#N",
	"refuse@#N-",
	"cut-after@#N,refuse@#M-",
}

// matrixStory is what an apply that is disturbed goes from and to.
type matrixStory struct {
	name          string
	before, after string
	later         time.Duration // between the two
	slow          bool          // the API takes seconds to show what was done
	faults        []string      // nil: matrixFaults
	secrets       []string      // of which tokens
}

var matrixStories = []matrixStory{
	{name: "create", after: matrixFirst, secrets: []string{"deployer"}},
	{name: "change", before: matrixFirst, after: matrixSecond, secrets: []string{"deployer", "reader"}},
	{name: "rotate", before: matrixRotated, after: matrixRotated, later: 91 * 24 * time.Hour, secrets: []string{"deployer"}},
	{name: "slow", before: matrixFirst, after: matrixSecond, slow: true, faults: []string{"cut-after@#N", "cut-after@#N,refuse@#M-"}, secrets: []string{"deployer", "reader"}},
}

// TestFaultAtEveryRequest is promise 2: whatever goes wrong at whichever
// request of an apply, a second apply reaches the end that an undisturbed one
// reaches.
func TestFaultAtEveryRequest(t *testing.T) {
	for _, story := range matrixStories {
		t.Run(story.name, func(t *testing.T) {
			undisturbed, from := prepared(t, story)
			if err := undisturbed.apply(story.after); err != nil {
				t.Fatal(err)
			}
			total, dump := len(undisturbed.api.Requests())-from, undisturbed.dump()
			undisturbed.settled(story.after, dump, story.secrets...)
			faults := story.faults
			if faults == nil {
				faults = matrixFaults
			}
			t.Logf("%d requests × %d faults", total, len(faults))
			gate := make(chan struct{}, 4)
			var group sync.WaitGroup
			for n := 1; n <= total; n++ {
				for _, form := range faults {
					text := strings.NewReplacer("N", strconv.Itoa(n), "M", strconv.Itoa(n+1)).Replace(form)
					group.Go(func() {
						gate <- struct{}{}
						defer func() { <-gate }()
						t.Run(text, func(t *testing.T) {
							s, _ := prepared(t, story)
							disturb(t, s, text)
							t.Logf("first apply: %v", s.apply(story.after))
							s.api.ClearFaults()
							if err := s.apply(story.after); err != nil {
								t.Fatalf("the second apply: %s", err)
							}
							s.settled(story.after, dump, story.secrets...)
						})
					})
				}
			}
			group.Wait()
		})
	}
}

// TestEveryAnswerLost: creates whose every answer is lost, however often they
// are sent, are found by looking; the first apply is complete already.
func TestEveryAnswerLost(t *testing.T) {
	for _, fault := range []string{"cut-after@POST:", "truncated@POST:", "garbage@POST:", "500-after@POST:"} {
		t.Run(fault, func(t *testing.T) {
			undisturbed := newSite(t, false)
			if err := undisturbed.apply(matrixFirst); err != nil {
				t.Fatal(err)
			}
			s := newSite(t, false)
			disturb(t, s, fault)
			if err := s.apply(matrixFirst); err != nil {
				t.Error(err)
			}
			s.api.ClearFaults()
			s.settled(matrixFirst, undisturbed.dump(), "deployer")
		})
	}
}

// prepared is a site at which the story begins, and how many requests that
// took.
func prepared(t *testing.T, story matrixStory) (*site, int) {
	t.Helper()
	s := newSite(t, story.slow)
	if story.before != "" {
		if err := s.apply(story.before); err != nil {
			t.Fatal(err)
		}
	}
	s.now.Add(int64(story.later + time.Minute))
	return s, len(s.api.Requests())
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

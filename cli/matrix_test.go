package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
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
// adds some of each.
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
)

// site is a simulator, a directory with the files and the state, and a clock
// that sleeping moves.
type site struct {
	t   *testing.T
	dir string
	api *sim.Server
	now atomic.Int64

	life *life // of the next process; nil: it is not killed
}

func newSite(t *testing.T) *site {
	s := &site{t: t, dir: t.TempDir()}
	s.now.Store(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	s.api = sim.New(sim.Options{Clock: s.clock, RateLimit: sim.RateLimit{Requests: -1}})
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
	a := &app{IO: IO{Env: func(string) (string, bool) { return "", false }, Out: io.Discard, Err: io.Discard}}
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

// settled demands what an apply must have reached: the objects, secrets that
// work, nothing left open, and nothing to do.
func (s *site) settled(yaml, dump string, secrets ...string) {
	s.t.Helper()
	if got := s.api.Dump(); got != dump {
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
	if len(have.Open) > 0 || len(have.Entries) != plan.Resources {
		s.t.Errorf("the state has %d open writes and %d entries for %d resources", len(have.Open), len(have.Entries), plan.Resources)
	}
	for _, e := range have.Entries {
		if e.Secret == state.Pending {
			s.t.Errorf("%s: the secret is still pending", e.Addr)
		}
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
	"429:1s@#N", "500-after@#N", "html500@#N", "503:1s@#N", "forbidden@#N",
	"refuse@#N-",
	"cut-after@#N,refuse@#M-",
	"truncated@#N,html500@#M-",
}

// matrixStories are what the applies that are disturbed go from and to.
var matrixStories = []struct {
	name          string
	before, after string
	secrets       []string
}{
	{"create", "", matrixFirst, []string{"deployer"}},
	{"change", matrixFirst, matrixSecond, []string{"deployer", "reader"}},
}

// TestFaultAtEveryRequest is promise 2: whatever goes wrong at whichever
// request of an apply, a second apply reaches the end that an undisturbed one
// reaches.
func TestFaultAtEveryRequest(t *testing.T) {
	for _, story := range matrixStories {
		t.Run(story.name, func(t *testing.T) {
			undisturbed, from := prepared(t, story.before)
			if err := undisturbed.apply(story.after); err != nil {
				t.Fatal(err)
			}
			total, dump := len(undisturbed.api.Requests())-from, undisturbed.api.Dump()
			undisturbed.settled(story.after, dump, story.secrets...)
			t.Logf("%d requests × %d faults", total, len(matrixFaults))
			gate := make(chan struct{}, 4)
			var group sync.WaitGroup
			for n := 1; n <= total; n++ {
				for _, form := range matrixFaults {
					text := strings.NewReplacer("N", strconv.Itoa(n), "M", strconv.Itoa(n+1)).Replace(form)
					group.Go(func() {
						gate <- struct{}{}
						defer func() { <-gate }()
						t.Run(text, func(t *testing.T) {
							s, _ := prepared(t, story.before)
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
			undisturbed := newSite(t)
			if err := undisturbed.apply(matrixFirst); err != nil {
				t.Fatal(err)
			}
			s := newSite(t)
			disturb(t, s, fault)
			if err := s.apply(matrixFirst); err != nil {
				t.Error(err)
			}
			s.api.ClearFaults()
			s.settled(matrixFirst, undisturbed.api.Dump(), "deployer")
		})
	}
}

// prepared is a site to which the files, if any, were applied, and how many
// requests that took.
func prepared(t *testing.T, yaml string) (*site, int) {
	t.Helper()
	s := newSite(t)
	if yaml != "" {
		if err := s.apply(yaml); err != nil {
			t.Fatal(err)
		}
	}
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

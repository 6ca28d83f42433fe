package cli

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"trueup/schema"
	"trueup/sim"
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
	bubble        bool          // in virtual time
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
			step := 1
			if testing.Short() {
				step = 3
			}
			t.Logf("%d requests × %d faults", total, len(faults))
			gate := make(chan struct{}, 4)
			var group sync.WaitGroup
			for n := 1; n <= total; n += step {
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

// TestSilenceAtEveryRequest: so it is where an answer takes longer than the
// time-out, though what was asked for is done.
func TestSilenceAtEveryRequest(t *testing.T) {
	for _, story := range matrixStories {
		if story.slow {
			continue
		}
		story.bubble = true
		total, dump := 0, ""
		synctest.Test(t, func(t *testing.T) {
			undisturbed, from := prepared(t, story)
			if err := undisturbed.apply(story.after); err != nil {
				t.Fatal(err)
			}
			total, dump = len(undisturbed.api.Requests())-from, undisturbed.dump()
		})
		t.Logf("%s: %d requests", story.name, total)
		for n := 1; n <= total; n++ {
			synctest.Test(t, func(t *testing.T) {
				s, _ := prepared(t, story)
				disturb(t, s, fmt.Sprintf("delay:45s@#%d", n))
				first := s.apply(story.after)
				s.api.ClearFaults()
				if err := s.apply(story.after); err != nil {
					t.Errorf("%s, request %d (%v), the second apply: %s", story.name, n, first, err)
				}
				s.settled(story.after, dump, story.secrets...)
			})
		}
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

// TestListThatLagsBetweenRuns: what the last apply made and no list shows yet
// is neither made again nor forgotten.
func TestListThatLagsBetweenRuns(t *testing.T) {
	undisturbed := newSite(t, false)
	if err := undisturbed.apply(matrixFirst); err != nil {
		t.Fatal(err)
	}
	s := newSiteWith(t, sim.Options{ListLag: time.Minute})
	s.now.Add(int64(2 * time.Minute)) // the invitation is listed
	for range 3 {
		if err := s.apply(matrixFirst); err != nil {
			t.Fatal(err)
		}
	}
	s.now.Add(int64(2 * time.Minute))
	s.settled(matrixFirst, undisturbed.dump(), "deployer")
}

// TestDeletedIsStillListed: what the last apply deleted and lists still show
// stands in the way of nothing.
func TestDeletedIsStillListed(t *testing.T) {
	s := newSiteWith(t, sim.Options{DeletedStillListed: time.Hour})
	if err := s.apply(matrixFirst); err != nil {
		t.Fatal(err)
	}
	disturb(t, s, "forbidden@DELETE:monitors/*")
	if err := s.apply(matrixSecond); err == nil {
		t.Fatal("the fault did nothing")
	}
	s.api.ClearFaults()
	if err := s.apply(matrixSecond); err != nil {
		t.Fatal(err)
	}
	if n := len(s.api.Objects("monitor", schema.UserScope)); n != 1 {
		t.Errorf("%d monitors are left", n)
	}
}

// TestMassDeletionOutside: that a list lacks what the state has is looked into
// with few requests, however much it lacks.
func TestMassDeletionOutside(t *testing.T) {
	var b strings.Builder
	b.WriteString("monitors:\n")
	for i := range 60 {
		fmt.Fprintf(&b, "  m%d: {}\n", i)
	}
	s := newSite(t, false)
	if err := s.apply(b.String()); err != nil {
		t.Fatal(err)
	}
	for _, o := range s.api.Objects("monitor", schema.UserScope) {
		if err := s.api.Remove(schema.UserScope, "monitor", o["id"].(string)); err != nil {
			t.Fatal(err)
		}
	}
	before := len(s.api.Requests())
	plan, _, err := s.start(b.String()).plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.api.Requests()) - before; plan.Counts().Add != 60 || n > 15 {
		t.Errorf("%+v after %d requests", plan.Counts(), n)
	}
}

// prepared is a site at which the story begins, and how many requests that
// took.
func prepared(t *testing.T, story matrixStory) (*site, int) {
	t.Helper()
	s := newSite(t, story.slow)
	s.bubble = story.bubble
	if story.before != "" {
		if err := s.apply(story.before); err != nil {
			t.Fatal(err)
		}
	}
	_ = s.sleep(t.Context(), story.later+time.Minute)
	return s, len(s.api.Requests())
}

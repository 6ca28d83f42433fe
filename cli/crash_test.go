package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"trueup/schema"
)

// The crash matrix: the program as a process of its own, against a simulator
// on loopback, killed with SIGKILL. TestKilledAtEveryMoment does the same
// within this process, in more stories and at less cost.

// crashFiles is matrixSecond with a new name for what was "worse", and with a
// rule and a pool that are there already: one as wanted, one otherwise.
func crashFiles() string {
	return strings.NewReplacer(
		"access_rules:\n", "access_rules:\n  worst: {mode: block, value: 192.0.2.78}\n  there: {mode: block, value: 203.0.113.9, notes: By hand}\n",
		"pools:\n", "pools:\n  old:\n    origins: [{name: app-9, address: 203.0.113.99}]\n",
	).Replace(matrixSecond)
}

var crashStories = []matrixStory{
	{name: "create", after: matrixFirst, secrets: []string{"deployer"}},
	{name: "change", before: matrixFirst, after: crashFiles(), secrets: []string{"deployer", "reader"}},
	{name: "rotate", before: matrixRotated, after: matrixRotated, later: 91 * 24 * time.Hour, secrets: []string{"deployer"}},
}

// crashSite is a site of today at which the story begins. Its clock stands.
func crashSite(t *testing.T, story matrixStory) *site {
	t.Helper()
	s, now := newSite(t, false), time.Now()
	s.now.Store(now.Add(-story.later - time.Minute).UnixNano())
	if story.before != "" {
		if err := s.apply(story.before); err != nil {
			t.Fatal(err)
		}
		for kind, fields := range map[string]map[string]any{
			"access_rule": {"configuration": map[string]any{"target": "ip", "value": "203.0.113.9"}, "mode": "block", "notes": "By hand"},
			"pool":        {"name": "old", "origins": []any{map[string]any{"name": "app-9", "address": "203.0.113.98"}}},
		} {
			if _, err := s.api.Put(schema.UserScope, kind, fields); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.now.Store(now.UnixNano())
	if err := os.WriteFile(filepath.Join(s.dir, "trueup.yaml"), []byte(story.after), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// program is an apply at the site as a process, not started yet.
func (s *site) program(url string, args ...string) (cmd *exec.Cmd, said *bytes.Buffer) {
	said = &bytes.Buffer{}
	cmd = exec.Command("trueup", append([]string{"apply", "--auto-approve", "--state", "state.json", "--parallelism", "1"}, args...)...)
	token, email, key := s.api.Credentials()
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, said, said
	cmd.Env = append(exitEnviron(), "CLOUDFLARE_BASE_URL="+url, "CLOUDFLARE_API_TOKEN="+token, "CLOUDFLARE_EMAIL="+email, "CLOUDFLARE_API_KEY="+key)
	return cmd, said
}

// killer is the API; it kills its client at a moment: before a request is
// executed, or after it was and before it is answered.
type killer struct {
	api    http.Handler
	at     int64 // which moment; 0: never
	passed atomic.Int64
	client atomic.Pointer[os.Process]
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.moment()
	answer := httptest.NewRecorder()
	k.api.ServeHTTP(answer, r)
	k.moment()
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (k *killer) moment() {
	if k.passed.Add(1) != k.at {
		return
	}
	for k.client.Load() == nil {
		time.Sleep(time.Millisecond)
	}
	_ = k.client.Load().Kill()
	panic(http.ErrAbortHandler)
}

// serve serves the site's API through the killer.
func (s *site) serve(k *killer) (url string) {
	k.api = s.api
	return s.listen(k)
}

// listen serves it through any handler.
func (s *site) listen(h http.Handler) (url string) {
	server := httptest.NewServer(h)
	s.t.Cleanup(server.Close)
	return server.URL + "/client/v4"
}

// TestCrashAtEveryRequest: the process is killed before and after every request
// is executed; a plain second apply reaches the end of an undisturbed one.
func TestCrashAtEveryRequest(t *testing.T) {
	for _, story := range crashStories {
		t.Run(story.name, func(t *testing.T) { crashAtRequests(t, story, 1) })
	}
}

// TestCrashOfManyAtOnce: so it is when ten requests are under way, and as many
// steps share a write of the journal.
func TestCrashOfManyAtOnce(t *testing.T) {
	crashAtRequests(t, crashStories[1], 3, "--parallelism", "10")
}

// crashAtRequests kills at one of every so many moments.
func crashAtRequests(t *testing.T, story matrixStory, step int, args ...string) {
	k := &killer{}
	dump := crashUndisturbed(t, story, k, (*exec.Cmd).Run)
	crashEach(t, int(k.passed.Load()), step, func(t *testing.T, n int) {
		s, k := crashSite(t, story), &killer{at: int64(n)}
		cmd, said := s.program(s.serve(k), args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		k.client.Store(cmd.Process)
		err := cmd.Wait()
		s.crashed(story, dump, fmt.Sprintf("%v\n%s", err, said))
	})
}

// crashUndisturbed is the end of the story without a crash.
func crashUndisturbed(t *testing.T, story matrixStory, k *killer, run func(*exec.Cmd) error) (dump string) {
	t.Helper()
	s := crashSite(t, story)
	cmd, said := s.program(s.serve(k))
	if err := run(cmd); err != nil || cmd.ProcessState != nil && !cmd.ProcessState.Success() {
		t.Fatalf("undisturbed: %v\n%s", err, said)
	}
	s.settled(story.after, s.dump(), story.secrets...)
	return s.days()
}

// crashEach tries one moment of every so many, with -short fewer.
func crashEach(t *testing.T, moments, step int, try func(t *testing.T, n int)) {
	if testing.Short() {
		step *= 29
	}
	t.Logf("%d moments, every %d", moments, step)
	gate := make(chan struct{}, 12) // most of them wait: what is not listed yet may be soon
	var group sync.WaitGroup
	for n := 1; n <= moments; n += step {
		gate <- struct{}{}
		group.Go(func() {
			defer func() { <-gate }()
			t.Run(fmt.Sprint(n), func(t *testing.T) { try(t, n) })
		})
	}
	group.Wait()
}

// crashed does what a user does after a crash: the same again. All must be as
// without one, and nothing left of what was needed for a moment.
func (s *site) crashed(story matrixStory, dump, first string) {
	s.t.Helper()
	cmd, said := s.program(s.serve(&killer{}))
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("the second apply: %v\n%s\nthe first: %s", err, said, first)
	}
	if got := s.days(); got != dump {
		s.t.Errorf("another end than without a crash:\n%s\nwant:\n%s", got, dump)
	}
	s.settled(story.after, s.dump(), story.secrets...)
	s.leftovers()
	if s.t.Failed() {
		s.t.Logf("the first apply: %s\nthe second: %s", first, said)
	}
}

// days finds days and instants: a run at midnight is another day's.
var days = regexp.MustCompile(`\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?`)

func (s *site) days() string { return days.ReplaceAllString(s.api.Dump(), "DAY") }

// leftovers demands that no file is there but those that are to stay.
func (s *site) leftovers() {
	s.t.Helper()
	stays := []string{"trueup.yaml", "state.json", "state.json.lock", "state.json.journal", "state.json.backup", "secrets/deployer", "secrets/reader"}
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(s.dir, path)
		if err == nil && !d.IsDir() && !slices.Contains(stays, filepath.ToSlash(name)) {
			s.t.Errorf("left behind: %s", name)
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
}

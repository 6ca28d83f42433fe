//go:build unix

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// What happens between processes and to one: locks, signals, time-outs. The
// API of the site is held back where a test needs a moment to last.

// running is a process and what it says.
type running struct {
	t    *testing.T
	cmd  *exec.Cmd
	said *saying
	done chan struct{}
	code int
}

// saying is a buffer that is read while it is written.
type saying struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *saying) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *saying) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// begin starts an apply at the site.
func (s *site) begin(url string, args ...string) *running {
	s.t.Helper()
	cmd, _ := s.program(url, args...)
	r := &running{t: s.t, cmd: cmd, said: &saying{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = r.said, r.said
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = cmd.Process.Kill(); <-r.done })
	go func() {
		defer close(r.done)
		_ = cmd.Wait()
		r.code = cmd.ProcessState.ExitCode()
	}()
	return r
}

const patience = 30 * time.Second // for what takes milliseconds

// ends waits for the end of the process, and demands the code and the words.
func (r *running) ends(code int, words ...string) {
	r.t.Helper()
	select {
	case <-r.done:
	case <-time.After(patience):
		r.t.Fatalf("it does not end:\n%s", r.said)
	}
	if r.code != code {
		r.t.Errorf("exit code %d, want %d:\n%s", r.code, code, r.said)
	}
	for _, word := range words {
		if !strings.Contains(r.said.String(), word) {
			r.t.Errorf("no %q in:\n%s", word, r.said)
		}
	}
}

// says waits until the process has said that.
func (r *running) says(word string) {
	r.t.Helper()
	for start := time.Now(); !strings.Contains(r.said.String(), word); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > patience {
			r.t.Fatalf("it does not say %q:\n%s", word, r.said)
		}
	}
}

func (r *running) signal(sig os.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.t.Fatal(err)
	}
}

// dam is the API of a site with a dam in front of its writes.
type dam struct {
	api   http.Handler
	free  int64         // so many writes pass
	open  chan struct{} // closed: all do
	held  chan struct{} // one element for each write that is held
	count atomic.Int64
}

func newDam(api http.Handler, free int64) *dam {
	return &dam{api: api, free: free, open: make(chan struct{}), held: make(chan struct{}, 1000)}
}

func (d *dam) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && d.count.Add(1) > d.free {
		d.held <- struct{}{}
		select {
		case <-d.open:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	d.api.ServeHTTP(w, r)
}

func (d *dam) wait(t *testing.T) {
	t.Helper()
	select {
	case <-d.held:
	case <-time.After(patience):
		t.Fatal("no write came")
	}
}

// finished is what the site must be in the end.
func (s *site) finished(story matrixStory, dump string) {
	s.t.Helper()
	if got := s.days(); got != dump {
		s.t.Errorf("another end than undisturbed:\n%s\nwant:\n%s", got, dump)
	}
	s.settled(story.after, s.dump(), story.secrets...)
	s.leftovers()
}

// TestTwoProcesses: of two that start at once, one holds the lock; the other
// ends with 1 and names the holder, where, since when, and the remedy.
func TestTwoProcesses(t *testing.T) {
	story := crashStories[0]
	dump := crashUndisturbed(t, story, &killer{}, (*exec.Cmd).Run)
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	host, _ := os.Hostname()
	for range rounds {
		s := crashSite(t, story)
		d := newDam(s.api, 0)
		url := s.listen(d)
		a, b := s.begin(url), s.begin(url)
		d.wait(t)
		winner, loser := a, b
		select {
		case <-a.done:
			winner, loser = b, a
		case <-b.done:
		case <-time.After(patience):
			t.Fatalf("both go on:\n%s\n%s", a.said, b.said)
		}
		loser.ends(1, "the state is locked by ", " on "+host, fmt.Sprintf("(process %d: apply)", winner.cmd.Process.Pid), " since 20", "ago. Wait until it has ended", "--lock-timeout 10m", "no file to delete")
		close(d.open)
		winner.ends(0, "Apply complete!")
		s.finished(story, dump)
	}
}

// TestLockOfTheDead: a lock whose holder was killed is free at once, and one in
// whose file stands the number of a process that lives is too, if that is not
// the holder.
func TestLockOfTheDead(t *testing.T) {
	story := crashStories[0]
	s := crashSite(t, story)
	d := newDam(s.api, 2)
	url := s.listen(d)
	first := s.begin(url)
	d.wait(t)
	first.signal(syscall.SIGKILL)
	first.ends(-1)
	lock := filepath.Join(s.dir, "state.json.lock")
	text, err := os.ReadFile(lock)
	if err != nil || !bytes.Contains(text, []byte(fmt.Sprint(first.cmd.Process.Pid))) {
		t.Fatalf("%s, %v", text, err)
	}
	reused := bytes.Replace(text, []byte(fmt.Sprint(first.cmd.Process.Pid)), []byte(fmt.Sprint(os.Getpid())), 1)
	if err := os.WriteFile(lock, reused, 0o600); err != nil {
		t.Fatal(err)
	}
	close(d.open)
	s.begin(url).ends(0, "Apply complete!")
}

// TestLockTimeout: it waits, says for whom, and goes on when the lock is free.
func TestLockTimeout(t *testing.T) {
	story := crashStories[0]
	s := crashSite(t, story)
	d := newDam(s.api, 0)
	url := s.listen(d)
	first := s.begin(url)
	d.wait(t)
	second := s.begin(url, "--lock-timeout", "1m")
	second.says(fmt.Sprintf("(process %d: apply)", first.cmd.Process.Pid))
	second.says("Waiting for it up to 1m0s.")
	s.begin(url, "--lock-timeout", "300ms").ends(1, "the state is locked by", "Waiting for it")
	close(d.open)
	first.ends(0, "Apply complete!")
	second.ends(0, "No changes.")
}

// TestTwoInALoop: two that apply again and again at one site double nothing.
func TestTwoInALoop(t *testing.T) {
	story := crashStories[1]
	dump := crashUndisturbed(t, story, &killer{}, (*exec.Cmd).Run)
	s := crashSite(t, story)
	url := s.listen(s.api)
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for range 4 {
				s.begin(url, "--lock-timeout", "1m").ends(0)
			}
		})
	}
	group.Wait()
	s.finished(story, dump)
}

// TestInterruptedOnce: the first interrupt finishes what is in flight, saves and
// says what is left; the next run goes on.
func TestInterruptedOnce(t *testing.T) {
	story := crashStories[1]
	dump := crashUndisturbed(t, story, &killer{}, (*exec.Cmd).Run)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		s := crashSite(t, story)
		d := newDam(s.api, 3)
		url := s.listen(d)
		r := s.begin(url)
		d.wait(t)
		r.signal(sig)
		r.says("Interrupted: finishing what is in flight. Interrupt again to stop at once.")
		close(d.open)
		r.ends(1, "not tried, the run was interrupted", "\nInterrupted: ", " 0 failed, ", " left. State is saved; run it again to go on.")
		if _, err := os.Stat(filepath.Join(s.dir, "state.json.journal")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the state is not saved: %v", err)
		}
		s.begin(url).ends(0, "Apply complete!")
		s.finished(story, dump)
	}
}

// TestInterruptedTwice: the second one ends the run at once, whatever is in
// flight, and the next run finds out what came of that.
func TestInterruptedTwice(t *testing.T) {
	story := crashStories[1]
	dump := crashUndisturbed(t, story, &killer{}, (*exec.Cmd).Run)
	s := crashSite(t, story)
	d := newDam(s.api, 3)
	url := s.listen(d)
	r := s.begin(url)
	d.wait(t)
	r.signal(syscall.SIGINT)
	r.says("Interrupt again")
	r.signal(syscall.SIGINT)
	r.ends(1, "it is not known whether it was executed", "\nInterrupted: ", " 1 failed, ", "State is saved")
	close(d.open)
	s.begin(url).ends(0, "Apply complete!")
	s.finished(story, dump)
}

// TestTimeout: --timeout ends the run wherever it is, and says so.
func TestTimeout(t *testing.T) {
	t.Parallel()
	story := crashStories[1]
	dump := crashUndisturbed(t, story, &killer{}, (*exec.Cmd).Run)
	s := crashSite(t, story)
	d := newDam(s.api, 3)
	url := s.listen(d)
	s.begin(url, "--timeout", "5s").ends(1, "not tried, the run's time was up", "\nTime is up (--timeout 5s): ", "State is saved; run it again to go on.")
	close(d.open)
	s.begin(url).ends(0, "Apply complete!")
	s.finished(story, dump)

	never := s.listen(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	s.begin(never, "--timeout", "200ms").ends(1, "Error: time is up (--timeout 200ms)")
}

// TestInterruptedQuestion: an interrupt counts as well while something is asked
// that the plan can do without.
func TestInterruptedQuestion(t *testing.T) {
	s := crashSite(t, crashStories[1])
	disturb(t, s, "429:299s@GET:audit_logs")
	r := s.begin(s.listen(s.api))
	r.says("Waiting 4 min 59 s")
	r.signal(syscall.SIGINT)
	r.ends(1, "Error: interrupted")
}

// TestInterruptedWait: a wait for the rate limit of minutes is told of, and an
// interrupt does not sit it out: what was not sent yet is left.
func TestInterruptedWait(t *testing.T) {
	story := crashStories[0]
	dump := crashUndisturbed(t, story, &killer{}, (*exec.Cmd).Run)
	s := crashSite(t, story)
	disturb(t, s, "429:299s@POST:rules#2")
	url := s.listen(s.api)
	r := s.begin(url)
	r.says("Waiting 4 min 59 s: rate limit: the API asks to wait")
	r.signal(syscall.SIGINT)
	r.ends(1, "\nInterrupted: 1 done, 0 failed, 8 left.")
	s.api.ClearFaults()
	s.begin(url).ends(0, "Apply complete!")
	s.finished(story, dump)
}

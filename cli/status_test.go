package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
)

func TestStatusLine(t *testing.T) {
	for _, c := range []struct {
		v    view
		want string
	}{
		{view{width: 80}, ""},
		{view{width: 80, total: 2000, done: 1204, rate: 4, why: "rate limit: paced"},
			"Applying ━━━━━━━━━━━╸─────── 1,204/2,000 · 4/s · 3 min left · rate limit: paced"},
		{view{width: 40, total: 63, done: 24, rate: 9}, "Applying ━━╸──── 24/63 · 9/s · 4 s left"},
		{view{width: 30, total: 2000, done: 1204, rate: 4, why: "rate limit: paced"}, "Applying 1,204/2,000 · 4/s"},
		{view{width: 8, total: 2000, done: 1204, rate: 4}, "Applyin"},
		{view{width: 80, total: 63, done: 24, rate: 9, wait: 272 * time.Second, why: "rate limit: the API asks to wait"},
			"Applying ━━━╸──── 24/63 · waiting 4 min 32 s · rate limit: the API asks to wait"},
		{view{width: 40, total: 63, done: 24, wait: 272 * time.Second, why: "rate limit: the API asks to wait"}, "Applying 24/63 · waiting 4 min 32 s"},
		{view{width: 80, wait: 272 * time.Second, why: "rate limit: the API asks to wait"}, "Waiting 4 min 32 s · rate limit: the API asks to wait"},
		{view{width: 80, total: 10, done: 10, rate: 0.05}, "Applying ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 10/10 · 3/min"},
		{view{width: 60, total: 2, color: true}, "Applying \x1b[36m╸\x1b[0;2m" + strings.Repeat("─", 39) + "\x1b[0m 0/2"},
	} {
		got, columns := c.v.line()
		if plainWidth := runewidth.StringWidth(uncoloured(got)); got != c.want || columns != plainWidth || columns >= max(c.v.width, 1) && columns > 0 {
			t.Errorf("%q in %d columns, really %d, of %d\nwant %q", got, columns, plainWidth, c.v.width, c.want)
		}
	}
}

func uncoloured(text string) string {
	return strings.NewReplacer("\x1b[36m", "", "\x1b[0;2m", "", "\x1b[0m", "").Replace(text)
}

// testStatus is a status whose clock is moved by hand.
func testStatus(tty bool, width int) (*status, *bytes.Buffer, func(time.Duration)) {
	now, out := time.Unix(0, 0), &bytes.Buffer{}
	s := &status{out: out, tty: tty, width: func() int { return width }, now: func() time.Time { return now }}
	s.stop = make(chan struct{}) // no clock of its own
	return s, out, func(d time.Duration) { now = now.Add(d); s.tick() }
}

// TestWaitCountsDown: on a terminal the last line counts down, what is said
// meanwhile stands above it, and nothing of it stays.
func TestWaitCountsDown(t *testing.T) {
	s, out, pass := testStatus(true, 80)
	s.wait(300*time.Second, "rate limit: the API asks to wait")
	pass(0)
	pass(10 * time.Second)
	s.wait(2*time.Second, "retry 1 of 5 after 503") // shorter: not told of
	pass(time.Second)
	s.Write([]byte("something else\n"))
	pass(290 * time.Second)
	s.close()
	screen, lines := screenOf(out.String())
	if strings.Join(screen, "\n") != "something else\n" {
		t.Errorf("%q", screen)
	}
	for _, want := range []string{"Waiting 5 min · rate", "Waiting 4 min 50 s · rate", "Waiting 4 min 49 s · rate"} {
		if !strings.Contains(lines, want) {
			t.Errorf("no %q in\n%s", want, lines)
		}
	}
	if strings.Contains(lines, "503") {
		t.Error(lines)
	}
}

// screenOf is what a terminal shows in the end, and every line that it showed.
func screenOf(text string) (screen []string, all string) {
	screen = []string{""}
	for i, part := range strings.Split(text, "\r") {
		for j, line := range strings.Split(part, "\n") {
			if j > 0 {
				screen = append(screen, "")
			}
			last := &screen[len(screen)-1]
			if i > 0 && j == 0 && strings.Contains(line, toEnd) {
				*last = ""
			}
			*last += strings.ReplaceAll(line, toEnd, "")
			all += *last + "\n"
		}
	}
	return screen, all
}

// TestWaitInPipeline: without a terminal there is a line at the start of a wait
// and one now and then.
func TestWaitInPipeline(t *testing.T) {
	s, out, pass := testStatus(false, 80)
	s.wait(time.Second, "too short")
	s.wait(100*time.Second, "rate limit: the API asks to wait")
	for range 10 {
		s.wait(100*time.Second, "rate limit: the API asks to wait") // by another worker
	}
	for range 120 {
		pass(time.Second)
	}
	want := "Waiting 1 min 40 s: rate limit: the API asks to wait\n" +
		"Still waiting, 1 min 10 s left: rate limit: the API asks to wait\n" +
		"Still waiting, 40 s left: rate limit: the API asks to wait\n" +
		"Still waiting, 10 s left: rate limit: the API asks to wait\n"
	if out.String() != want {
		t.Errorf("%s", out)
	}
}

// TestRateIsOfLately: what is left is judged by the pace of the last seconds.
func TestRateIsOfLately(t *testing.T) {
	s, _, pass := testStatus(true, 80)
	s.begin(2000)
	for range 1200 {
		s.step()
	}
	for range 30 {
		pass(time.Second)
		for range 4 {
			s.step()
		}
	}
	if text, _ := s.view().line(); !strings.Contains(text, "1,320/2,000 · 4/s · 3 min left") {
		t.Error(text)
	}
}

// TestNoTerminal: a terminal that cannot write over a line, or a pipeline's,
// gets lines.
func TestNoTerminal(t *testing.T) {
	for _, env := range []map[string]string{{}, {"TERM": "dumb"}, {"CI": "true"}} {
		p := IO{ErrTTY: true, Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
		if got := newStatus(p, time.Now).tty; got != (len(env) == 0) {
			t.Errorf("%v: %t", env, got)
		}
	}
}

// TestStopDoesNotWait: an interrupt does not wait out a rate limit, but lets a
// short pause between requests in flight be.
func TestStopDoesNotWait(t *testing.T) {
	a := &app{stop: make(chan struct{})}
	close(a.stop)
	if err := a.sleep(t.Context(), 5*time.Minute); !errors.Is(err, errInterrupted) {
		t.Error(err)
	}
	if err := a.sleep(t.Context(), time.Millisecond); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.sleep(ctx, time.Millisecond*1500); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	worthTelling = 2 * time.Second        // shorter waits are nobody's business, but for the bar's
	remindEvery  = 30 * time.Second       // of a wait, where there is no terminal
	redrawEvery  = 200 * time.Millisecond // on a terminal
)

// toEnd clears a terminal's line from where it is: of an earlier line that was
// longer, and of what the terminal wrote itself, as it does of ^C.
const toEnd = "\x1b[K"

// status tells on stderr what goes on: on a terminal in its last line, which
// is written over and over; elsewhere of a wait alone, in a line at its start
// and one every half minute. Whatever else goes to stderr is written through
// it, and so stands above that line. It is safe for concurrent use.
type status struct {
	out   io.Writer
	tty   bool
	color bool
	width func() int // of the terminal
	now   func() time.Time

	mu    sync.Mutex
	shown bool          // the line is there now
	work  *work         // nil: no apply is under way
	until time.Time     // the end of the wait that is told of
	why   string        // of that wait
	told  time.Time     // when it was last told of, where there is no terminal
	stop  chan struct{} // of the clock; nil until something has to be told of
}

// newStatus is that of a process. A terminal that cannot go back in a line, or
// is a pipeline's, is none.
func newStatus(p IO, now func() time.Time) *status {
	set := func(name string) string { v, _ := p.Env(name); return v }
	return &status{
		out: p.Err, tty: p.ErrTTY && set("TERM") != "dumb" && set("CI") == "",
		width: errWidth, now: now,
	}
}

func errWidth() int {
	if width, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && width > 0 {
		return width
	}
	return 80
}

// Write writes whole lines above the last one.
func (s *status) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	n, err := s.out.Write(p)
	if len(p) > 0 && p[len(p)-1] == '\n' {
		s.draw()
	}
	return n, err
}

// hide takes the last line away until it is next drawn.
func (s *status) hide() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
}

// rest takes it away until there is something new to tell.
func (s *status) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.work, s.until = nil, time.Time{}
	s.erase()
}

// begin shows that so many steps are to be taken.
func (s *status) begin(total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.work = &work{total: total}
	s.work.mark(s.now())
	s.start()
	s.draw()
}

// step counts one that was taken.
func (s *status) step() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.work != nil {
		s.work.done++
	}
}

// wait tells of a wait that begins; of several, of the one that ends last.
func (s *status) wait(d time.Duration, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	until := now.Add(d)
	if now.Before(s.until) && until.Before(s.until.Add(time.Second)) {
		return
	}
	s.until, s.why = until, why
	if d < worthTelling {
		return
	}
	s.start()
	if !s.tty {
		s.told = now
		fmt.Fprintf(s.out, "Waiting %s: %s\n", span(d), why)
	}
}

// close ends it all.
func (s *status) close() error {
	s.rest()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		close(s.stop)
		s.stop = nil
	}
	return nil
}

// start starts the clock; s.mu is held.
func (s *status) start() {
	if s.stop != nil {
		return
	}
	stop := make(chan struct{})
	s.stop = stop
	go func() {
		ticker := time.NewTicker(redrawEvery)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				s.tick()
			}
		}
	}()
}

// tick brings what is told up to date.
func (s *status) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.work != nil {
		s.work.mark(now)
	}
	if s.tty {
		s.draw()
		return
	}
	if left := s.until.Sub(now); left >= worthTelling && now.Sub(s.told) >= remindEvery {
		s.told = now
		fmt.Fprintf(s.out, "Still waiting, %s left: %s\n", span(left), s.why)
	}
}

// erase takes the line away; s.mu is held.
func (s *status) erase() {
	if s.shown {
		fmt.Fprint(s.out, "\r"+toEnd)
		s.shown = false
	}
}

// draw writes the line anew, in one go; s.mu is held.
func (s *status) draw() {
	if !s.tty {
		return
	}
	text, columns := s.view().line()
	if columns == 0 {
		s.erase()
		return
	}
	fmt.Fprint(s.out, "\r"+text+toEnd)
	s.shown = true
}

// view is what the line is to show.
func (s *status) view() view {
	now := s.now()
	v := view{width: s.width(), color: s.color}
	if w := s.work; w != nil {
		v.total, v.done, v.rate = w.total, w.done, w.rate(now)
	}
	if left := s.until.Sub(now); left > -time.Second { // what is over is shown a little longer
		v.why, v.wait = s.why, max(left, 0)
	}
	return v
}

// work is the steps of an apply.
type work struct {
	total, done int
	marks       []mark // one a second, of the latest time
}

type mark struct {
	at   time.Time
	done int
}

// rateOver is the time over which a rate is taken.
const rateOver = 15

// mark notes how far it is, once a second.
func (w *work) mark(now time.Time) {
	if n := len(w.marks); n > 0 && now.Sub(w.marks[n-1].at) < time.Second {
		return
	}
	w.marks = append(w.marks, mark{now, w.done})
	if len(w.marks) > rateOver {
		w.marks = w.marks[1:]
	}
}

// rate is how many steps a second there were lately; 0 if that is not known yet.
func (w *work) rate(now time.Time) float64 {
	first := w.marks[0]
	if elapsed := now.Sub(first.at).Seconds(); elapsed >= 1 {
		return float64(w.done-first.done) / elapsed
	}
	return 0
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// What ends a run before its time: an interrupt, or --timeout.

var errInterrupted = errors.New("interrupted")

// timeUp is why a run ended that --timeout ended.
type timeUp struct{ limit time.Duration }

func (e timeUp) Error() string { return fmt.Sprintf("time is up (--timeout %s)", e.limit) }

// Is makes it what the context's own error is.
func (timeUp) Is(target error) bool { return target == context.DeadlineExceeded }

// deadline is ctx with the run's time-out; 0 is none.
func (a *app) deadline(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d, timeUp{d})
	a.overdue = func() error {
		if ctx.Err() == nil || !errors.As(context.Cause(ctx), new(timeUp)) {
			return nil
		}
		return timeUp{d}
	}
	return ctx, cancel
}

// cutShort is what ended the run before its time; nil if nothing did.
func (a *app) cutShort() error {
	if a.stopped.Load() {
		return errInterrupted
	}
	if a.overdue != nil {
		return a.overdue()
	}
	return nil
}

// sleep waits for d. A wish to stop does not wait out what is worth telling:
// what was to be sent after it is not in flight.
func (a *app) sleep(ctx context.Context, d time.Duration) error {
	if a.nap != nil {
		return a.nap(ctx, d)
	}
	stop := a.stop
	if d < worthTelling {
		stop = nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-stop:
		return errInterrupted
	}
}

// onWait tells of a wait, machines too.
func (a *app) onWait(d time.Duration, why string) {
	a.status.wait(d, why)
	if a.stream && a.format == "json" && d >= worthTelling {
		_ = writeLine(a.Out, eventOutput{Type: "waiting", Detail: why, Seconds: d.Round(time.Second).Seconds()})
	}
}

// sentence is the text with a capital at its start.
func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:]
}

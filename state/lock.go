package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// lockPause is how long a waiting Lock sleeps between tries.
const lockPause = 200 * time.Millisecond

// Lock takes the lock of the state: one that the kernel holds for the process
// and gives back when it dies, however it dies. It tries at least once, and
// waits until ctx ends; then the error is a *LockedError, or ctx's own where
// ctx was cancelled.
func (f *File) Lock(ctx context.Context, who Holder) (func() error, error) {
	path := f.path + ".lock"
	if err := f.makeDir(); err != nil {
		return nil, err
	}
	lock := flock.New(path, flock.SetPermissions(0o600))
	for {
		got, err := lock.TryLock()
		if err != nil {
			return nil, failed("lock", path, err)
		}
		if got {
			break
		}
		select {
		case <-time.After(lockPause):
		case <-ctx.Done():
			lock.Close()
			if errors.Is(ctx.Err(), context.Canceled) {
				return nil, ctx.Err()
			}
			return nil, f.lockedBy(path)
		}
	}
	if err := writeHolder(path, who); err != nil {
		lock.Close()
		return nil, failed("lock", path, err)
	}
	var once sync.Once
	var err error
	return func() error {
		once.Do(func() { err = errors.Join(os.Truncate(path, 0), lock.Close()) })
		return err
	}, nil
}

// writeHolder says in the lock file who holds the lock. The file stays when the
// lock is given back: removing it would race with those who wait for it.
func writeHolder(path string, who Holder) error {
	data, err := json.Marshal(who)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o600)
}

// lockedBy reads who holds the lock; nobody may be named in it yet.
func (f *File) lockedBy(path string) error {
	e := &LockedError{Remedy: "Wait until it has ended, or let trueup wait: --lock-timeout 10m. " +
		"The lock ends with its process, so there is no file to delete"}
	data, err := os.ReadFile(path)
	if err == nil && json.Unmarshal(data, &e.Holder) == nil && !e.Holder.When.IsZero() {
		e.Age = max(0, f.o.Now().Sub(e.Holder.When))
	}
	return e
}

// Error says who holds the lock, where, since when, and what to do.
func (e *LockedError) Error() string {
	var b strings.Builder
	b.WriteString(ErrLocked.Error())
	h := e.Holder
	switch {
	case h.Who != "" && h.Host != "":
		fmt.Fprintf(&b, " by %s on %s", h.Who, h.Host)
	case h.Host != "":
		fmt.Fprintf(&b, " by a process on %s", h.Host)
	default:
		b.WriteString(" by another process")
	}
	switch {
	case h.PID != 0 && h.What != "":
		fmt.Fprintf(&b, " (process %d: %s)", h.PID, h.What)
	case h.PID != 0:
		fmt.Fprintf(&b, " (process %d)", h.PID)
	}
	if !h.When.IsZero() {
		fmt.Fprintf(&b, " since %s, %s ago", h.When.UTC().Format("2006-01-02 15:04:05 UTC"), ageText(e.Age))
	}
	if e.Remedy != "" {
		b.WriteString(". " + e.Remedy)
	}
	return b.String()
}

// ageText is a time span in its largest unit or two: 40 s, 3 min, 2 h 5 min.
func ageText(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}

// failed says what could not be done to which file, why, and what that means
// where the cause is one that the user can do something about.
func failed(doing, path string, err error) error {
	var p *os.PathError
	var l *os.LinkError
	cause := err
	switch {
	case errors.As(err, &p):
		cause = p.Err
	case errors.As(err, &l):
		cause = l.Err
	}
	hint := ""
	switch {
	case errors.Is(cause, syscall.ENOSPC), errors.Is(cause, syscall.EDQUOT):
		hint = ". Make room, and run it again"
	case errors.Is(cause, syscall.EROFS):
		hint = ". The state must be where it can be written: see --state"
	case errors.Is(cause, os.ErrPermission):
		hint = ". It belongs to somebody else, or its directory does"
	}
	return fmt.Errorf("state: cannot %s %s: %w%s", doing, path, cause, hint)
}

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

	"trueup/diag"
)

const (
	lockPause = 200 * time.Millisecond // between the tries of a waiting Lock
	lookPause = 10 * time.Millisecond  // before a lock is looked at again that says nobody's name
	maxLooks  = 50
)

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
	for looks := 0; ; looks++ {
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
			if errors.Is(ctx.Err(), context.Canceled) {
				lock.Close()
				return nil, ctx.Err()
			}
			e, sure := f.lockedBy(path, who)
			if !sure && looks < maxLooks { // it has just got the lock, or just given it back
				time.Sleep(lookPause)
				continue
			}
			lock.Close()
			return nil, e
		}
	}
	f.clean()
	if err := writeHolder(path, who); err != nil {
		lock.Close()
		return nil, failed("lock", path, err)
	}
	var once sync.Once
	var err error
	return func() error {
		once.Do(func() {
			_ = os.Truncate(path, 0) // a name that stays there holds nothing
			err = lock.Close()
		})
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

// lockedBy reads who holds the lock. That is not sure where nobody is named, or
// one who is dead: the one before, or one whose processes cannot be seen from
// here.
func (f *File) lockedBy(path string, me Holder) (e *LockedError, sure bool) {
	e = &LockedError{Remedy: "Wait until it has ended, or let trueup wait: --lock-timeout 10m. "}
	var h Holder
	data, err := os.ReadFile(path)
	if err == nil && json.Unmarshal(data, &h) == nil && !h.When.IsZero() {
		e.Holder, e.Age = h, max(0, f.o.Now().Sub(h.When))
		sure = h.Host != me.Host || alive(h.PID)
	}
	if h.Host != "" && h.Host != me.Host {
		e.Remedy += fmt.Sprintf("It runs on another host: to end it, end its process there. If %s is gone and its lock stays, delete %s", h.Host, path)
		return e, sure
	}
	e.Remedy += "The lock ends with its process, so there is no file to delete"
	return e, sure
}

// alive reports whether a process with the number may be there.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH)
}

// Error says who holds the lock, where, since when, and what to do.
func (e *LockedError) Error() string {
	if e.Remedy == "" {
		return e.Who()
	}
	return e.Who() + ". " + e.Remedy
}

// Who says who holds the lock, where and since when.
func (e *LockedError) Who() string {
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
	cause, hint := diag.Cause(err), ""
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

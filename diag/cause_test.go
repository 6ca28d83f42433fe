package diag

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

func TestCause(t *testing.T) {
	other := errors.New("other")
	for _, c := range []struct{ err, want error }{
		{&os.PathError{Op: "write", Path: "/tmp/.x123", Err: syscall.ENOSPC}, syscall.ENOSPC},
		{fmt.Errorf("about it: %w", &os.LinkError{Op: "rename", Old: "a", New: "b", Err: syscall.EROFS}), syscall.EROFS},
		{other, other},
		{nil, nil},
	} {
		if got := Cause(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

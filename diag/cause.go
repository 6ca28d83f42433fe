package diag

import (
	"errors"
	"io/fs"
	"os"
)

// Cause is the cause alone of an error of the file system, for messages that
// name the file themselves: the error may name one beside it that is gone again.
// Any other error is given back.
func Cause(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}

package applier

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"trueup/schema"
)

// StaleError is why a step failed before it touched anything: its object is no
// longer what the plan was made for.
type StaleError struct {
	ID    string
	Paths []string // what differs; none where the object is gone
}

func (e *StaleError) Error() string {
	if len(e.Paths) == 0 {
		return fmt.Sprintf("%s is gone since the plan was made: make a new plan", e.ID)
	}
	return fmt.Sprintf("%s moved since the plan was made: %s. Make a new plan, and look at it again", e.ID, strings.Join(e.Paths, ", "))
}

// openError is an error after which it is still not known whether a write was
// executed: its intent stays open, and the next run looks.
type openError struct{ err error }

func (e *openError) Error() string { return e.err.Error() }
func (e *openError) Unwrap() error { return e.err }

// cutOff is the context's error in a user's words.
type cutOff struct {
	text string
	err  error
}

func (e *cutOff) Error() string { return e.text }
func (e *cutOff) Unwrap() error { return e.err }

// undelivered is an error after which the secret is not where it belongs.
type undelivered struct{ err error }

func (e *undelivered) Error() string {
	return e.err.Error() + ". Its secret is not where it belongs: trueup apply, run again when the cause is mended, makes a new one and delivers that"
}
func (e *undelivered) Unwrap() error { return e.err }

// meaning is what an error comes to. One that is neither the API's nor of the
// way to it arose before anything was sent.
func meaning(err error) schema.Meaning {
	var f *schema.Fault
	switch {
	case errors.As(err, &f):
		return f.Meaning
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return schema.Unknown
	}
	return schema.Unsent
}

// lost reports whether an error leaves open if a write was executed.
func lost(err error) bool { return err != nil && meaning(err) == schema.Unknown }

// join is both errors in one line, or the one that there is; nil if there is
// none.
func join(a, b error) error {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &both{a, b}
}

type both struct{ a, b error }

func (e *both) Error() string   { return strings.TrimSuffix(e.a.Error(), ".") + "; and " + e.b.Error() }
func (e *both) Unwrap() []error { return []error{e.a, e.b} }

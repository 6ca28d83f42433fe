package applier

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"trueup/planner"
	"trueup/schema"
)

// readTries is how often an object that was just written is read again: it may
// not be readable for some seconds (API facts §0.6).
const readTries = 6

// read gets an object that was just written.
func (r *runner) read(c *planner.Change, id string) (*schema.Object, error) {
	for try, pause := 1, 500*time.Millisecond; ; try, pause = try+1, pause*2 {
		obj, err := r.api.Get(r.ctx, c.Kind, c.Scope, id)
		m := meaning(err)
		if err == nil || try == readTries || m != schema.NotFound && m != schema.Denied {
			return obj, err
		}
		if r.o.Sleep(r.ctx, pause) != nil {
			return obj, err
		}
	}
}

// verify holds what is there now against what was wanted. What a POST does not
// take is sent by an update; what is still there and should not be is sent as
// null once; a restriction that is missing disables the object. It gives the
// object as it is at the end, never nil.
func (r *runner) verify(c *planner.Change, obj *schema.Object, row schema.Row, isNew bool) (*schema.Object, error) {
	seen, err := r.look(c, obj)
	if err != nil {
		return obj, fmt.Errorf("it was written, and cannot be read back: %w", err)
	}
	wrong := wrongAttrs(c.Kind, row, seen.Values)
	if isNew && anyAttr(wrong, func(a *schema.Attr) bool { return a.AfterPost }) {
		if seen, wrong, err = r.again(c, seen, row, false); err != nil {
			return obj, err
		}
	}
	if anyAttr(wrong, func(a *schema.Attr) bool { return c.Kind.Get(row, a.Name) == nil }) {
		if seen, wrong, err = r.again(c, seen, row, true); err != nil && len(wrong) == 0 {
			return obj, err
		}
	}
	return seen, r.judge(c, seen, row, wrong)
}

// look is what is there now: read back, where answers are not to be trusted.
func (r *runner) look(c *planner.Change, obj *schema.Object) (*schema.Object, error) {
	if c.Kind.API.ReadBack {
		return r.read(c, obj.ID)
	}
	return obj, nil
}

// again sends the row once more and looks. A refusal of nulls leaves things as
// they were.
func (r *runner) again(c *planner.Change, seen *schema.Object, row schema.Row, nulls bool) (*schema.Object, []*schema.Attr, error) {
	obj, err := r.api.Update(r.ctx, seen, row, nulls)
	if err == nil {
		obj, err = r.look(c, obj)
	}
	if err != nil {
		return seen, wrongAttrs(c.Kind, row, seen.Values), err
	}
	return obj, wrongAttrs(c.Kind, row, obj.Values), nil
}

// judge fails the step where a restriction is missing, something is still
// there that should not be, or the old value is still there; a third value is
// a warning.
func (r *runner) judge(c *planner.Change, seen *schema.Object, row schema.Row, wrong []*schema.Attr) error {
	var lost, still, kept []string
	for _, a := range wrong {
		want, live := c.Kind.Get(row, a.Name), c.Kind.Get(seen.Values, a.Name)
		switch {
		case a.Restricts && want != nil:
			lost = append(lost, a.Name)
		case want == nil:
			still = append(still, a.Name)
		case c.Before != nil && c.Action == planner.Update && a.Equal(live, c.Kind.Get(c.Before, a.Name)):
			kept = append(kept, a.Name)
		default:
			r.emit(Event{Type: Warned, Change: c, Detail: "the API gives back another " + a.Name + " than was sent"})
		}
	}
	var errs []error
	if len(lost) > 0 {
		errs = append(errs, r.disable(c, seen, lost))
	}
	if len(still) > 0 {
		errs = append(errs, fmt.Errorf("the API did not take away %s: still there. Replace the object (delete it, then apply), or write what is there into the file", strings.Join(still, ", ")))
	}
	if len(kept) > 0 {
		errs = append(errs, fmt.Errorf("the API answered success and kept the old %s", strings.Join(kept, ", ")))
	}
	return errors.Join(errs...)
}

// disable keeps an object from working whose restriction did not take.
func (r *runner) disable(c *planner.Change, seen *schema.Object, lost []string) error {
	err := fmt.Errorf("the restriction %s is missing when it is read back", strings.Join(lost, ", "))
	d := c.Kind.API.Disable
	if d == nil {
		return err
	}
	row := append(schema.Row(nil), seen.Values...)
	row[c.Kind.Index(d.Attr)] = d.Value
	if _, derr := r.api.Update(r.ctx, seen, row, false); derr != nil {
		return fmt.Errorf("%w, and it could not be disabled: %w. Disable it by hand", err, derr)
	}
	return fmt.Errorf("%w: the %s was disabled", err, c.Kind.Name)
}

func wrongAttrs(k *schema.Kind, want, live schema.Row) []*schema.Attr {
	var out []*schema.Attr
	for i := range k.Attrs {
		if a := &k.Attrs[i]; !a.Same(want[i], live[i]) {
			out = append(out, a)
		}
	}
	return out
}

func anyAttr(attrs []*schema.Attr, f func(*schema.Attr) bool) bool {
	for _, a := range attrs {
		if f(a) {
			return true
		}
	}
	return false
}

package applier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// step is one change being carried out, by one goroutine.
type step struct {
	*run
	c      *planner.Change
	id     string       // of the object, once it is known
	entry  *state.Entry // what the state has of it; nil if nothing yet
	detail []string
	writes int // that were begun
}

// step carries a change out and tells how it ended.
func (r *run) step(ctx context.Context, c *planner.Change) Event {
	s, start := &step{run: r, c: c, id: c.ID}, r.o.Now()
	if c.ID != "" {
		s.entry = r.book.entryOf(c.Addr, c.Scope, c.ID)
	}
	op, err := s.do(ctx)
	e := Event{Type: Done, Change: c, Op: op, ID: s.id, Detail: strings.Join(s.detail, "; "), Elapsed: r.o.Now().Sub(start)}
	switch {
	case err != nil && r.o.ended(ctx) && s.writes <= 1 && meaning(err) == schema.Unsent:
		return Event{Type: NotTried, Change: c, ID: c.ID, Detail: whyEnded(ctx)}
	case err != nil:
		e.Type, e.Err = Failed, err
	}
	return e
}

func (s *step) do(ctx context.Context) (op string, err error) {
	switch s.c.Action {
	case planner.Create:
		return "created", s.create(ctx)
	case planner.Update:
		op = "updated"
		if s.c.Deposed {
			op = "retired"
		}
		if err := s.update(ctx); err != nil || !s.c.Roll {
			return op, err
		}
		return op, s.roll(ctx)
	case planner.Delete:
		return "destroyed", s.destroy(ctx, s.c.ID)
	case planner.Replace:
		if err := s.destroy(ctx, s.c.ID); err != nil {
			return "replaced", err
		}
		if err := s.create(ctx); err != nil {
			return "replaced", fmt.Errorf("the old one was deleted, but the new one failed: %w", err)
		}
		return "replaced", nil
	case planner.CreateReplace:
		if err := s.create(ctx); err != nil {
			return "replaced", err
		}
		if err := s.destroy(ctx, s.c.ID); err != nil {
			return "replaced", fmt.Errorf("the new one was created, but the old one stayed: %w", err)
		}
		return "replaced", nil
	case planner.Roll:
		return "rolled", s.roll(ctx)
	}
	return "", fmt.Errorf("an action that nobody knows: %s", s.c.Action)
}

// intend journals a write that is about to be sent.
func (s *step) intend(ctx context.Context, op state.Op, id string, want schema.Row) (*state.Intent, error) {
	in := &state.Intent{
		Op: op, Addr: s.c.Addr, Scope: s.c.Scope, ID: id, Deposed: s.c.Deposed,
		Values: s.book.seal(s.c.Kind, want), Start: s.o.Now(),
	}
	s.writes++
	return in, s.book.intend(ctx, in)
}

// failed journals that a write certainly did nothing, unless the error leaves
// that open. It gives the error back.
func (s *step) failed(ctx context.Context, in *state.Intent, err error) error {
	var open *openError
	if errors.As(err, &open) {
		return err
	}
	return join(err, s.book.outcomes(ctx, state.Outcome{Seq: in.Seq, Failed: true}))
}

// put journals what the object is now. in may be nil.
func (s *step) put(ctx context.Context, in *state.Intent, e *state.Entry, undo *state.Undo) error {
	out := state.Outcome{Put: e, Undo: undo}
	if in != nil {
		out.Seq = in.Seq
	}
	var outs []state.Outcome
	if old := s.book.find(e.Key()); old != nil && old.ID != e.ID && s.stillThere(old) {
		deposed := *old
		deposed.Deposed = true
		outs = append(outs, state.Outcome{Put: &deposed})
	}
	if e.Deposed {
		out.Drop = s.current(e)
	}
	s.entry = e
	if s.c.Release {
		key := e.Key()
		out.Put, out.Drop = nil, &key
	}
	return s.book.outcomes(ctx, append(outs, out)...)
}

// current is the key under which the state has the object of a deposed entry as
// the one that an address means: its own address, or the one that a rename
// takes it from. nil if there is none.
func (s *step) current(e *state.Entry) *state.Key {
	for _, addr := range []schema.Addr{e.Addr, s.c.RenamedFrom} {
		key := state.Key{Addr: addr, Scope: e.Scope}
		if cur := s.book.find(key); cur != nil && cur.ID == e.ID {
			return &key
		}
	}
	return nil
}

// stillThere reports whether the object of an entry that is about to give way
// is one that this plan still has to delete.
func (s *step) stillThere(e *state.Entry) bool {
	return s.c.Action == planner.CreateReplace && s.c.ID == e.ID
}

// undo says what would take the write back.
func (s *step) undo(op state.Op, before, after schema.Row) *state.Undo {
	k := s.c.Kind
	before = planner.Masked(k, before, s.c.After)
	return &state.Undo{Op: op, Addr: s.c.Addr, Scope: s.c.Scope, ID: s.id, Before: s.book.seal(k, before), After: s.book.seal(k, after)}
}

func (s *step) warn(format string, args ...any) {
	s.emit(Event{Type: Warned, Change: s.c, ID: s.id, Detail: fmt.Sprintf(format, args...)})
}

// retry calls f until again says no of its error, with a pause before each
// further call.
func (r *run) retry(ctx context.Context, pauses []time.Duration, f func() error, again func(error) bool) error {
	err := f()
	for _, p := range pauses {
		if err == nil || !again(err) || ctx.Err() != nil {
			break
		}
		if r.o.Sleep(ctx, p) != nil {
			break
		}
		err = f()
	}
	return err
}

func seconds(ns ...float64) []time.Duration {
	out := make([]time.Duration, len(ns))
	for i, n := range ns {
		out[i] = time.Duration(n * float64(time.Second))
	}
	return out
}

// read reads an object that may be too new to be seen everywhere (API facts
// §0.6), until it is as ok says or time is up; then it is given as it is.
func (s *step) read(ctx context.Context, id string, ok func(*schema.Object) bool) (*schema.Object, error) {
	var got *schema.Object
	errNotYet := errors.New("not yet")
	err := s.retry(ctx, seconds(0.5, 1, 2, 4), func() (err error) {
		o, err := s.api.Get(ctx, s.c.Kind, s.c.Scope, id)
		if err != nil {
			return err
		}
		if got = o; ok != nil && !ok(o) {
			return errNotYet
		}
		return nil
	}, func(err error) bool {
		m := meaning(err)
		return errors.Is(err, errNotYet) || m == schema.NotFound || m == schema.Denied
	})
	if err != nil && !errors.Is(err, errNotYet) {
		return nil, fmt.Errorf("reading it back: %w", err)
	}
	return got, nil
}

// with is a copy of the row with one attribute set.
func with(k *schema.Kind, row schema.Row, attr string, v schema.Value) schema.Row {
	out := slices.Grow(slices.Clone(row), len(k.Attrs))[:len(k.Attrs)]
	out[k.Index(attr)] = v
	return out
}

package applier

import (
	"context"
	"errors"
	"fmt"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// rollPauses are the pauses before a roll whose answer was lost is sent again.
var rollPauses = seconds(0.5, 1, 2)

// hasSink refuses to make a secret that would go nowhere: nothing is sent then.
func (s *step) hasSink(want schema.Row) error {
	k := s.c.Kind
	if k.API.Secret && (s.o.Sinks == nil || k.Get(want, k.API.Sink) == nil) {
		return fmt.Errorf("its secret has no sink: write %s, so that it is not lost", k.API.Sink)
	}
	if !k.API.Secret {
		return nil
	}
	return s.o.Sinks.Check(k, want)
}

// roll gives the object of the change a new secret.
func (s *step) roll(ctx context.Context) error {
	k := s.c.Kind
	want, err := s.resolve(k, s.c.Scope, s.c.After)
	if err != nil {
		return err
	}
	if s.c.Action == planner.Roll { // nothing else differs, so that is noted too
		s.entry = newEntry(s.c, s.id, s.entry)
		s.entry.Applied = s.book.seal(k, observed(k, want, s.c.Before))
	}
	return s.rollAndDeliver(ctx, want)
}

// rollAndDeliver makes a new secret and hands it on. Each call kills the secret
// before, so where an answer is lost it is called again knowingly, and only the
// last secret goes anywhere (API facts §0.5).
func (s *step) rollAndDeliver(ctx context.Context, want schema.Row) error {
	if err := s.hasSink(want); err != nil {
		return err
	}
	in, err := s.intend(ctx, state.OpRoll, s.id, nil)
	if err != nil {
		return err
	}
	var secret schema.Secret
	unsure := false
	err = s.retry(ctx, rollPauses, func() (err error) {
		secret, err = s.api.Roll(ctx, s.c.Kind, s.c.Scope, s.id)
		if err == nil && secret.Empty() {
			err = &schema.Fault{Meaning: schema.Unknown, Message: "an answer without a secret"}
		}
		unsure = unsure || lost(err)
		return err
	}, lost)
	if err != nil && !unsure {
		return s.failed(ctx, in, s.pending(err))
	}
	e := newEntry(s.c, s.id, s.entry)
	e.Secret = state.Pending
	if putErr := s.put(ctx, in, e, s.undo(state.OpRoll, nil, nil)); err != nil || putErr != nil {
		return s.pending(join(err, putErr))
	}
	return s.deliver(ctx, want, secret)
}

// deliver hands the secret to its sinks, and only then says that it is there.
func (s *step) deliver(ctx context.Context, want schema.Row, secret schema.Secret) error {
	where, err := s.o.Sinks.Deliver(ctx, s.c.Addr, s.c.Kind, want, secret)
	if err != nil {
		return s.pending(err)
	}
	s.detail = append(s.detail, "secret written to "+where)
	e := *s.entry
	e.Secret = state.Delivered
	return s.put(ctx, nil, &e, nil)
}

// pending adds to an error what becomes of a secret that has not reached all
// its sinks.
func (s *step) pending(err error) error {
	if s.entry == nil || s.entry.Secret != state.Pending || errors.As(err, new(*undelivered)) {
		return err
	}
	return &undelivered{err}
}

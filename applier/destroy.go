package applier

import (
	"context"
	"fmt"

	"trueup/schema"
	"trueup/state"
)

// An object that was just taken out of what used it may still count as used
// for a while (API facts §0.6).
var inUsePauses = seconds(1, 2, 4, 8)

// destroy deletes the object with the id: the change's own, or the old one of
// a replacement.
func (s *step) destroy(ctx context.Context, id string) error {
	k := s.c.Kind
	in, err := s.intend(ctx, state.OpDelete, id, nil)
	if err != nil {
		return err
	}
	err = s.retry(ctx, inUsePauses, func() error {
		return s.api.Delete(ctx, k, s.c.Scope, id)
	}, func(err error) bool { return meaning(err) == schema.InUse || lost(err) })
	if err != nil && s.gone(ctx, id, err) {
		err = nil
	}
	switch {
	case lost(err):
		return &openError{fmt.Errorf("not known whether it was deleted; the next plan sees: %w", err)}
	case err != nil:
		return s.failed(ctx, in, s.stillUsed(err))
	}
	out := state.Outcome{Seq: in.Seq, Undo: s.undo(state.OpDelete, s.c.Before, nil)}
	out.Undo.ID = id
	if e := s.book.entryOf(s.c.Addr, s.c.Scope, id); e != nil {
		key := e.Key()
		out.Drop = &key
	}
	return s.book.outcomes(ctx, out)
}

// gone reports whether an object is gone although its deletion failed so.
func (s *step) gone(ctx context.Context, id string, err error) bool {
	if meaning(err) == schema.NotFound {
		return true
	}
	if !lost(err) || ctx.Err() != nil {
		return false
	}
	_, err = s.api.Get(ctx, s.c.Kind, s.c.Scope, id)
	return err != nil && meaning(err) == schema.NotFound
}

func (s *step) stillUsed(err error) error {
	if meaning(err) == schema.InUse {
		return fmt.Errorf("others still use it, also after %d tries: %w", len(inUsePauses)+1, err)
	}
	return err
}

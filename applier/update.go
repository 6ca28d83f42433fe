package applier

import (
	"context"
	"fmt"
	"slices"

	"trueup/schema"
	"trueup/state"
)

// update brings a live object to what is wanted, if it is still what the plan
// was made for.
func (s *step) update(ctx context.Context) error {
	k := s.c.Kind
	want, err := s.resolve(k, s.c.Scope, s.c.After)
	if err != nil {
		return err
	}
	if err := s.successor(); err != nil {
		return err
	}
	live, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	if !k.SameRow(want, live.Values) { // somebody may have done it already
		if paths := moved(k, s.c.Before, live.Values); len(paths) > 0 {
			return &StaleError{ID: s.c.ID, Paths: paths}
		}
		if _, err := s.change(ctx, live, want); err != nil {
			return err
		}
		return nil
	}
	e := newEntry(s.c, s.id, s.entry)
	e.Applied = s.book.seal(k, want)
	return s.put(ctx, nil, e, nil)
}

// successor refuses to retire an object whose successor could not be made, since
// its secret would reach nobody.
func (s *step) successor() error {
	next, ok := s.next[place{s.c.Addr, s.c.Scope}]
	if !s.c.Deposed || !ok {
		return nil
	}
	if err := s.hasSink(next); err != nil {
		return fmt.Errorf("it is not retired, since the new one cannot be made: %w", err)
	}
	return nil
}

// fresh is the object as it is now, where an update must know it: one that
// replaces everything, or one that cannot be taken back.
func (s *step) fresh(ctx context.Context) (*schema.Object, error) {
	k := s.c.Kind
	if k.API.Update != "PUT" && k.Answer == nil {
		return &schema.Object{Kind: k, Scope: s.c.Scope, ID: s.c.ID, Values: s.c.Before, Raw: s.c.Raw, Names: s.c.Names}, nil
	}
	live, err := s.api.Get(ctx, k, s.c.Scope, s.c.ID)
	if meaning(err) == schema.NotFound && err != nil {
		return nil, &StaleError{ID: s.c.ID}
	}
	return live, err
}

// change sends an update and sees to it that it did what it should: an answer
// of success is no proof (API facts §1, §4). The state has the outcome then,
// whatever it is.
func (s *step) change(ctx context.Context, live *schema.Object, want schema.Row) (*schema.Object, error) {
	k := s.c.Kind
	in, err := s.intend(ctx, state.OpUpdate, s.id, want)
	if err != nil {
		return live, err
	}
	got, err := s.sendUpdate(ctx, live, want, false)
	if err != nil {
		return live, s.failed(ctx, in, err)
	}
	if still := unset(k, want, got.Values); len(still) > 0 {
		if again, err := s.sendUpdate(ctx, got, want, true); err == nil {
			got = again
		}
	}
	e := newEntry(s.c, s.id, s.entry)
	now := observed(k, want, got.Values)
	e.Applied = s.book.seal(k, now)
	if err := s.put(ctx, in, e, s.undo(state.OpUpdate, live.Values, now)); err != nil {
		return got, err
	}
	return got, s.verify(ctx, live, want, got)
}

// verify judges what an update left.
func (s *step) verify(ctx context.Context, before *schema.Object, want schema.Row, got *schema.Object) error {
	k := s.c.Kind
	if gone := s.unrestricted(want, got); len(gone) > 0 {
		return s.disable(ctx, want, got, gone)
	}
	if still := unset(k, want, got.Values); len(still) > 0 {
		return fmt.Errorf("the API answered success, but %s is still there", names(k, still))
	}
	var kept []int
	for _, i := range differing(k, want, got.Values) {
		if k.Attrs[i].Equal(got.Values.At(i), before.Values.At(i)) {
			kept = append(kept, i)
		} else {
			s.warnMade(i, want, got)
		}
	}
	if len(kept) > 0 {
		return fmt.Errorf("the API answered success, but kept the old value of %s", names(k, kept))
	}
	return nil
}

// sendUpdate sends an update and gives the object as it is afterwards.
func (s *step) sendUpdate(ctx context.Context, live *schema.Object, want schema.Row, nulls bool) (*schema.Object, error) {
	k := s.c.Kind
	got, err := s.api.Update(ctx, live, want, nulls)
	switch {
	case lost(err):
		return s.afterLost(ctx, want, err)
	case err != nil && meaning(err) == schema.NotFound:
		return nil, &StaleError{ID: live.ID}
	case err != nil:
		return nil, err
	case k.API.ReadBack:
		back, err := s.read(ctx, live.ID, func(o *schema.Object) bool { return k.SameRow(want, o.Values) })
		if err != nil {
			return nil, &openError{fmt.Errorf("updated, but it could not be verified: %w", err)}
		}
		return back, nil
	}
	return got, nil
}

// afterLost finds out what came of an update whose answer was lost, after it
// was sent again as often as that helps.
func (s *step) afterLost(ctx context.Context, want schema.Row, err error) (*schema.Object, error) {
	if ctx.Err() != nil {
		return nil, &openError{fmt.Errorf("interrupted, and it is not known whether it was executed; the next plan sees: %w", err)}
	}
	k := s.c.Kind
	got, readErr := s.read(ctx, s.id, func(o *schema.Object) bool { return k.SameRow(want, o.Values) })
	if readErr != nil {
		return nil, &openError{fmt.Errorf("the answer was lost, and what came of it could not be read: %w", err)}
	}
	if !k.SameRow(want, got.Values) {
		return nil, fmt.Errorf("the answer was lost, and it was not done: %w", err)
	}
	return got, nil
}

// unset are the attributes that should be gone and are still there.
func unset(k *schema.Kind, want, live schema.Row) []int {
	return slices.DeleteFunc(differing(k, want, live), func(i int) bool { return want.At(i) != nil })
}

// unrestricted are the restrictions that should be there and are not.
func (s *step) unrestricted(want schema.Row, got *schema.Object) []int {
	k := s.c.Kind
	return slices.DeleteFunc(differing(k, want, got.Values), func(i int) bool { return !k.Attrs[i].Restricts || want.At(i) == nil })
}

// disable keeps an object from working that lacks restrictions, and says so.
func (s *step) disable(ctx context.Context, want schema.Row, got *schema.Object, gone []int) error {
	k := s.c.Kind
	failure := fmt.Errorf("the API answered success, but without %s", names(k, gone))
	off := k.API.Disable
	if off == nil {
		return s.pending(failure)
	}
	row := with(k, masked(k, got.Values, want), off.Attr, off.Value)
	in, err := s.intend(ctx, state.OpUpdate, s.id, row)
	if err != nil {
		return join(failure, err)
	}
	now, err := s.sendUpdate(ctx, got, row, false)
	if err == nil && !k.Attr(off.Attr).Equal(off.Value, now.Get(off.Attr)) {
		err = fmt.Errorf("its %s stayed %s", off.Attr, shown(k.Attr(off.Attr), now.Get(off.Attr)))
	}
	if err != nil {
		err = s.failed(ctx, in, err)
		return s.pending(fmt.Errorf("%w. It could not be disabled either, so it works without them: delete %s. %w", failure, s.id, err))
	}
	e := newEntry(s.c, s.id, s.entry)
	e.Applied = s.book.seal(k, observed(k, want, now.Values))
	err = s.put(ctx, in, e, nil)
	return join(s.pending(fmt.Errorf("%w. It was disabled, so that nobody can use it without them", failure)), err)
}

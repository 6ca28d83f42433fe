package applier

import (
	"context"
	"errors"
	"fmt"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// create makes the object, brings it to what is wanted, and hands its secret
// on. Whatever fails later, the state has the object from here on.
func (s *step) create(ctx context.Context) error {
	k := s.c.Kind
	want, err := s.resolve(k, s.c.Scope, s.c.After)
	if err != nil {
		return err
	}
	if err := s.hasSink(want); err != nil {
		return err
	}
	in, err := s.intend(ctx, state.OpCreate, "", want)
	if err != nil {
		return err
	}
	made, err := s.send(ctx, in, want)
	if o := s.unlisted(ctx, want, err); o != nil {
		made.object, err = o, nil
	}
	if err != nil {
		return s.failed(ctx, in, err)
	}
	s.id = made.object.ID
	e := newEntry(s.c, s.id, nil)
	e.Deposed, e.Origin, e.Applied = false, state.Created, s.book.seal(k, observed(k, want, made.object.Values))
	if k.API.Secret {
		e.Secret = state.Pending
	}
	if err := s.put(ctx, in, e, s.undo(state.OpCreate, nil, want)); err != nil {
		return err
	}
	s.mean(s.c.Addr, s.c.Scope, s.id, masked(k, made.object.Values, want))
	return s.finish(ctx, made, want)
}

// unlisted is the object that the state has and no list had, where a create is
// refused as a duplicate: a list may lack what was made a moment ago (API
// facts §0.6). The update that brings it to what is wanted tells whether it is
// there. nil if it is not, or if it is another one that is in the way.
func (s *step) unlisted(ctx context.Context, want schema.Row, err error) *schema.Object {
	k, old := s.c.Kind, s.book.find(state.Key{Scope: s.c.Scope, Addr: s.c.Addr})
	if meaning(err) != schema.Duplicate || s.c.Reason != planner.ReasonGone || old == nil || !k.MatchesKey(want, old.Applied) {
		return nil
	}
	o, err := s.api.Update(ctx, &schema.Object{Kind: k, Scope: s.c.Scope, ID: old.ID}, want, false)
	if err != nil || !k.MatchesKey(want, o.Values) {
		return nil
	}
	return o
}

// finish does what a POST alone does not do.
func (s *step) finish(ctx context.Context, made creation, want schema.Row) error {
	k, got, err := s.c.Kind, made.object, error(nil)
	if k.API.ReadBack {
		if got, err = s.read(ctx, s.id, func(o *schema.Object) bool {
			return isWhatWasSent(k, want, o.Values) && len(s.unrestricted(want, o)) == 0
		}); err != nil {
			return s.pending(err)
		}
	}
	if gone := s.unrestricted(want, got); len(gone) > 0 {
		return s.disable(ctx, want, got, gone)
	}
	var afterErr error
	if s.needsUpdate(want, got) {
		if got, afterErr = s.change(ctx, got, want); afterErr != nil {
			afterErr = fmt.Errorf("created, but not all of it could be set: %w", afterErr)
		}
		if errors.As(afterErr, new(*undelivered)) { // it was disabled: nobody is to use it
			return afterErr
		}
	}
	if afterErr == nil {
		afterErr = s.note(ctx, want, got)
	}
	if !k.API.Secret {
		return afterErr
	}
	if made.secret.Empty() {
		return join(afterErr, s.rollAndDeliver(ctx, want))
	}
	return join(afterErr, s.deliver(ctx, want, made.secret))
}

// needsUpdate reports whether something is left that only an update can set.
func (s *step) needsUpdate(want schema.Row, got *schema.Object) bool {
	for _, i := range differing(s.c.Kind, want, got.Values) {
		if s.c.Kind.Attrs[i].AfterPost {
			return true
		}
	}
	return false
}

// note journals what the server made of the values, where that is not what
// the state has already.
func (s *step) note(ctx context.Context, want schema.Row, got *schema.Object) error {
	k := s.c.Kind
	for _, i := range differing(k, want, got.Values) {
		s.warnMade(i, want, got)
	}
	applied := s.book.seal(k, observed(k, want, got.Values))
	if sameRow(k, applied, s.entry.Applied) {
		return nil
	}
	e := *s.entry
	e.Applied = applied
	return s.put(ctx, nil, &e, nil)
}

// warnMade says that the server keeps another value than was sent.
func (s *step) warnMade(i int, want schema.Row, got *schema.Object) {
	a := &s.c.Kind.Attrs[i]
	if schema.HasSensitive(want.At(i)) {
		s.warn("the API keeps another %s than was sent", a.Name)
		return
	}
	s.warn("the API keeps another %s than was sent: %s", a.Name, shown(a, got.Values.At(i)))
}

// shown is a value in short, as it would be stored.
func shown(a *schema.Attr, v schema.Value) string {
	b, err := a.AppendValue(nil, v)
	if err != nil {
		return "something else"
	}
	if len(b) > 200 {
		return string(b[:200]) + "…"
	}
	return string(b)
}

func sameRow(k *schema.Kind, x, y schema.Row) bool {
	for i := range k.Attrs {
		if !k.Attrs[i].Equal(x.At(i), y.At(i)) {
			return false
		}
	}
	return true
}

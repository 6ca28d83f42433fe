package applier

import (
	"context"
	"errors"
	"fmt"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// Settle finds out what came of the writes that an earlier run began and did
// not end, and records it, so that a plan sees what is ours. Only the kinds
// concerned are listed. snap is brought up to date; nothing is saved but the
// journal. It is called with the lock held, before planning an apply.
func Settle(ctx context.Context, api API, st state.Store, snap *state.Snapshot, o Options) error {
	if len(snap.Open) == 0 {
		return nil
	}
	r := newRun(api, st, snap, o)
	for i := range snap.Open {
		in := &snap.Open[i]
		k := schema.KindNamed(in.Addr.Kind)
		if k == nil {
			continue
		}
		out, err := r.settle(ctx, k, in)
		if err != nil {
			return fmt.Errorf("%s: what became of an earlier %s: %w", in.Addr, in.Op, err)
		}
		if err := r.book.outcomes(ctx, out...); err != nil {
			return err
		}
	}
	serial := snap.Serial
	*snap = *r.book.snapshot()
	snap.Serial = serial
	return nil
}

// settle is what an open intent came to.
func (r *run) settle(ctx context.Context, k *schema.Kind, in *state.Intent) ([]state.Outcome, error) {
	ended := []state.Outcome{{Seq: in.Seq}}
	if in.Op == state.OpUpdate || in.Op == state.OpDelete {
		ended[0].Undo = r.perhaps(in)
	}
	switch in.Op {
	case state.OpCreate:
		return r.settleCreate(ctx, k, in)
	case state.OpUpdate:
		if in.Deposed {
			return r.settleRetired(ctx, k, in)
		}
	case state.OpRoll:
		if e := r.book.entryOf(in.Addr, in.Scope, in.ID); e != nil {
			pending := *e
			pending.Secret = state.Pending
			ended[0].Put = &pending
		}
	}
	return ended, nil
}

// perhaps is what would take back a write of which it is not known whether it
// was executed: where it was not, that does nothing. nil where the state has
// nothing of the object before.
func (r *run) perhaps(in *state.Intent) *state.Undo {
	e := r.book.entryOf(in.Addr, in.Scope, in.ID)
	if e == nil {
		return nil
	}
	return &state.Undo{Op: in.Op, Addr: in.Addr, Scope: in.Scope, ID: in.ID, Before: e.Applied, After: in.Values}
}

// settleCreate looks for what a create may have made. Of several, none is
// taken: the plan names them.
func (r *run) settleCreate(ctx context.Context, k *schema.Kind, in *state.Intent) ([]state.Outcome, error) {
	var ours []*schema.Object
	errNone := errors.New("none")
	pauses := lookPauses
	if !in.MayLag(r.o.Now()) {
		pauses = nil
	}
	err := r.retry(ctx, pauses, func() (err error) {
		var alike []*schema.Object
		ours, alike, err = r.find(ctx, k, in, in.Values)
		if err == nil && len(ours)+len(alike) == 0 {
			return errNone
		}
		return err
	}, func(err error) bool { return errors.Is(err, errNone) })
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil && !errors.Is(err, errNone) {
		return nil, err
	}
	if len(ours) != 1 {
		return []state.Outcome{{Seq: in.Seq, Failed: true}}, nil
	}
	e := &state.Entry{
		Addr: in.Addr, Scope: in.Scope, ID: ours[0].ID, Origin: state.Created,
		Applied: r.book.seal(k, observed(k, in.Values, ours[0].Values)),
	}
	if k.API.Secret {
		e.Secret = state.Pending
	}
	var outs []state.Outcome
	if old := r.book.find(e.Key()); old != nil { // it was to be replaced by this one
		deposed := *old
		deposed.Deposed = true
		outs = append(outs, state.Outcome{Put: &deposed})
	}
	return append(outs, state.Outcome{Seq: in.Seq, Put: e, Undo: &state.Undo{
		Op: state.OpCreate, Addr: in.Addr, Scope: in.Scope, ID: e.ID, After: e.Applied,
	}}), nil
}

// settleRetired finds out whether the old object of a rotation was retired; if
// so, the address is free for the new one.
func (r *run) settleRetired(ctx context.Context, k *schema.Kind, in *state.Intent) ([]state.Outcome, error) {
	out := state.Outcome{Seq: in.Seq}
	o, err := r.api.Get(ctx, k, in.Scope, in.ID)
	switch {
	case err != nil && meaning(err) == schema.NotFound:
		return []state.Outcome{out}, nil
	case err != nil:
		return nil, err
	}
	// It may have been renamed at the same time, so its address may be another.
	e := r.book.ownerOf(planner.ObjectKey{Kind: k.Name, Scope: in.Scope, ID: in.ID})
	if e == nil || e.Deposed || !k.SameRow(in.Values, o.Values) {
		return []state.Outcome{out}, nil
	}
	key, retired := e.Key(), *e
	retired.Addr, retired.Deposed, retired.Applied = in.Addr, true, in.Values
	out.Put, out.Drop = &retired, &key
	return []state.Outcome{out}, nil
}

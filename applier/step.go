package applier

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// perform does one change. where says where a secret went.
func (r *runner) perform(c *planner.Change) (op, id, detail string, err error) {
	switch c.Action {
	case planner.Create:
		id, detail, err = r.create(c)
		return "created", id, detail, err
	case planner.Update:
		op = "updated"
		if c.Reason == planner.ReasonRetiring {
			op = "retired"
		}
		if err = r.update(c); err == nil && c.Roll {
			detail, err = r.roll(c, c.ID)
		}
		return op, c.ID, detail, err
	case planner.Roll:
		detail, err = r.roll(c, c.ID)
		return "rolled", c.ID, detail, err
	case planner.Delete:
		return "destroyed", c.ID, "", r.remove(c, r.keyOf(c))
	case planner.Replace:
		if err = r.remove(c, r.keyOf(c)); err == nil {
			id, detail, err = r.create(c)
		}
		return "replaced", id, detail, err
	case planner.CreateReplace:
		return r.createReplace(c)
	}
	return "", "", "", fmt.Errorf("an action that the applier does not know: %s", c.Action)
}

func (r *runner) createReplace(c *planner.Change) (op, id, detail string, err error) {
	if id, detail, err = r.create(c); err != nil {
		return "replaced", id, detail, err
	}
	return "replaced", id, detail, r.remove(c, state.Key{Scope: c.Scope, Addr: c.Addr, Deposed: c.ID})
}

// create makes the object, puts right what a POST does not take, verifies it
// and delivers its secret.
func (r *runner) create(c *planner.Change) (id, detail string, err error) {
	row, err := r.resolve(c, c.After)
	if err != nil {
		return "", "", err
	}
	seq, err := r.intend(c, state.OpCreate, "", row)
	if err != nil {
		return "", "", err
	}
	obj, secret, err := r.post(c, row, r.o.Now())
	if err != nil {
		if !isUnknown(err) {
			err = errors.Join(err, r.outcome(state.Outcome{Seq: seq, Failed: true}))
		}
		return "", "", err
	}
	if err := r.created(c, seq, obj.ID, row); err != nil {
		return obj.ID, "", err
	}
	if obj, err = r.verify(c, obj, row, true); err != nil {
		return obj.ID, "", err
	}
	if !c.Kind.API.Secret {
		return obj.ID, "", nil
	}
	if secret.Empty() {
		detail, err = r.roll(c, obj.ID)
		return obj.ID, detail, err
	}
	detail, err = r.deliver(c, obj.ID, row, secret)
	return obj.ID, detail, err
}

// created records an object that was made: from here on it is ours, and its
// secret is known not to have been delivered.
func (r *runner) created(c *planner.Change, seq uint64, id string, row schema.Row) error {
	secret := state.NoSecret
	if c.Kind.API.Secret {
		secret = state.Pending
	}
	made := *c
	made.ID, made.Deposed, made.Adopted, made.RenamedFrom = id, false, false, schema.Addr{}
	e := r.entry(&made, id, row, secret)
	e.Secret = secret
	recs := []state.Record{{Outcome: &state.Outcome{Seq: seq, Put: e,
		Undo: &state.Undo{Op: state.OpCreate, Addr: c.Addr, Scope: c.Scope, ID: id, After: e.Applied}}}}
	if c.Action == planner.CreateReplace {
		old := *r.entry(c, c.ID, c.Before, "")
		old.Deposed = true
		recs = append(recs, state.Record{Outcome: &state.Outcome{Put: &old}})
	}
	r.mu.Lock()
	r.ids[state.Key{Scope: c.Scope, Addr: c.Addr}] = id
	r.mu.Unlock()
	return r.journal(recs...)
}

// update sends what changes, if the object is still what the plan was made
// from, and verifies that it took.
func (r *runner) update(c *planner.Change) error {
	row, err := r.resolve(c, c.After)
	if err != nil {
		return err
	}
	live, err := r.fresh(c)
	if err != nil {
		return err
	}
	if c.Kind.SameRow(row, live.Values) {
		return r.updated(c, 0, live.ID, row)
	}
	if paths := differing(c.Kind, c.Before, live.Values); len(paths) > 0 {
		return fmt.Errorf("%w: %s changed meanwhile; nothing was sent. Plan again", errMoved, strings.Join(paths, ", "))
	}
	seq, err := r.intend(c, state.OpUpdate, c.ID, row)
	if err != nil {
		return err
	}
	obj, err := r.api.Update(r.ctx, live, row, false)
	if isUnknown(err) {
		if seen, gerr := r.read(c, c.ID); gerr == nil && c.Kind.SameRow(row, seen.Values) {
			obj, err = seen, nil
		}
	}
	if err != nil {
		return errors.Join(err, r.outcome(state.Outcome{Seq: seq, Failed: !isUnknown(err)}))
	}
	if _, err := r.verify(c, obj, row, false); err != nil {
		return errors.Join(err, r.outcome(state.Outcome{Seq: seq}))
	}
	return r.updated(c, seq, c.ID, row)
}

// fresh is the live object as it is now, for kinds whose update replaces it
// whole; else as the plan saw it.
func (r *runner) fresh(c *planner.Change) (*schema.Object, error) {
	if c.Kind.API.Update != "PUT" || !c.Kind.API.GetByID {
		return &schema.Object{Kind: c.Kind, Scope: c.Scope, ID: c.ID, Values: schema.Reveal(c.Before).(schema.Row), Raw: c.Raw}, nil
	}
	live, err := r.api.Get(r.ctx, c.Kind, c.Scope, c.ID)
	if meaning(err) == schema.NotFound {
		return nil, fmt.Errorf("%w: it is gone; nothing was sent. Plan again", errMoved)
	}
	return live, err
}

// differing are the attributes that are not the same in two live rows.
func differing(k *schema.Kind, a, b schema.Row) []string {
	var out []string
	for i := range k.Attrs {
		if at := &k.Attrs[i]; at.Sent() && !at.Equal(a[i], b[i]) {
			out = append(out, at.Name)
		}
	}
	return out
}

// updated records an update.
func (r *runner) updated(c *planner.Change, seq uint64, id string, row schema.Row) error {
	e := r.entry(c, id, row, "")
	if c.Roll {
		e.Secret = state.Pending
	}
	o := state.Outcome{Seq: seq, Put: e}
	if seq != 0 {
		o.Undo = &state.Undo{Op: state.OpUpdate, Addr: c.Addr, Scope: c.Scope, ID: id, Before: c.Kind.Seal(c.Before, r.snap.Salt), After: e.Applied}
	}
	switch k := (state.Key{Scope: c.Scope, Addr: c.Addr}); {
	case c.Deposed:
		if was := r.snap.Find(k); was != nil && was.ID == id {
			o.Drop = &k
		}
	case !c.RenamedFrom.IsZero() && r.ownsUnder(c.RenamedFrom, c):
		o.Drop = &state.Key{Scope: c.Scope, Addr: c.RenamedFrom}
	}
	return r.outcome(o)
}

// remove deletes the object. What was just taken out of use may count as in
// use for some seconds (API facts §0.6).
func (r *runner) remove(c *planner.Change, key state.Key) error {
	seq, err := r.intend(c, state.OpDelete, c.ID, nil)
	if err != nil {
		return err
	}
	for pause := time.Second; ; pause *= 2 {
		err = r.api.Delete(r.ctx, c.Kind, c.Scope, c.ID)
		if meaning(err) != schema.InUse || pause > 16*time.Second {
			break
		}
		if r.o.Sleep(r.ctx, pause) != nil {
			break
		}
	}
	if meaning(err) == schema.NotFound {
		err = nil
	}
	if err != nil {
		return errors.Join(err, r.outcome(state.Outcome{Seq: seq, Failed: !isUnknown(err)}))
	}
	return r.outcome(state.Outcome{Seq: seq, Drop: &key,
		Undo: &state.Undo{Op: state.OpDelete, Addr: c.Addr, Scope: c.Scope, ID: c.ID, Before: c.Kind.Seal(c.Before, r.snap.Salt)}})
}

// rollTries is how often a roll whose answer was lost is sent again. Each one
// kills the secret of the one before, so only the last is delivered.
const rollTries = 5

// roll gives the object a new secret and delivers it.
func (r *runner) roll(c *planner.Change, id string) (string, error) {
	row, err := r.resolve(c, c.After)
	if err != nil {
		return "", err
	}
	seq, err := r.intend(c, state.OpRoll, id, nil)
	if err != nil {
		return "", err
	}
	pending := r.entry(c, id, row, state.Pending)
	pending.Deposed = false
	var secret schema.Secret
	for try := 1; ; try++ {
		secret, err = r.api.Roll(r.ctx, c.Kind, c.Scope, id)
		if !isUnknown(err) || try == rollTries {
			break
		}
		if r.o.Sleep(r.ctx, time.Second) != nil {
			break
		}
	}
	if jerr := r.outcome(state.Outcome{Seq: seq, Put: pending}); err != nil || jerr != nil {
		return "", errors.Join(err, jerr)
	}
	return r.deliver(c, id, row, secret)
}

// deliver brings the secret to its sinks; only then does the step count.
func (r *runner) deliver(c *planner.Change, id string, row schema.Row, secret schema.Secret) (string, error) {
	if r.o.Sinks == nil {
		return "", errors.New("there is nowhere to deliver the secret to")
	}
	where, err := r.o.Sinks.Deliver(context.WithoutCancel(r.ctx), c.Addr, c.Kind, row, secret)
	if err != nil {
		return "", fmt.Errorf("%w. The %s exists, its secret is lost: mend the sink and apply again, which rolls and delivers a new one", err, c.Kind.Name)
	}
	e := r.entry(c, id, row, state.Delivered)
	e.Deposed = false
	return "secret written to " + where, r.outcome(state.Outcome{Put: e})
}

func meaning(err error) schema.Meaning {
	var f *schema.Fault
	if errors.As(err, &f) {
		return f.Meaning
	}
	return schema.Other
}

// isUnknown: it may have been executed, or not.
func isUnknown(err error) bool { return meaning(err) == schema.Unknown }

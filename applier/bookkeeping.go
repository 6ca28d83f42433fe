package applier

import (
	"context"
	"slices"

	"trueup/planner"
	"trueup/state"
)

// bookkeeping records in one go what needs no request: adoptions, renames,
// what is forgotten, what is to be remembered otherwise. It comes before every
// step, since an address that an entry gives up may be another's next. The
// events are by the position of their change.
func (r *run) bookkeeping(ctx context.Context, p *planner.Plan) (map[int]Event, error) {
	events := map[int]Event{}
	var drops, puts, taken []state.Record
	writes := false
	for i, c := range p.Changes {
		if c.Refused != "" {
			continue
		}
		writes = writes || c.Acts()
		taken = append(taken, owned(c)...)
		if c.Action == planner.NoOp && !c.Record {
			continue
		}
		e := r.book.ownerOf(c.Key())
		put := r.keep(c, e)
		if e != nil && (put == nil && c.Action == planner.Forget || put != nil && put.Key() != e.Key()) {
			key := e.Key()
			drops = append(drops, state.Record{Outcome: &state.Outcome{Drop: &key}})
		}
		if put != nil {
			puts = append(puts, state.Record{Outcome: &state.Outcome{Put: put}})
		}
		if op := bookOp(c); op != "" {
			events[i] = Event{Type: Done, Change: c, Op: op, ID: c.ID}
		}
	}
	recs := append(drops, puts...)
	if writes {
		now := r.o.Now()
		recs = slices.Concat([]state.Record{{Begin: &now}}, recs, taken)
	}
	if len(recs) > 0 {
		if err := r.book.record(ctx, recs...); err != nil {
			return nil, err
		}
	}
	for i := range p.Changes {
		if e, ok := events[i]; ok {
			r.emit(e)
		}
	}
	return events, nil
}

// owned records how an object came to its address, for an undo.
func owned(c *planner.Change) []state.Record {
	u := &state.Undo{Addr: c.Addr, Scope: c.Scope, ID: c.ID}
	switch {
	case c.Adopted:
		u.Op = state.OpAdopt
	case !c.RenamedFrom.IsZero():
		u.Op, u.From = state.OpRename, c.RenamedFrom
	default:
		return nil
	}
	return []state.Record{{Outcome: &state.Outcome{Undo: u}}}
}

// bookOp is the word for a change that sends nothing; "" where there is none.
func bookOp(c *planner.Change) string {
	switch {
	case c.Action == planner.Forget:
		return "forgotten"
	case c.Action != planner.NoOp:
		return ""
	case c.Adopted:
		return "adopted"
	case !c.RenamedFrom.IsZero():
		return "renamed"
	}
	return ""
}

// keep is the entry that the change's object has before anything is sent; nil
// if it stays as it is. The old object of a rotation keeps its address until it
// is retired.
func (r *run) keep(c *planner.Change, e *state.Entry) *state.Entry {
	switch {
	case c.ID == "" || c.Action == planner.Forget:
		return nil
	case c.Action == planner.NoOp:
		return r.noted(c, e)
	case e == nil || c.Deposed && c.Action == planner.Update:
		return nil
	}
	moved := *e
	moved.Addr, moved.Deposed = c.Addr, c.Deposed
	if moved.Key() == e.Key() {
		return nil
	}
	return &moved
}

// noted is the entry of an object that is as the files want it.
func (r *run) noted(c *planner.Change, e *state.Entry) *state.Entry {
	row, err := r.resolve(c.Kind, c.Scope, c.After)
	if err != nil {
		return nil // it refers to what this plan makes: the next one notes it
	}
	n := newEntry(c, c.ID, e)
	n.Applied = r.book.seal(c.Kind, row)
	return n
}

// newEntry is the entry of a change's object, with what is known of it from an
// earlier entry; without one, it is adopted.
func newEntry(c *planner.Change, id string, earlier *state.Entry) *state.Entry {
	e := &state.Entry{
		Addr: c.Addr, Scope: c.Scope, ID: id, Deposed: c.Deposed, Origin: state.Adopted,
		PreventDestroy: c.PreventDestroy, DependsOn: c.DependsOn,
	}
	if c.Kind.API.Secret {
		e.Secret = state.Foreign
	}
	if earlier != nil {
		e.Origin, e.Secret, e.Applied = earlier.Origin, earlier.Secret, earlier.Applied
	}
	return e
}

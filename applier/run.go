package applier

import (
	"context"
	"fmt"
	"sync"
	"time"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// saveTimeout limits the last Save, which is done even after an interruption.
const saveTimeout = 2 * time.Minute

// Run carries the plan out and saves the state once at the end, whatever came
// of it; a plan in which there is nothing to record writes nothing. snap is
// what st.Load gave and becomes what was saved. The lock is the caller's.
//
// What fails is in the Result. The error is for what stops the whole run: a
// plan that is refused, or a state that cannot be written. When ctx ends,
// requests are cut off; the next run finds out what came of them. When o.Stop
// is closed, what is in flight is finished.
func Run(ctx context.Context, p *planner.Plan, api API, st state.Store, snap *state.Snapshot, o Options) (Result, error) {
	if len(p.Refusals) > 0 {
		return Result{}, fmt.Errorf("the plan is refused: %s", p.Refusals[0].Message)
	}
	r := newRun(api, st, snap, o)
	r.know(p)
	events, err := r.bookkeeping(ctx, p)
	if err != nil {
		return Result{}, err
	}
	w := newWalk(r, p, events)
	w.walk(ctx)
	return w.result(), r.save(ctx, st, snap)
}

// run is what the steps of one apply share.
type run struct {
	o     Options
	api   API
	book  *book
	lists lister

	known map[planner.ObjectKey]bool // live when the plan was made, or deleted shortly before
	next  map[place]schema.Row       // what the plan creates for an address

	mu      sync.Mutex
	objects map[place]object // what addresses mean now

	events chan struct{} // full while o.On runs, which may take its time
}

// place is an address in a scope.
type place struct {
	addr  schema.Addr
	scope schema.Scope
}

// object is what a reference can be about.
type object struct {
	id  string
	row schema.Row
}

func newRun(api API, st state.Store, snap *state.Snapshot, o Options) *run {
	o = o.withDefaults()
	r := &run{
		o: o, api: api, book: newBook(st, snap, o.Now), lists: lister{api: api},
		known: map[planner.ObjectKey]bool{}, next: map[place]schema.Row{}, objects: map[place]object{}, events: make(chan struct{}, 1),
	}
	for _, u := range snap.Lately(o.Now()) { // lists may still show them
		if snap.Gone(u) {
			r.known[planner.ObjectKey{Kind: u.Addr.Kind, Scope: u.Scope, ID: u.ID}] = true
		}
	}
	return r
}

// know notes what was there when the plan was made, what references to it
// stand for, and what is to come.
func (r *run) know(p *planner.Plan) {
	for _, c := range p.Changes {
		if c.Action == planner.Create {
			r.next[place{c.Addr, c.Scope}] = c.After
		}
		if c.ID == "" {
			continue
		}
		r.known[c.Key()] = true
		if stays(c) {
			r.objects[place{c.Addr, c.Scope}] = object{c.ID, c.After}
		}
	}
	for _, l := range p.LeftAlone {
		r.known[planner.ObjectKey{Kind: l.Kind, Scope: l.Scope, ID: l.ID}] = true
	}
}

// stays reports whether the address still means the same object afterwards.
func stays(c *planner.Change) bool {
	switch c.Action {
	case planner.NoOp, planner.Update, planner.Roll:
		return !c.Deposed
	}
	return false
}

func (r *run) mean(addr schema.Addr, scope schema.Scope, id string, row schema.Row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.objects[place{addr, scope}] = object{id, row}
}

// meant is what the address means now.
func (r *run) meant(addr schema.Addr, scope schema.Scope) (object, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.objects[place{addr, scope}]
	return o, ok
}

func (r *run) emit(e Event) {
	r.events <- struct{}{}
	defer func() { <-r.events }()
	r.o.On(e)
}

// save compacts the journal into the state, if anything was recorded.
func (r *run) save(ctx context.Context, st state.Store, snap *state.Snapshot) error {
	if !r.book.wrote() {
		return nil
	}
	now := r.book.snapshot()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	err := st.Save(ctx, now, snap.Serial)
	if err != nil {
		return join(r.book.err(), fmt.Errorf("the state was not saved at the end; what was done is in its journal as far as that could be written: %w", err))
	}
	*snap = *now
	if err := r.book.err(); err != nil {
		return fmt.Errorf("the run was stopped, though the state could be saved at its end: %w", err)
	}
	return nil
}

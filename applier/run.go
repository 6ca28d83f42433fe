package applier

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// Options are what a run needs besides the plan, the API and the store.
type Options struct {
	Sinks       Sinks
	Parallelism int         // changes at once; 0: 10
	On          func(Event) // called for one event at a time; may be nil
	Now         func() time.Time
	Sleep       func(context.Context, time.Duration) error // nil: real time
	Stop        <-chan struct{}                            // closed: finish what is in flight, begin nothing
}

func (o Options) filled() Options {
	if o.Parallelism <= 0 {
		o.Parallelism = 10
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// saveTimeout bounds the last save, which happens even after an interruption.
const saveTimeout = time.Minute

// Run carries the plan out. The error is that of the state's store or of the
// context; what failed on the way to the API is in the Result. snap is the
// state as it was loaded under the lock; it is not changed.
func Run(ctx context.Context, p *planner.Plan, api API, st state.Store, snap *state.Snapshot, o Options) (Result, error) {
	r := newRunner(ctx, p, api, st, snap, o.filled())
	if !r.concerned() {
		return r.result, nil
	}
	now := r.o.Now()
	if err := st.Append(ctx, state.Record{Begin: &now}); err != nil {
		return r.result, err
	}
	if err := r.record(); err != nil {
		return r.result, err
	}
	r.walk()
	saveCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	err := r.save(saveCtx)
	return r.result, errors.Join(r.fatal, err)
}

type runner struct {
	ctx  context.Context
	p    *planner.Plan
	api  API
	st   state.Store
	snap *state.Snapshot
	o    Options

	mu     sync.Mutex
	ids    map[state.Key]string // of the objects that exist, by address
	seq    uint64
	known  map[string]bool // ids that were there when the plan was made
	result Result
	fatal  error // of the store: nothing more is begun
}

func newRunner(ctx context.Context, p *planner.Plan, api API, st state.Store, snap *state.Snapshot, o Options) *runner {
	r := &runner{ctx: ctx, p: p, api: api, st: st, snap: snap, o: o, ids: map[state.Key]string{}, known: map[string]bool{}}
	for _, c := range p.Changes {
		if c.ID != "" {
			r.known[c.ID] = true
			if !c.Deposed {
				r.ids[state.Key{Scope: c.Scope, Addr: c.Addr}] = c.ID
			}
		}
	}
	for _, l := range p.LeftAlone {
		r.known[l.ID] = true
	}
	for _, i := range snap.Open {
		r.seq = max(r.seq, i.Seq)
	}
	return r
}

// concerned reports whether there is anything to do or to record.
func (r *runner) concerned() bool {
	for _, c := range r.p.Changes {
		if c.Action != planner.NoOp || c.Record || c.Adopted || !c.RenamedFrom.IsZero() {
			return true
		}
	}
	return false
}

// record writes down what needs no request: adoptions, renames, what is
// forgotten, what the state remembers and is no longer so.
func (r *runner) record() error {
	var recs []state.Record
	var events []Event
	for _, c := range r.p.Changes {
		switch {
		case c.Action == planner.Forget:
			k := r.keyOf(c)
			recs = append(recs, state.Record{Outcome: &state.Outcome{Drop: &k}})
			events = append(events, Event{Type: Done, Change: c, Op: "forgotten"})
		case c.Action == planner.NoOp && (c.Record || c.Adopted || !c.RenamedFrom.IsZero()):
			o := &state.Outcome{Put: r.entry(c, c.ID, c.After, "")}
			if !c.RenamedFrom.IsZero() && r.ownsUnder(c.RenamedFrom, c) {
				o.Drop = &state.Key{Scope: c.Scope, Addr: c.RenamedFrom}
			}
			recs = append(recs, state.Record{Outcome: o})
			if op := quietOp(c); op != "" {
				events = append(events, Event{Type: Done, Change: c, Op: op, ID: c.ID})
			}
		}
	}
	if len(recs) == 0 {
		return nil
	}
	// A rename's Drop must not undo another's Put of the same address, so all
	// that goes away goes first.
	if err := r.st.Append(r.ctx, dropsFirst(recs)...); err != nil {
		return err
	}
	for _, e := range events {
		r.emit(e)
	}
	return nil
}

// ownsUnder reports whether the state still has the object under the address.
func (r *runner) ownsUnder(addr schema.Addr, c *planner.Change) bool {
	e := r.snap.Find(state.Key{Scope: c.Scope, Addr: addr})
	return e != nil && e.ID == c.ID
}

func dropsFirst(recs []state.Record) []state.Record {
	var drops, puts []state.Record
	for _, rec := range recs {
		if o := rec.Outcome; o.Drop != nil {
			drops = append(drops, state.Record{Outcome: &state.Outcome{Drop: o.Drop}})
		}
		if o := rec.Outcome; o.Put != nil {
			puts = append(puts, state.Record{Outcome: &state.Outcome{Put: o.Put}})
		}
	}
	return append(drops, puts...)
}

func quietOp(c *planner.Change) string {
	switch {
	case c.Adopted:
		return "adopted"
	case !c.RenamedFrom.IsZero():
		return "renamed"
	}
	return ""
}

// save compacts the journal into the snapshot.
func (r *runner) save(ctx context.Context) error {
	s, err := r.st.Load(ctx)
	if err != nil {
		return err
	}
	return r.st.Save(ctx, s, s.Serial)
}

func (r *runner) emit(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Type {
	case Done:
		r.result.Done = append(r.result.Done, e)
	case Failed:
		r.result.Failed = append(r.result.Failed, e)
		if errors.Is(e.Err, errMoved) {
			r.result.Stale = append(r.result.Stale, e)
		}
	case NotTried:
		r.result.NotTried = append(r.result.NotTried, e)
	}
	if r.o.On != nil {
		r.o.On(e)
	}
}

// errMoved: the live object is not what the plan was made from.
var errMoved = errors.New("it moved since the plan was made")

// intend journals a write that is about to be sent.
func (r *runner) intend(c *planner.Change, op state.Op, id string, row schema.Row) (uint64, error) {
	r.mu.Lock()
	r.seq++
	seq := r.seq
	r.mu.Unlock()
	i := &state.Intent{Seq: seq, Op: op, Addr: c.Addr, Scope: c.Scope, ID: id, Deposed: c.Deposed, Start: r.o.Now().UTC()}
	if row != nil {
		i.Values = c.Kind.Seal(row, r.snap.Salt)
	}
	return seq, r.journal(state.Record{Intent: i})
}

// journal appends records. A store that cannot keep them ends the run: what is
// not written down must not be sent.
func (r *runner) journal(recs ...state.Record) error {
	err := r.st.Append(context.WithoutCancel(r.ctx), recs...)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.fatal == nil {
			r.fatal = err
		}
		return fmt.Errorf("the state cannot be written: %w", err)
	}
	return nil
}

// outcome journals what came of a write.
func (r *runner) outcome(o state.Outcome) error { return r.journal(state.Record{Outcome: &o}) }

// entry is what the state remembers of a change's object. secret "" keeps what
// is known already.
func (r *runner) entry(c *planner.Change, id string, row schema.Row, secret state.SecretState) *state.Entry {
	e := &state.Entry{Addr: c.Addr, Scope: c.Scope, ID: id, Origin: state.Created, Deposed: c.Deposed,
		Applied: c.Kind.Seal(row, r.snap.Salt), PreventDestroy: c.PreventDestroy, DependsOn: c.DependsOn, Secret: secret}
	before := r.formerEntry(c, id)
	switch {
	case before != nil:
		e.Origin = before.Origin
	case c.Adopted:
		e.Origin = state.Adopted
	}
	if secret == "" && c.Kind.API.Secret {
		e.Secret = state.Foreign
		if before != nil {
			e.Secret = before.Secret
		}
	}
	return e
}

// formerEntry is what the state had of the object.
func (r *runner) formerEntry(c *planner.Change, id string) *state.Entry {
	for _, addr := range []schema.Addr{c.Addr, c.RenamedFrom} {
		for _, k := range []state.Key{{Scope: c.Scope, Addr: addr}, {Scope: c.Scope, Addr: addr, Deposed: id}} {
			if e := r.snap.Find(k); e != nil && e.ID == id && id != "" {
				return e
			}
		}
	}
	return nil
}

// keyOf is the key under which the state has the change's object.
func (r *runner) keyOf(c *planner.Change) state.Key {
	k := state.Key{Scope: c.Scope, Addr: c.Addr}
	if c.Deposed {
		deposed := state.Key{Scope: c.Scope, Addr: c.Addr, Deposed: c.ID}
		if r.snap.Find(deposed) != nil {
			return deposed
		}
	}
	return k
}

// resolve puts the ids of objects made so far in the place of references.
func (r *runner) resolve(c *planner.Change, row schema.Row) (schema.Row, error) {
	var missing error
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(schema.Row, len(row))
	for i, v := range row {
		out[i] = schema.Transform(v, func(v schema.Value) schema.Value {
			switch x := v.(type) {
			case schema.Ref:
				id, ok := r.ids[state.Key{Scope: c.Scope, Addr: x.Addr}]
				if !ok {
					missing = fmt.Errorf("%s is not known", x)
					return v
				}
				return schema.String(id)
			case schema.Template:
				text := ""
				for _, part := range x {
					text += schema.Text(part)
				}
				return schema.String(text)
			}
			return v
		})
	}
	return out, missing
}

// Package applier carries a plan out: in dependency order and in parallel,
// each write journalled before and after, nothing sent twice that must not be.
//
// It decides nothing that the plan does not say, prints nothing (it reports
// Events) and knows no kind by name. cli calls Run with a cfclient.Client and a
// state.Store.
package applier

import (
	"context"
	"errors"
	"time"

	"trueup/planner"
	"trueup/schema"
)

// API is what the applier needs of the API. Errors are *schema.Fault where the
// API or the way to it is the cause.
type API interface {
	// List gives every object of the kind in the scope.
	List(ctx context.Context, k *schema.Kind, s schema.Scope) ([]*schema.Object, error)
	// Get reads one object; kinds without GET by id are read through their list.
	Get(ctx context.Context, k *schema.Kind, s schema.Scope, id string) (*schema.Object, error)
	// Create sends one POST. It is not sent again after an answer that leaves
	// open whether it was executed (schema.Unknown): the applier looks first.
	Create(ctx context.Context, k *schema.Kind, s schema.Scope, want schema.Row) (*schema.Object, schema.Secret, error)
	// Update sends want over live. With nulls, what want leaves unset and live
	// has is sent as null, whatever the table says.
	Update(ctx context.Context, live *schema.Object, want schema.Row, nulls bool) (*schema.Object, error)
	// Delete removes an object; one that is gone already is no error.
	Delete(ctx context.Context, k *schema.Kind, s schema.Scope, id string) error
	// Roll gives the object a new secret and kills the old one.
	Roll(ctx context.Context, k *schema.Kind, s schema.Scope, id string) (schema.Secret, error)
}

// Sinks delivers a secret to where the row's Local attributes say. It returns
// when the secret is durably there. Check says beforehand what would keep it
// from getting there.
type Sinks interface {
	Check(k *schema.Kind, row schema.Row) error
	Deliver(ctx context.Context, addr schema.Addr, k *schema.Kind, row schema.Row, secret schema.Secret) (where string, err error)
}

// Event is something that happened; a stream of them is the progress.
type Event struct {
	Type    EventType
	Change  *planner.Change
	Op      string        // "created", "updated", "destroyed", "replaced", "adopted", "renamed", "forgotten", "rolled", "retired"
	ID      string        // the object's id, once it is known
	Detail  string        // "secret written to secrets/deployer"; the object that it needs, for NotTried
	Err     error         // for Failed
	Elapsed time.Duration // of the step
}

// EventType says what an Event is about.
type EventType uint8

const (
	Started EventType = iota
	Done
	Failed
	NotTried // because something that it needs failed, or the run was interrupted
	Warned
)

// Result is what came of a run, each list in the order of the plan. What the
// state only had to be told of (an adoption, a rename, something forgotten) is
// among Done; a mere refresh of it is nowhere.
type Result struct {
	Done     []Event
	Failed   []Event
	NotTried []Event
	Stale    []Event // those of Failed whose object moved since the plan was made
	Stopped  bool    // interrupted
}

// Options are what a run needs besides.
type Options struct {
	Sinks       Sinks           // may be nil where the plan makes no secrets
	Parallelism int             // steps at a time; 0: DefaultParallelism
	On          func(Event)     // takes events, one at a time; may be nil
	Stop        <-chan struct{} // closed: finish what is in flight, begin nothing more; may be nil

	Now   func() time.Time                           // nil: time.Now
	Sleep func(context.Context, time.Duration) error // nil: a timer; it ends early with ctx's error
}

// DefaultParallelism is how many steps run at a time if nothing is said.
const DefaultParallelism = 10

func (o Options) withDefaults() Options {
	if o.Parallelism <= 0 {
		o.Parallelism = DefaultParallelism
	}
	if o.On == nil {
		o.On = func(Event) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return o
}

// ended reports whether the run is to end before its time.
func (o Options) ended(ctx context.Context) bool {
	select {
	case <-o.Stop:
		return true
	default:
		return ctx.Err() != nil
	}
}

// whyEnded says so of what was left.
func whyEnded(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "the run's time was up"
	}
	return "the run was interrupted"
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

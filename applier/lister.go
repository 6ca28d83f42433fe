package applier

import (
	"context"
	"sync"

	"trueup/planner"
	"trueup/schema"
)

// lister lists. Those who wait for one list share it, as long as it was begun
// after they asked: what is not in it was not there when they asked. The zero
// value but for api is ready.
type lister struct {
	api API

	mu   sync.Mutex
	next map[planner.ListKey]*listing // asked for, not begun
	busy map[planner.ListKey]bool
}

// listing is one list; its fields are set before done is closed.
type listing struct {
	done    chan struct{}
	objects []*schema.Object
	err     error
}

func (l *lister) list(ctx context.Context, k *schema.Kind, s schema.Scope) ([]*schema.Object, error) {
	mine := l.ask(ctx, planner.ListKey{Kind: k, Scope: s})
	select {
	case <-mine.done:
		return mine.objects, mine.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *lister) ask(ctx context.Context, key planner.ListKey) *listing {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == nil {
		l.next, l.busy = map[planner.ListKey]*listing{}, map[planner.ListKey]bool{}
	}
	if l.next[key] == nil {
		l.next[key] = &listing{done: make(chan struct{})}
	}
	mine := l.next[key]
	if !l.busy[key] {
		l.begin(ctx, key)
	}
	return mine
}

// begin begins the next list of the key, and the one after that when it ends.
// l.mu is held.
func (l *lister) begin(ctx context.Context, key planner.ListKey) {
	now := l.next[key]
	delete(l.next, key)
	l.busy[key] = now != nil
	if now == nil {
		return
	}
	go func() {
		now.objects, now.err = l.api.List(ctx, key.Kind, key.Scope)
		close(now.done)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.begin(ctx, key)
	}()
}

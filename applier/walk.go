package applier

import (
	"container/heap"
	"context"
	"errors"
	"slices"

	"trueup/planner"
)

// walk goes through the steps of a plan: each after what it needs, steps of a
// kind and scope in waves, otherwise in the order of the plan, several at a
// time. Its fields belong to one goroutine.
type walk struct {
	run    *run
	plan   *planner.Plan
	nodes  []node
	gates  map[planner.ListKey]*gate
	ready  queue
	events map[int]Event // how each change ended, by position

	stopped bool // interrupted before all was begun
	givenUp int  // steps that were begun, but had sent nothing when that happened
}

// node is a change as something to be done.
type node struct {
	acts    bool
	queued  bool
	ended   bool
	blocked int   // what it waits for: needs, and the gate
	waiters []int // those that need it
}

// gate lets the waves of one kind and scope through, one after another.
type gate struct {
	waves []int         // in order; the first is under way
	left  map[int]int   // by wave: steps that have not ended
	wait  map[int][]int // by wave: steps behind the gate
}

// queue is a heap of positions.
type queue []int

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i] < q[j] }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(int)) }
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

func newWalk(r *run, p *planner.Plan, events map[int]Event) *walk {
	w := &walk{run: r, plan: p, nodes: make([]node, len(p.Changes)), gates: map[planner.ListKey]*gate{}, events: events}
	for i, c := range p.Changes {
		w.nodes[i].acts = c.Acts()
		w.nodes[i].ended = !c.Acts() && c.Refused == ""
	}
	for i, c := range p.Changes {
		if w.nodes[i].ended {
			continue
		}
		for _, n := range c.Needs {
			if n >= 0 && n < len(w.nodes) && n != i && !w.nodes[n].ended {
				w.nodes[i].blocked++
				w.nodes[n].waiters = append(w.nodes[n].waiters, i)
			}
		}
		if w.nodes[i].acts {
			w.queueUp(i)
		}
	}
	for _, g := range w.gates {
		g.sort()
		for _, i := range g.wait[g.waves[0]] {
			w.nodes[i].blocked--
		}
	}
	return w
}

// queueUp puts a step behind the gate of its kind and scope.
func (w *walk) queueUp(i int) {
	c := w.plan.Changes[i]
	key := c.List()
	g := w.gates[key]
	if g == nil {
		g = &gate{left: map[int]int{}, wait: map[int][]int{}}
		w.gates[key] = g
	}
	g.left[c.Wave]++
	g.wait[c.Wave] = append(g.wait[c.Wave], i)
	w.nodes[i].blocked++
}

func (g *gate) sort() {
	for wave := range g.left {
		g.waves = append(g.waves, wave)
	}
	slices.Sort(g.waves)
}

// walk returns when every step has ended or will not be begun.
func (w *walk) walk(ctx context.Context) {
	for i, c := range w.plan.Changes {
		switch n := &w.nodes[i]; {
		case c.Refused != "" && !n.ended:
			w.end(i, Event{Type: NotTried, Change: c, ID: c.ID, Detail: c.Refused})
		case n.acts && n.blocked == 0:
			w.enqueue(i)
		}
	}
	type ending struct {
		i int
		e Event
	}
	endings := make(chan ending)
	stop, running := w.run.o.Stop, 0
	for {
		for running < w.run.o.Parallelism && len(w.ready) > 0 && !w.halts(ctx) {
			i := heap.Pop(&w.ready).(int)
			c := w.plan.Changes[i]
			running++
			w.run.emit(Event{Type: Started, Change: c, ID: c.ID})
			go func() { endings <- ending{i, w.run.step(ctx, c)} }()
		}
		if running == 0 {
			break
		}
		select {
		case e := <-endings:
			running--
			if e.e.Type == NotTried {
				w.stopped = true
				w.givenUp++
			}
			w.end(e.i, e.e)
		case <-stop:
			w.stopped, stop = true, nil
		}
	}
	w.leave(ctx)
}

func (w *walk) enqueue(i int) {
	if n := &w.nodes[i]; !n.queued && !n.ended {
		n.queued = true
		heap.Push(&w.ready, i)
	}
}

// halts reports whether anything keeps steps from being begun.
func (w *walk) halts(ctx context.Context) bool {
	w.stopped = w.stopped || w.run.o.ended(ctx)
	return w.stopped || w.run.book.err() != nil
}

// end notes how a step ended, and lets through or fails what waited for it.
func (w *walk) end(i int, e Event) {
	for todo := []int{i}; len(todo) > 0; todo = todo[1:] {
		n := &w.nodes[todo[0]]
		if n.ended {
			continue
		}
		if todo[0] != i {
			c := w.plan.Changes[todo[0]]
			e = Event{Type: NotTried, Change: c, ID: c.ID, Detail: "it needs " + w.failedNeed(c)}
		}
		n.ended = true
		w.events[todo[0]] = e
		w.run.emit(e)
		for _, waiter := range n.waiters {
			if e.Type == Done {
				w.unblock(waiter)
			} else {
				todo = append(todo, waiter)
			}
		}
		if n.acts {
			w.pass(w.plan.Changes[todo[0]])
		}
	}
}

// failedNeed is the address of what the change needs and did not get.
func (w *walk) failedNeed(c *planner.Change) string {
	for _, n := range c.Needs {
		if e, ok := w.events[n]; ok && e.Type != Done {
			return e.Change.Addr.String()
		}
	}
	return "something that failed"
}

func (w *walk) unblock(i int) {
	n := &w.nodes[i]
	if n.blocked--; n.blocked == 0 && n.acts {
		w.enqueue(i)
	}
}

// pass counts a step at its gate, and opens the gate for the next wave when it
// was the last of its own.
func (w *walk) pass(c *planner.Change) {
	g := w.gates[c.List()]
	g.left[c.Wave]--
	for len(g.waves) > 0 && g.left[g.waves[0]] == 0 {
		g.waves = g.waves[1:]
		if len(g.waves) > 0 {
			for _, i := range g.wait[g.waves[0]] {
				w.unblock(i)
			}
		}
	}
}

// leave ends what was not begun.
func (w *walk) leave(ctx context.Context) {
	why := whyEnded(ctx)
	switch {
	case w.run.book.err() != nil:
		why = "the state cannot be written"
	case !w.stopped:
		why = "each of several needs the other"
	}
	left := w.givenUp
	for i, c := range w.plan.Changes {
		if !w.nodes[i].ended {
			left++
			w.nodes[i].ended = true
			w.events[i] = Event{Type: NotTried, Change: c, ID: c.ID, Detail: why}
			w.run.emit(w.events[i])
		}
	}
	w.stopped = w.stopped && left > 0
}

func (w *walk) result() Result {
	r := Result{Stopped: w.stopped}
	for i := range w.plan.Changes {
		e, ok := w.events[i]
		if !ok {
			continue
		}
		switch e.Type {
		case Done:
			r.Done = append(r.Done, e)
		case NotTried:
			r.NotTried = append(r.NotTried, e)
		case Failed:
			r.Failed = append(r.Failed, e)
			var moved *StaleError
			if errors.As(e.Err, &moved) {
				r.Stale = append(r.Stale, e)
			}
		}
	}
	return r
}

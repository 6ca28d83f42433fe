package applier

import (
	"cmp"
	"slices"

	"trueup/planner"
	"trueup/schema"
)

// walk carries out the changes that need requests: each when all that it needs
// has succeeded and the waves before its own have ended, as many at once as
// the options allow.
func (r *runner) walk() {
	w := newWalk(r.p)
	ends := make(chan end)
	running := 0
	for {
		for running < r.o.Parallelism && len(w.ready) > 0 && !r.stopped() {
			i := w.ready[0]
			w.ready = w.ready[1:]
			running++
			go func() { ends <- end{i, r.step(r.p.Changes[i])} }()
		}
		if running == 0 {
			break
		}
		e := <-ends
		running--
		w.finish(e.change, e.ok)
		for _, s := range w.takeSkipped() {
			r.emit(Event{Type: NotTried, Change: r.p.Changes[s.change], Detail: "it needs " + r.p.Changes[s.because].Addr.String()})
		}
	}
	for _, i := range w.left() {
		r.result.Stopped = true
		r.emit(Event{Type: NotTried, Change: r.p.Changes[i], Detail: "the run was interrupted"})
	}
}

type end struct {
	change int
	ok     bool
}

// stopped reports whether nothing more may be begun.
func (r *runner) stopped() bool {
	select {
	case <-r.o.Stop:
		return true
	case <-r.ctx.Done():
		return true
	default:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fatal != nil
}

// step does one change and reports it. It says whether it succeeded.
func (r *runner) step(c *planner.Change) bool {
	r.emit(Event{Type: Started, Change: c})
	start := r.o.Now()
	e := Event{Type: Done, Change: c}
	var err error
	e.Op, e.ID, e.Detail, err = r.perform(c)
	e.Elapsed = r.o.Now().Sub(start)
	if err != nil {
		e.Type, e.Err = Failed, err
	}
	r.emit(e)
	return err == nil
}

// walkState knows which changes may begin.
type walkState struct {
	blockers []int   // how many things each change waits for
	then     [][]int // changes that need this one
	done     []status
	waves    map[waveKey][]*wave
	waveOf   []*wave
	ready    []int
	skipped  []skip
}

type status uint8

const (
	waiting status = iota
	succeeded
	failed
)

type skip struct{ change, because int }

type waveKey struct {
	kind  *schema.Kind
	scope schema.Scope
}

// wave is the changes of one kind and scope that go together.
type wave struct {
	number  int
	members []int
	left    int  // members that have not ended
	started bool // the waves before have ended
	next    *wave
}

func newWalk(p *planner.Plan) *walkState {
	n := len(p.Changes)
	w := &walkState{blockers: make([]int, n), then: make([][]int, n), done: make([]status, n), waves: map[waveKey][]*wave{}, waveOf: make([]*wave, n)}
	byNumber := map[waveKey]map[int]*wave{}
	var acting []int
	for i, c := range p.Changes {
		switch {
		case c.Refused != "":
			w.done[i] = failed
			continue
		case c.Action == planner.NoOp || c.Action == planner.Forget:
			w.done[i] = succeeded
			continue
		}
		acting = append(acting, i)
		k := waveKey{c.Kind, c.Scope}
		if byNumber[k] == nil {
			byNumber[k] = map[int]*wave{}
		}
		v := byNumber[k][c.Wave]
		if v == nil {
			v = &wave{number: c.Wave}
			byNumber[k][c.Wave] = v
			w.waves[k] = append(w.waves[k], v)
		}
		v.members, v.left = append(v.members, i), v.left+1
		w.waveOf[i] = v
	}
	for _, list := range w.waves {
		slices.SortFunc(list, func(a, b *wave) int { return cmp.Compare(a.number, b.number) })
		list[0].started = true
		for i := 1; i < len(list); i++ {
			list[i-1].next = list[i]
			for _, m := range list[i].members {
				w.blockers[m]++
			}
		}
	}
	var doomed []skip
	for _, i := range acting {
		for _, need := range p.Changes[i].Needs {
			switch w.done[need] {
			case waiting:
				w.blockers[i]++
				w.then[need] = append(w.then[need], i)
			case failed:
				doomed = append(doomed, skip{i, need})
			}
		}
	}
	for _, i := range acting {
		if w.blockers[i] == 0 {
			w.ready = append(w.ready, i)
		}
	}
	for _, d := range doomed {
		w.skip(d.change, d.because)
	}
	w.ready = slices.DeleteFunc(w.ready, func(i int) bool { return w.done[i] != waiting })
	return w
}

// finish marks a change as ended and frees what waited for it.
func (w *walkState) finish(i int, ok bool) {
	if w.done[i] != waiting {
		return
	}
	w.done[i] = failed
	if ok {
		w.done[i] = succeeded
	}
	for _, t := range w.then[i] {
		if ok {
			w.free(t)
		} else {
			w.skip(t, i)
		}
	}
	w.endOf(w.waveOf[i])
}

// skip marks a change that cannot be tried, and all that need it.
func (w *walkState) skip(i, because int) {
	if w.done[i] != waiting {
		return
	}
	w.skipped = append(w.skipped, skip{i, because})
	w.finish(i, false)
}

// endOf counts a member of a wave as ended, and opens the next wave after the
// last.
func (w *walkState) endOf(v *wave) {
	for v.left--; v.left == 0 && v.started; {
		if v = v.next; v == nil {
			return
		}
		v.started = true
		for _, m := range v.members {
			w.free(m)
		}
	}
}

func (w *walkState) free(i int) {
	if w.blockers[i]--; w.blockers[i] == 0 && w.done[i] == waiting {
		w.ready = append(w.ready, i)
	}
}

func (w *walkState) takeSkipped() []skip {
	s := w.skipped
	w.skipped = nil
	return s
}

// left are the changes that never ended.
func (w *walkState) left() []int {
	var out []int
	for i, s := range w.done {
		if s == waiting && w.waveOf[i] != nil {
			out = append(out, i)
		}
	}
	return out
}

package cli

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"trueup/applier"
	"trueup/schema"
	"trueup/state"
)

var errDead = errors.New("the process is dead")

// life is a process that dies at a moment: nothing that it does from then on
// happens, though it goes on to believe so. Moments are counted before and
// after each request, each record of the journal, each save and each delivery
// of a secret.
type life struct {
	moment atomic.Int64
	end    int64
}

// alive passes a moment.
func (l *life) alive() bool { return l.moment.Add(1) < l.end }

func (l *life) over() bool { return l.moment.Load() >= l.end }

// do does what it is given, if the process lives to do it, and reports a
// failure if it does not live to see it done.
func (l *life) do(what func() error) error {
	if !l.alive() {
		return errDead
	}
	err := what()
	if !l.alive() {
		return errDead
	}
	return err
}

type mortalTransport struct {
	*life
	next http.RoundTripper
}

func (m mortalTransport) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	err = m.do(func() (err error) { answer, err = m.next.RoundTrip(r); return })
	if err != nil && answer != nil {
		_ = answer.Body.Close()
		answer = nil
	}
	return answer, err
}

type mortalStore struct {
	*life
	state.Store
}

func (m mortalStore) Append(ctx context.Context, recs ...state.Record) error {
	return m.do(func() error { return m.Store.Append(ctx, recs...) })
}

func (m mortalStore) Save(ctx context.Context, s *state.Snapshot, prev uint64) error {
	return m.do(func() error { return m.Store.Save(ctx, s, prev) })
}

type mortalSinks struct {
	*life
	next applier.Sinks
}

func (m mortalSinks) Check(k *schema.Kind, row schema.Row) error { return m.next.Check(k, row) }

func (m mortalSinks) Deliver(ctx context.Context, addr schema.Addr, k *schema.Kind, row schema.Row, secret schema.Secret) (where string, err error) {
	err = m.do(func() (err error) { where, err = m.next.Deliver(ctx, addr, k, row, secret); return })
	return where, err
}

// TestKilledAtEveryMoment: an apply that is killed, wherever it stands, is
// finished by the next one.
func TestKilledAtEveryMoment(t *testing.T) {
	for _, story := range matrixStories {
		t.Run(story.name, func(t *testing.T) {
			if story.slow && testing.Short() {
				t.Skip("long")
			}
			undisturbed, _ := prepared(t, story)
			if err := undisturbed.apply(story.after); err != nil {
				t.Fatal(err)
			}
			dump := undisturbed.dump()
			for end := int64(1); ; end++ {
				s, _ := prepared(t, story)
				s.life = &life{end: end}
				first := s.apply(story.after)
				over := s.life.over()
				s.life = nil
				s.foreseen(story.after)
				if err := s.apply(story.after); err != nil {
					t.Fatalf("killed at moment %d (%v), the second apply: %s", end, first, err)
				}
				s.settled(story.after, dump, story.secrets...)
				if t.Failed() {
					t.Fatalf("killed at moment %d (%v)", end, first)
				}
				if !over {
					t.Logf("%d moments", end)
					return
				}
			}
		})
	}
}

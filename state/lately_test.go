package state_test

import (
	"testing"
	"time"

	"trueup/schema"
	"trueup/state"
	"trueup/state/storetest"
)

// What applies of the last minute made and deleted is remembered, also when
// another apply has begun since.
func TestLately(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	kept, gone := storetest.Entry("kept", "1"), storetest.Entry("gone", "2")
	outcome := func(op state.Op, e *state.Entry, put *state.Entry, at time.Time) state.Record {
		return state.Record{Outcome: &state.Outcome{Put: put, Undo: &state.Undo{Op: op, Addr: e.Addr, Scope: schema.UserScope, ID: e.ID, After: e.Applied, At: at}}}
	}
	begin := func(at time.Time) state.Record { return state.Record{Begin: &at} }
	l := state.NewLedger(&state.Snapshot{})
	l.Apply(begin(start), outcome(state.OpCreate, kept, kept, start), outcome(state.OpUpdate, kept, kept, start))
	l.Apply(begin(start.Add(10*time.Second)), outcome(state.OpDelete, gone, nil, start.Add(10*time.Second)))
	l.Apply(begin(start.Add(20 * time.Second)))
	s := l.Snapshot()
	us := s.Lately(start.Add(30 * time.Second))
	if len(us) != 2 || us[0].ID != "1" || us[1].ID != "2" || us[0].After != nil {
		t.Fatalf("%+v", us)
	}
	if s.Gone(us[0]) || !s.Gone(us[1]) {
		t.Error("one is there and one is gone")
	}
	if us := s.Lately(start.Add(65 * time.Second)); len(us) != 1 || us[0].ID != "2" {
		t.Errorf("%+v", us)
	}
	s.Entries = []*state.Entry{gone, kept} // its deletion was never answered
	if s.Gone(us[1]) {
		t.Error("what the state still has is not certainly gone")
	}
	l.Apply(begin(start.Add(time.Hour)))
	if s := l.Snapshot(); len(s.Recent) != 0 {
		t.Errorf("%+v", s.Recent)
	}
}

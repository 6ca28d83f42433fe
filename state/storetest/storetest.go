// Package storetest is the suite that every state.Store passes.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"trueup/schema"
	"trueup/state"
)

// Run runs the suite. open gives stores of one and the same state within a
// subtest, as another process would open it; the state of a new subtest is
// empty.
func Run(t *testing.T, open func(t *testing.T) state.Store) {
	for name, f := range map[string]func(*testing.T, func() state.Store){
		"empty":           testEmpty,
		"saved":           testSaved,
		"stale":           testStale,
		"replay":          testReplay,
		"replay unsaved":  testReplayUnsaved,
		"save compacts":   testCompacts,
		"concurrent":      testConcurrent,
		"stale append":    testStaleAppend,
		"sensitive":       testSensitive,
		"lock excludes":   testLock,
		"lock waits":      testLockWaits,
		"lock cancelled":  testLockCancelled,
		"unlock is twice": testUnlockTwice,
	} {
		t.Run(name, func(t *testing.T) { f(t, func() state.Store { return open(t) }) })
	}
}

// Entry is an entry of an access rule, for tests.
func Entry(name, id string) *state.Entry {
	k := schema.KindNamed("access_rule")
	row := make(schema.Row, len(k.Attrs))
	row[k.Index("target")], row[k.Index("value")] = schema.String("ip"), schema.String("192.0.2.1")
	row[k.Index("mode")], row[k.Index("notes")] = schema.String("block"), schema.String("a \"note\"\n é \u2028")
	return &state.Entry{Addr: schema.Addr{Kind: k.Name, Name: name}, Scope: schema.UserScope, ID: id, Origin: state.Created, Applied: row}
}

func full() *state.Snapshot {
	a, b, c := Entry("a", "1"), Entry("a", "2"), Entry("b", "3")
	b.Deposed = true
	c.Addr.Key, c.Addr.Each = "x \"y\" ]", true
	c.Scope = schema.Scope{Level: schema.Account, ID: strings.Repeat("a1", 16)}
	c.Origin, c.PreventDestroy, c.Secret = state.Adopted, true, state.Pending
	c.DependsOn = []schema.Addr{a.Addr, {Kind: "monitor", Name: "m"}}
	c.Applied[3] = schema.Sensitive{Digest: "aa:bb"}
	start := time.Date(2026, 11, 23, 10, 0, 0, 123456789, time.UTC)
	return &state.Snapshot{
		World:   state.Simulated,
		Entries: []*state.Entry{a, b, c},
		Open: []state.Intent{
			{Seq: 4, Op: state.OpCreate, Addr: a.Addr, Scope: schema.UserScope, Values: a.Applied, Start: start},
			{Seq: 7, Op: state.OpDelete, Addr: a.Addr, Scope: schema.UserScope, ID: "2", Deposed: true, Start: start},
		},
		Last: []state.Undo{
			{Op: state.OpUpdate, Addr: a.Addr, Scope: schema.UserScope, ID: "1", Before: a.Applied, After: c.Applied},
			{Op: state.OpRoll, Addr: a.Addr, Scope: schema.UserScope, ID: "1", At: start},
		},
		Recent: []state.Undo{{Op: state.OpDelete, Addr: a.Addr, Scope: schema.UserScope, ID: "8", At: start}},
	}
}

func load(t *testing.T, st state.Store) *state.Snapshot {
	t.Helper()
	s, err := st.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func save(t *testing.T, st state.Store, s *state.Snapshot, prev uint64) {
	t.Helper()
	if err := st.Save(context.Background(), s, prev); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, st state.Store, recs ...state.Record) {
	t.Helper()
	if err := st.Append(context.Background(), recs...); err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want *state.Snapshot) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
}

func testEmpty(t *testing.T, open func() state.Store) {
	s := load(t, open())
	if s.Serial != 0 || len(s.Salt) != 16 || len(s.Entries)+len(s.Open)+len(s.Last) != 0 {
		t.Errorf("%+v", s)
	}
	if string(load(t, open()).Salt) == string(s.Salt) {
		t.Error("the salt is not fresh")
	}
}

func testSaved(t *testing.T, open func() state.Store) {
	st := open()
	s := load(t, st)
	want := full()
	want.Salt = s.Salt
	save(t, st, want, 0)
	if want.Serial != 1 {
		t.Fatalf("serial %d", want.Serial)
	}
	same(t, load(t, st), want)
	same(t, load(t, open()), want)
	want.Entries = want.Entries[:1]
	save(t, st, want, 1)
	if want.Serial != 2 {
		t.Fatalf("serial %d", want.Serial)
	}
	same(t, load(t, open()), want)
}

func testStale(t *testing.T, open func() state.Store) {
	a, b := open(), open()
	sa, sb := load(t, a), load(t, b)
	save(t, a, sa, 0)
	if err := b.Save(context.Background(), sb, 0); !errors.Is(err, state.ErrStale) {
		t.Errorf("%v", err)
	}
	if sb.Serial != 0 {
		t.Error("a failed Save set the serial")
	}
	save(t, a, sa, 1)
}

func testReplay(t *testing.T, open func() state.Store) {
	st := open()
	s := load(t, st)
	s.Entries = []*state.Entry{Entry("a", "1"), Entry("b", "2")}
	s.Last = []state.Undo{{Op: state.OpCreate, Addr: Entry("z", "").Addr, Scope: schema.UserScope, ID: "9"}}
	save(t, st, s, 0)

	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	intent := func(seq uint64, name string) state.Record {
		return state.Record{Intent: &state.Intent{Seq: seq, Op: state.OpCreate, Addr: Entry(name, "").Addr, Scope: schema.UserScope, Values: Entry(name, "").Applied, Start: begin}}
	}
	drop := Entry("b", "2").Key()
	renamed := state.Undo{Op: state.OpRename, Addr: Entry("c", "").Addr, From: Entry("b", "").Addr, Scope: schema.UserScope, ID: "3"}
	undo := state.Undo{Op: state.OpCreate, Addr: Entry("c", "").Addr, Scope: schema.UserScope, ID: "3", After: Entry("c", "").Applied}
	add(t, st, state.Record{Begin: &begin}, intent(1, "c"), intent(2, "d"))
	add(t, st, intent(3, "e"))
	add(t, st,
		state.Record{Outcome: &state.Outcome{Seq: 1, Put: Entry("c", "3"), Undo: &undo}},
		state.Record{Outcome: &state.Outcome{Seq: 3, Failed: true}},
		state.Record{Outcome: &state.Outcome{Put: Entry("bb", "2"), Drop: &drop}},
		state.Record{Outcome: &state.Outcome{Undo: &renamed}})
	add(t, st)

	got := load(t, open())
	want := &state.Snapshot{Serial: 1, Salt: s.Salt, Entries: []*state.Entry{Entry("a", "1"), Entry("bb", "2"), Entry("c", "3")},
		Open: []state.Intent{*intent(2, "d").Intent}, Last: []state.Undo{undo, renamed}}
	same(t, got, want)

	// What was loaded can be appended to, by this process and by the next.
	next := open()
	load(t, next)
	add(t, next, state.Record{Outcome: &state.Outcome{Seq: 2, Put: Entry("d", "4")}})
	got = load(t, open())
	if len(got.Open) != 0 || got.Find(Entry("d", "4").Key()) == nil {
		t.Errorf("%+v", got)
	}
}

func testReplayUnsaved(t *testing.T, open func() state.Store) {
	st := open()
	s := load(t, st)
	add(t, st, state.Record{Outcome: &state.Outcome{Put: Entry("a", "1")}})
	got := load(t, open())
	if got.Serial != 0 || len(got.Entries) != 1 {
		t.Errorf("%+v", got)
	}
	if string(got.Salt) != string(s.Salt) {
		t.Error("another salt than the records were sealed with")
	}
}

func testCompacts(t *testing.T, open func() state.Store) {
	st := open()
	s := load(t, st)
	add(t, st, state.Record{Outcome: &state.Outcome{Put: Entry("a", "1")}})
	l := state.NewLedger(s)
	l.Apply(state.Record{Outcome: &state.Outcome{Put: Entry("b", "2")}})
	s = l.Snapshot()
	save(t, st, s, 0)
	same(t, load(t, open()), s)
	add(t, st, state.Record{Outcome: &state.Outcome{Put: Entry("c", "3")}})
	if got := load(t, open()); len(got.Entries) != 2 || got.Serial != 1 {
		t.Errorf("%+v", got)
	}
}

func testConcurrent(t *testing.T, open func() state.Store) {
	const workers, each = 10, 20
	st := open()
	load(t, st)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				name := fmt.Sprintf("n%d_%d", w, i)
				seq := uint64(w*each + i + 1)
				err := errors.Join(
					st.Append(context.Background(), state.Record{Intent: &state.Intent{Seq: seq, Op: state.OpCreate, Addr: Entry(name, "").Addr, Scope: schema.UserScope}}),
					st.Append(context.Background(), state.Record{Outcome: &state.Outcome{Seq: seq, Put: Entry(name, name)}}))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := load(t, open()); len(got.Entries) != workers*each || len(got.Open) != 0 {
		t.Errorf("%d entries, %d open", len(got.Entries), len(got.Open))
	}
}

func testStaleAppend(t *testing.T, open func() state.Store) {
	a, b := open(), open()
	sa := load(t, a)
	load(t, b)
	save(t, a, sa, 0)
	if err := b.Append(context.Background(), state.Record{Outcome: &state.Outcome{Put: Entry("a", "1")}}); !errors.Is(err, state.ErrStale) {
		t.Errorf("%v", err)
	}
	c := open()
	load(t, c)
	load(t, b)
	add(t, b, state.Record{Outcome: &state.Outcome{Put: Entry("a", "1")}})
	if err := c.Save(context.Background(), sa, sa.Serial); !errors.Is(err, state.ErrStale) {
		t.Errorf("saved over another's journal: %v", err)
	}
}

func testSensitive(t *testing.T, open func() state.Store) {
	st := open()
	s := load(t, st)
	e := Entry("a", "1")
	e.Applied[3] = schema.Sensitive{Value: schema.String("hunter2")}
	s.Entries = []*state.Entry{e}
	if err := st.Save(context.Background(), s, 0); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
	if err := st.Append(context.Background(), state.Record{Outcome: &state.Outcome{Put: e}}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
	if got := load(t, open()); len(got.Entries) != 0 || got.Serial != 0 {
		t.Errorf("%+v", got)
	}
	s.Entries = nil
	save(t, st, s, 0)
}

func at(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

func testLock(t *testing.T, open func() state.Store) {
	who := state.Holder{Who: "ann", Host: "ci-7", PID: 4242, What: "trueup apply", When: time.Now().Add(-3 * time.Minute)}
	unlock, err := open().Lock(context.Background(), who)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := at(0)
	defer cancel()
	_, err = open().Lock(ctx, state.Holder{})
	var locked *state.LockedError
	if !errors.Is(err, state.ErrLocked) || !errors.As(err, &locked) {
		t.Fatalf("%v", err)
	}
	if locked.Holder.Who != "ann" || locked.Holder.PID != 4242 || locked.Age < time.Minute {
		t.Errorf("%+v", locked)
	}
	for _, word := range []string{"ann", "ci-7", "4242", "trueup apply", "3 min", "--lock-timeout"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q lacks %q", err, word)
		}
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err = open().Lock(ctx, who) // ctx has ended, but it is tried once
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func testLockWaits(t *testing.T, open func() state.Store) {
	unlock, err := open().Lock(context.Background(), state.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { unlock() })
	ctx, cancel := at(10 * time.Second)
	defer cancel()
	second, err := open().Lock(ctx, state.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	second()
}

func testLockCancelled(t *testing.T, open func() state.Store) {
	unlock, err := open().Lock(context.Background(), state.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := open().Lock(ctx, state.Holder{}); !errors.Is(err, context.Canceled) || errors.Is(err, state.ErrLocked) {
		t.Errorf("%v", err)
	}
}

func testUnlockTwice(t *testing.T, open func() state.Store) {
	unlock, err := open().Lock(context.Background(), state.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	other, err := open().Lock(context.Background(), state.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	defer other()
	unlock() // of no effect on the new holder
	ctx, cancel := at(0)
	defer cancel()
	if _, err := open().Lock(ctx, state.Holder{}); !errors.Is(err, state.ErrLocked) {
		t.Errorf("%v", err)
	}
}

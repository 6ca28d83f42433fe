package state

import (
	"fmt"
	"testing"
	"time"

	"trueup/schema"
)

func TestSnapshotEdits(t *testing.T) {
	a := func(n string) schema.Addr { return schema.Addr{Kind: "access_rule", Name: n} }
	old := entryOf("b")
	old.ID, old.Deposed = "0", true
	c := entryOf("c")
	c.DependsOn = []schema.Addr{a("b")}
	s := &Snapshot{Entries: []*Entry{entryOf("a"), entryOf("b"), old, c}}
	if got := s.At(a("b")); len(got) != 2 || got[0].Deposed || !got[1].Deposed {
		t.Errorf("%v", got)
	}
	if len(s.At(a("bb"))) != 0 {
		t.Error("found what is not there")
	}
	for _, bad := range []struct{ from, to schema.Addr }{
		{a("nothing"), a("z")}, {a("b"), a("c")}, {a("b"), schema.Addr{Kind: "pool", Name: "b"}},
	} {
		if err := s.Move(bad.from, bad.to); err == nil {
			t.Errorf("%v", bad)
		}
	}
	if err := s.Move(a("b"), a("z")); err != nil {
		t.Fatal(err)
	}
	if names(s) != "aczz" || fmt.Sprint(s.Entries[1].DependsOn) != "[access_rule.z]" || fmt.Sprint(c.DependsOn) != "[access_rule.b]" {
		t.Errorf("%s, %v, %v", names(s), s.Entries[1].DependsOn, c.DependsOn)
	}
	if n := s.Remove(a("z")); n != 2 || names(s) != "ac" {
		t.Errorf("%d, %s", n, names(s))
	}
}

// A resource under for_each is moved as a whole, as it is renamed as a whole.
func TestMoveInstances(t *testing.T) {
	at := func(n, key string) schema.Addr { return schema.Addr{Kind: "pool", Name: n, Key: key, Each: key != ""} }
	s := &Snapshot{}
	for _, key := range []string{"a", "b"} {
		s.Entries = append(s.Entries, &Entry{Addr: at("web", key)})
	}
	s.Entries = append(s.Entries, &Entry{Addr: at("www", "c")})
	if err := s.Move(at("web", ""), at("www", "x")); err == nil {
		t.Error("two were moved to one address")
	}
	if err := s.Move(at("web", ""), at("www", "")); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.Instances(at("www", ""))); got != `[pool.www["a"] pool.www["b"] pool.www["c"]]` {
		t.Error(got)
	}
	if got := fmt.Sprint(s.Instances(at("www", "b")), s.Instances(at("web", ""))); got != `[pool.www["b"]] []` {
		t.Error(got)
	}
}

func TestLockedErrorText(t *testing.T) {
	for _, c := range []struct {
		e    LockedError
		want string
	}{
		{LockedError{}, "the state is locked by another process"},
		{LockedError{Holder: Holder{PID: 7, Host: "h"}, Remedy: "Wait"}, "the state is locked by a process on h (process 7). Wait"},
	} {
		if got := c.e.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	for d, want := range map[int]string{0: "0 s", 59: "59 s", 60: "1 min", 3600: "1 h 0 min", 90000: "25 h 0 min", 200000: "2 days"} {
		if got := ageText(duration(d)); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
}

func duration(seconds int) time.Duration { return time.Duration(seconds) * time.Second }

package planner_test

import (
	"testing"
	"time"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// TestAbsentCreate: what an unanswered create may have made is looked for in
// lists as long as they may lack it, which is long after its start: limits of the
// API are waited out in between.
func TestAbsentCreate(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	made := live("monitor", id(1), attrs{"description": "m"})
	for _, c := range []struct {
		name  string
		age   time.Duration
		lists []*schema.Object
		count int
	}{
		{"a moment ago", time.Second, nil, 1},
		{"before a limit was waited out", 5 * time.Minute, nil, 1},
		{"long ago", 2 * time.Hour, nil, 0},
		{"a moment ago, and there", time.Second, []*schema.Object{made}, 0},
	} {
		in := planner.Input{
			Now:  now,
			Have: &state.Snapshot{Open: []state.Intent{{Op: state.OpCreate, Addr: want("monitor.m", attrs{}).Addr, Scope: schema.UserScope, Values: made.Values, Start: now.Add(-c.age)}}},
			Live: []planner.Listing{{Kind: made.Kind, Scope: schema.UserScope, Objects: c.lists}},
		}
		if got := in.Absent(); len(got) != c.count {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

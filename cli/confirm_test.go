package cli

import (
	"testing"
	"testing/synctest"
	"time"

	"trueup/schema"
	"trueup/sim"
)

// Lists that lag (API facts §0.6): what was just made is not made again, and
// what was just deleted is neither taken over nor deleted again. The rules are
// listed again, since users' rules have no GET; the others are asked for.
func TestListsThatLag(t *testing.T) {
	const with = "monitors:\n  web: {type: https, path: /}\npools:\n  main: {monitor: web, origins: [{name: a, address: 203.0.113.1}]}\n" +
		"access_rules:\n  office: {mode: whitelist, value: 198.51.100.7}\n"
	const other = "access_rules:\n  home: {mode: whitelist, value: 198.51.100.8}\n"
	for _, story := range []struct {
		name  string
		steps []string
	}{
		{"made", []string{with}},
		{"made, then something else", []string{with, with + "  home: {mode: whitelist, value: 198.51.100.8}\n"}},
		{"deleted and wanted again", []string{with, other, with}},
		{"deleted, exclusive", []string{with, "ownership: {access_rules: exclusive}\n" + other}},
	} {
		t.Run(story.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &site{t: t, dir: quickDir(t), bubble: true}
				s.api = sim.New(sim.Options{ListLag: 4 * time.Second, DeletedStillListed: 4 * time.Second})
				for _, yaml := range story.steps {
					if err := s.apply(yaml); err != nil {
						t.Fatal(err)
					}
					plan, _, err := s.start(yaml).plan(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if plan.Outcome() != "none" || plan.Counts().Adopt > 0 {
						t.Errorf("the plan a moment later is not empty: %+v", plan.Counts())
					}
				}
				dump := s.dump()
				time.Sleep(time.Minute)
				s.settled(story.steps[len(story.steps)-1], dump)
			})
		})
	}
}

// What was deleted by hand right after an apply is made again: that a list may
// lag does not keep it from being missed.
func TestDeletedByHandRightAfterApply(t *testing.T) {
	const yaml = "monitors:\n  web: {type: https, path: /}\naccess_rules:\n  office: {mode: whitelist, value: 198.51.100.7}\n"
	synctest.Test(t, func(t *testing.T) {
		s := &site{t: t, dir: quickDir(t), bubble: true, api: sim.New(sim.Options{})}
		if err := s.apply(yaml); err != nil {
			t.Fatal(err)
		}
		dump := s.dump()
		for _, key := range []slot{{"monitor", schema.UserScope, "web"}, {"access_rule", schema.UserScope, "198.51.100.7"}} {
			_ = s.hand(byHand{slot: key, do: "remove"})
		}
		plan, _, err := s.start(yaml).plan(t.Context())
		if err != nil || plan.Counts().Add != 2 {
			t.Fatal(err, plan.Counts())
		}
		if err := s.apply(yaml); err != nil {
			t.Fatal(err)
		}
		s.settled(yaml, dump)
	})
}

package cli

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"trueup/sim"
)

// soakFiles are so many objects, in the mixture that is measured elsewhere: 70 %
// access rules, 10 % of each other kind.
func soakFiles(n int) (string, []string) {
	var rules, monitors, pools, tokens strings.Builder
	var names []string
	for i := range n {
		switch i % 10 {
		case 7:
			fmt.Fprintf(&monitors, "  m%d: {type: https, path: /health/%[1]d}\n", i)
		case 8:
			fmt.Fprintf(&pools, "  p%d: {monitor: \"${monitor.m%d.id}\", origins: [{name: a, address: 203.0.113.%d}]}\n", i, i-1, i%250+1)
		case 9:
			names = append(names, fmt.Sprintf("t%d", i))
			fmt.Fprintf(&tokens, "  t%d: {policies: [{permission_groups: [Zone Read], resources: {com.cloudflare.api.account.zone.*: \"*\"}}], secret: {file: secrets/t%[1]d}}\n", i)
		default:
			fmt.Fprintf(&rules, "  r%d: {mode: block, value: 10.%d.%d.%d, notes: Rule %[1]d}\n", i, i>>16, i>>8&255, i&255)
		}
	}
	return "access_rules:\n" + rules.String() + "monitors:\n" + monitors.String() + "pools:\n" + pools.String() + "tokens:\n" + tokens.String(), names
}

// soaked is a site to which so many objects were applied, with or without 2 %
// of the requests going wrong, under the API's own rate limit.
func soaked(t *testing.T, yaml string, faults float64) (*site, error) {
	s := &site{t: t, dir: quickDir(t), bubble: true, chance: newChance(1)}
	s.api = sim.New(sim.Options{TokenQuota: -1})
	s.chance.parallel, s.chance.faults, s.chance.quiet = 10, faults, true
	return s, s.apply(yaml)
}

// TestSoak: many objects, 2 % of all requests going wrong; the second apply, in
// which nothing does, ends where an undisturbed one does. TRUEUP_SOAK=N is how
// many objects.
func TestSoak(t *testing.T) {
	n, ok := number(t, "TRUEUP_SOAK")
	if !ok {
		n = 600
		if testing.Short() {
			n = 60
		}
	}
	yaml, tokens := soakFiles(int(n))
	want := ""
	synctest.Test(t, func(t *testing.T) {
		s, err := soaked(t, yaml, 0)
		if err != nil {
			t.Fatal(err)
		}
		want = s.ends()
	})
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s, err := soaked(t, yaml, .02)
		first := time.Since(start)
		if err := s.calm().apply(yaml); err != nil {
			t.Errorf("the second apply: %v", err)
		}
		failed := 0
		for _, r := range s.api.Requests() {
			if r.Fault != "" {
				failed++
			}
		}
		t.Logf("%d objects, %d requests, %d of them went wrong; the first apply took %s of virtual time and ended with: %v",
			n, len(s.api.Requests()), failed, first.Round(time.Second), err)
		s.settled(yaml, want, tokens...)
	})
}

package applier

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"

	"trueup/planner"
	"trueup/state"
)

// BenchmarkCreates is an apply of n new objects into a state file: the time per
// object must not grow with n.
func BenchmarkCreates(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				st := state.OpenFile(filepath.Join(b.TempDir(), "state.json"), state.FileOptions{Rand: rand.Reader})
				snap, err := st.Load(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				p := &planner.Plan{}
				for i := range n {
					name := fmt.Sprintf("m%05d", i)
					p.Changes = append(p.Changes, change(planner.Create, "monitor."+name, nil, row(b, "monitor", "description", name), ""))
				}
				res, err := Run(b.Context(), p, newWorld(), st, snap, Options{})
				if err != nil || len(res.Done) != n || len(snap.Entries) != n {
					b.Fatal(err, len(res.Done))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/object")
		})
	}
}

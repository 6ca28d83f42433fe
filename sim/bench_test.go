package sim

import (
	"fmt"
	"testing"

	"trueup/schema"
)

// BenchmarkList reads all pages of a great many rules.
func BenchmarkList(b *testing.B) {
	s := New(Options{RateLimit: RateLimit{Requests: -1}})
	const n = 100000
	for i := range n {
		fields := map[string]any{"mode": "block", "configuration": map[string]any{"target": "asn", "value": fmt.Sprint("AS", i+1)}}
		if _, err := s.Put(schema.UserScope, "access_rule", fields); err != nil {
			b.Fatal(err)
		}
	}
	token, _, _ := s.Credentials()
	tt := &tester{s: s, headers: bearer(token)}
	for b.Loop() {
		for page := range n / 1000 {
			g, err := tt.fetch(b.Context(), "GET", fmt.Sprintf("%s?order=configuration.value&per_page=1000&page=%d", rulesPath, page+1), "")
			if err != nil || g.status != 200 {
				b.Fatal(err, g.status)
			}
		}
	}
}

package render

import (
	"io"
	"testing"

	"trueup/planner"
)

// BenchmarkRender shows 10,000 changes: time must be in proportion to them.
func BenchmarkRender(b *testing.B) {
	p := big(5000, 50)
	quiet := plan()
	for range 100 {
		for _, c := range big(500, 0).Changes {
			c.Action, c.Fields = planner.NoOp, nil
			quiet.Changes = append(quiet.Changes, c)
		}
	}
	for name, f := range map[string]func() error{
		"text":            func() error { return Text(io.Discard, p, Options{Color: true}) },
		"text-narrow":     func() error { return Text(io.Discard, p, Options{Width: 80}) },
		"json":            func() error { return writeJSON(io.Discard, p) },
		"json-no-op-100k": func() error { return writeJSON(io.Discard, quiet) },
		"html":            func() error { return writeHTML(io.Discard, p, Options{}) },
		"markdown":        func() error { _, err := Markdown(p, Options{}); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

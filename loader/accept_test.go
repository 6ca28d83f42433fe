package loader

import (
	"context"
	"slices"
	"strings"
	"testing"

	"trueup/schema"
)

type acceptCase struct {
	name, file, addr, path string
	live, want             schema.Value
	before, after          string
	left                   string
}

func text(s string) schema.Value { return schema.String(s) }

func origin(name, address string) schema.Value {
	return schema.Row{text(name), text(address), schema.Bool(true), schema.Number(1), nil, nil, nil}
}

// TestAcceptWritesInPlace: each value goes to where it is written, in the form
// that is there, and every other byte stays.
func TestAcceptWritesInPlace(t *testing.T) {
	for _, c := range slices.Concat(acceptYAML(), acceptHCL()) {
		t.Run(c.name, func(t *testing.T) {
			got, left := acceptOne(t, c.file, c.before, c.addr, Drifted{Path: c.path, Live: c.live, Want: c.want})
			if got != c.after {
				t.Errorf("got\n%s\nwant\n%s", got, c.after)
			}
			if !strings.Contains(left, c.left) || c.left == "" && left != "" {
				t.Errorf("left %q, want %q", left, c.left)
			}
		})
	}
}

func acceptOne(t *testing.T, file, body, addr string, f Drifted) (after, left string) {
	t.Helper()
	o := Options{Paths: []string{file}, Text: map[string][]byte{file: []byte(body)}}
	g, sources, ds := Load(context.Background(), o)
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	a, err := schema.ParseAddr(addr)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Accept(context.Background(), o, sources, ExportInput{Scope: g.Scope, Files: g}, []Drift{{a, []Drifted{f}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Left) > 0 {
		left = got.Left[0].Summary + "; " + got.Left[0].Detail
	}
	if len(got.Files) == 0 {
		return body, left
	}
	return string(got.Files[0].New), left
}

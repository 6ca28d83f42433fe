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

// TestAcceptTogether: what several resources have drifted by is written, each
// once, and what does not go together with the rest is left alone.
func TestAcceptTogether(t *testing.T) {
	drift := func(addr string, fields ...Drifted) Drift { return Drift{mustAddr(t, addr), fields} }
	regions := Drifted{"check_regions", schema.Strings("ENAM", "WEU"), schema.Strings("WEU")}
	drifts := []Drift{
		drift("monitor.a", Drifted{"path", text("/x"), text("/")}, Drifted{"interval", schema.Number(90), schema.Number(60)}),
		drift("monitor.m", Drifted{"path", text("/b"), text("/a")}),
		drift("monitor.z", Drifted{"path", text("/y"), text("/")}),
		drift(`pool.p["1"]`, regions),
		drift(`pool.p["2"]`, regions),
	}
	for file, c := range map[string]struct{ before, after string }{
		"a.yaml": {`monitors:
  a: {path: /} # one
  m: {path: /a}
  n: {path: "${monitor.m.path}"}
  z:
    path: /
pools:
  p:
    for_each: '${toset(["1", "2"])}'
    check_regions: [WEU]
    origins: [{name: a, address: 192.0.2.1}]
`, `monitors:
  a: {path: /x, interval: 90} # one
  m: {path: /a}
  n: {path: "${monitor.m.path}"}
  z:
    path: /y
pools:
  p:
    for_each: '${toset(["1", "2"])}'
    check_regions: [WEU, ENAM]
    origins: [{name: a, address: 192.0.2.1}]
`},
		"a.hcl": {`monitor "a" {
  path = "/" # one
}
monitor "m" { path = "/a" }
monitor "n" { path = monitor.m.path }
monitor "z" { path = "/" }
pool "p" {
  for_each      = toset(["1", "2"])
  check_regions = ["WEU"]
  origins       = [{ name = "a", address = "192.0.2.1" }]
}
`, `monitor "a" {
  path = "/x" # one
  interval = 90
}
monitor "m" { path = "/a" }
monitor "n" { path = monitor.m.path }
monitor "z" { path = "/y" }
pool "p" {
  for_each      = toset(["1", "2"])
  check_regions = ["WEU", "ENAM"]
  origins       = [{ name = "a", address = "192.0.2.1" }]
}
`},
	} {
		got := accept(t, file, c.before, drifts)
		if len(got.Files) != 1 || string(got.Files[0].New) != c.after {
			t.Errorf("%s: %+v, want\n%s", file, got.Files, c.after)
		}
		if len(got.Done) != 4 || len(got.Done[0].Fields) != 2 || len(got.Left) != 1 || !strings.Contains(got.Left[0].Summary, "since monitor.n would change") {
			t.Errorf("%s: done %v, left %v", file, got.Done, got.Left)
		}
	}
}

func mustAddr(t *testing.T, text string) schema.Addr {
	t.Helper()
	a, err := schema.ParseAddr(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func accept(t *testing.T, file, body string, drifts []Drift) *Accepted {
	t.Helper()
	o := Options{Paths: []string{file}, Text: map[string][]byte{file: []byte(body)}}
	g, sources, ds := Load(context.Background(), o)
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	got, err := Accept(context.Background(), o, sources, ExportInput{Scope: g.Scope, Files: g}, drifts)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func acceptOne(t *testing.T, file, body, addr string, f Drifted) (after, left string) {
	t.Helper()
	got := accept(t, file, body, []Drift{{mustAddr(t, addr), []Drifted{f}}})
	if len(got.Left) > 0 {
		left = got.Left[0].Summary + "; " + got.Left[0].Detail
	}
	if len(got.Files) == 0 {
		return body, left
	}
	return string(got.Files[0].New), left
}

package loader

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// seeds are the configurations of testdata in one spelling.
func seeds(f *testing.F, spelling string) {
	for _, name := range []string{"product." + spelling, "broad." + spelling} {
		f.Add([]byte(read(f, name)))
	}
	paths, _ := filepath.Glob("testdata/mistakes/*.txtar")
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if s := section(a, "trueup."+spelling); s != nil {
			f.Add(s.Data)
		}
	}
}

// fuzzLoad: no input makes loading panic or hang; a graph comes without errors
// and errors have a place.
func fuzzLoad(t *testing.T, name string, text []byte) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	g, s, ds := Load(ctx, Options{Dir: dir, Paths: []string{name}})
	_ = print(s, ds)
	if (g == nil) != ds.HasErrors() {
		t.Fatalf("graph %v with errors %v", g != nil, ds)
	}
	lines := 1
	for _, c := range text {
		if c == '\n' {
			lines++
		}
	}
	for _, d := range ds {
		if d.Summary == unreadable {
			t.Errorf("a library panics: %+v", d)
		}
		if !d.Range.Known() || d.Summary == "" {
			t.Errorf("no place or no word: %+v", d)
		}
		if int(d.Range.Start.Line) > lines+1 {
			t.Errorf("line %d of %d: %s", d.Range.Start.Line, lines, d.Summary)
		}
	}
	if g != nil {
		for _, r := range g.Resources {
			if r.Kind == nil || len(r.Values) != len(r.Kind.Attrs) || !r.Decl.Known() {
				t.Errorf("half a resource: %+v", r)
			}
		}
	}
}

func FuzzYAML(f *testing.F) {
	seeds(f, "yaml")
	for _, s := range []string{laughs(), "a: &a [*a]", "access_rules: {<<: {a: 1}}", "&a\n<<: *a", "monitors:\n  a: !!map {b: >-\n ${x}}", "? a\n: b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) { fuzzLoad(t, "a.yaml", text) })
}

func FuzzHCL(f *testing.F) {
	seeds(f, "hcl")
	f.Fuzz(func(t *testing.T, text []byte) { fuzzLoad(t, "a.hcl", text) })
}

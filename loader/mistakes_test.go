package loader

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// TestMistakes: each archive holds a configuration with mistakes in one or both
// spellings (trueup.yaml, trueup.hcl), what else it needs, and what is printed
// (yaml.out, hcl.out). Lines of its comment that begin with --var or --var-file
// are arguments; one that begins with env: sets the environment.
func TestMistakes(t *testing.T) {
	paths, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no archives")
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			changed := false
			for _, spelling := range []string{"yaml", "hcl"} {
				changed = checkMistakes(t, archive, spelling) || changed
			}
			if changed {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func section(a *txtar.Archive, name string) *txtar.File {
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	return nil
}

func checkMistakes(t *testing.T, a *txtar.Archive, spelling string) (changed bool) {
	config := "trueup." + spelling
	if section(a, config) == nil {
		return false
	}
	files := map[string]string{}
	for _, f := range a.Files {
		files[f.Name] = string(f.Data)
	}
	o := Options{Paths: []string{config}}
	arguments(&o, string(a.Comment))
	o.Dir = write(t, files)
	g, s, ds := Load(context.Background(), o)
	got := print(s, ds)
	if ds.HasErrors() != (g == nil) {
		t.Errorf("%s: a graph with errors, or none without", config)
	}
	want := section(a, spelling+".out")
	if *update {
		if want == nil {
			a.Files = append(a.Files, txtar.File{Name: spelling + ".out"})
			want = &a.Files[len(a.Files)-1]
		}
		changed = string(want.Data) != got
		want.Data = []byte(got)
		return changed
	}
	if want == nil {
		t.Fatalf("no %s.out", spelling)
	}
	if d := cmp.Diff(string(want.Data), got); d != "" {
		t.Errorf("%s: (-want +got)\n%s", config, d)
	}
	return false
}

func arguments(o *Options, comment string) {
	env := map[string]string{}
	for line := range strings.Lines(comment) {
		line = strings.TrimSpace(line)
		if file, ok := strings.CutPrefix(line, "--var-file "); ok {
			o.VarFiles = append(o.VarFiles, file)
		} else if v, ok := strings.CutPrefix(line, "--var "); ok {
			o.Vars = append(o.Vars, v)
		} else if e, ok := strings.CutPrefix(line, "env: "); ok {
			name, value, _ := strings.Cut(e, "=")
			env[name] = value
		}
	}
	o.Environ = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

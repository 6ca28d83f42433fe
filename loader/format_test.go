package loader

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"trueup/diag"
	"trueup/schema"
)

// formatText formats a text under a name; declined tells that it was left as it
// is.
func formatText(name string, text []byte) (out []byte, declined bool, ds diag.List) {
	f := &file{l: newLoader(context.Background(), Options{}), src: &source{name: name}}
	out = f.format(text, filepath.Ext(name) == ".hcl")
	return out, slices.ContainsFunc(f.diags, func(d diag.Diagnostic) bool { return d.Code == "format" }), f.diags
}

// TestFormat: testdata/format holds texts and their canonical form.
func TestFormat(t *testing.T) {
	goldens(t, "format", func(t *testing.T, in, want txtar.File) []byte {
		out, declined, ds := formatText(in.Name, in.Data)
		if declined || len(ds) > 0 {
			t.Fatal(ds)
		}
		if again, _, _ := formatText(in.Name, out); !bytes.Equal(again, out) {
			t.Errorf("not settled: %s", cmp.Diff(string(out), string(again)))
		}
		return out
	})
}

// TestFormatBlank: nothing is left of a file of blank lines.
func TestFormatBlank(t *testing.T) {
	for _, name := range []string{"a.yaml", "a.hcl"} {
		for _, text := range []string{"", "\n\n", " \r\n", "\xef\xbb\xbf\n"} {
			if out, _, ds := formatText(name, []byte(text)); out == nil || len(out) > 0 || ds != nil {
				t.Errorf("%s: %q becomes %q %v", name, text, out, ds)
			}
		}
	}
}

// goldens holds each pair of files in a directory of testdata to do, which makes
// the second of the first.
func goldens(t *testing.T, dir string, do func(t *testing.T, in, want txtar.File) []byte) {
	paths, _ := filepath.Glob("testdata/" + dir + "/*.txtar")
	if len(paths) < 4 {
		t.Fatal("only", paths)
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			want := &a.Files[1]
			out := do(t, a.Files[0], *want)
			if *update {
				want.Data = out
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(out, want.Data) {
				t.Errorf("%s", cmp.Diff(string(want.Data), string(out)))
			}
		})
	}
}

// corpus are the configurations of the repository: each a directory's files.
func corpus(t testing.TB) map[string]map[string]string {
	sets := map[string]map[string]string{}
	for _, root := range []string{"../examples", "testdata"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && slices.Contains(Extensions, filepath.Ext(path)) && !IsVars(path) {
				dir := filepath.Dir(path)
				name := dir
				if root == "testdata" {
					name = path // each of them is one of its own
				}
				if sets[name] == nil {
					sets[name] = map[string]string{}
				}
				text, err := os.ReadFile(path)
				sets[name][filepath.Base(path)] = string(text)
				return err
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	paths, _ := filepath.Glob("../testdata/script/*.txtar")
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if slices.Contains(Extensions, filepath.Ext(f.Name)) && !IsVars(f.Name) {
				sets[path+"/"+f.Name] = map[string]string{filepath.Base(f.Name): string(f.Data)}
			}
		}
	}
	if len(sets) < 30 {
		t.Fatalf("only %d configurations: the test looks in the wrong place", len(sets))
	}
	return sets
}

// tryLoad loads files with all that the corpus needs beside them; nil if
// they have mistakes.
func tryLoad(t testing.TB, files map[string]string) *schema.Graph {
	dir := write(t, files)
	for _, name := range []string{"scrapers.txt", "blocklist.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("192.0.2.1\n198.51.100.0/24\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{Dir: dir, Paths: []string{"."}, Vars: []string{"pin=x", "partner_organization=5a7805061c76ada191ed06f989cc3dac"}}
	if files["settings.yaml"] != "" || files["settings.hcl"] != "" {
		o.VarFiles = []string{"../../../examples/team/prod.vars.yaml"}
		abs, _ := filepath.Abs("../examples/team/prod.vars.yaml")
		o.Vars, o.VarFiles = nil, []string{abs}
	}
	g, _, ds := Load(context.Background(), o)
	if ds.HasErrors() {
		o.Vars = nil
		if g, _, ds = Load(context.Background(), o); ds.HasErrors() {
			return nil
		}
	}
	return g
}

// TestFormatMeansTheSame: every configuration of the repository, and each of
// them spoilt in what means nothing, has one canonical form, and the graph of
// that is the same.
func TestFormatMeansTheSame(t *testing.T) {
	loaded := 0
	for name, files := range corpus(t) {
		formatted, spoilt := map[string]string{}, map[string]string{}
		for base, text := range files {
			out, declined, ds := formatText(base, []byte(text))
			if declined {
				t.Errorf("%s/%s: declined", name, base)
			}
			if ds.HasErrors() {
				continue
			}
			formatted[base] = string(out)
			spoilt[base] = spoil(base, string(out))
			if back, _, ds := formatText(base, []byte(spoilt[base])); string(back) != string(out) {
				t.Errorf("%s/%s: spoilt and formatted it differs: %v\n%s", name, base, ds, cmp.Diff(string(out), string(back)))
			}
		}
		want := tryLoad(t, files)
		if want == nil {
			continue
		}
		loaded++
		for what, files := range map[string]map[string]string{"formatted": formatted, "spoilt": spoilt} {
			if d := cmp.Diff(want, tryLoad(t, files), same); d != "" {
				t.Errorf("%s: %s, the graph differs:\n%s", name, what, d)
			}
		}
	}
	if loaded < 25 {
		t.Errorf("only %d configurations could be loaded", loaded)
	}
}

// spoil changes in a text what means nothing: wider indentation, blanks at
// line ends, blank lines, a byte order mark, Windows line ends. Texts over several
// lines would change with it: heredocs and block scalars are left alone.
func spoil(name, text string) string {
	if strings.Contains(text, "<<") || strings.Contains(text, "|\n") || strings.Contains(text, "|-\n") || strings.Contains(text, ">-\n") {
		return strings.TrimRight(text, "\n") + "\n\n"
	}
	var b strings.Builder
	b.WriteString("\xef\xbb\xbf\n")
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		rest := strings.TrimLeft(line, " ")
		indent := strings.Repeat("   ", len(line)-len(rest))
		if item, ok := strings.CutPrefix(rest, "- "); ok {
			rest = "-     " + item
		}
		b.WriteString(indent + rest)
		if filepath.Ext(name) == ".hcl" || !strings.HasSuffix(rest, "-") {
			b.WriteString("  ")
		}
		b.WriteString("\r\n")
		if rest == "" {
			b.WriteString("   \r\n\r\n")
		}
	}
	return b.String()
}

func FuzzFormatYAML(f *testing.F) {
	seeds(f, "yaml")
	for _, s := range []string{laughs(), "a:\n- b\n- - c\n  -   d\n# x\n", "a: |2-\n    b\n   c\n# d\n", "? a\n: [b,\n c]\n", "a: {b: 'c\n\n  d', e: \"f\\\n  g\"} # h\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) { fuzzFormat(t, "a.yaml", text) })
}

func FuzzFormatHCL(f *testing.F) {
	seeds(f, "hcl")
	for _, s := range []string{"a=<<-X\r\n  b ${ c }\r\n  X\r\n#\r", "a \"b\" { /* c\n*/ d = [1,\n\n\n2 // e\n] }"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) { fuzzFormat(t, "a.hcl", text) })
}

// fuzzFormat: the canonical form of what is valid is valid, and its own
// canonical form.
func fuzzFormat(t *testing.T, name string, text []byte) {
	out, declined, ds := formatText(name, text)
	if (out == nil) != ds.HasErrors() && len(out) > 0 {
		t.Fatalf("%q with %v", out, ds)
	}
	if ds.HasErrors() || declined {
		return
	}
	again, _, ds := formatText(name, out)
	if ds.HasErrors() {
		t.Fatalf("%q is valid, its form is not: %q\n%v", text, out, ds)
	}
	if !bytes.Equal(out, again) {
		t.Errorf("formatted twice:\n%q\n%q\n%q", text, out, again)
	}
}

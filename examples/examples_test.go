// Package examples holds nothing but the test of the examples: each is checked,
// applied to the built-in simulator and planned again, by the built program.
package examples

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "trueup/cli" // so that a result is not taken from the cache after the program has changed
)

// program is the path of the built trueup; TestMain sets it.
var program string

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "gh" {
		os.Exit(ghMain(os.Args[1:]))
	}
	os.Exit(build(m))
}

// build makes the program for the tests and runs them.
func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "trueup-examples")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "trueup")
	if out, err := exec.Command("go", "build", "-o", program, "trueup").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// TestExamples: every directory here is valid, gives lint nothing to say, can be
// applied to nothing, and is then in agreement: the second plan is empty.
func TestExamples(t *testing.T) {
	names := directories(t)
	if len(names) < 9 {
		t.Fatalf("only %v: the test looks in the wrong place", names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, vars := workspace(t, name)
			run(t, dir, append([]string{"validate"}, vars...)...)
			if found := run(t, dir, append([]string{"lint"}, vars...)...); !strings.Contains(found, "Nothing found") {
				t.Errorf("lint finds something")
			}
			first := run(t, dir, append([]string{"plan", "--sim"}, vars...)...)
			if !strings.Contains(first, "\nPlan: ") {
				t.Errorf("the first plan changes nothing:\n%s", first)
			}
			run(t, dir, append([]string{"apply", "--sim", "--auto-approve"}, vars...)...)
			second := run(t, dir, append([]string{"plan", "--sim", "--detailed-exitcode"}, vars...)...)
			if !strings.Contains(second, "No changes.") {
				t.Errorf("the second plan is not empty:\n%s", second)
			}
		})
	}
}

// TestSpellings: the quickstart and its HCL twin give one plan; only the line
// that names the file differs.
func TestSpellings(t *testing.T) {
	plan := func(name string) string {
		dir, _ := workspace(t, name)
		_, rest, _ := strings.Cut(run(t, dir, "plan", "--sim"), "\n")
		return rest
	}
	if yaml, hcl := plan("quickstart"), plan("hcl"); yaml != hcl {
		t.Errorf("YAML plans\n%s\nHCL plans\n%s", yaml, hcl)
	}
}

// TestConverted: the plan of each example in the other spelling has the same
// bytes.
func TestConverted(t *testing.T) {
	for _, name := range directories(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, vars := workspace(t, name)
			path, out, to := "trueup.yaml", "other.hcl", "hcl"
			plan := func(path string) string {
				return run(t, dir, append([]string{"plan", "--sim", "--format", "json", path}, vars...)...)
			}
			var before string
			switch {
			case exists(dir, "trueup"):
				path, out = "trueup", "other"
				before = plan(path) // which leaves the simulator's content there
				if err := os.CopyFS(filepath.Join(dir, out), os.DirFS(filepath.Join(dir, path))); err != nil {
					t.Fatal(err)
				}
				for _, file := range glob(t, filepath.Join(dir, out, "*.yaml")) {
					os.Remove(file)
				}
			case exists(dir, "trueup.hcl"):
				path, out, to = "trueup.hcl", "other.yaml", "yaml"
			}
			if before == "" {
				before = plan(path)
			}
			run(t, dir, "convert", "--to", to, path, "--out", out)
			if after := plan(out); after != before {
				t.Errorf("it plans\n%s\nconverted it plans\n%s", before, after)
			}
		})
	}
}

func exists(path ...string) bool {
	_, err := os.Stat(filepath.Join(path...))
	return err == nil
}

func glob(t *testing.T, pattern string) []string {
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// notConfiguration are the directories that hold something else.
var notConfiguration = []string{"ci", "policy"}

// directories lists the examples.
func directories(t *testing.T) []string {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(notConfiguration, e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

// workspace copies an example to a directory of its own, without what an
// earlier run by hand has left there, and gives the flags for its variable
// files.
func workspace(t *testing.T, name string) (dir string, vars []string) {
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{".trueup", "trueup/.trueup", "secrets"} {
		if err := os.RemoveAll(filepath.Join(dir, left)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range glob(t, filepath.Join(dir, "*.vars.*")) {
		vars = append(vars, "--var-file", filepath.Base(f))
	}
	return dir, vars
}

// run runs the program in dir, without any credential, and gives its standard
// output. It must exit 0.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = dir, &out, &errs, environment()
	if err := cmd.Run(); err != nil {
		t.Fatalf("trueup %s: %v\n%s%s", strings.Join(args, " "), err, errs.String(), out.String())
	}
	return out.String()
}

// environment is ours without what would change the program's behaviour.
func environment() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "CLOUDFLARE_") && !strings.HasPrefix(e, "TRUEUP_") && !strings.HasPrefix(e, "GITHUB_") {
			env = append(env, e)
		}
	}
	return env
}

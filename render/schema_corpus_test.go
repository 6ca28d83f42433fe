package render

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"trueup/loader"
)

// archives are the archives that fit the pattern, by name.
func archives(t *testing.T, pattern string) map[string]*txtar.Archive {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: nothing there", pattern)
	}
	out := map[string]*txtar.Archive{}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(path), ".txtar")] = a
	}
	return out
}

// loads reports whether the loader takes a file, given the others beside it.
func loads(t *testing.T, a *txtar.Archive, name string) bool {
	t.Helper()
	dir := t.TempDir()
	for _, f := range a.Files {
		path := filepath.Join(dir, f.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, f.Data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	_, _, ds := loader.Load(context.Background(), loader.Options{Dir: dir, Paths: []string{name}})
	return !ds.HasErrors()
}

// TestConfigSchemaAcceptsWhatLoads: every YAML in the tests and the README that
// the loader takes passes.
func TestConfigSchemaAcceptsWhatLoads(t *testing.T) {
	text, err := ConfigSchema()
	s := compile(t, text, err)
	n := 0
	check := func(name string, a *txtar.Archive, f txtar.File) {
		if !loads(t, a, f.Name) {
			return
		}
		n++
		if err := s.Validate(plainYAML(t, string(f.Data))); err != nil {
			t.Errorf("%s: %s: %v", name, f.Name, err)
		}
	}
	for _, dir := range []string{"../testdata/script", "../loader/testdata/mistakes", "../loader/testdata/terraform"} {
		if ok, _ := filepath.Glob(dir + "/*.txtar"); len(ok) == 0 {
			continue
		}
		for name, a := range archives(t, dir+"/*.txtar") {
			for _, f := range a.Files {
				if ext := filepath.Ext(f.Name); (ext == ".yaml" || ext == ".yml") && !strings.Contains(f.Name, ".vars.") {
					check(name, a, f)
				}
			}
		}
	}
	paths, _ := filepath.Glob("../loader/testdata/*.yaml")
	for _, path := range append(paths, "../README.md") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(path) == ".md" {
			_, rest, _ := strings.Cut(string(data), "```yaml\n")
			block, _, _ := strings.Cut(rest, "```")
			data = []byte(block)
		}
		f := txtar.File{Name: "trueup.yaml", Data: data}
		check(path, &txtar.Archive{Files: []txtar.File{f}}, f)
	}
	if n < 50 {
		t.Errorf("only %d files were loaded", n)
	}
}

// TestConfigSchemaSeesMistakes: what the schema says of each resource and
// setting in the corpus of mistakes, and which of those with a mistake it takes,
// since only an evaluation can tell.
func TestConfigSchemaSeesMistakes(t *testing.T) {
	text, err := ConfigSchema()
	s := compile(t, text, err)
	corpus := archives(t, "../loader/testdata/mistakes/*.txtar")
	golden(t, "schema-mistakes.txt", func() []byte {
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(corpus)) {
			for _, f := range corpus[name].Files {
				if f.Name == "trueup.yaml" && yaml.Unmarshal(f.Data, new(any)) == nil {
					b.WriteString(name + "\n" + seen(t, s, string(f.Data)))
				}
			}
		}
		return []byte(b.String())
	})
}

// seen are the places at which the schema complains, and why.
func seen(t *testing.T, s *jsonschema.Schema, doc string) string {
	var ve *jsonschema.ValidationError
	if err := s.Validate(plainYAML(t, doc)); err == nil || !errors.As(err, &ve) {
		return ""
	}
	at := map[string]bool{}
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, c := range e.Causes {
			walk(c)
		}
		if len(e.Causes) == 0 {
			at["  /"+strings.Join(e.InstanceLocation, "/")+"\n"] = true
		}
	}
	walk(ve)
	return strings.Join(slices.Sorted(maps.Keys(at)), "")
}

// TestConfigSchemaDescribes: an editor has something to say of every key, and
// takes no other.
func TestConfigSchemaDescribes(t *testing.T) {
	text, err := ConfigSchema()
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch x := v.(type) {
		case []any:
			for i, e := range x {
				walk(fmt.Sprintf("%s/%d", path, i), e)
			}
		case map[string]any:
			props, _ := x["properties"].(map[string]any)
			_, closed := x["additionalProperties"]
			if strings.HasSuffix(path, "/if") || strings.HasSuffix(path, "/then") {
				return
			}
			if props != nil && !closed {
				t.Errorf("%s takes any key", path)
			}
			for name, p := range props {
				n++
				if p, _ := p.(map[string]any); p["description"] == nil {
					t.Errorf("%s/%s is not described", path, name)
				}
			}
			for key, e := range x {
				walk(path+"/"+key, e)
			}
		}
	}
	walk("", doc)
	if n < 150 {
		t.Errorf("only %d keys were seen", n)
	}
}

// TestConfigSchemaTakesExpressions: an expression, null and the other spellings
// of a value pass wherever the loader takes them.
func TestConfigSchemaTakesExpressions(t *testing.T) {
	text, err := ConfigSchema()
	s := compile(t, text, err)
	const before = `
locals: {paths: [path], deps: [access_rule.a], own: {access_rules: exclusive}, lim: {max_deletes: 3}, st: {path: x.json}, ign: [{kind: access_rule, notes: x}],
  sc: user, m: {Host: [a]}, o: {name: a, address: 192.0.2.1}, host: [a.example.com]}
access_rules: {a: {mode: block, value: 192.0.2.1}}
`
	for _, doc := range []string{
		`monitors: {m: {ignore_changes: ["${local.paths[0]}"]}}`,
		`monitors: {m: {depends_on: "${local.deps}"}}`,
		`monitors: {m: {depends_on: ["${access_rule.a}"]}}`,
		`ownership: "${local.own}"`,
		`ownership: {access_rule: exclusive}`,
		`limits: "${local.lim}"`,
		`limits: {max_deletes: "5", max_delete_percent: null}`,
		`state: "${local.st}"`,
		`ignore: "${local.ign}"`,
		`ignore: ["${local.ign[0]}"]`,
		`ignore: [{kind: access_rule, notes: "${local.sc}"}]`,
		`scope: "${local.sc}"`,
		`scope: null`,
		`monitors: {m: {header: "${local.m}"}}`,
		`monitors: {m: {header: {"${local.sc}": [a]}}}`,
		`pools: {p: {origins: ["${local.o}"]}}`,
		`pools: {p: {origins: [{name: a, address: 192.0.2.1, header: {Host: "${local.host}"}}]}}`,
		`variables: {v: {default: 1, sensitive: "${true}"}}`,
		`monitors: {m: {prevent_destroy: "true"}}`,
		`monitors: {m: {port: "0x50", interval: 1e2, retries: "1e0"}}`,
		`monitors: {m: {depends_on: null, ignore_changes: null, id: null, scope: null, prevent_destroy: null, path: null}}`,
	} {
		f := txtar.File{Name: "trueup.yaml", Data: []byte(before + doc)}
		if !loads(t, &txtar.Archive{Files: []txtar.File{f}}, f.Name) {
			t.Errorf("does not load: %s", doc)
		}
		if err := s.Validate(plainYAML(t, before+doc)); err != nil {
			t.Errorf("%s: %v", doc, err)
		}
	}
}

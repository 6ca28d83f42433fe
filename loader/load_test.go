package loader

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"trueup/diag"
	"trueup/schema"
)

// write lays files out in a new directory.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// print is what a user sees of the diagnostics.
func print(s *Sources, ds diag.List) string {
	var b bytes.Buffer
	_ = diag.Printer{Source: s.Source}.Print(&b, ds)
	return b.String()
}

// mustLoad loads files that have no mistakes.
func mustLoad(t testing.TB, o Options, files map[string]string) *schema.Graph {
	t.Helper()
	o.Dir = write(t, files)
	g, s, ds := Load(context.Background(), o)
	if ds.HasErrors() {
		t.Fatalf("unexpected errors:\n%s", print(s, ds))
	}
	return g
}

// same are the options under which graphs of both spellings are equal: all but
// places and what they were loaded from.
var same = cmp.Options{
	cmpopts.IgnoreTypes(diag.Range{}),
	cmpopts.IgnoreFields(schema.Resource{}, "Ranges"),
	cmpopts.IgnoreFields(schema.Graph{}, "Paths"),
	cmp.Comparer(func(a, b *schema.Kind) bool { return a == b }),
	cmp.Comparer(func(a, b schema.Sensitive) bool { return cmp.Equal(a.Value, b.Value) }),
}

// bothSpellings loads one configuration from its two spellings and demands the
// same graph.
func bothSpellings(t *testing.T, o Options, yaml, hcl string, more map[string]string) *schema.Graph {
	t.Helper()
	files := map[string]string{"trueup.yaml": yaml}
	other := map[string]string{"trueup.hcl": hcl}
	for name, text := range more {
		files[name], other[name] = text, text
	}
	a, b := mustLoad(t, o, files), mustLoad(t, o, other)
	if d := cmp.Diff(a, b, same); d != "" {
		t.Errorf("YAML (-) and HCL (+) differ:\n%s", d)
	}
	return a
}

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func addresses(g *schema.Graph) []string {
	var out []string
	for _, r := range g.Resources {
		out = append(out, r.Addr.String())
	}
	return out
}

func find(t testing.TB, g *schema.Graph, addr string) *schema.Resource {
	t.Helper()
	i := slices.IndexFunc(g.Resources, func(r *schema.Resource) bool { return r.Addr.String() == addr })
	if i < 0 {
		t.Fatalf("no %s among %s", addr, strings.Join(addresses(g), ", "))
	}
	return g.Resources[i]
}

// TestProductExample: the example of the product's description.
func TestProductExample(t *testing.T) {
	g := bothSpellings(t, Options{}, read(t, "product.yaml"), read(t, "product.hcl"), map[string]string{"scrapers.txt": "192.0.2.1\n192.0.2.77\n"})
	want := []string{`access_rule.office`, `access_rule.scrapers["192.0.2.1"]`, `access_rule.scrapers["192.0.2.77"]`,
		`monitor.login-page`, `pool.primary-dc-1`, `token.ci-reader`, `invite_response.acme`}
	if d := cmp.Diff(want, addresses(g)); d != "" {
		t.Error(d)
	}
	pool := find(t, g, "pool.primary-dc-1")
	ref := schema.Ref{Addr: schema.Addr{Kind: "monitor", Name: "login-page"}, Attr: "id"}
	if d := cmp.Diff(schema.Value(ref), pool.Kind.Get(pool.Values, "monitor")); d != "" {
		t.Error(d)
	}
	if got := schema.Text(find(t, g, "access_rule.office").Values[1]); got != "198.51.100.0/24" {
		t.Errorf("the variable came out as %q", got)
	}
}

// TestAsWritten: a plain YAML scalar is text as it is written wherever text is
// wanted: a resource's name, the key of a map, a variable of type string.
func TestAsWritten(t *testing.T) {
	o := Options{VarFiles: []string{"set.vars.yaml"}}
	g := mustLoad(t, o, map[string]string{
		"trueup.yaml": `variables:
  preset: {type: string, default: 007}
  given: {type: string}
locals: {codes: {200: ok, 1e3: many, true: yes}}
monitors:
  123: {header: {1.0: [NO, 1e3, 0x10]}}
  codes: {for_each: "${local.codes}"}
access_rules:
  rule: {mode: block, value: 192.0.2.1, notes: "${var.preset} ${var.given}"}
`,
		"set.vars.yaml": "given: 1e3\n",
	})
	var got []string
	for _, r := range g.Resources {
		got = append(got, r.Addr.String())
	}
	if want := []string{"access_rule.rule", "monitor.123", `monitor.codes["1e3"]`, `monitor.codes["200"]`, `monitor.codes["true"]`}; !slices.Equal(got, want) {
		t.Errorf("addresses %q, want %q", got, want)
	}
	if notes := schema.Text(g.Resources[0].Kind.Get(g.Resources[0].Values, "notes")); notes != "007 1e3" {
		t.Errorf("notes %q", notes)
	}
	want := schema.Map{"1.0": schema.List{schema.String("NO"), schema.String("1e3"), schema.String("0x10")}}
	if d := cmp.Diff(schema.Value(want), g.Resources[1].Kind.Get(g.Resources[1].Values, "header")); d != "" {
		t.Error(d)
	}
}

// TestSensitiveIsNotShown: what stands in sensitive(…) is in no excerpt, whatever
// is wrong with the file.
func TestSensitiveIsNotShown(t *testing.T) {
	for name, text := range map[string]string{
		"quotes.yaml":    "monitors:\n  a:\n    header: {Authorization: [\"${sensitive(\"hunter2\")}\"]}\n    typ: http\n",
		"escaped.yaml":   "monitors:\n  a:\n    header: {Authorization: [\"${sensitive(\\\"(x) hunter2) \\\")}\"]}\n    typ: http\n",
		"single.yaml":    "monitors:\n  a:\n    header: {Authorization: ['${sensitive(\"hunter2\"}']}\n    typ: http\n",
		"condition.yaml": "monitors:\n  a:\n    header: {Authorization: ['${sensitive(true ? \"hunter2\" : \"(\")}']}\n    typ: http\n",
		"open.hcl":       "monitor \"a\" {\n  header = { Authorization = [sensitive(\"hunter2\"] }\n  typ = \"http\"\n}\n",
		"variable.yaml":  "variables:\n  pin: {sensitive: true, default: hunter2}\n  x: {default: 1\n",
		"lines.yaml":     "variables:\n  pin:\n    sensitive: true\n    default:\n      a:\n        - hunter2\n        \"\n",
		"variable.hcl":   "variable \"pin\" {\n  sensitive = true\n  default = [\n    \"hunter2\",\n    \"\n  ]\n}\n",
		"text.hcl":       "variable \"pin\" {\n  sensitive = true\n  default = <<X\nhunter2\n${\nX\n}\n",
		"heredoc.hcl":    "monitor \"a\" {\n  expected_body = sensitive(<<X\n    hunter2\n    X\n  typ = \"http\"\n}\n",
	} {
		_, sources, ds := Load(t.Context(), Options{Dir: write(t, map[string]string{name: text}), Paths: []string{name}})
		if out := print(sources, ds); !ds.HasErrors() || strings.Contains(out, "hunter2") {
			t.Errorf("%s: %s", name, out)
		}
		o := Options{Dir: write(t, map[string]string{name: text}), Paths: []string{name}}
		_, sources, ds = Canonical(t.Context(), o)
		if out := print(sources, ds); strings.Contains(out, "hunter2") {
			t.Errorf("fmt of %s: %s", name, out)
		}
		for _, to := range []Format{YAML, HCL} {
			_, sources, ds = Convert(t.Context(), o, ConvertTo{Format: to})
			if out := print(sources, ds); strings.Contains(out, "hunter2") {
				t.Errorf("convert of %s: %s", name, out)
			}
		}
	}
}

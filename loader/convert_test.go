package loader

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"

	"trueup/diag"
	"trueup/schema"
)

// otherName is a name for the file in the other spelling.
func otherName(name string) (string, Format) {
	if base, ok := strings.CutSuffix(name, ".hcl"); ok {
		return base + ".yaml", YAML
	}
	return strings.TrimSuffix(name, filepath.Ext(name)) + ".hcl", HCL
}

// convertText converts one file given as text; nil with errors.
func convertText(name string, text []byte) ([]byte, *Sources, diag.List) {
	_, to := otherName(name)
	parts, s, ds := Convert(context.Background(), Options{Paths: []string{name}, Text: map[string][]byte{name: text}}, ConvertTo{Format: to})
	if parts == nil {
		return nil, s, ds
	}
	return parts[0].Text, s, ds
}

// failer is a test, or one try of a property.
type failer interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
}

// checkConverted holds a file and its conversion to what is promised: canonical
// form, the same comments in their order as far as grouping allows, and a way
// back that leads to the same.
func checkConverted(t failer, name string, text, out []byte) {
	t.Helper()
	other, _ := otherName(name)
	form, declined, ds := formatText(other, out)
	if declined || ds.HasErrors() || !bytes.Equal(form, out) {
		t.Errorf("%s: not in canonical form: %v\n%s\n%s", name, ds, text, cmp.Diff(string(out), string(form)))
	}
	if a, b := commentsOf(name, text), commentsOf(other, out); !slices.Equal(a, b) {
		t.Errorf("%s: comments differ:\n%s\n%s", name, cmp.Diff(a, b), out)
	}
	back, s, ds := convertText(other, out)
	if back == nil {
		t.Fatalf("%s: no way back: %s\n%s\n%s", name, print(s, ds), text, out)
	}
	again, s, ds := convertText(name, back)
	if !bytes.Equal(again, out) {
		t.Errorf("%s: not settled: %s\n%s\n%s\n%s", name, print(s, ds), text, back, cmp.Diff(string(out), string(again)))
	}
}

var anyWord = regexp.MustCompile(`[\pL\pN_]+`)

// commentsOf are the words of the comments, sorted, found in a way that knows
// nothing of trees.
func commentsOf(name string, text []byte) []string {
	var out []string
	add := func(s []byte) { out = append(out, anyWord.FindAllString(string(s), -1)...) }
	inCode := func(tokens hclsyntax.Tokens) {
		for _, k := range tokens {
			if k.Type == hclsyntax.TokenComment {
				add(k.Bytes)
			}
		}
	}
	if filepath.Ext(name) == ".hcl" {
		inCode(lexHCL(text))
	} else {
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		for _, k := range scanYAML(text) {
			if k.kind == tokenComment {
				add(text[k.from:k.to])
			}
		}
		var in func(n *yaml.Node)
		in = func(n *yaml.Node) {
			if n.Kind == yaml.ScalarNode {
				tokens, _ := hclsyntax.LexTemplate([]byte(n.Value), "", hcl.InitialPos)
				inCode(tokens)
			}
			for _, c := range n.Content {
				in(c)
			}
		}
		var doc yaml.Node
		if yaml.Unmarshal(text, &doc) == nil {
			in(&doc)
		}
	}
	slices.Sort(out)
	return out
}

// TestConvertMeansTheSame: every configuration of the repository gives the same
// graph in the other spelling.
func TestConvertMeansTheSame(t *testing.T) {
	loaded := 0
	for name, files := range corpus(t) {
		converted := map[string]string{}
		for base, text := range files {
			out, s, ds := convertText(base, []byte(text))
			if out == nil {
				if tryLoad(t, files) != nil {
					t.Errorf("%s: %s: %s", name, base, print(s, ds))
				}
				continue
			}
			other, _ := otherName(base)
			converted[other] = string(out)
			checkConverted(t, base, []byte(text), out)
		}
		want := tryLoad(t, files)
		if want == nil {
			continue
		}
		loaded++
		if d := cmp.Diff(want, tryLoad(t, converted), same); d != "" {
			t.Errorf("%s: the graph differs:\n%s", name, d)
		}
	}
	if loaded < 25 {
		t.Errorf("only %d configurations could be loaded", loaded)
	}
}

// TestConvert: testdata/convert holds texts and their other spelling.
func TestConvert(t *testing.T) {
	goldens(t, "convert", func(t *testing.T, in, want txtar.File) []byte {
		out, s, ds := convertText(in.Name, in.Data)
		if out == nil {
			t.Fatal(print(s, ds))
		}
		checkConverted(t, in.Name, in.Data, out)
		g := loadText(t, in.Name, in.Data)
		if g == nil {
			t.Errorf("%s has mistakes", in.Name)
		}
		if d := cmp.Diff(g, loadText(t, want.Name, out), same); d != "" {
			t.Errorf("the graph differs:\n%s", d)
		}
		return out
	})
}

// loadText loads one file; nil if it has mistakes.
func loadText(t testing.TB, name string, text []byte) *schema.Graph {
	dir := write(t, map[string]string{name: string(text), "list.txt": "192.0.2.1\n"})
	g, s, ds := Load(context.Background(), Options{Dir: dir, Paths: []string{name}})
	if g == nil {
		t.Log(print(s, ds))
	}
	if g != nil {
		g.Dir = ""
	}
	return g
}

// TestConvertRefuses: what cannot be converted is an error with its place.
func TestConvertRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a.yaml", "locals: {9to5: x}\n", "a.yaml:1:10: error: \"9to5\" cannot be the name of an attribute in HCL"},
		{"a.yaml", "locals:\n  a: [b\n", "a.yaml:2:3: error: a list that is not closed"},
		{"a.yaml", "monitors:\n  a: {path: '${'}\n", "a.yaml:2:16: error: "},
		{"a.yaml", "monitor:\n  a: {}\n", "a.yaml:1:1: error: unknown top-level name \"monitor\""},
		{"a.yaml", "monitors: [a]\n", "a.yaml:1:11: error: monitors is no object here"},
		{"a.yaml", "a: &a [*a]\n", "a.yaml:1:8: error: *a stands inside what it stands for"},
		{"a.hcl", "monitor \"a\" {\n", "a.hcl:1:13: error: "},
		{"a.hcl", "monitor \"a\" {}\nmonitor \"a\" {}\n", "a.hcl:2:1: error: monitor.a is declared twice"},
		{"a.hcl", "locals { a = 1 }\nlocals { a = 2 }\n", "a.hcl:2:10: error: locals: a is declared twice"},
		{"a.hcl", "pool \"a\" {\n  origins {\n  }\n}\n", "a.hcl:2:3: error: origins is a block"},
		{"a.hcl", "locals { a = { b.c = 1 } }\n", "a.hcl:1:16: error: a reference as a key"},
		{"a.hcl", "x = 1\n", "a.hcl:1:1: error: unknown top-level name \"x\""},
	} {
		out, s, ds := convertText(c.name, []byte(c.text))
		if text := print(s, ds); out != nil || !strings.HasPrefix(text, c.want) {
			t.Errorf("%s\n%s%s, want %s", c.text, out, text, c.want)
		}
	}
}

func FuzzConvertYAML(f *testing.F) {
	seeds(f, "yaml")
	for _, s := range []string{laughs(), "locals:\n  a: |\n    b\n     ${c}\n  d: >2-\n      e\n\n     f\n", "monitors: # a\n  # b\n  m: {path: !!str /x} # c\n  # d\n# e\n",
		"locals: {a: &a [1, 0x10, .5, +3, 1e3, no, \"1\", ~, ''], b: *a}", "access_rules: {<<: {a: &b {mode: block}}, c: {<<: *b}}", "locals: {'${\"a\"}b': 1, 'c d': '${[1, # x\n2]}'}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) { fuzzConvert(t, "a.yaml", text) })
}

func FuzzConvertHCL(f *testing.F) {
	seeds(f, "hcl")
	for _, s := range []string{"locals {\n a = <<-X\n  b ${ c }\n   d\n X\n}", "monitor \"b\" { /* c\n*/ description = \"\\u0024{x} $${y} ${z}\\n\" // e\n}", "locals {\n a = [ # b\n 1, # c\n # d\n] # e\n f = { (g) = 1, \"h i\" = [for j in k : j], l = m[*].n }\n}",
		"# a\n\n# b\nlocals { a = (1 + # c\n2) } # d\nlocals {\n# e\n}\nvariable \"x\" { type = string }"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) { fuzzConvert(t, "a.hcl", text) })
}

// fuzzConvert: what converts keeps its promises, and loads to the same if it
// loads.
func fuzzConvert(t *testing.T, name string, text []byte) {
	out, s, ds := convertText(name, text)
	if (out == nil) != ds.HasErrors() && len(out) > 0 {
		t.Fatalf("%q with %v", out, ds)
	}
	for _, d := range ds {
		if d.Range.File == "" || d.Summary == "" {
			t.Errorf("no place or no word: %+v", d)
		}
	}
	if out == nil {
		said := print(s, ds)
		if g := loadText(t, name, text); g != nil && !strings.Contains(said, "cannot be the name of an attribute") {
			t.Errorf("%q loads but does not convert: %s", text, said)
		}
		return
	}
	checkConverted(t, name, text, out)
	g := loadText(t, name, text)
	if g == nil {
		return
	}
	other, _ := otherName(name)
	if d := cmp.Diff(g, loadText(t, other, out), same); d != "" {
		t.Errorf("the graph differs:\n%q\n%q\n%s", text, out, d)
	}
}

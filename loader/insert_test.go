package loader

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trueup/schema"
)

// inserts puts two rules and a monitor that no file lists into the file, and
// gives what it holds then.
func inserts(t *testing.T, name, before string) (after string, err error) {
	t.Helper()
	o := Options{Paths: []string{name}, Dir: write(t, map[string]string{name: before})}
	g, sources, ds := Load(context.Background(), o)
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	rule := func(n int, value string) *schema.Object {
		return live(t, "access_rule", schema.UserScope, n, raw{"value": schema.String(value), "mode": schema.String("block")})
	}
	d := NewDraft(ExportInput{Files: g, Objects: []*schema.Object{rule(1, "192.0.2.1"), rule(2, "US"),
		live(t, "monitor", schema.UserScope, 3, raw{"description": schema.String("probe")})}})
	parts, err := Insert(context.Background(), o, sources, d, func(*schema.Kind) string { return name })
	if err != nil {
		return "", err
	}
	if len(parts) != 1 || parts[0].Name != name {
		t.Fatalf("%d files", len(parts))
	}
	return string(parts[0].Text), nil
}

// TestInsert: each case is a file, and the same file with what was missing.
// What was there stands in the result byte for byte.
func TestInsert(t *testing.T) {
	const rules = "US:\n  value: US\n  mode: block\n192-0-2-1:\n  value: 192.0.2.1\n  mode: block\n"
	const monitors = "monitors:\n  probe: {}\n"
	for name, c := range map[string]struct{ file, before, after string }{
		"beneath the key": {"a.yaml",
			"# head\naccess_rules:\n  # mine\n  a: {mode: block, value: 192.0.2.9} # why\nmonitors:\n  m: {path: /x}\n",
			"# head\naccess_rules:\n  # mine\n  a: {mode: block, value: 192.0.2.9} # why\n" + in(2, rules) + "monitors:\n  m: {path: /x}\n  probe: {}\n"},
		"comments of the last and of the next": {"a.yaml",
			"access_rules:\n  a: {mode: block, value: 192.0.2.9}\n  # of a\n\n  # also\n\n# of monitors\nmonitors:\n  m:\n\n\n",
			"access_rules:\n  a: {mode: block, value: 192.0.2.9}\n  # of a\n\n  # also\n" + in(2, rules) + "\n# of monitors\nmonitors:\n  m:\n  probe: {}\n\n\n"},
		"empty lines between": {"a.yaml",
			"access_rules:\n  a: {mode: block, value: 192.0.2.9}\n\n  # of b\n  b: {mode: block, value: 192.0.2.8}\n",
			"access_rules:\n  a: {mode: block, value: 192.0.2.9}\n\n  # of b\n  b: {mode: block, value: 192.0.2.8}\n\n" + in(2, strings.Replace(rules, "192-0", "\n192-0", 1)) + "\n" + monitors},
		"no key, no line end": {"a.yaml", "pools:\n  p:\n    origins: [{name: a, address: b.example.com}]",
			"pools:\n  p:\n    origins: [{name: a, address: b.example.com}]\n\naccess_rules:\n" + in(2, rules) + "\n" + monitors},
		"keys without values": {"a.yaml", "access_rules: # none yet\nmonitors: ~ # nor these\npools: {a: {origins: [{name: a, address: b.example.com}]}}\n",
			"access_rules: # none yet\n" + in(2, rules) + "monitors:  # nor these\n  probe: {}\npools: {a: {origins: [{name: a, address: b.example.com}]}}\n"},
		"empty braces": {"a.yaml", "access_rules: {}\nmonitors: { # none\n}\npools: {a: {origins: [{name: a, address: b.example.com}]}}\n",
			"access_rules: \n" + in(2, rules) + "monitors: \n  probe: {}\npools: {a: {origins: [{name: a, address: b.example.com}]}}\n"},
		"in braces": {"a.yaml", "access_rules: {a: {mode: block, value: 192.0.2.9, notes: '}, #'}, # }\n  }\nmonitors: {m: {path: \"/}\\\"\"}}\n",
			"access_rules: {a: {mode: block, value: 192.0.2.9, notes: '}, #'}, # }\n  US: {value: US, mode: block}, 192-0-2-1: {value: 192.0.2.1, mode: block}}\nmonitors: {m: {path: \"/}\\\"\"}, probe: {}}\n"},
		"all in braces": {"a.yaml", `{"access_rules": {"a": {"mode": "block", "value": "192.0.2.9"}}}`,
			`{"access_rules": {"a": {"mode": "block", "value": "192.0.2.9"}, US: {value: US, mode: block}, 192-0-2-1: {value: 192.0.2.1, mode: block}}, monitors: {probe: {}}}`},
		"all in braces, nothing in them": {"a.yaml", "{pools: {a: {origins: [{name: a, address: b.example.com}]}}, access_rules: {}, monitors: }",
			"{pools: {a: {origins: [{name: a, address: b.example.com}]}}, access_rules:  {US: {value: US, mode: block}, 192-0-2-1: {value: 192.0.2.1, mode: block}}, monitors:  {probe: {}}}"},
		"deep indentation": {"a.yaml", "  access_rules:\n        a: {mode: block, value: 192.0.2.9}\n",
			"  access_rules:\n        a: {mode: block, value: 192.0.2.9}\n" + in(8, rules) + "\n" + in(2, monitors)},
		"marks of a document": {"a.yaml", "---\naccess_rules:\n  a: {mode: block, value: 192.0.2.9}\n...\n",
			"---\naccess_rules:\n  a: {mode: block, value: 192.0.2.9}\n" + in(2, rules) + "\n" + monitors + "...\n"},
		"Windows": {"a.yaml", "\xef\xbb\xbfaccess_rules:\r\n  a: {mode: block, value: 192.0.2.9}\r\nmonitors:\r\n  m:\r\n",
			"\xef\xbb\xbfaccess_rules:\r\n  a: {mode: block, value: 192.0.2.9}\r\n" + strings.ReplaceAll(in(2, rules), "\n", "\r\n") + "monitors:\r\n  m:\r\n  probe: {}\r\n"},
		"a text that goes over lines": {"a.yaml", "access_rules:\n  a:\n    mode: block\n    value: 192.0.2.9\n    notes: |\n      # no comment\n\n      more\n\nmonitors:\n  m:\n",
			"access_rules:\n  a:\n    mode: block\n    value: 192.0.2.9\n    notes: |\n      # no comment\n\n      more\n" + in(2, rules) + "\nmonitors:\n  m:\n  probe: {}\n"},
		"names that are taken": {"a.yaml", "access_rules:\n  US: {mode: block, value: 192.0.2.9}\nmonitors:\n  probe: {path: /other, description: other}\n",
			"access_rules:\n  US: {mode: block, value: 192.0.2.9}\n" + in(2, strings.Replace(rules, "US:", "US-2:", 1)) + "monitors:\n  probe: {path: /other, description: other}\n  probe-2:\n    description: probe\n"},
		"HCL": {"a.hcl", "# head\naccess_rule \"a\" {\n  mode = \"block\"\n  value = \"192.0.2.9\"\n} # end",
			"# head\naccess_rule \"a\" {\n  mode = \"block\"\n  value = \"192.0.2.9\"\n} # end\n\naccess_rule \"US\" {\n  value = \"US\"\n  mode  = \"block\"\n}\n\naccess_rule \"192-0-2-1\" {\n  value = \"192.0.2.1\"\n  mode  = \"block\"\n}\n\nmonitor \"probe\" {\n}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			after, err := inserts(t, c.file, c.before)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.after, after); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func in(by int, text string) string { return indented(text, by) }

// TestInsertRefuses: what cannot be done without changing what is there is an
// error.
func TestInsertRefuses(t *testing.T) {
	for name, before := range map[string]string{
		"an alias":               "locals: &x\n  a: {mode: block, value: 192.0.2.9}\naccess_rules: *x\n",
		"something that repeats": "access_rules: &x\n  a: {mode: block, value: 192.0.2.9}\nlocals:\n  all: *x\nmonitors:\n  m: {description: '${length(local.all)}'}\n",
		"kept empty lines":       "access_rules:\n  a:\n    mode: block\n    value: 192.0.2.9\n    notes: |+\n      text\n\n\nmonitors: {m: }\n",
	} {
		t.Run(name, func(t *testing.T) {
			if after, err := inserts(t, "a.yaml", before); err == nil || !strings.Contains(err.Error(), "by hand") {
				t.Errorf("%v\n%s", err, after)
			}
		})
	}
}

// TestInsertElsewhere: a file that was not loaded is not touched, and one that
// is not there is made.
func TestInsertElsewhere(t *testing.T) {
	o := Options{Paths: []string{"a.yaml"}, Dir: write(t, map[string]string{"a.yaml": "access_rules:\n  a: {mode: block, value: 192.0.2.9}\n", "b.yaml": "# mine\n"})}
	g, sources, _ := Load(context.Background(), o)
	d := NewDraft(ExportInput{Files: g, Objects: []*schema.Object{live(t, "monitor", schema.UserScope, 3, raw{"description": schema.String("probe")})}})
	if _, err := Insert(context.Background(), o, sources, d, func(*schema.Kind) string { return "b.yaml" }); err == nil || !strings.Contains(err.Error(), "name it as a PATH") {
		t.Error(err)
	}
	parts, err := Insert(context.Background(), o, sources, d, func(*schema.Kind) string { return "c.yaml" })
	if err != nil || len(parts) != 1 || string(parts[0].Text) != "monitors:\n  probe: {}\n" {
		t.Errorf("%v %v", parts, err)
	}
	if _, err := os.Stat(filepath.Join(o.Dir, "c.yaml")); err == nil {
		t.Error("Insert wrote a file")
	}
}

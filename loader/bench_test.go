package loader

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"trueup/schema"
)

// rules is a file of n literal rules.
func rules(n int) []byte {
	var b bytes.Buffer
	b.WriteString("access_rules:\n")
	for i := range n {
		fmt.Fprintf(&b, "  rule-%d:\n    mode: block\n    value: %s\n    notes: scraper %d\n", i, ipv4(i), i)
	}
	return b.Bytes()
}

func hclRules(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "access_rule \"rule-%d\" {\n  mode  = \"block\"\n  value = \"%s\"\n  notes = \"scraper %d\"\n}\n", i, ipv4(i), i)
	}
	return b.Bytes()
}

func ipv4(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255) }

func benchmarkLoad(b *testing.B, files map[string]string, want int) {
	dir := write(b, files)
	b.ReportAllocs()
	for b.Loop() {
		g, s, ds := Load(context.Background(), Options{Dir: dir})
		if len(ds) > 0 {
			b.Fatal(print(s, ds))
		}
		if len(g.Resources) != want {
			b.Fatalf("%d resources", len(g.Resources))
		}
	}
}

// BenchmarkLoad100k loads 100,000 literal rules; BenchmarkFloor100k only parses
// the same file.
func BenchmarkLoad100k(b *testing.B) {
	benchmarkLoad(b, map[string]string{"trueup.yaml": string(rules(100_000))}, 100_000)
}

func BenchmarkFloor100k(b *testing.B) {
	path := filepath.Join(b.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, rules(100_000), 0o644); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		var n yaml.Node
		if err := yaml.Unmarshal(text, &n); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHCL100k loads the same rules from one HCL file.
func BenchmarkHCL100k(b *testing.B) {
	benchmarkLoad(b, map[string]string{"trueup.hcl": string(hclRules(100_000))}, 100_000)
}

// BenchmarkEach100k loads a for_each over 100,000 lines of a file.
func BenchmarkEach100k(b *testing.B) {
	var lines strings.Builder
	for i := range 100_000 {
		lines.WriteString(ipv4(i) + "\n")
	}
	benchmarkLoad(b, map[string]string{"list.txt": lines.String(), "trueup.yaml": `access_rules:
  listed:
    for_each: ${toset(split("\n", trimspace(file("list.txt"))))}
    mode: block
    value: ${each.value}
    notes: listed
`}, 100_000)
}

// BenchmarkDraft exports 10,000 objects, a tenth of them in a bulk.
func BenchmarkDraft(b *testing.B) {
	k, in := schema.KindNamed("access_rule"), ExportInput{}
	for i := range 10_000 {
		notes := schema.String("customer " + strconv.Itoa(i))
		if i%10 == 0 {
			notes = "SOC"
		}
		row := make(schema.Row, len(k.Attrs))
		row[k.Index("value")], row[k.Index("mode")], row[k.Index("notes")] = schema.String(fmt.Sprintf("10.0.%d.%d", i/250, i%250)), schema.String("block"), notes
		built, _ := k.Build(row)
		in.Objects = append(in.Objects, &schema.Object{Kind: k, Scope: schema.UserScope, ID: strconv.Itoa(i), Values: built})
	}
	for b.Loop() {
		d := NewDraft(in)
		d.Text(YAML)
		d.Text(HCL)
	}
}

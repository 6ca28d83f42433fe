package diag

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the golden files")

func place(file string, line, col, endLine, endCol int32) Range {
	return Range{File: file, Start: Pos{line, col}, End: Pos{endLine, endCol}}
}

// corpus holds what a careless format would break on.
var corpus = List{
	{Code: "unknown-value", Summary: `unknown type "htps"`, Hint: `did you mean "https"?`, Detail: "One of: http, https.\nOr leave it out.",
		Address: "monitor.login-page", Range: place("./trueup.yaml", 14, 11, 14, 15)},
	{Severity: Warning, Code: "redundant-access-rule", Summary: "100% <b>&amp;</b>\r\n::error::x, [a](https://example.com)",
		Address: `access_rule.x["a,b:c%"]`, Range: place("a,b: c%/ü d.yaml", 3, 1, 4, 1)},
	{Summary: "ansi \x1b[31m and \u202eoverride", Range: place("../over/x.hcl", 2, 5, 2, 5)},
	{Summary: "a file without a line", Range: Range{File: "/srv/app/y.yaml"}},
	{Severity: Warning, Code: "nowhere", Summary: "a variable has no value", Address: "pool.a"},
	{Summary: "bad \xff bytes", Range: place("x:y.yaml", 1, 0, 0, 0)},
	{Range: place("empty.yaml", 1, 1, 1, 1)},
}

var someRules = []Rule{{Code: "redundant-access-rule", Title: "Covered", Doc: "A paragraph."}, {Code: "never-seen", Title: "Unused"}}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	file = "testdata/" + file
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update writes it):\n%s", file, got)
	}
}

func TestSARIF(t *testing.T) {
	got, err := SARIF(corpus, someRules, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "corpus.sarif", got)
	backwards := slices.Clone(corpus)
	slices.Reverse(backwards)
	if again, _ := SARIF(backwards, someRules, "1.2.3"); !bytes.Equal(got, again) {
		t.Error("the order of the list shows")
	}
	var log sarifLog
	if err := json.Unmarshal(got, &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if n := len(run.Results) + len(run.Invocations[0].Notifications); n != len(corpus) {
		t.Errorf("%d of %d are there", n, len(corpus))
	}
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("%s: its index is another rule's", r.RuleID)
		}
		a := r.Locations[0].Physical.Artifact
		if u, err := url.Parse(a.URI); err != nil || u.IsAbs() == (a.Base != "") {
			t.Errorf("%s: neither relative to a base nor absolute: %v", a.URI, err)
		}
	}
}

// TestSARIFSchema: what is written, here and by lint, is SARIF.
func TestSARIFSchema(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("testdata/sarif.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"testdata/corpus.sarif", "testdata/empty.sarif", "../lint/testdata/all.sarif"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err == nil {
			err = schema.Validate(v)
		}
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestSARIFLimit: GitHub refuses a log of more results as a whole; those that are
// left out are counted.
func TestSARIFLimit(t *testing.T) {
	var many List
	for i := range sarifLimit + 7 {
		many.Add(Diagnostic{Severity: Warning, Summary: "something", Range: Range{File: "trueup.yaml", Start: Pos{Line: int32(i + 1), Column: 3}}})
	}
	got, err := SARIF(many, nil, "")
	var log sarifLog
	if err != nil || json.Unmarshal(got, &log) != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if len(run.Results) != sarifLimit || len(run.Invocations) != 1 || !strings.HasPrefix(run.Invocations[0].Notifications[0].Message.Text, "7 more results, left out here") {
		t.Errorf("%d results, %+v", len(run.Results), run.Invocations)
	}
}

func TestSARIFEmpty(t *testing.T) {
	got, err := SARIF(nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "empty.sarif", got)
}

func TestAnnotations(t *testing.T) {
	got := Annotations(corpus)
	golden(t, "corpus.annotations", []byte(strings.Join(got, "\n")+"\n"))
	for _, line := range got {
		if !strings.HasPrefix(line, "::error ") && !strings.HasPrefix(line, "::warning ") || strings.ContainsAny(line, "\r\n\x1b") {
			t.Errorf("%q is no workflow command of one line", line)
		}
	}
}

func TestAnnotationLimit(t *testing.T) {
	for _, c := range []struct {
		errors, warnings, lines int
		last                    string
	}{
		{0, 0, 0, ""},
		{10, 10, 20, ""},
		{11, 0, 11, "Not shown here: 1 more error. The log has them all."},
		{12, 13, 21, "Not shown here: 2 more errors and 3 more warnings. The log has them all."},
	} {
		var l List
		for i := range c.warnings {
			l.Add(Diagnostic{Severity: Warning, Summary: fmt.Sprintf("warning %d", i)})
		}
		for i := range c.errors {
			l.Errorf(Range{}, "error %d", i)
		}
		got := Annotations(l)
		if len(got) != c.lines {
			t.Errorf("%d errors and %d warnings: %d lines, want %d", c.errors, c.warnings, len(got), c.lines)
		}
		if c.last != "" && got[len(got)-1] != "::notice title=trueup::"+c.last {
			t.Errorf("last line %q", got[len(got)-1])
		}
	}
}

func FuzzMachine(f *testing.F) {
	f.Add("a.yaml", "summary", "detail", int32(1), int32(1))
	f.Fuzz(func(t *testing.T, file, summary, detail string, line, col int32) {
		l := List{{Summary: summary, Detail: detail, Address: summary, Code: detail, Range: place(file, line, col, line, col)}}
		got, err := SARIF(l, nil, summary)
		if err != nil || !json.Valid(got) {
			t.Errorf("%v: %s", err, got)
		}
		if lines := Annotations(l); len(lines) != 1 || strings.ContainsAny(lines[0], "\r\n") {
			t.Error(fmt.Sprint(lines))
		}
	})
}

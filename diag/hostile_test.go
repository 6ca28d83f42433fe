package diag_test

import (
	"encoding/json"
	"strings"
	"testing"

	"trueup/diag"
	"trueup/diag/diagtest"
)

// hostile is a list with the text in every part of a diagnostic.
func hostile(text string) diag.List {
	return diag.List{
		{Summary: text, Detail: text + "\n" + text, Hint: text, Address: text, Code: text, Range: diag.Range{File: text, Start: diag.Pos{Line: 2, Column: 3}, End: diag.Pos{Line: 2, Column: 5}}},
		{Severity: diag.Warning, Summary: text, Detail: text, Address: text, Range: diag.Range{File: text}},
		{Severity: diag.Warning, Summary: text, Detail: text, Hint: text, Code: text},
	}
}

// TestHostile: whatever a file or the API says, neither a terminal nor a
// pipeline takes it for a command, and annotations are one line each.
func TestHostile(t *testing.T) {
	for _, text := range diagtest.Hostile() {
		l := hostile(text)
		var b strings.Builder
		p := diag.Printer{Source: func(string) []byte { return []byte("first\n" + text + "\n" + text) }}
		if err := p.Print(&b, l); err != nil {
			t.Fatal(err)
		}
		if bad := diagtest.Obeyed(b.String()); bad != "" {
			t.Errorf("text: %.40q would be obeyed: %.200q", text, bad)
		}
		lines := diag.Annotations(l)
		for _, line := range lines {
			command, _ := strings.CutPrefix(line, "::error ")
			command, _ = strings.CutPrefix(command, "::warning ")
			properties, message, _ := strings.Cut(command, "::")
			if command == line || diag.Clean(command) != command || len(lines) != len(l) || strings.Contains(properties, ": ") || message == "" {
				t.Errorf("annotation of %.40q: %.200q", text, line)
			}
		}
		log, err := diag.SARIF(l, []diag.Rule{{Code: text, Title: text, Doc: text}}, "1.0.0")
		if bad := diagtest.Obeyed(string(log)); err != nil || bad != "" || !json.Valid(log) {
			t.Errorf("SARIF: %.40q would be obeyed: %.200q, %v", text, bad, err)
		}
	}
}

// TestLineEnds: the carriage return of a line break is not part of a line.
func TestLineEnds(t *testing.T) {
	p := diag.Printer{Source: func(string) []byte { return []byte("a:\r\n  b: x\r\n") }}
	var b strings.Builder
	if err := p.Print(&b, diag.List{{Summary: "x", Range: diag.Range{File: "f", Start: diag.Pos{Line: 2, Column: 6}}}}); err != nil {
		t.Fatal(err)
	}
	if want := "    1 │ a:\n    2 │   b: x\n      │      ^\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

// TestCaret: the caret stands below what is meant, also behind what is shown as
// an escape.
func TestCaret(t *testing.T) {
	p := diag.Printer{Source: func(string) []byte { return []byte("a: \u200bhtps\n") }}
	var b strings.Builder
	if err := p.Print(&b, diag.List{{Summary: "x", Range: diag.Range{File: "f", Start: diag.Pos{Line: 1, Column: 5}, End: diag.Pos{Line: 1, Column: 9}}}}); err != nil {
		t.Fatal(err)
	}
	if want := "    1 │ a: \\u200bhtps\n      │          ^^^^\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

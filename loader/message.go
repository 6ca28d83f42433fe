package loader

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"trueup/diag"
	"trueup/schema"
)

// translate puts hcl's diagnostics into our style: what is wrong in the first
// line, lower case; the rest below. Values of variables, which hcl would show,
// are left out.
func translate(diags hcl.Diagnostics, place func(hcl.Range) diag.Range) diag.List {
	var out diag.List
	for _, d := range diags {
		if d.Summary == "Invalid expression" && slices.ContainsFunc(diags, func(o *hcl.Diagnostic) bool { return o.Summary == "Invalid character" && begin(o) == begin(d) }) {
			continue // what cannot begin an expression is named by the other
		}
		t := diag.Diagnostic{Code: "syntax"}
		if d.Severity == hcl.DiagWarning {
			t.Severity = diag.Warning
		}
		if d.Subject != nil {
			t.Range = place(*d.Subject)
		}
		t.Summary, t.Detail = words(d)
		out.Add(t)
	}
	return out
}

func begin(d *hcl.Diagnostic) hcl.Pos {
	if d.Subject == nil {
		return hcl.Pos{}
	}
	return d.Subject.Start
}

// words are the summary and the detail of a diagnostic of hcl's.
func words(d *hcl.Diagnostic) (summary, detail string) {
	if _, ours := d.Extra.(ownMessage); ours {
		return d.Summary, d.Detail
	}
	if extra, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok {
		if err := extra.FunctionCallError(); err != nil {
			return fmt.Sprintf("%s: %s", extra.CalledFunctionName(), lower(err.Error())), ""
		}
	}
	if m := twiceSet.FindStringSubmatch(d.Detail); m != nil {
		return m[1] + " is given twice", fmt.Sprintf("The first is at %s:%s:%s.", m[2], m[3], m[4])
	}
	if s, known := rewritten[d.Summary]; known {
		return s.summary, s.remedy
	}
	first, rest, found := strings.Cut(strings.TrimSpace(d.Detail), ". ")
	if first == "" {
		return lower(d.Summary), ""
	}
	if !found {
		first = strings.TrimSuffix(first, ".")
	}
	if strings.ContainsAny(first, "\n:") && len(first) > 120 {
		return lower(d.Summary), d.Detail
	}
	return strings.TrimPrefix(lower(oneLine(first)), "error during operation: "), rest
}

// twiceSet is hcl's complaint of an attribute that stands twice in a body.
var twiceSet = regexp.MustCompile(`argument "([^"]+)" was already set at (.+):(\d+),(\d+)-`)

// rewritten are messages of hcl's that speak of HCL only, or say less than can
// be said.
var rewritten = map[string]struct{ summary, remedy string }{
	"Invalid expression":                              {"an expression is expected here", "Write one, or take out what goes before it."},
	"Invalid index":                                   {"there is no such element", "Check the key or the number between the brackets."},
	"Unclosed template interpolation sequence":        {"${ is not closed", "Close it with }; write $${ for the characters themselves."},
	"Extra characters after interpolation expression": {"${ holds more than one expression", "Close it with } after the expression; write $${ for the characters themselves."},
	"Missing newline after argument":                  {"an attribute ends with its line", "Put each attribute on a line of its own."},
	"Invalid template interpolation value":            {"this value cannot be part of a text", "Only text, numbers, true and false can: use one part of it, or jsonencode."},
	"Attempt to get attribute from null value":        {"this value is null, so it has no attributes", ""},
	"Invalid character encoding":                      {"this is not valid UTF-8", "Save the file as UTF-8."},
	"Unexpected end of template":                      {"a directive %{if} or %{for} is not closed", "Close it with %{endif} or %{endfor}; write %%{ for the characters themselves."},
	"Unterminated template string":                    {"a text that is not closed", "Close it with a double quote."},
	"Invalid multi-line string":                       {"a text that is not closed on its line", "Close it with a double quote; write several lines as <<EOT … EOT."},
	"Unclosed configuration block":                    {"a block that is not closed", "Close it with }."},
	"Invalid number literal":                          {"this is no number", `Quote it if it is text: "192.0.2.1".`},
	"Invalid legacy index syntax":                     {"a name that begins with a digit after a dot", `Write it between brackets: monitor["9to5"].id.`},
}

var spaces = regexp.MustCompile(`\s*\n\s*`)

func oneLine(s string) string { return spaces.ReplaceAllString(strings.TrimSpace(s), " ") }

// lower makes the first letter small, where a word and no name begins there.
func lower(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && (s[1] >= 'a' && s[1] <= 'z' || s[1] == ' ') {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// evalErrors are the errors of an evaluation in our style. If a sensitive value
// had a part in it, hcl's words are not used: they may hold it.
func (l *loader) evalErrors(diags hcl.Diagnostics, e expr, ctx *hcl.EvalContext, addr schema.Addr) diag.List {
	out := translate(diags, l.sources.place)
	secret := involvesSecret(e, ctx)
	kept := out[:0]
	for i, d := range out {
		_, ours := diags[i].Extra.(ownMessage)
		if diags[i].Severity == hcl.DiagError && diags[i].Summary == "Call to unknown function" {
			continue // reported when the file was read
		}
		if ofEach(diags[i]) {
			continue // reported by useEach
		}
		if secret && !ours {
			d.Summary, d.Detail = "this cannot be evaluated", "Why is not shown: a sensitive value has a part in it."
		}
		d.Summary, d.Detail = l.withoutCredentials(d.Summary), l.withoutCredentials(d.Detail)
		d.Code, d.Address = "expression", addressOf(addr)
		kept = append(kept, d)
	}
	return kept
}

// ofEach reports whether the complaint is of what each does not have.
func ofEach(d *hcl.Diagnostic) bool {
	e, ok := d.Expression.(*hclsyntax.ScopeTraversalExpr)
	if !ok || d.Summary != "Unsupported attribute" || len(e.Traversal) < 2 || e.Traversal.RootName() != "each" {
		return false
	}
	name, _ := stepText(e.Traversal[1])
	return !isEach(name)
}

// involvesSecret reports whether a sensitive value has a part in the expression.
func involvesSecret(e expr, ctx *hcl.EvalContext) bool {
	e, s := e.open()
	switch s {
	case object:
		for _, f := range e.fields() {
			if involvesSecret(f.value, ctx) {
				return true
			}
		}
	case list:
		for _, x := range e.elems() {
			if involvesSecret(x, ctx) {
				return true
			}
		}
	case dynamic:
		return secretCode(e.code, ctx)
	}
	return false
}

func secretCode(code hclsyntax.Expression, ctx *hcl.EvalContext) bool {
	found := false
	_ = hclsyntax.VisitAll(code, func(n hclsyntax.Node) hcl.Diagnostics {
		if u, ok := n.(*uniformed); ok {
			n = u.Expression
		}
		if g, ok := n.(*guarded); ok {
			n = g.Expression
		}
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			found = found || n.Name == "sensitive" || readsSecret(n, ctx)
		case *hclsyntax.ScopeTraversalExpr:
			v, diags := n.Traversal.TraverseAbs(ctx)
			found = found || !diags.HasErrors() && v != cty.NilVal && holdsSecret(v)
		}
		return nil
	})
	return found
}

// addressOf is the address as a diagnostic has it.
func addressOf(a schema.Addr) string {
	if a.IsZero() {
		return ""
	}
	return a.String()
}

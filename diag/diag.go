// Package diag holds what trueup tells its user about a mistake: where it is,
// what is wrong and how to mend it.
//
// Every other package reports a user's mistake as a Diagnostic and reports all
// of them, not the first. The package knows nothing of kinds, files formats or
// plans, and it prints only when asked to (see Printer).
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a source file. Line and Column count from 1; Column counts
// characters (not bytes). The zero Pos is "no place known".
type Pos struct {
	Line, Column int32
}

// Range is a stretch of a source file, End exclusive. The zero Range is "no
// place known". File is the path as the user gave it.
type Range struct {
	File       string
	Start, End Pos
}

// Known reports whether the range names a place.
func (r Range) Known() bool { return r.File != "" }

// String gives FILE:LINE:COL, or FILE where no line is known.
func (r Range) String() string {
	if r.Start.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("%s:%d:%d", r.File, r.Start.Line, r.Start.Column)
}

// Severity tells an error, which stops the command before anything is sent,
// from a warning, which does not.
type Severity uint8

const (
	Error Severity = iota
	Warning
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Diagnostic is one message to the user.
type Diagnostic struct {
	Severity Severity
	Summary  string // one line, lower case, no full stop
	Detail   string // the remedy; may have several lines; may be empty
	Hint     string // shown at the caret: `did you mean "https"?`; may be empty
	Address  string // the resource concerned, where there is one
	Code     string // a stable word for machines ("unknown-attribute"); may be empty
	Range    Range  // where; may be unknown
}

// String is the diagnostic's first line, without excerpt and remedy.
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.Range.Known() {
		b.WriteString(d.Range.String() + ": ")
	}
	b.WriteString(d.Severity.String() + ": " + d.headline())
	return b.String()
}

// headline is the summary, with the address in front where it does not name it.
func (d Diagnostic) headline() string {
	if d.Address == "" || strings.Contains(d.Summary, d.Address) {
		return d.Summary
	}
	return d.Address + ": " + d.Summary
}

// List is a list of diagnostics. A nil List is "nothing to say".
type List []Diagnostic

// Errorf appends an error without a remedy.
func (l *List) Errorf(r Range, format string, args ...any) {
	l.Add(Diagnostic{Range: r, Summary: fmt.Sprintf(format, args...)})
}

// Add appends diagnostics.
func (l *List) Add(ds ...Diagnostic) { *l = append(*l, ds...) }

// HasErrors reports whether any of them is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Err is the list as an error if it has errors, else nil. errors.As finds the
// List again in the error.
func (l List) Err() error {
	if !l.HasErrors() {
		return nil
	}
	return l
}

// Error makes a List an error: the first lines of its errors, one a line.
func (l List) Error() string {
	var lines []string
	for _, d := range l {
		if d.Severity == Error {
			lines = append(lines, d.String())
		}
	}
	return strings.Join(lines, "\n")
}

// Sort orders by file, line, column, then by severity and text, and drops
// exact repetitions, so that the same mistakes always print the same.
func (l *List) Sort() {
	slices.SortStableFunc(*l, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Range.File, b.Range.File),
			cmp.Compare(a.Range.Start.Line, b.Range.Start.Line),
			cmp.Compare(a.Range.Start.Column, b.Range.Start.Column),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Address, b.Address),
			cmp.Compare(a.Summary, b.Summary))
	})
	*l = slices.Compact(*l)
}

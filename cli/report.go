package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/alecthomas/kong"

	"trueup/diag"
)

// The outcomes that machines read as trueup.outcome, besides those of a plan.
const (
	outcomeNone    = "none"
	outcomeChanges = "changes"
	outcomeRefused = "refused"
	outcomeFailed  = "failed"
)

// tally counts what is written through it. It is safe for concurrent use.
type tally struct {
	w      io.Writer
	before func() // each write
	mu     sync.Mutex
	n      int64
}

func (c *tally) Write(p []byte) (int, error) {
	c.before()
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// diagnostics prints what has not been reported yet on stderr.
func (a *app) diagnostics(l diag.List) {
	l = a.hear(l)
	l.Sort()
	p := diag.Printer{Color: a.color && a.ErrTTY}
	if a.sources != nil {
		p.Source = a.sources.Source
	}
	var text bytes.Buffer
	_ = p.Print(&text, l)
	_, _ = a.Err.Write(text.Bytes())
}

// hear notes what is reported, here or elsewhere, for annotations and machines.
// It gives what is new.
func (a *app) hear(l diag.List) diag.List {
	var fresh diag.List
	if a.heard == nil {
		a.heard = map[diag.Diagnostic]bool{}
	}
	for _, d := range l {
		if !a.heard[d] {
			a.heard[d] = true
			fresh.Add(d)
		}
	}
	a.said.Add(fresh...)
	return fresh
}

// placed gives diagnostics about a resource the place where it is written.
func (a *app) placed(l diag.List) diag.List {
	lost := func(d diag.Diagnostic) bool { return !d.Range.Known() && d.Address != "" }
	if a.graph == nil || !slices.ContainsFunc(l, lost) {
		return l
	}
	at := make(map[string]diag.Range, len(a.graph.Resources))
	for _, r := range a.graph.Resources {
		at[r.Addr.String()] = r.Decl
	}
	for i := range l {
		if lost(l[i]) {
			l[i].Range = at[l[i].Address]
		}
	}
	return l
}

// report prints what has not been printed, and gives the exit code. With
// --format json, a command that failed before it had a result says so on stdout
// too, so that there is always JSON there.
func (a *app) report(err error) int {
	code := a.failure(err)
	a.said.Sort()
	a.annotate()
	if code == exitError && !a.summed && len(a.said) > 0 {
		a.summarizeReports("failed", a.said)
	}
	if code == exitError && a.format == "json" && a.out.n == 0 {
		if err := a.writeFailure(); err != nil {
			a.say("Error: %s", err)
		}
	}
	return code
}

// failure prints the error, unless it has been, and gives its exit code.
func (a *app) failure(err error) int {
	var code exitCode
	var list diag.List
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &list):
		a.diagnostics(list)
	default:
		if why := a.cutShort(); why != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
			err = why
		}
		text := diag.Clean(err.Error())
		a.say("Error: %s", text)
		a.hear(diag.List{{Summary: text}})
	}
	return exitError
}

// writeFailure is the JSON of a command that has no result: in a stream of
// objects the last one, else the only one.
func (a *app) writeFailure() error {
	if a.stream {
		return writeLine(a.Out, ending(outcomeFailed, a.said))
	}
	return writeLine(a.Out, struct {
		Diagnostics []diagnosticOutput `json:"diagnostics"`
		Trueup      ownOutput          `json:"trueup"`
	}{diagnosticsJSON(a.said), ownOutput{outcomeFailed}})
}

// ownOutput is what every JSON of ours has under the key trueup.
type ownOutput struct {
	Outcome string `json:"outcome"`
}

type diagnosticOutput struct {
	Severity string       `json:"severity"`
	Summary  string       `json:"summary"`
	Detail   string       `json:"detail"`
	Hint     string       `json:"hint,omitempty"`
	Address  string       `json:"address,omitempty"`
	Code     string       `json:"code,omitempty"`
	Range    *rangeOutput `json:"range,omitempty"`
}

type rangeOutput struct {
	File  string      `json:"filename"`
	Start placeOutput `json:"start,omitzero"`
	End   placeOutput `json:"end,omitzero"`
}

type placeOutput struct {
	Line   int32 `json:"line"`
	Column int32 `json:"column"`
}

func diagnosticsJSON(ds diag.List) []diagnosticOutput {
	out := []diagnosticOutput{}
	for _, d := range ds {
		o := diagnosticOutput{Severity: d.Severity.String(), Summary: d.Summary, Detail: d.Detail, Hint: d.Hint, Address: d.Address, Code: d.Code}
		if d.Range.Known() {
			o.Range = &rangeOutput{d.Range.File, placeOutput(d.Range.Start), placeOutput(d.Range.End)}
		}
		out = append(out, o)
	}
	return out
}

func writeJSON(w io.Writer, v any) error {
	return encodeJSON(w, v, "  ")
}

// writeLine writes JSON as one line.
func writeLine(w io.Writer, v any) error {
	return encodeJSON(w, v, "")
}

func encodeJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(diag.SafeJSON(b.Bytes()))
	return err
}

// formatOf is what a parsed command line says as --format, "" where the command
// has none.
func formatOf(k *kong.Context) string {
	for _, f := range k.Flags() {
		if f.Name == "format" {
			return fmt.Sprint(k.FlagValue(f))
		}
	}
	return ""
}

// formatIn is what a command line that cannot be parsed seems to say as
// --format, the last time.
func formatIn(args []string) string {
	format := ""
	for i, arg := range args {
		if value, found := strings.CutPrefix(arg, "--format="); found {
			format = value
		}
		if arg == "--format" && i+1 < len(args) {
			format = args[i+1]
		}
	}
	return format
}

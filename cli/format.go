package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/loader"
)

type fmtCmd struct {
	Check  bool     `help:"Write nothing: list the files that would change, and exit 1 if there are any."`
	Format string   `enum:"text,json" default:"text" help:"text or json."`
	Paths  []string `arg:"" optional:"" name:"path" help:"Files or directories; trueup.yaml, trueup.yml, trueup.hcl or trueup/ where none is given. - formats standard input to standard output."`
}

// fmtOutput is what fmt did, or would do with --check.
type fmtOutput struct {
	Changed     []string           `json:"changed"`
	Diagnostics []diagnosticOutput `json:"diagnostics"`
	Trueup      ownOutput          `json:"trueup"`
}

// Run formats files in place and prints the names of those that changed. What
// can't be parsed stays as it is and is reported; the others are formatted.
func (c *fmtCmd) Run(ctx context.Context, a *app) error {
	if slices.Equal(c.Paths, []string{"-"}) {
		return c.stream(a)
	}
	if slices.Contains(c.Paths, "-") {
		return errors.New("- stands alone: it formats standard input")
	}
	changed, sources, ds := loader.Canonical(ctx, loader.Options{Paths: c.Paths})
	a.sources = sources
	names := []string{}
	for _, f := range changed {
		if !c.Check {
			if err := replace(f); err != nil {
				ds.Errorf(diag.Range{File: f.Name}, "%v", err)
				continue
			}
		}
		names = append(names, f.Name)
	}
	a.diagnostics(ds)
	return c.report(a, names, ds)
}

// report prints the names of the files that changed, or would.
func (c *fmtCmd) report(a *app, names []string, ds diag.List) error {
	if c.Check {
		for _, name := range names {
			a.hear(diag.List{{Summary: "this file is not in its canonical form", Detail: "Run trueup fmt.", Code: "format", Range: diag.Range{File: name}}})
		}
	}
	outcome := outcomeNone
	switch {
	case ds.HasErrors():
		outcome = outcomeFailed
	case len(names) > 0:
		outcome = outcomeChanges
	}
	switch {
	case c.Format == "json":
		if err := writeJSON(a.Out, fmtOutput{names, diagnosticsJSON(a.said), ownOutput{outcome}}); err != nil {
			return err
		}
	case len(names) > 0:
		fmt.Fprintln(a.Out, strings.Join(names, "\n"))
	}
	if outcome == outcomeFailed || c.Check && outcome == outcomeChanges {
		return exitCode(exitError)
	}
	return nil
}

// stream formats standard input.
func (c *fmtCmd) stream(a *app) error {
	const name = stdinName
	if c.Format == "json" && !c.Check {
		return errors.New("--format json with - is for --check: without it, stdout is the formatted text")
	}
	old, err := io.ReadAll(a.In)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	text, sources, ds := loader.CanonicalText(name, old)
	a.sources = sources
	a.diagnostics(ds)
	if !c.Check {
		if ds.HasErrors() {
			return exitCode(exitError)
		}
		_, err := a.Out.Write(text)
		return err
	}
	names := []string{}
	if !ds.HasErrors() && !bytes.Equal(text, old) {
		names = append(names, name)
	}
	return c.report(a, names, ds)
}

// replace writes a file's new text, only where writable says so.
func replace(f loader.Formatted) error {
	if err := writable(f); err != nil {
		return err
	}
	return errors.Unwrap(replaceFiles([]loader.Part{{Name: f.Name, Text: f.New}})) // the caller names the file
}

// writable reports why the file must not be replaced: it may not be written, or
// is not any more what the new text was made from.
func writable(f loader.Formatted) error {
	w, err := os.OpenFile(f.Name, os.O_WRONLY, 0)
	if err != nil {
		return diag.Cause(err)
	}
	w.Close()
	if now, err := os.ReadFile(f.Name); err != nil || !bytes.Equal(now, f.Old) {
		return errors.New("it changed meanwhile: run the command again")
	}
	return nil
}

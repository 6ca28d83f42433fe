package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"trueup/diag"
	"trueup/loader"
)

type fmtCmd struct {
	Check bool     `help:"Write nothing: list the files that would change, and exit 1 if there are any."`
	Paths []string `arg:"" optional:"" name:"path" help:"Files or directories; trueup.yaml, trueup.yml, trueup.hcl or trueup/ where none is given. - formats standard input to standard output."`
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
	failed := ds.HasErrors() || c.Check && len(changed) > 0
	for _, f := range changed {
		if !c.Check {
			if err := replace(f); err != nil {
				ds.Errorf(diag.Range{File: f.Name}, "%v", err)
				failed = true
				continue
			}
		}
		fmt.Fprintln(a.Out, f.Name)
	}
	a.diagnostics(ds)
	if failed {
		return exitCode(exitError)
	}
	return nil
}

// stream formats standard input.
func (c *fmtCmd) stream(a *app) error {
	const name = "<stdin>"
	old, err := io.ReadAll(a.In)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	text, sources, ds := loader.CanonicalText(name, old)
	a.sources = sources
	a.diagnostics(ds)
	switch {
	case ds.HasErrors():
		return exitCode(exitError)
	case !c.Check:
		_, err := a.Out.Write(text)
		return err
	case !bytes.Equal(text, old):
		fmt.Fprintln(a.Out, name)
		return exitCode(exitError)
	}
	return nil
}

// replace writes a file's new text, only where the file may be written and is still what was formatted.
func replace(f loader.Formatted) error {
	w, err := os.OpenFile(f.Name, os.O_WRONLY, 0)
	if err != nil {
		return bare(err)
	}
	w.Close()
	if now, err := os.ReadFile(f.Name); err != nil || !bytes.Equal(now, f.Old) {
		return errors.New("it changed while it was formatted: run fmt again")
	}
	return bare(replaceFiles([]loader.Part{{Name: f.Name, Text: f.New}}))
}

// bare is an error without the path that the caller names.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"trueup/loader"
)

type convertCmd struct {
	To    string   `required:"" enum:"yaml,hcl" placeholder:"yaml|hcl" help:"The spelling that is wanted: yaml or hcl."`
	Out   string   `placeholder:"PATH" help:"Write to a file, or to a directory with a file for each one there is, instead of stdout."`
	Paths []string `arg:"" optional:"" name:"path" help:"A file, of configuration or of variables, or a directory; trueup.yaml, trueup.yml, trueup.hcl or trueup/ where none is given. - converts standard input."`
}

// stdinName is what standard input is called.
const stdinName = "<stdin>"

// Run converts all files, or says what is in the way and writes none.
func (c *convertCmd) Run(ctx context.Context, a *app) error {
	to, err := destinationOf(c.Out, "--to", c.To)
	if err != nil {
		return err
	}
	in := loader.Options{Paths: c.Paths}
	how := loader.ConvertTo{Format: to.format, Whole: !to.dir, Dir: to.path}
	if to.path != "" && !to.dir {
		how.Dir = filepath.Dir(to.path)
	}
	switch {
	case slices.Equal(c.Paths, []string{"-"}):
		text, err := io.ReadAll(a.In)
		if err != nil {
			return fmt.Errorf("%s: %w", stdinName, err)
		}
		in.Paths, in.Text = []string{stdinName}, map[string][]byte{stdinName: text}
		if to.dir {
			return errors.New("--out: standard input is converted to a file or to standard output")
		}
		how.Dir = ""
	case slices.Contains(c.Paths, "-"):
		return errors.New("- stands alone: it converts standard input")
	case c.Out != "" && !to.dir && slices.ContainsFunc(c.Paths, loader.IsVars) != loader.IsVars(c.Out):
		return fmt.Errorf("--out %s: a file named *.vars.* holds variables, and only such a one does", c.Out)
	}
	parts, sources, ds := loader.Convert(ctx, in, how)
	a.sources = sources
	a.diagnostics(ds)
	if ds.HasErrors() {
		return exitCode(exitError)
	}
	return c.write(a, to, parts)
}

func (c *convertCmd) write(a *app, to destination, parts []loader.Part) error {
	if to.path == "" {
		_, err := a.Out.Write(parts[0].Text)
		return err
	}
	if !to.dir {
		parts[0].Name = to.path
	}
	if err := to.create(parts); err != nil {
		return err
	}
	for _, p := range parts {
		a.say("Wrote %s.", p.Name)
	}
	return nil
}

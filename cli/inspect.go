package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"trueup/diag"
	"trueup/lint"
	"trueup/loader"
	"trueup/planner"
	"trueup/render"
	"trueup/state"
)

type showCmd struct {
	formatFlags
	File string `arg:"" name:"file" help:"A saved plan or a state."`
}

func (c *showCmd) Run(ctx context.Context, a *app) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	plan, err := planner.Decode(data)
	switch {
	case err == nil:
		a.diagnostics(plan.Warnings)
		return a.show(plan, c.formatFlags, cmp.Or(strings.Join(plan.Paths, ", "), c.File))
	case !errors.Is(err, planner.ErrNoPlan):
		return fmt.Errorf("%s: %w", c.File, err)
	case !state.LooksLike(data):
		return fmt.Errorf("%s is neither a saved plan nor a state", c.File)
	}
	s, err := a.openState(c.File, nil).Load(ctx)
	if err != nil {
		return err
	}
	return a.showState(s, c.formatFlags, c.File)
}

type schemaCmd struct {
	Format string `enum:"json" default:"json" help:"json."`
}

func (c *schemaCmd) Run(a *app) error {
	data, err := render.ConfigSchema()
	if err != nil {
		return err
	}
	_, err = a.Out.Write(data)
	return err
}

type versionCmd struct {
	Format string `enum:"text,json" default:"text" help:"text or json."`
}

// versionOutput is the version, and what made the program.
type versionOutput struct {
	Version string    `json:"version"`
	Go      string    `json:"go"`
	OS      string    `json:"os"`
	Arch    string    `json:"arch"`
	Trueup  ownOutput `json:"trueup"`
}

func (c *versionCmd) Run(a *app) error {
	if c.Format == "json" {
		return writeJSON(a.Out, versionOutput{version, runtime.Version(), runtime.GOOS, runtime.GOARCH, ownOutput{outcomeNone}})
	}
	fmt.Fprintf(a.Out, "trueup %s\n", version)
	return nil
}

type graphCmd struct {
	fileFlags
	Format string `enum:"dot,mermaid,json" default:"dot" help:"dot, mermaid or json."`
}

func (c *graphCmd) Run(ctx context.Context, a *app) error {
	g, err := a.load(ctx, c.fileFlags)
	if err != nil {
		return err
	}
	data, err := render.Graph(g, c.Format)
	if err != nil {
		return err
	}
	_, err = a.Out.Write(data)
	return err
}

type lintCmd struct {
	fileFlags
	Format string `enum:"text,json,sarif" default:"text" help:"text, json or sarif."`
}

func (c *lintCmd) Run(ctx context.Context, a *app) error {
	return a.machineDiagnostics(ctx, c.fileFlags, c.Format, lint.Rules())
}

// machineDiagnostics loads the files and reports, with lint's findings where
// there are rules, in the format asked for.
func (a *app) machineDiagnostics(ctx context.Context, f fileFlags, format string, rules []diag.Rule) error {
	g, sources, ds := loader.Load(ctx, f.options(a))
	a.sources = sources
	if rules != nil && !ds.HasErrors() {
		ds.Add(lint.Lint(g, time.Now())...)
	}
	ds.Sort()
	if err := a.writeDiagnostics(ds, format, rules); err != nil {
		return err
	}
	if ds.HasErrors() {
		return exitCode(exitError)
	}
	if rules != nil && format == "text" && len(ds) == 0 {
		fmt.Fprintf(a.Out, "Nothing found: %s in %s.\n", diag.Plural(len(g.Resources), "resource"), sourceName(g))
	}
	return nil
}

func (a *app) writeDiagnostics(ds diag.List, format string, rules []diag.Rule) error {
	if format != "text" {
		a.hear(ds)
	}
	switch format {
	case "sarif":
		data, err := diag.SARIF(a.rooted(ds), rules, version)
		if err != nil {
			return err
		}
		_, err = a.Out.Write(data)
		return err
	case "json":
		return writeJSON(a.Out, checked(ds))
	}
	a.diagnostics(ds)
	return nil
}

// checkedOutput is what validate and lint say of files.
type checkedOutput struct {
	Valid       bool               `json:"valid"`
	Diagnostics []diagnosticOutput `json:"diagnostics"`
	Trueup      ownOutput          `json:"trueup"`
}

func checked(ds diag.List) checkedOutput {
	out := checkedOutput{Valid: true, Diagnostics: diagnosticsJSON(ds), Trueup: ownOutput{outcomeNone}}
	if ds.HasErrors() {
		out.Valid, out.Trueup.Outcome = false, outcomeFailed
	}
	return out
}

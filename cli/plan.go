package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/google/renameio/v2"
	"golang.org/x/term"

	"trueup/diag"
	"trueup/planner"
	"trueup/render"
	"trueup/state"
)

// formatFlags say how a plan is shown.
type formatFlags struct {
	Format   string `enum:"text,json,markdown,html" default:"text" help:"text, json, markdown or html."`
	MaxBytes int    `placeholder:"N" help:"The most bytes of Markdown; what does not fit is counted (default: fits a GitHub comment)."`
	Verbose  bool   `short:"v" help:"List what is left alone, and why."`
}

type planCmd struct {
	fileFlags
	stateFlags
	apiFlags
	guardFlags
	formatFlags
	Snapshot         string   `placeholder:"FILE" help:"Plan against a snapshot instead of the live API."`
	Out              string   `placeholder:"FILE" help:"Save the plan for trueup apply --plan."`
	DetailedExitcode bool     `help:"Exit 2 when there are changes."`
	AcceptDrift      []string `placeholder:"ADDR" sep:"none" help:"Write what changed live of this resource into the files first (repeatable; without a key: all instances)."`
}

func (c *planCmd) Run(ctx context.Context, a *app) error {
	ctx, cancel := a.deadline(ctx, c.Timeout)
	defer cancel()
	g, err := a.load(ctx, c.fileFlags)
	if err != nil {
		return err
	}
	have, err := a.openState(c.State, g).Load(ctx)
	if err != nil {
		return err
	}
	a.stray(c.State, g, have)
	w, err := a.world(c.apiFlags, c.Snapshot, g.Dir, have)
	if err != nil {
		return err
	}
	if len(c.AcceptDrift) > 0 {
		if w, g, err = c.accept(ctx, a, w, g, have); err != nil {
			return err
		}
	}
	plan, err := a.decide(ctx, w, g, have, c.guardFlags, false)
	if err != nil {
		return err
	}
	a.diagnostics(plan.Warnings)
	if c.Out != "" {
		if err := savePlan(c.Out, plan); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	source := sourceName(g)
	if s, ok := w.(*snapshot); ok {
		source += s.describe(a, c.Snapshot)
	}
	if err := a.show(plan, c.formatFlags, source); err != nil {
		return err
	}
	return planExit(plan, c.DetailedExitcode)
}

// world is the live API, or a snapshot of it.
func (a *app) world(f apiFlags, snapshot, dir string, have *state.Snapshot) (world, error) {
	if snapshot != "" {
		return readSnapshot(snapshot)
	}
	return a.connectFor(f, dir, have)
}

func planExit(p *planner.Plan, detailed bool) error {
	switch p.Outcome() {
	case "refused":
		return exitCode(exitError)
	case "changes":
		if detailed {
			return exitCode(exitChanges)
		}
	}
	return nil
}

func (a *app) options(f formatFlags, source string) render.Options {
	return render.Options{Color: a.color, Width: a.width(), Verbose: f.Verbose, Source: source, MaxBytes: f.MaxBytes, Commit: a.commit()}
}

var commitRE = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

// commit is what a pipeline says that it works on, in short: whoever reads a plan
// in a comment sees whether it is the newest.
func (a *app) commit() string {
	for _, name := range []string{"GITHUB_SHA", "CI_COMMIT_SHA"} {
		if sha, _ := a.Env(name); commitRE.MatchString(sha) {
			return sha[:7]
		}
	}
	return ""
}

// show writes the plan to stdout, and to the step summary where a GitHub
// workflow has one.
func (a *app) show(p *planner.Plan, f formatFlags, source string) error {
	a.hear(a.placed(render.Diagnostics(p)))
	o := a.options(f, source)
	a.summarizePlan(p, o)
	var out []byte
	var err error
	switch f.Format {
	case "json":
		out, err = render.JSON(p)
	case "markdown":
		out, err = render.Markdown(p, o)
	case "html":
		out, err = render.HTML(p, o)
	default:
		return render.Text(a.Out, p, o)
	}
	if err != nil {
		return err
	}
	_, err = a.Out.Write(out)
	return err
}

// width is that of the terminal on stdout; 0 where there is none.
func (a *app) width() int {
	if !a.OutTTY {
		return 0
	}
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// savePlan writes a plan file. Sensitive values are digests in it.
func savePlan(path string, p *planner.Plan) error {
	data, err := p.Encode()
	if err != nil {
		return err
	}
	return writeFile(path, func(w io.Writer) error { _, err := w.Write(data); return err })
}

// writeFile replaces the file as a whole, mode 0600. Its errors name the path,
// not the temporary file beside it.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := renameio.NewPendingFile(path, renameio.WithStaticPermissions(0o600))
	if err == nil {
		defer f.Cleanup() //nolint:errcheck // nothing is left to clean up after a success
		err = write(f)
	}
	if err == nil {
		err = f.CloseAtomicallyReplace()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, diag.Cause(err))
	}
	return nil
}

type validateCmd struct {
	fileFlags
	Format string `enum:"text,json,sarif" default:"text" help:"text, json or sarif."`
}

func (c *validateCmd) Run(ctx context.Context, a *app) error {
	if c.Format != "text" {
		return a.machineDiagnostics(ctx, c.fileFlags, c.Format, nil)
	}
	g, err := a.load(ctx, c.fileFlags)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "Valid: %s in %s.\n", diag.Plural(len(g.Resources), "resource"), sourceName(g))
	return nil
}

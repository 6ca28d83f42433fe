package cli

import (
	"context"

	"trueup/diag"
	"trueup/loader"
	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

type undoCmd struct {
	fileFlags
	stateFlags
	apiFlags
	guardFlags
	formatFlags
	Out              string `placeholder:"FILE" help:"Save the plan for trueup apply --plan, and do not ask."`
	DetailedExitcode bool   `help:"Exit 2 when there is something to take back and it is only shown."`
	AutoApprove      bool   `help:"Do not ask: take it back."`
}

// Run shows the plan. It is carried out only where a yes is given or can be
// asked for.
func (c *undoCmd) Run(ctx context.Context, a *app) error {
	ctx, cancel := a.deadline(ctx, c.Timeout)
	defer cancel()
	a.stream = c.AutoApprove || a.InTTY && c.Out == "" && c.Format == "text"
	g, err := a.loadIfThere(ctx, c.fileFlags)
	if err != nil {
		return err
	}
	if a.stream {
		format := runFlags{Format: c.Format, Verbose: c.Verbose}
		r := run{app: a, state: c.stateFlags, api: c.apiFlags, guard: c.guardFlags, format: format, approve: c.AutoApprove, what: "undo"}
		if err := r.open(ctx, g); err != nil {
			return err
		}
		plan, err := c.plan(ctx, a, r.client, g, r.have)
		if err != nil {
			return err
		}
		return r.carryOut(ctx, plan, undoSource)
	}
	return c.show(ctx, a, g)
}

const undoSource = "the last apply"

// show shows the plan and saves it where that is asked for.
func (c *undoCmd) show(ctx context.Context, a *app, g *schema.Graph) error {
	have, err := a.openState(c.State, g).Load(ctx)
	if err != nil {
		return err
	}
	client, err := a.connectFor(c.apiFlags, dirOf(g), have)
	if err != nil {
		return err
	}
	plan, err := c.plan(ctx, a, client, g, have)
	if err != nil {
		return err
	}
	if err := a.show(plan, c.formatFlags, undoSource); err != nil {
		return err
	}
	switch {
	case c.Out != "":
		if err := savePlan(c.Out, plan); err != nil {
			return err
		}
	case plan.Outcome() == "changes":
		a.say("Nothing was sent. To take it back: trueup undo --auto-approve, or --out FILE and trueup apply --plan FILE.")
	}
	return planExit(plan, c.DetailedExitcode)
}

// plan plans the way back.
func (c *undoCmd) plan(ctx context.Context, a *app, w world, g *schema.Graph, have *state.Snapshot) (*planner.Plan, error) {
	targets, err := addresses("--target", c.Target)
	if err != nil {
		return nil, err
	}
	back := planner.Undo(have, g)
	back.Want, back.Have = planner.Narrow(back.Want, back.Have, false, targets)
	in := planner.Input{Want: back.Want, Have: back.Have, Undo: true, Release: back.Release, Targets: targets}
	plan, err := a.plan(ctx, w, in, back.Needs(), c.guardFlags)
	if err != nil {
		return nil, err
	}
	if plan.Outcome() == "changes" {
		plan.Warnings.Add(diag.Diagnostic{
			Severity: diag.Warning, Code: "files-differ", Summary: "no file is changed by this",
			Detail: "Put the files back too, if they still say what was applied, or the next apply does it again.",
		})
	}
	plan.Warnings.Add(back.Kept...)
	plan.Warnings.Sort()
	a.diagnostics(plan.Warnings)
	return plan, nil
}

// loadIfThere is load for a command that can do without files: nil where none
// is named and none is there.
func (a *app) loadIfThere(ctx context.Context, f fileFlags) (*schema.Graph, error) {
	g, sources, ds := loader.Load(ctx, f.options(a))
	if len(ds) == 1 && ds[0].Code == loader.NoConfiguration {
		return nil, nil
	}
	return a.accept(g, sources, ds)
}

func dirOf(g *schema.Graph) string {
	if g == nil {
		return "."
	}
	return g.Dir
}

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"trueup/applier"
	"trueup/cfclient"
	"trueup/diag"
	"trueup/loader"
	"trueup/planner"
	"trueup/schema"
	"trueup/sink"
	"trueup/state"
)

// runFlags say how a run is shown.
type runFlags struct {
	Format  string `enum:"text,json" default:"text" help:"text, or json: one object a line, the last of type end."`
	Verbose bool   `short:"v" help:"List what is left alone, and why."`
}

type applyCmd struct {
	fileFlags
	stateFlags
	apiFlags
	guardFlags
	runFlags
	Plan        string `placeholder:"FILE" help:"Carry out a saved plan; never asks."`
	AutoApprove bool   `help:"Do not ask."`
}

func (c *applyCmd) Run(ctx context.Context, a *app) error {
	a.stream = true
	ctx, cancel := a.deadline(ctx, c.Timeout)
	defer cancel()
	if c.Plan != "" {
		return c.saved(ctx, a)
	}
	g, err := a.load(ctx, c.fileFlags)
	if err != nil {
		return err
	}
	r := run{app: a, state: c.stateFlags, api: c.apiFlags, guard: c.guardFlags, format: c.runFlags, approve: c.AutoApprove, what: "apply"}
	return r.fresh(ctx, g, false)
}

type destroyCmd struct {
	fileFlags
	stateFlags
	apiFlags
	guardFlags
	runFlags
	AutoApprove bool `help:"Do not ask."`
}

func (c *destroyCmd) Run(ctx context.Context, a *app) error {
	a.stream = true
	ctx, cancel := a.deadline(ctx, c.Timeout)
	defer cancel()
	g, err := a.load(ctx, c.fileFlags)
	if err != nil {
		return err
	}
	r := run{app: a, state: c.stateFlags, api: c.apiFlags, guard: c.guardFlags, format: c.runFlags, approve: c.AutoApprove, what: "destroy"}
	return r.fresh(ctx, g, true)
}

// run is one apply or destroy.
type run struct {
	*app
	state   stateFlags
	api     apiFlags
	guard   guardFlags
	format  runFlags
	approve bool
	what    string

	store  state.Store
	have   *state.Snapshot
	client *cfclient.Client
}

// open takes the lock, connects, and settles what an earlier run left open.
func (r *run) open(ctx context.Context, g *schema.Graph) error {
	r.store = r.openState(r.state.State, g)
	if err := r.lock(ctx, r.store, r.state, r.what); err != nil {
		return err
	}
	var err error
	if r.have, err = r.store.Load(ctx); err != nil {
		return err
	}
	r.stray(r.state.State, g, r.have)
	if r.client, err = r.connectFor(r.api, dirOf(g), r.have); err != nil {
		return err
	}
	if len(r.have.Open) == 0 {
		return nil
	}
	r.writing.Store(true)
	defer r.writing.Store(false)
	r.say("An earlier run ended in the middle of %s: looking what came of it.", diag.Plural(len(r.have.Open), "request"))
	if err := applier.Settle(ctx, r.client, r.store, r.have, applier.Options{Now: time.Now}); err != nil {
		return fmt.Errorf("settling what an earlier run left open: %w", err)
	}
	world := r.have.World
	r.have, err = r.store.Load(ctx)
	if err == nil {
		r.have.World = world
	}
	return err
}

// mayAsk says why there is nobody to ask, where somebody must be.
func (r *run) mayAsk() error {
	instead := "say --auto-approve"
	if r.what == "apply" {
		instead += ", or save a plan with trueup plan --out FILE and run trueup apply --plan FILE"
	}
	switch {
	case r.approve:
		return nil
	case r.format.Format == "json":
		return errors.New("nobody is asked with --format json: " + instead)
	case !r.InTTY:
		return errors.New("there is no terminal to ask on: " + instead)
	}
	return nil
}

// preview shows people what is about to be done; machines get the events.
func (r *run) preview(plan *planner.Plan, source string) error {
	f := formatFlags{Format: "text", Verbose: r.format.Verbose}
	if r.format.Format == "json" {
		r.summarizePlan(plan, r.options(f, source))
		return nil
	}
	return r.show(plan, f, source)
}

// fresh plans, asks and does.
func (r *run) fresh(ctx context.Context, g *schema.Graph, destroy bool) error {
	if err := r.mayAsk(); err != nil {
		return err
	}
	if err := r.open(ctx, g); err != nil {
		return err
	}
	plan, err := r.decide(ctx, r.client, g, r.have, r.guard, destroy)
	if err != nil {
		return err
	}
	r.diagnostics(plan.Warnings)
	return r.carryOut(ctx, plan, sourceName(g))
}

// carryOut shows the plan, asks and does it.
func (r *run) carryOut(ctx context.Context, plan *planner.Plan, source string) error {
	if err := r.preview(plan, source); err != nil {
		return err
	}
	if len(plan.Refusals) > 0 {
		return r.end(plan, applier.Result{}, errRefused)
	}
	if plan.Outcome() != "none" && !r.approve {
		yes, err := r.ask(plan)
		if err != nil || !yes {
			return err
		}
		if err := r.recheck(ctx, plan); err != nil {
			return err
		}
	}
	return r.do(ctx, plan)
}

var errRefused = errors.New("refused")

// saved carries out a saved plan, if no object that it touches has moved.
func (c *applyCmd) saved(ctx context.Context, a *app) error {
	if len(c.Target) > 0 {
		return errors.New("--target does not go with --plan: a saved plan is carried out as it is; give --target to trueup plan")
	}
	data, err := os.ReadFile(c.Plan)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s: make it with trueup plan --out %s", c.Plan, c.Plan)
	}
	if err != nil {
		return err
	}
	plan, err := planner.Decode(data)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Plan, err)
	}
	plan.FailOn(c.FailOn)
	r := run{app: a, state: c.stateFlags, api: c.apiFlags, guard: c.guardFlags, format: c.runFlags, approve: true, what: "apply --plan"}
	a.diagnostics(editedFiles(plan))
	g, err := a.graphOf(ctx, plan, c.fileFlags)
	if err != nil {
		return err
	}
	if err := r.open(ctx, g); err != nil {
		return err
	}
	if len(plan.Refusals) == 0 {
		if err := r.recheck(ctx, plan); err != nil {
			return err
		}
		if err := unseal(plan, g); err != nil {
			return err
		}
	}
	if err := r.preview(plan, strings.Join(plan.Paths, ", ")); err != nil {
		return err
	}
	if len(plan.Refusals) > 0 {
		return r.end(plan, applier.Result{}, errRefused)
	}
	return r.do(ctx, plan)
}

// editedFiles warns of files that are there and no longer what the plan was made
// from. It is carried out as it was saved all the same.
func editedFiles(plan *planner.Plan) diag.List {
	var out diag.List
	for _, name := range slices.Sorted(maps.Keys(plan.Files)) {
		text, err := os.ReadFile(name)
		if err == nil && loader.Digest(text) != plan.Files[name] {
			out.Add(diag.Diagnostic{Severity: diag.Warning, Summary: "this file is not what the plan was made from", Code: "edited",
				Detail: "The plan is carried out as it was saved. Make a new one if the file's changes are meant too.", Range: diag.Range{File: name}})
		}
	}
	return out
}

// graphOf loads the files that a saved plan was made from where they are
// needed: for sensitive values, which a plan does not hold, and for where the
// state lies. Without sensitive values the plan applies alone.
func (a *app) graphOf(ctx context.Context, plan *planner.Plan, f fileFlags) (*schema.Graph, error) {
	if len(f.Paths) == 0 {
		f.Paths = plan.Paths
	}
	if !plan.NeedsFiles() {
		return &schema.Graph{Dir: plan.Dir, Settings: schema.Settings{StatePath: plan.StatePath}}, nil
	}
	return a.load(ctx, f)
}

// unseal takes sensitive values from the files again.
func unseal(plan *planner.Plan, g *schema.Graph) error {
	if !plan.NeedsFiles() {
		return nil
	}
	err := plan.Unseal(g)
	var sealed *planner.SealError
	if errors.As(err, &sealed) {
		plan.Refusals = append(plan.Refusals, sealed.Refusal)
		return nil
	}
	return err
}

// recheck reads the live objects again and refuses where one that the plan
// touches has moved.
func (r *run) recheck(ctx context.Context, plan *planner.Plan) error {
	in := planner.Input{Have: r.have, Now: r.now()}
	reads := planner.Reads{Lists: plan.Lists()}
	if err := r.read(ctx, r.client, reads, &in); err != nil {
		return err
	}
	plan.Refusals = append(plan.Refusals, plan.Stale(in.Live)...)
	if len(plan.Refusals) == 0 {
		return nil
	}
	if err := r.preview(plan, strings.Join(plan.Paths, ", ")); err != nil {
		return err
	}
	return r.end(plan, applier.Result{}, errRefused)
}

// ask asks on the terminal.
func (r *run) ask(plan *planner.Plan) (bool, error) {
	question := "Apply this plan?"
	if plan.Destroy {
		question = "Destroy all of this? It cannot be taken back."
	}
	fmt.Fprintf(r.Err, "\n%s Only 'yes' is taken as yes: ", question)
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(r.In).ReadString('\n')
		answers <- line
	}()
	select {
	case line := <-answers:
		if strings.TrimSpace(line) == "yes" {
			return true, nil
		}
		r.say("Not applied: nothing was sent.")
		return false, exitCode(exitError)
	case <-r.stop:
		r.say("Not applied: nothing was sent.")
		return false, exitCode(exitError)
	}
}

// do carries the plan out and says what came of it.
func (r *run) do(ctx context.Context, plan *planner.Plan) error {
	r.writing.Store(true)
	defer r.writing.Store(false)
	p := newProgress(r.app, plan, r.format.Format)
	result, err := applier.Run(ctx, plan, r.client, r.store, r.have, applier.Options{
		Sinks: sink.Sinks{}, Parallelism: r.api.Parallelism, On: p.on, Now: time.Now, Stop: r.stop,
	})
	p.end()
	return r.end(plan, result, err)
}

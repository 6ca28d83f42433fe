package cli

import (
	"context"
	"fmt"

	"trueup/planner"
	"trueup/schema"
)

type tokenCmd struct {
	Roll tokenRollCmd `cmd:"" help:"Give a token a new secret and deliver it to its sink; the old secret stops working."`
}

type tokenRollCmd struct {
	Addr string `arg:"" help:"The address: token.NAME."`
	fileFlags
	stateFlags
	apiFlags
	Format      string `enum:"text,json" default:"text" help:"text, or json: one object a line, the last of type end."`
	AutoApprove bool   `help:"Do not ask."`
}

func (c *tokenRollCmd) Run(ctx context.Context, a *app) error {
	a.stream = true
	ctx, cancel := a.deadline(ctx, c.Timeout)
	defer cancel()
	if schema.ValidName(c.Addr) {
		return fmt.Errorf("%q is not an address: write token.%s", c.Addr, c.Addr)
	}
	addr, err := schema.ParseAddr(c.Addr)
	if err != nil {
		return err
	}
	r := run{app: a, state: c.stateFlags, api: c.apiFlags, format: runFlags{Format: c.Format}, approve: c.AutoApprove, what: "token roll"}
	if err := r.mayAsk(); err != nil {
		return err
	}
	g, err := a.load(ctx, c.fileFlags)
	if err != nil {
		return err
	}
	if err := r.open(ctx, g); err != nil {
		return err
	}
	plan, err := r.decide(ctx, r.client, g, r.have, guardFlags{}, false)
	if err != nil {
		return err
	}
	roll, err := rollPlan(plan, addr)
	if err != nil {
		return err
	}
	if err := r.preview(roll, sourceName(g)); err != nil {
		return err
	}
	if !c.AutoApprove {
		if yes, err := r.ask(roll); err != nil || !yes {
			return err
		}
	}
	return r.do(ctx, roll)
}

// rollPlan is a plan that does nothing but roll the secret of one object: what
// else differs is left for an apply.
func rollPlan(plan *planner.Plan, addr schema.Addr) (*planner.Plan, error) {
	for _, c := range plan.Changes {
		if c.Addr != addr || c.Deposed {
			continue
		}
		switch {
		case !c.Kind.API.Secret:
			return nil, fmt.Errorf("%s has no secret", addr)
		case c.ID == "" || c.After == nil:
			return nil, fmt.Errorf("%s is not there: trueup apply creates it and delivers its secret", addr)
		case c.Kind.Get(c.After, c.Kind.API.Sink) == nil:
			return nil, fmt.Errorf("%s has no sink: write %s: {file: PATH}, so that the new secret has somewhere to go", addr, c.Kind.API.Sink)
		}
		rolled := *c
		rolled.Action, rolled.Reason, rolled.Fields, rolled.Needs, rolled.Gains, rolled.Refused = planner.Roll, planner.ReasonNone, nil, nil, nil, ""
		rolled.After = append(schema.Row(nil), c.Before...)
		for i := range c.Kind.Attrs {
			if c.Kind.Attrs[i].Mode == schema.Local {
				rolled.After[i] = c.After[i]
			}
		}
		out := *plan
		out.Changes, out.LeftAlone, out.Refusals, out.Warnings, out.Resources = []*planner.Change{&rolled}, nil, nil, nil, 1
		out.Budget.Apply = 1
		return &out, nil
	}
	return nil, fmt.Errorf("no file lists %s", addr)
}

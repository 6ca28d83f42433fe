package cli

import (
	"context"
	"io"

	"trueup/cfclient"
	"trueup/loader"
	"trueup/planner"
	"trueup/schema"
)

type exportCmd struct {
	apiFlags
	Format string   `enum:"yaml,hcl" default:"yaml" help:"yaml or hcl."`
	Kind   []string `placeholder:"KIND" help:"Only this kind (repeatable)."`
	Scope  []string `placeholder:"SCOPE" default:"user" help:"user, account:<id> or zone:<id> (repeatable)."`
	Out    string   `placeholder:"FILE" help:"Write to FILE instead of stdout."`
}

func (c *exportCmd) Run(ctx context.Context, a *app) error {
	ctx, cancel := deadline(ctx, c.Timeout)
	defer cancel()
	client, err := a.connect(c.apiFlags, ".")
	if err != nil {
		return err
	}
	in := loader.ExportInput{Format: c.Format, Catalogues: map[schema.Scope]schema.Catalogue{}}
	err = a.eachList(ctx, client, c.Scope, c.Kind, func(ctx context.Context, client *cfclient.Client, l planner.Listing) (err error) {
		in.Objects = append(in.Objects, l.Objects...)
		if l.Kind.Narrows != nil {
			in.Catalogues[l.Scope], err = client.Catalogue(ctx, l.Scope)
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.output(c.Out, func(w io.Writer) error {
		left, err := loader.Export(w, in)
		for _, l := range left {
			a.say("Left out: %s.", l)
		}
		return err
	})
}

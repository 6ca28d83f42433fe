package cli

import (
	"context"

	"trueup/cfclient"
	"trueup/loader"
	"trueup/planner"
	"trueup/schema"
)

type exportCmd struct {
	apiFlags
	Format string   `enum:"yaml,hcl," default:"" help:"yaml or hcl (default: by the name of --out, else yaml)."`
	Kind   []string `placeholder:"KIND" help:"Only this kind (repeatable)."`
	Scope  []string `placeholder:"SCOPE" default:"user" help:"user, account:<id> or zone:<id> (repeatable)."`
	Out    string   `placeholder:"PATH" help:"Write to a file, or to a directory with a file for each kind, instead of stdout."`
}

func (c *exportCmd) Run(ctx context.Context, a *app) error {
	ctx, cancel := deadline(ctx, c.Timeout)
	defer cancel()
	to, err := destinationOf(c.Out, c.Format)
	if err != nil {
		return err
	}
	client, err := a.connect(c.apiFlags, ".")
	if err != nil {
		return err
	}
	in := loader.ExportInput{Catalogues: map[schema.Scope]schema.Catalogue{}}
	if in.Scope, err = firstScope(c.Scope); err != nil {
		return err
	}
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
	return a.writeDraft(to, loader.NewDraft(in))
}

// firstScope is the default scope of what is exported.
func firstScope(scopes []string) (schema.Scope, error) {
	if len(scopes) == 0 {
		return schema.UserScope, nil
	}
	return schema.ParseScope(scopes[0])
}

// writeDraft says what cannot be in it, and writes the rest.
func (a *app) writeDraft(to destination, d *loader.Draft) error {
	for _, l := range d.Left {
		a.say("Left out: %s.", l)
	}
	switch {
	case to.path == "":
		_, err := a.Out.Write(d.Text(to.format))
		return err
	case d.Resources() == 0:
		a.say("There is nothing to write to %s.", to.path)
		return nil
	}
	parts := []loader.Part{{Name: to.path, Text: d.Text(to.format)}}
	if to.dir {
		parts = d.Split(to.format)
	}
	if err := to.create(parts); err != nil {
		return err
	}
	a.say("Wrote %s to %s.", plural(d.Resources(), "object"), to.path)
	return nil
}

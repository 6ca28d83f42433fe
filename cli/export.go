package cli

import (
	"context"
	"errors"
	"fmt"

	"trueup/cfclient"
	"trueup/diag"
	"trueup/loader"
	"trueup/planner"
	"trueup/schema"
)

type exportCmd struct {
	fileFlags
	stateFlags
	apiFlags
	Format  string   `enum:"yaml,hcl," default:"" help:"yaml or hcl (default: by the name of --out, else yaml)."`
	Kind    []string `placeholder:"KIND" help:"Only this kind, such as access_rule (repeatable)."`
	Scope   []string `placeholder:"SCOPE" help:"user, account:<id> or zone:<id> (repeatable; default user, with --missing those of the files)."`
	Out     string   `placeholder:"PATH" help:"Write to a file, or to a directory with a file for each kind, instead of stdout."`
	Missing bool     `help:"Only what the files at PATH do not list; with --out, put into them."`

	FromTerraformState string `placeholder:"FILE" help:"Only what a Terraform state (version 4; - is standard input) has, under its names."`
}

func (c *exportCmd) Run(ctx context.Context, a *app) error {
	ctx, cancel := a.deadline(ctx, c.Timeout)
	defer cancel()
	to, err := destinationOf(c.Out, "--format", c.Format)
	to.hint = ", or add only what no file lists with --missing"
	switch {
	case err != nil:
		return err
	case c.Out != "" && !to.dir && loader.IsVars(c.Out):
		return fmt.Errorf("--out %s: a file named *.vars.* is never loaded as configuration", c.Out)
	case c.Missing && c.FromTerraformState != "":
		return errors.New("--missing and --from-terraform-state don't go together: export what Terraform has first, then what is missing")
	case c.Missing:
		return c.missing(ctx, a, to)
	case len(c.Paths)+len(c.Var)+len(c.VarFile) > 0:
		return errors.New("export reads files only with --missing; where it writes is said by --out")
	}
	if c.FromTerraformState != "" {
		return c.fromTerraform(ctx, a, to)
	}
	return c.all(ctx, a, to)
}

// all exports everything that is live.
func (c *exportCmd) all(ctx context.Context, a *app, to destination) error {
	client, err := a.connect(c.apiFlags, ".")
	if err != nil {
		return err
	}
	scopes := c.Scope
	if len(scopes) == 0 {
		scopes = []string{schema.UserScope.String()}
	}
	in := loader.ExportInput{Catalogues: map[schema.Scope]schema.Catalogue{}}
	if in.Scope, err = schema.ParseScope(scopes[0]); err != nil {
		return err
	}
	lists, err := a.lists(ctx, client, scopes, c.Kind, in.Catalogues)
	if err != nil {
		return err
	}
	for _, l := range lists {
		in.Objects = append(in.Objects, l.Objects...)
	}
	return a.writeDraft(to, loader.NewDraft(in))
}

// lists are the live objects of the kinds in the scopes. The catalogues that
// give their ids names are put into catalogues.
func (a *app) lists(ctx context.Context, client *cfclient.Client, scopes, kinds []string, catalogues map[schema.Scope]schema.Catalogue) (out []planner.Listing, err error) {
	err = a.eachList(ctx, client, scopes, kinds, func(ctx context.Context, client *cfclient.Client, l planner.Listing) (err error) {
		out = append(out, l)
		if l.Kind.Narrows != nil && len(l.Objects) > 0 {
			catalogues[l.Scope], err = client.Catalogue(ctx, l.Scope)
		}
		return err
	})
	return out, err
}

// writeDraft says what cannot be in it, and writes the rest.
func (a *app) writeDraft(to destination, d *loader.Draft) error {
	a.leftOut(d)
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
	a.say("Wrote %s to %s.", diag.Plural(d.Resources(), "object"), to.path)
	return nil
}

func (a *app) leftOut(d *loader.Draft) {
	for _, l := range d.Left {
		a.say("Left out: %s.", l)
	}
}

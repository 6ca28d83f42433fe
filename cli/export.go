package cli

import (
	"context"
	"fmt"
	"io"

	"trueup/loader"
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
	kinds, err := kindsNamed(c.Kind)
	if err != nil {
		return err
	}
	client, err := a.connect(c.apiFlags, ".")
	if err != nil {
		return err
	}
	in := loader.ExportInput{Format: c.Format, Catalogues: map[schema.Scope]schema.Catalogue{}}
	for _, text := range c.Scope {
		scope, err := schema.ParseScope(text)
		if err != nil {
			return err
		}
		for _, k := range kinds {
			if !k.Has(scope.Level) {
				continue
			}
			if needs := client.Missing(k); needs != "" {
				if len(c.Kind) > 0 {
					return fmt.Errorf("%s need %s", k.Plural, needs)
				}
				a.say("Left out: %s in scope %s, which need %s.", k.Plural, scope, needs)
				continue
			}
			objects, _, err := client.Read(ctx, k, scope)
			if err != nil {
				return fmt.Errorf("reading %s in scope %s: %w", k.Plural, scope, err)
			}
			in.Objects = append(in.Objects, objects...)
			if k.API.Secret && in.Catalogues[scope] == nil {
				if in.Catalogues[scope], err = client.Catalogue(ctx, scope); err != nil {
					return err
				}
			}
		}
	}
	return a.output(c.Out, func(w io.Writer) error {
		left, err := loader.Export(w, in)
		for _, l := range left {
			a.say("Left out: %s.", l)
		}
		return err
	})
}

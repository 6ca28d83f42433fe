package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/loader"
	"trueup/planner"
	"trueup/schema"
)

// fromTerraform exports the live objects that a Terraform state has, under its
// names.
func (c *exportCmd) fromTerraform(ctx context.Context, a *app, to destination) error {
	state, err := a.terraformState(c.FromTerraformState)
	if err != nil {
		return fmt.Errorf("%s: %w", c.FromTerraformState, err)
	}
	if err := c.filter(state); err != nil {
		return err
	}
	a.say("%s in the Terraform state; skipped: %s, %s of other types.", diag.Plural(len(state.Resources), "object"), diag.Plural(state.Data, "data source"), diag.Plural(state.Other, "resource"))
	scopes := state.Scopes()
	if len(scopes) == 0 {
		return fmt.Errorf("%s: it has none of the resources that can be moved: %s", c.FromTerraformState, strings.Join(terraformTypes(), ", "))
	}
	client, err := a.connect(c.apiFlags, ".")
	if err != nil {
		return err
	}
	in := loader.ExportInput{Scope: scopes[0], Catalogues: map[schema.Scope]schema.Catalogue{}}
	var live []planner.Listing
	for _, s := range scopes {
		lists, err := a.lists(ctx, client, []string{s.String()}, kindsIn(state, s), in.Catalogues)
		if err != nil {
			return err
		}
		live = append(live, lists...)
	}
	var objects []*schema.Object
	for _, l := range live {
		objects = append(objects, l.Objects...)
	}
	names, unmatched := state.Match(objects)
	in.Names = names
	for _, o := range objects {
		if _, ok := names[o]; ok {
			in.Objects = append(in.Objects, o)
		} else {
			in.Others = append(in.Others, o)
		}
	}
	for _, text := range unmatched {
		a.say("Left out: %s.", text)
	}
	a.others(live, names)
	return a.writeDraft(to, loader.NewDraft(in))
}

// terraformState reads the file, or standard input for "-".
func (a *app) terraformState(path string) (*loader.TerraformState, error) {
	r := io.Reader(a.In)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	return loader.ReadTerraformState(r)
}

// filter keeps what --scope and --kind ask for.
func (c *exportCmd) filter(s *loader.TerraformState) error {
	kinds, err := kindsNamed(c.Kind)
	if err != nil {
		return err
	}
	var scopes []schema.Scope
	for _, text := range c.Scope {
		scope, err := schema.ParseScope(text)
		if err != nil {
			return err
		}
		scopes = append(scopes, scope)
	}
	s.Keep(func(r loader.TerraformResource) bool {
		return slices.Contains(kinds, r.Kind) && (len(scopes) == 0 || slices.Contains(scopes, r.Scope))
	})
	return nil
}

// kindsIn are the names of the kinds that the state has in the scope.
func kindsIn(s *loader.TerraformState, scope schema.Scope) []string {
	var out []string
	for _, r := range s.Resources {
		if r.Scope == scope && !slices.Contains(out, r.Kind.Name) {
			out = append(out, r.Kind.Name)
		}
	}
	return out
}

func terraformTypes() []string {
	var out []string
	for _, k := range schema.Kinds {
		out = append(out, k.Terraform...)
	}
	return out
}

// others counts what is live and not in the Terraform state.
func (a *app) others(live []planner.Listing, names map[*schema.Object]loader.Name) {
	for _, l := range live {
		n := 0
		for _, o := range l.Objects {
			if _, ok := names[o]; !ok && !o.Retiring() {
				n++
			}
		}
		if n > 0 {
			a.say("Left out: %d of %d %s in scope %s, which the Terraform state does not have. export --missing shows them later.", n, len(l.Objects), l.Kind.Plural, l.Scope)
		}
	}
}

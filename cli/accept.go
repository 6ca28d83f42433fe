package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/loader"
	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// accept writes what changed live of the resources that --accept-drift names
// into the files. It gives the files as they are then, and what was read.
func (c *planCmd) accept(ctx context.Context, a *app, w world, g *schema.Graph, have *state.Snapshot) (world, *schema.Graph, error) {
	addrs, err := c.accepted(g)
	if err != nil {
		return nil, nil, err
	}
	in := planner.Input{Want: g, Have: have, Now: a.now()}
	reads := planner.Needs(g, have, false)
	if err := missing(w, g, in.Have, reads); err != nil {
		return nil, nil, err
	}
	if err := a.read(ctx, w, reads, &in); err != nil {
		return nil, nil, err
	}
	known := remember(w, in.Live)
	acc := &acceptance{c: c, a: a, addrs: addrs, in: in, seen: map[schema.Addr]map[string]bool{}}
	for more := true; more; {
		if more, err = acc.round(ctx); err != nil {
			return nil, nil, err
		}
	}
	acc.say()
	a.loaded.Add(a.placed(acc.left)...)
	return known, acc.in.Want, nil
}

// acceptance is what comes of --accept-drift.
type acceptance struct {
	c     *planCmd
	a     *app
	addrs []schema.Addr
	in    planner.Input
	seen  map[schema.Addr]map[string]bool // paths that differed, of each resource that was looked at
	done  []loader.Drift
	wrote []string
	left  diag.List
}

// round accepts what has drifted. With what it wrote, others may differ that
// did not: those of which the default depends on it. So it says whether to try
// again.
func (acc *acceptance) round(ctx context.Context) (more bool, err error) {
	plan, ds := planner.Make(acc.in)
	if ds.HasErrors() {
		return false, ds
	}
	res, err := loader.Accept(ctx, acc.c.options(acc.a), acc.a.sources, named(acc.in, plan), acc.drifts(plan))
	if err != nil {
		return false, err
	}
	acc.left.Add(res.Left...)
	if len(res.Files) == 0 {
		return false, nil
	}
	if err := rewrite(res.Files); err != nil {
		return false, err
	}
	for _, f := range res.Files {
		if !slices.Contains(acc.wrote, f.Name) {
			acc.wrote = append(acc.wrote, f.Name)
		}
	}
	acc.done = append(acc.done, res.Done...)
	acc.in.Want, err = acc.a.load(ctx, acc.c.fileFlags)
	return true, err
}

// accepted are the addresses of --accept-drift, each of which the files have.
func (c *planCmd) accepted(g *schema.Graph) ([]schema.Addr, error) {
	addrs, err := addresses("--accept-drift", c.AcceptDrift)
	if err != nil {
		return nil, err
	}
	for _, addr := range addrs {
		if !slices.ContainsFunc(g.Resources, func(r *schema.Resource) bool { return addr.Means(r.Addr) }) {
			return nil, fmt.Errorf("--accept-drift %s: the files have no such resource", addr)
		}
	}
	return addrs, nil
}

// drifts are what changed live of the resources and has not been seen yet.
// Where it is not known what was last applied, all that differs counts; as it
// does in a resource that has been looked at.
func (acc *acceptance) drifts(p *planner.Plan) (out []loader.Drift) {
	for _, c := range p.Changes {
		if c.Deposed || !slices.ContainsFunc(acc.addrs, func(a schema.Addr) bool { return a.Means(c.Addr) }) {
			continue
		}
		seen := acc.seen[c.Addr]
		first := seen == nil
		if first {
			seen = map[string]bool{}
			acc.seen[c.Addr] = seen
		}
		if first && c.Action == planner.Create {
			acc.left.Add(diag.Diagnostic{Severity: diag.Warning, Code: loader.DriftLeft, Address: c.Addr.String(),
				Summary: "it is not there live, so there is nothing to write",
				Detail:  "Take its lines out of the files if it is to stay so; apply makes it again."})
		}
		d := loader.Drift{Addr: c.Addr}
		for _, f := range c.Fields {
			if !seen[f.Path] && (f.Drifted || !f.Known || !first) {
				d.Fields = append(d.Fields, loader.Drifted{Path: f.Path, Live: f.Before, Want: f.After})
			}
			seen[f.Path] = true
		}
		if len(d.Fields) > 0 {
			out = append(out, d)
		}
	}
	return out
}

// named is what is needed to write names in the place of ids.
func named(in planner.Input, p *planner.Plan) loader.ExportInput {
	out := loader.ExportInput{Scope: in.Want.Scope, Files: in.Want, Catalogues: in.Catalogues, Listed: map[*schema.Object]schema.Addr{}}
	listed := p.Listed()
	for _, l := range in.Live {
		for _, o := range l.Objects {
			if addr, ok := listed[planner.ObjectKey{Kind: o.Kind.Name, Scope: o.Scope, ID: o.ID}]; ok {
				out.Listed[o] = addr
			}
		}
	}
	return out
}

// rewrite replaces files of configuration: none, if one of them may not be.
func rewrite(files []loader.Formatted) error {
	parts := make([]loader.Part, len(files))
	for i, f := range files {
		if err := writable(f); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		parts[i] = loader.Part{Name: f.Name, Text: f.New}
	}
	return replaceFiles(parts)
}

func (acc *acceptance) say() {
	for _, d := range acc.done {
		paths := make([]string, len(d.Fields))
		for i, f := range d.Fields {
			paths[i] = f.Path
		}
		acc.a.say("%s: accepted %s", d.Addr, strings.Join(paths, ", "))
	}
	for _, name := range acc.wrote {
		acc.a.say("Wrote %s.", name)
	}
	for _, addr := range acc.addrs {
		if !acc.met(addr) {
			acc.a.say("%s has not drifted.", addr)
		}
	}
}

// met reports whether anything was written, or left, of the resource.
func (acc *acceptance) met(addr schema.Addr) bool {
	return slices.ContainsFunc(acc.done, func(d loader.Drift) bool { return addr.Means(d.Addr) }) ||
		slices.ContainsFunc(acc.left, func(d diag.Diagnostic) bool {
			parsed, err := schema.ParseAddr(d.Address)
			return err == nil && addr.Means(parsed)
		})
}

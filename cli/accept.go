package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

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
	in := planner.Input{Want: g, Have: have, Now: a.now().UTC().Truncate(time.Second)}
	reads := planner.Needs(g, have, false)
	if err := missing(w, g, reads); err != nil {
		return nil, nil, err
	}
	if err := read(ctx, w, reads, &in); err != nil {
		return nil, nil, err
	}
	known := remembered{w, map[planner.ListKey]planner.Listing{}}
	for _, l := range in.Live {
		known.lists[planner.ListKey{Kind: l.Kind, Scope: l.Scope}] = l
	}
	plan, ds := planner.Make(in)
	if ds.HasErrors() {
		return nil, nil, ds
	}
	drifts, gone := drifted(plan, addrs)
	done, err := loader.Accept(ctx, c.options(a), a.sources, named(in, plan), drifts)
	if err != nil {
		return nil, nil, err
	}
	if err := rewrite(done.Files); err != nil {
		return nil, nil, err
	}
	a.sayAccepted(done, addrs, drifts, gone)
	if len(done.Files) > 0 {
		if g, err = a.load(ctx, c.fileFlags); err != nil {
			return nil, nil, err
		}
	}
	a.loaded.Add(a.placed(append(done.Left, gone...))...)
	return known, g, nil
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

// drifted is what changed live of the resources, and what cannot be written
// since there is nothing live any more. Where it is not known what was last
// applied, all that differs counts.
func drifted(p *planner.Plan, addrs []schema.Addr) (drifts []loader.Drift, gone diag.List) {
	for _, c := range p.Changes {
		if c.Deposed || !slices.ContainsFunc(addrs, func(a schema.Addr) bool { return a.Means(c.Addr) }) {
			continue
		}
		if c.Action == planner.Create {
			gone.Add(diag.Diagnostic{Severity: diag.Warning, Code: "drift-left", Address: c.Addr.String(),
				Summary: "it is not there live, so there is nothing to write",
				Detail:  "Take its lines out of the files if it is to stay so; apply makes it again."})
		}
		d := loader.Drift{Addr: c.Addr}
		for _, f := range c.Fields {
			if f.Drifted || !f.Known {
				d.Fields = append(d.Fields, loader.Drifted{Path: f.Path, Live: f.Before, Want: f.After})
			}
		}
		if len(d.Fields) > 0 {
			drifts = append(drifts, d)
		}
	}
	return drifts, gone
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

func (a *app) sayAccepted(done *loader.Accepted, addrs []schema.Addr, drifts []loader.Drift, gone diag.List) {
	for _, d := range done.Done {
		paths := make([]string, len(d.Fields))
		for i, f := range d.Fields {
			paths[i] = f.Path
		}
		a.say("%s: accepted %s", d.Addr, strings.Join(paths, ", "))
	}
	for _, f := range done.Files {
		a.say("Wrote %s.", f.Name)
	}
	for _, addr := range addrs {
		some := slices.ContainsFunc(drifts, func(d loader.Drift) bool { return addr.Means(d.Addr) }) ||
			slices.ContainsFunc(gone, func(d diag.Diagnostic) bool {
				parsed, err := schema.ParseAddr(d.Address)
				return err == nil && addr.Means(parsed)
			})
		if !some {
			a.say("%s has not drifted.", addr)
		}
	}
}

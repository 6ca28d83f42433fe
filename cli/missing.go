package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"trueup/cfclient"
	"trueup/diag"
	"trueup/loader"
	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// remembered is a world of which some lists have been read already.
type remembered struct {
	world
	lists map[planner.ListKey]planner.Listing
}

// remember is the world with these lists.
func remember(w world, lists []planner.Listing) remembered {
	r := remembered{w, map[planner.ListKey]planner.Listing{}}
	for _, l := range lists {
		r.lists[l.Key()] = l
	}
	return r
}

func (r remembered) Read(ctx context.Context, k *schema.Kind, s schema.Scope) ([]*schema.Object, int, error) {
	if l, ok := r.lists[planner.ListKey{Kind: k, Scope: s}]; ok {
		return l.Objects, l.Foreign, nil
	}
	return r.world.Read(ctx, k, s)
}

// missing exports what is live and in no file.
func (c *exportCmd) missing(ctx context.Context, a *app, to destination) error {
	g, err := a.load(ctx, c.fileFlags)
	if err != nil {
		return err
	}
	have, err := a.openState(c.State, g).Load(ctx)
	if err != nil {
		return err
	}
	client, err := a.connectFor(c.apiFlags, g.Dir, have)
	if err != nil {
		return err
	}
	in, err := c.unlisted(ctx, a, client, g, have)
	if err != nil {
		return err
	}
	d := loader.NewDraft(in)
	if to.path == "" {
		return a.writeDraft(to, d)
	}
	a.leftOut(d)
	if d.Resources() == 0 {
		a.say("Nothing is missing from %s.", sourceName(g))
		return nil
	}
	parts, err := loader.Insert(ctx, c.options(a), a.sources, d, to.fileFor)
	if err != nil {
		return err
	}
	if to.dir {
		if err := os.MkdirAll(to.path, 0o755); err != nil {
			return err
		}
	}
	if err := replaceFiles(parts); err != nil {
		return err
	}
	for _, p := range parts {
		a.say("Wrote %s.", p.Name)
	}
	a.say("%s added.", diag.Plural(d.Resources(), "object"))
	return nil
}

// unlisted reads what is live and leaves out what the files list or ignore.
func (c *exportCmd) unlisted(ctx context.Context, a *app, client *cfclient.Client, g *schema.Graph, have *state.Snapshot) (loader.ExportInput, error) {
	out := loader.ExportInput{Scope: g.Scope, Files: g, Listed: map[*schema.Object]schema.Addr{}, Catalogues: map[schema.Scope]schema.Catalogue{}}
	lists, err := a.lists(ctx, client, c.scopes(g), c.Kind, out.Catalogues)
	if err != nil {
		return out, err
	}
	in := planner.Input{Want: g, Have: have, Now: a.now()}
	w := remember(client, lists)
	reads := planner.Needs(g, have, false)
	if err := missing(w, g, have, reads); err != nil {
		return out, err
	}
	if err := a.read(ctx, w, reads, &in); err != nil {
		return out, err
	}
	for _, l := range lists {
		if !slices.Contains(reads.Lists, l.Key()) {
			in.Live = append(in.Live, l)
		}
	}
	plan, ds := planner.Make(in)
	if ds.HasErrors() {
		return out, ds
	}
	unlisted, listed := plan.Unlisted(), plan.Listed()
	for _, l := range in.Live {
		_, asked := w.lists[l.Key()]
		for _, o := range l.Objects {
			key := planner.ObjectKey{Kind: o.Kind.Name, Scope: o.Scope, ID: o.ID}
			if addr, ok := listed[key]; ok {
				out.Listed[o] = addr
			}
			if unlisted[key] && asked {
				out.Objects = append(out.Objects, o)
			}
		}
	}
	return out, nil
}

// scopes are those asked for, else those of the files.
func (c *exportCmd) scopes(g *schema.Graph) []string {
	if len(c.Scope) > 0 {
		return c.Scope
	}
	var out []string
	for _, r := range g.Resources {
		if s := r.Scope.String(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return []string{g.Scope.String()}
	}
	return out
}

// fileFor is the file that resources of the kind go to: the one that the path
// names or, in a directory, the one that is called after the kind.
func (to destination) fileFor(k *schema.Kind) string {
	if !to.dir {
		return to.path
	}
	for _, ext := range loader.Extensions {
		path := filepath.Join(to.path, k.Plural+ext)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return filepath.Join(to.path, k.Plural+"."+string(to.format))
}

package cli

import (
	"context"

	"golang.org/x/sync/errgroup"

	"trueup/planner"
	"trueup/schema"
)

// askedFirst is how many objects that no list has are asked for by id. Only if
// one of them is there are all the others, so that a mass deletion outside the
// files costs no more requests than this.
const askedFirst = 10

// confirm asks for what the state has and no list has, and adds what is there.
// What cannot be had counts as gone, as the list says.
func confirm(ctx context.Context, w world, in *planner.Input) {
	keys := planner.Unlisted(*in)
	first := min(len(keys), askedFirst)
	if addUnlisted(ctx, w, keys[:first], in) > 0 {
		addUnlisted(ctx, w, keys[first:], in)
	}
}

func addUnlisted(ctx context.Context, w world, keys []planner.ObjectKey, in *planner.Input) (found int) {
	objects := make([]*schema.Object, len(keys))
	var group errgroup.Group
	group.SetLimit(8)
	for i, key := range keys {
		group.Go(func() error {
			objects[i], _ = w.Get(ctx, schema.KindNamed(key.Kind), key.Scope, key.ID)
			return nil
		})
	}
	_ = group.Wait()
	for _, o := range objects {
		if o == nil {
			continue
		}
		found++
		for i := range in.Live {
			if l := &in.Live[i]; l.Kind == o.Kind && l.Scope == o.Scope {
				l.Objects = append(l.Objects, o)
			}
		}
	}
	return found
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"trueup/planner"
	"trueup/schema"
)

// askedFirst is how many objects that no list has are asked for by id. Only if
// one of them is there are all the others, so that a mass deletion outside the
// files costs no more requests than this.
const askedFirst = 10

// latePauses are the pauses before a list is read again that lacks what was
// just made.
var latePauses = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}

// confirm brings lists to where they are when they have caught up with what
// was done (API facts §0.6). What the state deleted a moment ago goes. What it
// has and no list has is asked for by its id; where there is no such way, what
// was made in the last minute is listed again. A snapshot stays what it is.
func (a *app) confirm(ctx context.Context, w world, in *planner.Input) error {
	if _, file := w.(*snapshot); file {
		return nil
	}
	in.DropGone()
	if err := a.listAgain(ctx, w, in); err != nil {
		return err
	}
	recent := map[planner.ObjectKey]bool{}
	for _, x := range in.Absent() {
		recent[planner.ObjectKey{Kind: x.Kind.Name, Scope: x.Scope, ID: x.ID}] = true
	}
	var keys, older []planner.ObjectKey // what is likeliest to be there first
	for _, k := range planner.Unlisted(*in) {
		if recent[k] {
			keys = append(keys, k)
		} else {
			older = append(older, k)
		}
	}
	keys = append(keys, older...)
	first := min(len(keys), askedFirst)
	found, err := addUnlisted(ctx, w, keys[:first], in)
	if err == nil && found > 0 {
		_, err = addUnlisted(ctx, w, keys[first:], in)
	}
	return err
}

// listAgain reads lists again that lack what was just made and cannot be asked
// for by an id.
func (a *app) listAgain(ctx context.Context, w world, in *planner.Input) error {
	for _, pause := range latePauses {
		var keys []planner.ListKey
		for _, x := range in.Absent() {
			if (x.ID == "" || !x.Kind.HasGet(x.Scope.Level)) && !slices.Contains(keys, x.ListKey) {
				keys = append(keys, x.ListKey)
			}
		}
		if len(keys) == 0 {
			break
		}
		if err := a.sleep(ctx, pause); err != nil {
			return err
		}
		for _, key := range keys {
			objects, _, err := w.Read(ctx, key.Kind, key.Scope)
			if err != nil {
				return fmt.Errorf("reading %s in scope %s: %w", key.Kind.Plural, key.Scope, err)
			}
			in.Set(key, objects)
		}
		in.DropGone()
	}
	return nil
}

// addUnlisted reads objects by their ids, puts into their lists those that are
// there, and counts them.
func addUnlisted(ctx context.Context, w world, keys []planner.ObjectKey, in *planner.Input) (found int, err error) {
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(8)
	for _, key := range keys {
		group.Go(func() error {
			o, err := w.Get(ctx, schema.KindNamed(key.Kind), key.Scope, key.ID)
			var f *schema.Fault
			switch {
			case errors.As(err, &f) && f.Meaning == schema.NotFound:
				return nil
			case err != nil: // nobody may take it for gone
				return fmt.Errorf("reading %s %s in scope %s: %w", key.Kind, key.ID, key.Scope, err)
			}
			mu.Lock()
			defer mu.Unlock()
			found++
			in.Add(o)
			return nil
		})
	}
	err = group.Wait()
	return found, err
}

package applier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// lookPauses are the pauses between the looks for what a create may have made.
// There is no report of lists that lag (API facts §0.6), so after seven seconds
// an object that is not listed is taken not to be there.
var lookPauses = seconds(1, 2, 4)

// resendPauses are the pauses before a create is sent again.
var resendPauses = seconds(0.5, 1, 2)

// sends is how often a create is sent at most, by what the table says about
// a lost answer.
var sends = map[schema.Retry]int{schema.RetryDuplicate: 4, schema.RetryLookup: 3, schema.RetryNever: 2}

// creation is what a create came to. The secret is empty where it was lost.
type creation struct {
	object *schema.Object
	secret schema.Secret
}

// send sends a create and, where its answer is lost, finds out what came of it
// (API facts §0.5) before it sends it again.
func (s *step) send(ctx context.Context, in *state.Intent, want schema.Row) (creation, error) {
	k := s.c.Kind
	unsure := false // an earlier one may have been executed
	for n := 1; ; n++ {
		o, secret, err := s.api.Create(ctx, k, s.c.Scope, want)
		if err == nil {
			if unsure && k.API.Retry != schema.RetryDuplicate {
				s.second(ctx, in, want, o.ID)
			}
			return creation{o, secret}, nil
		}
		if !lost(err) && !unsure {
			if meaning(err) == schema.Duplicate && s.takesOver() && n < len(resendPauses) && s.o.Sleep(ctx, resendPauses[n-1]) == nil {
				continue
			}
			return creation{}, err
		}
		if ctx.Err() != nil {
			return creation{}, &openError{fmt.Errorf("interrupted, and it is not known whether it was executed; the next run finds out: %w", err)}
		}
		unsure = true
		if !lost(err) || k.API.Retry != schema.RetryDuplicate || n >= sends[k.API.Retry] {
			found, lookErr := s.look(ctx, in, want)
			if lookErr != nil || found != nil {
				return creation{object: found}, lookErr
			}
			if !lost(err) {
				return creation{}, err
			}
		}
		if n >= sends[k.API.Retry] {
			return creation{}, &openError{fmt.Errorf("sent %d times without an answer, and it is not there; the next run looks again: %w", n, err)}
		}
		if s.o.Sleep(ctx, resendPauses[min(n, len(resendPauses))-1]) != nil {
			return creation{}, &openError{err}
		}
	}
}

// takesOver reports whether what was deleted or changed just before may have
// had the natural key, and the server not yet know that it has no longer.
func (s *step) takesOver() bool {
	return s.c.Action == planner.Replace || len(s.c.Needs) > 0
}

// look looks for the object that a create made whose answer was lost; nil if
// it is not there.
func (s *step) look(ctx context.Context, in *state.Intent, want schema.Row) (*schema.Object, error) {
	var ours, alike []*schema.Object
	errNone := errors.New("none")
	err := s.retry(ctx, lookPauses, func() (err error) {
		ours, alike, err = s.find(ctx, s.c.Kind, in, want)
		if err == nil && len(ours)+len(alike) == 0 {
			return errNone
		}
		return err
	}, func(err error) bool { return errors.Is(err, errNone) || lost(err) })
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, &openError{&cutOff{"the answer was lost, and while what came of it was looked for, " + whyEnded(ctx) + "; the next run finds out", ctx.Err()}}
	case errors.Is(err, errNone):
		return nil, nil
	case err != nil:
		return nil, &openError{fmt.Errorf("the answer was lost, and what came of it could not be looked up; the next run does: %w", err)}
	case len(ours) == 1:
		return ours[0], nil
	case len(ours) > 1:
		return nil, fmt.Errorf("the answer was lost, and %d objects could be what was made: %s. Delete all but one, and run it again", len(ours), idsOf(ours))
	}
	return nil, fmt.Errorf("the answer was lost, and what is there now under the same %s is not what was sent: %s. Look at it; the next plan takes it over",
		strings.Join(s.c.Kind.Match, " and "), idsOf(alike))
}

// second looks, after a create that was sent again, whether the first one made
// an object too. The state then has that as one to be deleted, and the next
// plan says so.
func (s *step) second(ctx context.Context, in *state.Intent, want schema.Row, id string) {
	ours, _, err := s.find(ctx, s.c.Kind, in, want)
	if err != nil {
		s.warn("it was sent twice; whether it is there twice could not be looked up: %v", err)
		return
	}
	for _, o := range ours {
		if o.ID == id {
			continue
		}
		e := newEntry(s.c, o.ID, nil)
		e.Origin, e.Deposed, e.Applied = state.Created, true, s.book.seal(s.c.Kind, want)
		if s.book.outcomes(ctx, state.Outcome{Put: e}) == nil {
			s.warn("it was sent twice and is there twice: the next apply deletes %s", o.ID)
		}
	}
}

// find lists what may have come of a create: objects of its natural key that
// were not there when the plan was made, are nobody's, and are not older than
// the create. ours are those that are what was sent, alike the others.
func (r *run) find(ctx context.Context, k *schema.Kind, in *state.Intent, want schema.Row) (ours, alike []*schema.Object, err error) {
	objects, err := r.lists.list(ctx, k, in.Scope)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range objects {
		key := planner.ObjectKey{Kind: k.Name, Scope: in.Scope, ID: o.ID}
		if !k.MatchesKey(want, o.Values) || r.known[key] || r.book.ownerOf(key) != nil || in.IsAfter(o) {
			continue
		}
		if isWhatWasSent(k, want, o.Values) {
			ours = append(ours, o)
		} else {
			alike = append(alike, o)
		}
	}
	return ours, alike, nil
}

func idsOf(objects []*schema.Object) string {
	ids := make([]string, len(objects))
	for i, o := range objects {
		ids[i] = o.ID
	}
	slices.Sort(ids)
	return strings.Join(ids, ", ")
}

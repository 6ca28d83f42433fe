package applier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

const (
	// postTries is how often a POST is sent in all where it is known that the
	// one before made nothing.
	postTries = 3
	// lookTries is how often a list is read for an object that may have been
	// made: lists may lag (API facts §0.6).
	lookTries = 4
	// clockSkew is how far the API's clock may be from ours.
	clockSkew = 5 * time.Minute
)

// post makes the object. Where the answer is lost it finds out what came of
// it, in the way that the kind allows (API facts §0.5). The secret is empty
// where the object was found, not answered.
func (r *runner) post(c *planner.Change, row schema.Row, start time.Time) (*schema.Object, schema.Secret, error) {
	lost := false
	for try := 1; ; try++ {
		obj, secret, err := r.api.Create(r.ctx, c.Kind, c.Scope, row)
		switch {
		case err == nil:
			return obj, secret, nil
		case meaning(err) == schema.Duplicate && lost:
			obj, ferr := r.find(c, row, start)
			if ferr == nil && obj == nil {
				ferr = err
			}
			return obj, schema.Secret{}, ferr
		case !isUnknown(err):
			return nil, schema.Secret{}, err
		}
		lost = true
		if c.Kind.API.Retry != schema.RetryDuplicate {
			obj, ferr := r.find(c, row, start)
			if ferr != nil || obj != nil {
				return obj, schema.Secret{}, errors.Join(ferr, unlessNil(ferr, err))
			}
		}
		if try == postTries || r.o.Sleep(r.ctx, time.Second) != nil {
			return nil, schema.Secret{}, err
		}
	}
}

// unlessNil is err where cond is set: the doubt stays with the reason.
func unlessNil(cond, err error) error {
	if cond == nil {
		return nil
	}
	return err
}

// find looks for the object that a lost POST may have made; nil if there is
// none after several looks.
func (r *runner) find(c *planner.Change, row schema.Row, start time.Time) (*schema.Object, error) {
	for try := 1; ; try++ {
		objects, err := r.api.List(r.ctx, c.Kind, c.Scope)
		if err != nil {
			return nil, fmt.Errorf("looking for what came of it: %w", err)
		}
		obj, err := pick(c.Kind, objects, row, start, func(id string) bool { return r.known[id] })
		if obj != nil || err != nil || try == lookTries {
			return obj, err
		}
		if err := r.o.Sleep(r.ctx, time.Second<<(try-1)); err != nil {
			return nil, err
		}
	}
}

// pick is the one among the objects that a POST of row at start can have made.
func pick(k *schema.Kind, objects []*schema.Object, row schema.Row, start time.Time, known func(id string) bool) (*schema.Object, error) {
	var found, other []*schema.Object
	for _, o := range objects {
		switch {
		case known(o.ID) || !k.MatchesKey(row, o.Values) || madeBefore(k, o, start.Add(-clockSkew)):
		case sameAsPosted(k, row, o.Values):
			found = append(found, o)
		default:
			other = append(other, o)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, fmt.Errorf("the answer was lost, and %d objects may be the one that was made: %s. Delete those that are too many, or write the id of the right one", len(found), strings.Join(idsOf(found), ", "))
	case k.Unique && len(other) > 0:
		return nil, fmt.Errorf("the answer was lost, and an object of this name or value is there that is not what was sent (%s). Plan again to adopt it", other[0].ID)
	}
	return nil, nil
}

// madeBefore reports whether the object says that it is older than t.
func madeBefore(k *schema.Kind, o *schema.Object, t time.Time) bool {
	made := schema.Text(o.Get(k.Made))
	at, err := time.Parse(time.RFC3339, made)
	return err == nil && at.Before(t)
}

// sameAsPosted compares all that a POST takes.
func sameAsPosted(k *schema.Kind, want, live schema.Row) bool {
	for i := range k.Attrs {
		if a := &k.Attrs[i]; !a.AfterPost && !a.Same(want[i], live[i]) {
			return false
		}
	}
	return true
}

func idsOf(objects []*schema.Object) []string {
	out := make([]string, len(objects))
	for i, o := range objects {
		out[i] = o.ID
	}
	slices.Sort(out)
	return out
}

// Settle finds out what came of the writes that an earlier run left open, and
// records it. It sends nothing but reads. An object that was made and whose
// secret cannot have been delivered is recorded so, and the next plan rolls it.
func Settle(ctx context.Context, api API, st state.Store, snap *state.Snapshot, o Options) error {
	lists := map[string][]*schema.Object{}
	owned := map[string]bool{}
	for _, e := range snap.Entries {
		owned[e.ID] = true
	}
	var errs []error
	for _, i := range snap.Open {
		out, err := settle(ctx, api, snap, i, lists, owned)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", i.Addr, err))
			continue
		}
		if err := st.Append(ctx, state.Record{Outcome: out}); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

func settle(ctx context.Context, api API, snap *state.Snapshot, i state.Intent, lists map[string][]*schema.Object, owned map[string]bool) (*state.Outcome, error) {
	out := &state.Outcome{Seq: i.Seq}
	k := schema.KindNamed(i.Addr.Kind)
	switch i.Op {
	case state.OpRoll:
		if e := snap.Find(state.Key{Scope: i.Scope, Addr: i.Addr}); e != nil && e.ID == i.ID {
			pending := *e
			pending.Secret = state.Pending
			out.Put = &pending
		}
	case state.OpCreate:
		at := i.Scope.String() + "/" + k.Name
		if _, read := lists[at]; !read {
			objects, err := api.List(ctx, k, i.Scope)
			if err != nil {
				return nil, err
			}
			lists[at] = objects
		}
		obj, err := pick(k, lists[at], i.Values, i.Start, func(id string) bool { return owned[id] })
		if err != nil && !k.Unique {
			return nil, err
		}
		if obj == nil {
			out.Failed = true
			return out, nil
		}
		owned[obj.ID] = true
		out.Put = &state.Entry{Addr: i.Addr, Scope: i.Scope, ID: obj.ID, Origin: state.Created, Applied: i.Values}
		if k.API.Secret {
			out.Put.Secret = state.Pending
		}
	}
	return out, nil
}

package planner

import (
	"fmt"
	"slices"
	"strings"

	"trueup/schema"
)

// Stale compares what a saved plan touches with what is there now, and says
// what has moved: an object that is to be changed, deleted or adopted is not as
// it was, or one that is to be created has appeared. What the plan does not
// touch makes no difference.
//
// It takes the live items (Change.Raw and Before) from live, so it must be
// called before a saved plan is carried out. Lists tells what live must hold.
func (p *Plan) Stale(live []Listing) []Refusal {
	now := make(map[ListKey]*group, len(live))
	for _, l := range live {
		key := l.Key()
		if now[key] == nil {
			now[key] = &group{ListKey: key}
		}
		now[key].add(l.Objects)
	}
	for _, g := range now {
		g.index(nil)
	}
	planned := p.objects()
	var out []Refusal
	for _, c := range p.Changes {
		if !c.touches() {
			continue
		}
		if what, fields := c.stale(now[c.List()], planned); what != "" {
			out = append(out, Refusal{
				Code: codeStale, Message: c.Addr.String() + " " + what, Moved: moved(c, fields),
				Remedy: "Make a new plan, and look at it again.", Addrs: []string{c.Addr.String()},
			})
		}
	}
	return out
}

// touches reports whether carrying the change out depends on what is there.
func (c *Change) touches() bool {
	return c.Action != Forget && (c.Action != NoOp || c.Record)
}

// Lists are what has to be read before Stale, in order.
func (p *Plan) Lists() []ListKey {
	var out []ListKey
	for _, c := range p.Changes {
		if key := c.List(); c.touches() && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	slices.SortFunc(out, ListKey.compare)
	return out
}

// objects are all objects that the plan knows of.
func (p *Plan) objects() map[ObjectKey]bool {
	keys := map[ObjectKey]bool{}
	for _, c := range p.Changes {
		if c.ID != "" {
			keys[c.Key()] = true
		}
	}
	for _, l := range p.LeftAlone {
		keys[ObjectKey{l.Kind, l.Scope, l.ID}] = true
	}
	return keys
}

// moved is the change that shows in what an object moved; nil if nothing can be
// shown.
func moved(c *Change, fields []Field) *Change {
	if len(fields) == 0 {
		return nil
	}
	return &Change{Addr: c.Addr, Kind: c.Kind, Scope: c.Scope, ID: c.ID, Action: Update, Names: c.Names, Fields: fields}
}

// stale says what moved, and in which fields, or "" where nothing did.
func (c *Change) stale(g *group, planned map[ObjectKey]bool) (string, []Field) {
	if g == nil {
		return "cannot be compared with what is there, which was not read", nil
	}
	if id := c.appeared(g, planned); id != "" {
		return fmt.Sprintf("would be created, but one like it (%s) has appeared since the plan was made", id), nil
	}
	if c.ID == "" {
		return "", nil
	}
	o := g.byID[c.ID]
	if o == nil {
		return fmt.Sprintf("(%s) was deleted since the plan was made", c.ID), nil
	}
	live := maskRow(c.Kind.Attrs, o.Values, c.Before, c.After)
	if fields := differs(c.Kind, c.Before, live); len(fields) > 0 {
		if c.Action == Update && len(differs(c.Kind, c.After, live)) == 0 {
			return fmt.Sprintf("(%s) was changed since the plan was made, to what this plan wants: it may have been applied before", c.ID), nil
		}
		return fmt.Sprintf("(%s) was changed since the plan was made: %s", c.ID, strings.Join(paths(fields), ", ")), fields
	}
	before := o.Values
	if schema.HasSensitive(c.Before) {
		before = maskRow(c.Kind.Attrs, o.Values, c.Before)
	}
	if sameSlice(c.Before, c.After) {
		c.After = before
	}
	c.Before, c.Raw = before, o.Raw
	return "", nil
}

// appeared is the id of an object with the natural key of what is to be
// created, that was not there when the plan was made; "" if there is none.
func (c *Change) appeared(g *group, planned map[ObjectKey]bool) string {
	if !c.Makes() || !c.Kind.HasNaturalKey(c.After) {
		return ""
	}
	for o := g.byKey[c.Kind.NaturalKey(c.After)]; o != nil; o = o.next {
		if !planned[ObjectKey{c.Kind.Name, c.Scope, o.ID}] {
			return o.ID
		}
	}
	return ""
}

// differs are the fields in which the live row is not what it was.
func differs(k *schema.Kind, before, live schema.Row) []Field {
	d := differ{}
	for i := range k.Attrs {
		a := &k.Attrs[i]
		if !a.Sent() || a.Equal(before.At(i), live.At(i)) {
			continue
		}
		n := len(d.fields)
		d.value(a.Name, a, before.At(i), live.At(i), nil)
		if len(d.fields) == n { // a word of the server's, for instance
			d.fields = append(d.fields, Field{Path: a.Name, Before: before.At(i), After: live.At(i)})
		}
	}
	return d.fields
}

func paths(fields []Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Path
	}
	return slices.Compact(out)
}

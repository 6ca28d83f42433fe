package applier

import (
	"fmt"
	"slices"
	"strings"

	"trueup/schema"
)

// resolve puts what was made so far in place of the references in a row, and
// joins the templates that they stood in.
func (r *run) resolve(k *schema.Kind, scope schema.Scope, row schema.Row) (schema.Row, error) {
	out := slices.Clone(row)
	for i, v := range row {
		if len(schema.Refs(v)) == 0 {
			continue
		}
		var missing error
		v = schema.Transform(v, func(v schema.Value) schema.Value {
			switch x := v.(type) {
			case schema.Ref:
				v, err := r.referred(x, scope)
				if err != nil && missing == nil {
					missing = err
				}
				return v
			case schema.Template:
				return x.Joined()
			}
			return v
		})
		a := &k.Attrs[i]
		c, err := a.Canon(v)
		if missing != nil {
			err = missing
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.Name, err)
		}
		out[i] = c
	}
	return out, nil
}

// referred is what the reference stands for.
func (r *run) referred(ref schema.Ref, scope schema.Scope) (schema.Value, error) {
	o, ok := r.meant(ref.Addr, scope)
	if ok && ref.Attr == "id" {
		return schema.String(o.id), nil
	}
	if k := schema.KindNamed(ref.Addr.Kind); ok && k != nil {
		if v := k.Get(o.row, ref.Attr); v != nil {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%s is not known", ref)
}

// masked is a live row in which what is sensitive in like is sensitive too.
func masked(k *schema.Kind, row, like schema.Row) schema.Row {
	out := make(schema.Row, len(k.Attrs))
	for i := range out {
		v := row.At(i)
		if v != nil && schema.HasSensitive(like.At(i)) && !schema.HasSensitive(v) {
			v = schema.Sensitive{Value: v}
		}
		out[i] = v
	}
	return out
}

// observed is the wanted row with what the server made of it where that is
// something else.
func observed(k *schema.Kind, want, live schema.Row) schema.Row {
	out, seen := slices.Clone(want), masked(k, live, want)
	for _, i := range differing(k, want, live) {
		out[i] = seen[i]
	}
	return out
}

// differing are the positions of attributes that are not as wanted.
func differing(k *schema.Kind, want, live schema.Row) []int {
	var out []int
	for i := range k.Attrs {
		if !k.Attrs[i].Same(want.At(i), live.At(i)) {
			out = append(out, i)
		}
	}
	return out
}

// moved are the names of attributes in which two live rows differ.
func moved(k *schema.Kind, before, now schema.Row) []string {
	var out []string
	for i := range k.Attrs {
		a := &k.Attrs[i]
		if !a.Same(before.At(i), now.At(i)) || !a.Same(now.At(i), before.At(i)) {
			out = append(out, a.Name)
		}
	}
	return out
}

// isWhatWasSent reports whether a live object is what a create with these
// values makes: what only an update can set is left out, and so are
// restrictions that the server dropped, since they are looked after later.
func isWhatWasSent(k *schema.Kind, sent, live schema.Row) bool {
	for _, i := range differing(k, sent, live) {
		a := &k.Attrs[i]
		if !a.AfterPost && !(a.Restricts && live.At(i) == nil) {
			return false
		}
	}
	return true
}

func names(k *schema.Kind, at []int) string {
	texts := make([]string, len(at))
	for n, i := range at {
		texts[n] = k.Attrs[i].Name
	}
	return strings.Join(texts, ", ")
}

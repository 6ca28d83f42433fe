package planner

import (
	"fmt"
	"slices"
	"strings"

	"trueup/schema"
)

// NeedsFiles reports whether a saved plan holds digests of sensitive values,
// which are taken from the files again before it is carried out.
func (p *Plan) NeedsFiles() bool {
	return slices.ContainsFunc(p.Changes, func(c *Change) bool { return c.touches() && schema.AnyOf(c.After, schema.IsSensitive) })
}

// Unseal puts the values of the files back where a saved plan holds digests of
// sensitive ones. Stale has been called before, so that the live values are
// known. The error is a *SealError: it names what is not the value that was
// planned.
func (p *Plan) Unseal(want *schema.Graph) error {
	u := unsealer{ids: p.ids()}
	for _, c := range p.Changes {
		if !c.touches() || !schema.AnyOf(c.After, schema.IsSensitive) {
			continue
		}
		u.addr = c.Addr
		var row schema.Row
		if r := want.Find(c.Addr); r != nil {
			row = r.Values
		}
		out := make(schema.Row, len(c.After))
		for i, v := range c.After {
			a := &c.Kind.Attrs[i]
			out[i] = u.value(a.Name, a, v, row.At(i), c.Before.At(i))
		}
		c.After = out
	}
	if len(u.bad) == 0 {
		return nil
	}
	return &SealError{Refusal{
		Code:    codeSensitive,
		Message: fmt.Sprintf("sensitive values are not those that were planned: %s", strings.Join(u.bad, ", ")),
		Remedy:  "Give the files and variables that the plan was made with (--var, --var-file, TRUEUP_VAR_…), or make a new plan.",
		Addrs:   u.addrs,
	}}
}

// SealError is the error of Unseal.
type SealError struct{ Refusal Refusal }

func (e *SealError) Error() string { return e.Refusal.Message }

// ids are the ids that references to objects of the plan stand for, where they
// are known and stay.
func (p *Plan) ids() map[schema.Ref]string {
	ids := map[schema.Ref]string{}
	for _, c := range p.Changes {
		if c.ID != "" && !c.Deposed && (c.Action == NoOp || c.Action == Update || c.Action == Roll) {
			ids[schema.Ref{Addr: c.Addr, Attr: "id"}] = c.ID
		}
	}
	return ids
}

// unsealer finds the values of digests in the files, or else in what is live
// (where the files leave a value to ignore_changes).
type unsealer struct {
	ids   map[schema.Ref]string
	addr  schema.Addr
	bad   []string
	addrs []string
}

func (u *unsealer) value(path string, a *schema.Attr, v, file, live schema.Value) schema.Value {
	switch x := v.(type) {
	case schema.Sensitive:
		return u.open(path, a, x, file, live)
	case schema.Row:
		f, _ := schema.Reveal(file).(schema.Row)
		l, _ := live.(schema.Row)
		out := make(schema.Row, len(x))
		for i, e := range x {
			out[i] = u.value(schema.Join(path, a.Attrs[i].Name), &a.Attrs[i], e, f.At(i), l.At(i))
		}
		return out
	case schema.Map:
		f, _ := schema.Reveal(file).(schema.Map)
		l, _ := live.(schema.Map)
		elem, out := a.Elem(), make(schema.Map, len(x))
		for _, key := range x.Keys() {
			out[key] = u.value(schema.KeyPath(path, key), elem, x[key], f[key], l[key])
		}
		return out
	case schema.List:
		return u.list(path, a, x, file, live)
	}
	return v
}

// list goes by position in the files, whose order the plan keeps, and by key
// or equality in what is live.
func (u *unsealer) list(path string, a *schema.Attr, x schema.List, file, live schema.Value) schema.Value {
	f, _ := schema.Reveal(file).(schema.List)
	l, _ := live.(schema.List)
	elem, out := a.Elem(), make(schema.List, len(x))
	for i, e := range x {
		mine, there := schema.Row(f).At(i), schema.Row(l).At(i)
		if a.Nest == schema.KeyedBy {
			mine, there = keyed(a, f, a.KeyOf(e), mine), keyed(a, l, a.KeyOf(e), there)
		}
		out[i] = u.value(schema.IndexPath(path, i), elem, e, mine, there)
	}
	return out
}

// keyed is the element of the key, or else the given one.
func keyed(a *schema.Attr, l schema.List, key string, or schema.Value) schema.Value {
	for _, e := range l {
		if key != "" && a.KeyOf(e) == key {
			return e
		}
	}
	return or
}

func (u *unsealer) open(path string, a *schema.Attr, x schema.Sensitive, file, live schema.Value) schema.Value {
	if x.Value != nil {
		return x
	}
	if s, ok := file.(schema.Sensitive); ok {
		file = s.Value
	}
	for _, v := range []schema.Value{file, u.resolved(a, file), schema.Reveal(live)} {
		if v != nil && a.Equal(x, v) {
			return schema.Sensitive{Value: v}
		}
	}
	u.bad = append(u.bad, u.addr.String()+" "+path)
	if text := u.addr.String(); !slices.Contains(u.addrs, text) {
		u.addrs = append(u.addrs, text)
	}
	return x
}

// resolved is v with the ids that are known in place of references.
func (u *unsealer) resolved(a *schema.Attr, v schema.Value) schema.Value {
	if !hasRef(v) {
		return nil
	}
	c, err := a.Canon(schema.Transform(v, func(v schema.Value) schema.Value {
		switch x := v.(type) {
		case schema.Ref:
			if id, known := u.ids[x]; known {
				return schema.String(id)
			}
		case schema.Template:
			return x.Joined()
		}
		return v
	}))
	if err != nil {
		return nil
	}
	return c
}

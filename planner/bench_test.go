package planner_test

import (
	"fmt"
	"testing"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// bulk is a world of n access rules, all as wanted.
func bulk(n int) *world {
	k := schema.KindNamed("access_rule")
	rs, os, es := make([]*schema.Resource, n), make([]*schema.Object, n), make([]*state.Entry, n)
	for i := range n {
		ip := fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
		r := want("access_rule.bulk", attrs{"value": ip, "mode": "block", "notes": "bulk"})
		r.Addr.Key, r.Addr.Each = fmt.Sprintf("%06d", i), true
		oid := fmt.Sprintf("%08x%024x", uint32(i)*2654435761, i)
		rs[i] = r
		os[i] = &schema.Object{Kind: k, Scope: schema.UserScope, ID: oid, Values: append(schema.Row{}, r.Values...)}
		es[i] = &state.Entry{Addr: r.Addr, Scope: schema.UserScope, ID: oid, Applied: append(schema.Row{}, r.Values...)}
	}
	w := newWorld(rs...)
	w.live(os...)
	w.in.Have.Entries = es
	return w
}

func BenchmarkMake(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		w := bulk(n)
		b.Run(fmt.Sprintf("unchanged/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				planner.Make(w.in)
			}
		})
		gone := *w
		gone.in.Want = newWorld().in.Want
		b.Run(fmt.Sprintf("deleted/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				planner.Make(gone.in)
			}
		})
		w.in.Live = []planner.Listing{{Kind: schema.KindNamed("access_rule"), Scope: schema.UserScope}}
		b.Run(fmt.Sprintf("created/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				planner.Make(w.in)
			}
		})
	}
}

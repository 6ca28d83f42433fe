package lint

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
	"trueup/schema"
)

// TestNestings: the walk of the prefix tree finds what comparing each rule
// with every other finds.
func TestNestings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		modes := rapid.SampledFrom([]string{"block", "challenge", allow})
		seen := map[netip.Prefix]bool{}
		var rules []ipRule
		for range rapid.IntRange(0, 40).Draw(t, "n") {
			if p := drawPrefix(t); !seen[p] {
				seen[p] = true
				rules = append(rules, ipRule{prefix: p, mode: modes.Draw(t, "mode")})
			}
		}
		want := map[netip.Prefix]nesting{}
		for _, r := range rules {
			if n, ok := compareWithAll(r, rules); ok {
				want[r.prefix] = n
			}
		}
		got := nestings(rules)
		for _, n := range got {
			if w, ok := want[n.inner.prefix]; !ok || n != w {
				t.Errorf("%v: got %v of %v, want %v", n.inner.prefix, n.is, n.outer.prefix, w)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d found, want %d", len(got), len(want))
		}
	})
}

// drawPrefix draws from few bits, so that prefixes often nest, and of any
// length, so that the walk does not lean on those that the API takes.
func drawPrefix(t *rapid.T) netip.Prefix {
	bits := rapid.Uint32().Draw(t, "address") & 0xc0c00303
	if rapid.Bool().Draw(t, "v6") {
		var b [16]byte
		binary.BigEndian.PutUint32(b[:], bits)
		return netip.PrefixFrom(netip.AddrFrom16(b), rapid.IntRange(0, 128).Draw(t, "length")).Masked()
	}
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], bits)
	return netip.PrefixFrom(netip.AddrFrom4(b), rapid.IntRange(0, 32).Draw(t, "length")).Masked()
}

// compareWithAll is the definition, in n steps a rule: the smallest range
// around it and the smallest one that is allowed decide.
func compareWithAll(r ipRule, rules []ipRule) (nesting, bool) {
	var around, allowed *ipRule
	for i, o := range rules {
		if o.prefix == r.prefix || !o.prefix.Overlaps(r.prefix) || o.prefix.Bits() > r.prefix.Bits() {
			continue
		}
		if around == nil || o.prefix.Bits() > around.prefix.Bits() {
			around = &rules[i]
		}
		if o.mode == allow && (allowed == nil || o.prefix.Bits() > allowed.prefix.Bits()) {
			allowed = &rules[i]
		}
	}
	switch {
	case around == nil:
		return nesting{}, false
	case allowed != nil && r.mode == allow:
		return nesting{r, *allowed, redundant}, true
	case allowed != nil:
		return nesting{r, *allowed, shadowed}, true
	case around.mode == r.mode:
		return nesting{r, *around, redundant}, true
	case r.mode == allow:
		return nesting{}, false
	}
	return nesting{r, *around, contradictory}, true
}

// BenchmarkLint: 100,000 access rules, half of them IPv6, of which most are
// found fault with.
func BenchmarkLint(b *testing.B) {
	g := manyRules(b, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		if l := Lint(g, now); len(l) < 50_000 {
			b.Fatalf("%d found", len(l))
		}
	}
}

func manyRules(t testing.TB, n int) *schema.Graph {
	random := rand.New(rand.NewPCG(1, 2))
	modes := []string{"block", "challenge", allow, "js_challenge"}
	seen, rs := map[string]bool{}, make([]*schema.Resource, 0, n)
	for len(rs) < n {
		a := random.Uint32()
		var value string
		switch pick := random.IntN(100); {
		case pick < 45:
			value = fmt.Sprintf("10.%d.%d.%d", a&31, a>>8&255, a>>16&255)
		case pick < 90:
			value = fmt.Sprintf("2001:db8:%x:%x::%x", a&15, a>>4&255, a>>12&0xffff)
		case pick < 94:
			value = fmt.Sprintf("10.%d.%d.0/24", a&31, a>>8&255)
		case pick < 98:
			value = fmt.Sprintf("2001:db8:%x:%x::/64", a&15, a>>4&255)
		default:
			value = fmt.Sprintf("2001:db8:%x::/48", a&15)
		}
		if seen[value] {
			continue
		}
		seen[value] = true
		r := access(t, "list", value, modes[random.IntN(4)])
		r.Addr.Key, r.Addr.Each = value, true
		rs = append(rs, r)
	}
	return graph(rs...)
}

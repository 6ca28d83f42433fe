package schema

import "testing"

func TestParseAddr(t *testing.T) {
	for text, want := range map[string]Addr{
		`access_rule.office`:         {Kind: "access_rule", Name: "office"},
		`pool._9-x`:                  {Kind: "pool", Name: "_9-x"},
		`pool.a[""]`:                 {Kind: "pool", Name: "a", Each: true},
		`pool.a["x.y[\"z\"] \\ \n"]`: {Kind: "pool", Name: "a", Key: "x.y[\"z\"] \\ \n", Each: true},
	} {
		got, err := ParseAddr(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "pool", "pool.", ".a", "pool.-a", "pool.a.b", "Pool.a", "pools.a", "po1ol.a", "nothing.a", "pool.a b", "pool.ä",
		"pool.a[", "pool.a]", "pool.a[]", "pool.a[x]", `pool.a["x"`, `pool.a["x"]y`, `pool.a[""x"]`, "pool.a[\"\n\"]", `pool.["x"]`, `pool.a["\q"]`,
	} {
		if a, err := ParseAddr(text); err == nil {
			t.Errorf("%q is taken for %+v", text, a)
		}
	}
}

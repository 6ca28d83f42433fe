package schema

import "testing"

func TestAttrAt(t *testing.T) {
	for _, c := range []struct{ kind, path, want string }{
		{"monitor", "interval", "interval"},
		{"monitor", `header["Host"]`, "header"},
		{"monitor", `header["Host"][0]`, "header"},
		{"pool", `origins["app-1"].weight`, "weight"},
		{"pool", `origins["a.b]"].header.Host`, "Host"},
		{"token", "policies[0].permission_groups", "permission_groups"},
		{"token", "condition.request_ip.in", "in"},
		{"token", "nothing", ""},
		{"token", "policies.effect", ""},
		{"token", "name[0]", ""},
		{"token", "[0]", ""},
		{"token", "", ""},
	} {
		a := KindNamed(c.kind).AttrAt(c.path)
		if got := nameOf(a); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.kind, c.path, got, c.want)
		}
	}
}

func nameOf(a *Attr) string {
	if a == nil {
		return ""
	}
	return a.Name
}

func TestNaturalKeySensitive(t *testing.T) {
	k := KindNamed("monitor")
	plain, marked := make(Row, len(k.Attrs)), make(Row, len(k.Attrs))
	plain[k.Index("description")] = String("x")
	marked[k.Index("description")] = Sensitive{Value: String("x")}
	if k.NaturalKey(plain) != k.NaturalKey(marked) {
		t.Error("being sensitive makes no difference to the natural key")
	}
}

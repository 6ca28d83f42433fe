package schema

import (
	"regexp"
	"slices"
	"testing"
)

// TestTable refuses bad rows of the table: what no code checks again.
func TestTable(t *testing.T) {
	names := map[string]bool{}
	for _, k := range Kinds {
		if names[k.Name] || names[k.Plural] || k.Name == k.Plural {
			t.Errorf("%s, %s: names of kinds must differ", k.Name, k.Plural)
		}
		names[k.Name], names[k.Plural] = true, true
		if k.Doc == "" || len(k.Levels) == 0 || k.API.Path == "" || len(k.API.Auth) == 0 {
			t.Errorf("%s: doc, levels, path and credentials are needed", k.Name)
		}
		if len(k.Match) == 0 {
			t.Errorf("%s: no natural key", k.Name)
		}
		for _, name := range append(slices.Clone(k.Match), nonEmpty(k.NameAttr, k.Summary, k.Title)...) {
			if k.Attr(name) == nil {
				t.Errorf("%s: %q is no attribute of it", k.Name, name)
			}
		}
		if (k.API.Update != "PUT") && (k.API.Update != "PATCH") {
			t.Errorf("%s: update is %q", k.Name, k.API.Update)
		}
		if k.Answer != nil && (k.API.Create || k.API.Delete || k.Attr(k.Answer.Attr) == nil || k.Attr(k.Answer.Newest) == nil) {
			t.Errorf("%s: what is answered cannot be made, and its attributes must exist", k.Name)
		}
		if k.Answer == nil && !(k.API.Create && k.API.Delete) {
			t.Errorf("%s: a kind that is not answered is created and deleted", k.Name)
		}
		if r := k.Rotate; r != nil {
			for _, name := range []string{r.Spec, r.Name, r.Issued, r.Expires} {
				if k.Attr(name) == nil {
					t.Errorf("%s: rotation needs %q", k.Name, name)
				}
			}
		}
		checkAttrs(t, k.Name, k.Attrs)
	}
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

func checkAttrs(t *testing.T, path string, attrs []Attr) {
	t.Helper()
	seen := map[string]bool{}
	for i := range attrs {
		a := &attrs[i]
		p := path + "." + a.Name
		bad := func(format string, args ...any) { t.Errorf(p+": "+format, args...) }
		if seen[a.Name] {
			bad("twice")
		}
		seen[a.Name] = true
		if a.Doc == "" || a.Type == 0 || a.Name == "" {
			bad("name, doc and type are needed")
		}
		if (a.Type == TypeObject) != (len(a.Attrs) > 0) {
			bad("objects, and only they, have attributes")
		}
		if a.Mode == Required && (a.Default != nil || a.By != nil) {
			bad("required, with a default")
		}
		if !a.Writable() && (a.Default != nil || a.Enum != nil || a.Replace || a.Refers != "") {
			bad("computed, and yet with rules for what is written")
		}
		if a.Default != nil {
			checkDefault(t, p, a, a.Default)
		}
		if a.By != nil {
			if Index(attrs, a.By.Attr) < 0 || Index(attrs, a.By.Attr) > i {
				bad("its default goes by %q, which must come before it", a.By.Attr)
			}
			for _, v := range a.By.Defaults {
				checkDefault(t, p, a, v)
			}
		}
		for _, w := range []*When{a.Only, a.Needs} {
			if w == nil {
				continue
			}
			j := Index(attrs, w.Attr)
			if j < 0 || j > i {
				bad("a condition on %q, which must come before it", w.Attr)
				continue
			}
			for _, v := range w.In {
				if !slices.Contains(attrs[j].Enum, v) {
					bad("a condition on %s %q, which it cannot be", w.Attr, v)
				}
			}
		}
		if a.Refers != "" && KindNamed(a.Refers) == nil {
			bad("refers to no kind: %q", a.Refers)
		}
		if a.Pattern != "" {
			if _, err := regexp.Compile(a.Pattern); err != nil {
				bad("%v", err)
			}
		}
		if a.Min > a.Max && a.Max != 0 {
			bad("an empty range")
		}
		if (a.Nest == KeyedBy) != (a.Key != "") || a.Key != "" && Index(a.Attrs, a.Key) < 0 {
			bad("a keyed list has a key, which is one of its attributes")
		}
		if a.Type == TypeTexts && a.Nest != MapOf {
			bad("lists of text stand in maps only")
		}
		if a.Lookup != "" && a.ElemWire == "" {
			bad("what is looked up is an object with an id on the wire")
		}
		checkAttrs(t, p, a.Attrs)
	}
}

func checkDefault(t *testing.T, path string, a *Attr, v Value) {
	t.Helper()
	c, err := a.Canon(v)
	if err != nil || !a.Equal(c, v) {
		t.Errorf("%s: the default %v is not canonical: %v, %v", path, v, c, err)
	}
	if p := a.broken(path, v); p != nil {
		t.Errorf("%s: the default breaks a rule: %s", path, p.Summary)
	}
}

func TestParseTarget(t *testing.T) {
	for _, c := range []struct{ in, target, want string }{
		{"192.0.2.1", TargetIP, "192.0.2.1"},
		{"2001:0db8:0000:0000:0000:0000:0000:0001", TargetIP6, "2001:db8::1"},
		{"2001:DB8:100::CF", TargetIP6, "2001:db8:100::cf"},
		{"198.51.100.4/16", TargetRange, "198.51.0.0/16"},
		{"2001:0db8:0000:0000:0000:0000:0000:0000/32", TargetRange, "2001:db8::/32"},
		{"as12345", TargetASN, "AS12345"},
		{"12345", TargetASN, "AS12345"},
		{"AS0013", TargetASN, "AS13"},
		{"us", TargetCountry, "US"},
		{"T1", TargetCountry, "T1"},
	} {
		target, got, err := ParseTarget(c.in)
		if err != nil || target != c.target || got != c.want {
			t.Errorf("ParseTarget(%q) = %q, %q, %v; want %q, %q", c.in, target, got, err, c.target, c.want)
		}
	}
	for _, in := range []string{"", "usa", "192.0.2.256", "192.0.2.1/33", "fe80::1%eth0", "AS0", "AS4294967296", "AS99999999999", "1.2.3", "*"} {
		if target, got, err := ParseTarget(in); err == nil {
			t.Errorf("ParseTarget(%q) = %q, %q; want an error", in, target, got)
		}
	}
}

func TestAddrRoundTrip(t *testing.T) {
	for _, a := range []Addr{
		{Kind: "access_rule", Name: "office"},
		{Kind: "monitor", Name: "9to5"},
		{Kind: "pool", Name: "x-1", Key: `a "b" \ c]`, Each: true},
		{Kind: "pool", Name: "x", Key: "", Each: true},
		{Kind: "token", Name: "x", Key: "line\nbreak", Each: true},
	} {
		got, err := ParseAddr(a.String())
		if err != nil || got != a {
			t.Errorf("%s: %+v, %v", a, got, err)
		}
	}
	for _, text := range []string{"", "office", "access_rules.office", "nothing.x", "pool.x[1]", `pool.x["a]`, "pool.", `pool.x["a"]b`} {
		if a, err := ParseAddr(text); err == nil {
			t.Errorf("ParseAddr(%q) = %v; want an error", text, a)
		}
	}
}

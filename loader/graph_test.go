package loader

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trueup/schema"
)

func monitorID(name string) schema.Ref {
	return schema.Ref{Addr: schema.Addr{Kind: "monitor", Name: name}, Attr: "id"}
}

func keyedID(name, key string) schema.Ref {
	return schema.Ref{Addr: schema.Addr{Kind: "monitor", Name: name, Key: key, Each: true}, Attr: "id"}
}

// TestSpellings: one broad configuration, spelled both ways, gives one graph.
func TestSpellings(t *testing.T) {
	g := bothSpellings(t, Options{Vars: []string{"pin=1234"}}, read(t, "broad.yaml"), read(t, "broad.hcl"), nil)
	value := func(addr, attr string) schema.Value {
		r := find(t, g, addr)
		return r.Kind.Get(r.Values, attr)
	}
	for _, c := range []struct {
		addr, attr string
		want       schema.Value
	}{
		{"monitor.base", "description", schema.String("base")},
		{"monitor.base", "expected_codes", schema.String("200")},
		{"monitor.base", "header", schema.Map{"Host": schema.Strings("a.example"), "X-Pin": schema.List{schema.Sensitive{Value: schema.String("1234")}}}},
		{"monitor.uses", "description", schema.Template{schema.String("after "), monitorID("base"), schema.String(" and "), keyedID("probe", "eu")}},
		{"monitor.uses", "path", schema.String("/health")},
		{"monitor.uses", "interval", schema.Number(120)},
		{`monitor.probe["eu"]`, "description", schema.String("probe-eu")},
		{"pool.plain", "monitor", monitorID("base")},
		{"pool.keyed", "monitor", keyedID("probe", "us")},
		{"pool.literal", "monitor", schema.String("0123456789abcdef0123456789abcdef")},
		{"pool.joined", "description", schema.Template{monitorID("base"), schema.String(","), keyedID("probe", "eu"), schema.String(","), keyedID("probe", "us")}},
		{`pool.each["eu"]`, "monitor", keyedID("probe", "eu")},
		{`pool.each["eu"]`, "name", schema.String("each-eu")},
		{`pool.each["eu"]`, "description", schema.String("in the eu")},
		{"pool.json", "description", schema.Template{schema.String(`{"id":"`), monitorID("base"), schema.String(`"}`)}},
		{"token.one", "secret", schema.List{schema.Row{schema.String("secrets/one"), nil, nil}}},
	} {
		if d := cmp.Diff(c.want, value(c.addr, c.attr), cmp.Comparer(func(a, b schema.Sensitive) bool { return cmp.Equal(a.Value, b.Value) })); d != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.addr, c.attr, d)
		}
	}
	if !g.Sensitive {
		t.Error("the graph is not sensitive")
	}
	if r := find(t, g, "pool.plain"); r.PreventDestroy == nil || !*r.PreventDestroy || !slices.Equal(r.IgnoreChanges, []string{"description", `origins["a"].weight`}) ||
		len(r.DependsOn) != 3 || r.DependsOn[1].String() != `monitor.probe["eu"]` {
		t.Errorf("meta attributes: %+v", r)
	}
	want := schema.Settings{
		Ownership: map[string]schema.Ownership{"access_rule": schema.Exclusive},
		Ignore:    []schema.IgnoreRule{{Kind: "access_rule", Patterns: map[string]string{"notes": "*SOC*"}}},
		Limits:    schema.Limits{MaxDeletePercent: 10, MaxDeletes: 50},
		StatePath: "state/s.json",
	}
	if d := cmp.Diff(want, g.Settings, same); d != "" {
		t.Error(d)
	}
	if rule := find(t, g, "access_rule.abroad"); rule.Scope.String() != "zone:0123456789abcdef0123456789abcdef" || rule.ID != "00000000000000000000000000000001" {
		t.Errorf("scope %s, id %s", rule.Scope, rule.ID)
	}
}

// TestPlainScalars: what YAML's plain scalars are where text is wanted, and
// where nothing is said.
func TestPlainScalars(t *testing.T) {
	g := mustLoad(t, Options{}, map[string]string{"trueup.yaml": `
locals: {no: NO, hex: 0x10, exp: 1e3, date: 2027-01-01, oct: 010, "null": ~, "yes": true}
access_rules:
  no: {mode: block, value: NO, notes: 0x10}
  se: {mode: block, value: SE, notes: 1e3}
  dk: {mode: block, value: DK, notes: ~}
  fi: {mode: block, value: FI, notes: "~"}
  de: {mode: block, value: DE, notes: true}
  fr: {mode: block, value: FR, notes: 2027-01-01}
  at: {mode: block, value: AT, notes: "${jsonencode(local)}"}
  asn:
    mode: block
    value: 64500
    notes: |
      two
      lines
monitors:
  m: {expected_codes: 200, interval: "120", follow_redirects: "true", timeout: 0o7}
`[1:]})
	for addr, want := range map[string]string{"no": "0x10", "se": "1e3", "dk": "", "fi": "~", "de": "true", "fr": "2027-01-01",
		"at": `{"date":"2027-01-01","exp":1000,"hex":16,"no":"NO","null":null,"oct":10,"yes":true}`, "asn": "two\nlines\n"} {
		r := find(t, g, "access_rule."+addr)
		if got := schema.Text(r.Kind.Get(r.Values, "notes")); got != want {
			t.Errorf("%s: %q, not %q", addr, got, want)
		}
	}
	m := find(t, g, "monitor.m")
	if got := m.Kind.Get(m.Values, "timeout"); got != schema.Number(7) {
		t.Errorf("timeout %v", got)
	}
}

// TestVariables: a default gives way to the environment, that to files in
// order, those to --var in order.
func TestVariables(t *testing.T) {
	files := map[string]string{
		"trueup.yaml": `
variables:
  a: {default: default}
  b: {default: default}
  c: {default: default}
  d: {default: default}
  e: {default: default}
  list: {default: []}
  number: {type: number}
  flag: {type: bool, default: false}
  map: {type: map}
monitors:
  m: {description: "${jsonencode(var)}"}
`[1:],
		"one.vars.yaml": "c: one\nd: one\ne: one\nmap: {k: '${upper(\"v\")}'}\n",
		"two.json":      `{"d": "two ${literal}", "e": "two"}`,
		"three.hcl":     "e = \"three\"\n",
	}
	g := mustLoad(t, Options{
		Vars:     []string{"e=text", "e=last=1", `list=["x"]`, "number=5", "flag=true"},
		VarFiles: []string{"one.vars.yaml", "two.json", "three.hcl"},
		Environ: func(name string) (string, bool) {
			return "env", strings.HasPrefix(name, "TRUEUP_VAR_") && strings.Contains("bcde", strings.TrimPrefix(name, "TRUEUP_VAR_"))
		},
	}, files)
	want := `{"a":"default","b":"env","c":"one","d":"two ${literal}","e":"last=1","flag":true,"list":["x"],"map":{"k":"V"},"number":5}`
	r := g.Resources[0]
	if got := schema.Text(r.Kind.Get(r.Values, "description")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestPaths: which files are loaded, and where default files will lie.
func TestPaths(t *testing.T) {
	rule := func(n string) string { return "access_rules:\n  r" + n + ": {mode: block, value: 192.0.2." + n + "}\n" }
	all := map[string]string{
		"conf/1.yaml": rule("1"), "conf/2.yml": rule("2"), "conf/3.hcl": "access_rule \"r3\" {\n  mode  = \"block\"\n  value = \"192.0.2.3\"\n}\n",
		"conf/x.vars.yaml": "a: b\n", "conf/.hidden.yaml": rule("4"), "conf/sub/5.yaml": rule("5"), "conf/readme.md": "x",
		"trueup.yaml": "state: {path: s.json}\n" + rule("6"),
	}
	for _, c := range []struct {
		name  string
		paths []string
		files map[string]string
		want  string // addresses, or what is wrong
		dir   string
	}{
		{"default", nil, all, "access_rule.r6", "."},
		{"directory", []string{"conf"}, all, "access_rule.r1 access_rule.r2 access_rule.r3", "conf"},
		{"file in a directory", []string{"conf/1.yaml", "trueup.yaml"}, all, "access_rule.r1 access_rule.r6", "conf"},
		{"twice", []string{"conf/1.yaml", "conf/../conf/1.yaml", "conf"}, all, "access_rule.r1 access_rule.r2 access_rule.r3", "conf"},
		{"default directory", nil, map[string]string{"trueup/a.yaml": rule("1")}, "access_rule.r1", "trueup"},
		{"nothing", nil, map[string]string{"a.yaml": rule("1")}, "there is no configuration here", ""},
		{"several", nil, map[string]string{"trueup.yaml": rule("1"), "trueup.hcl": ""}, "several configurations are here: trueup.yaml, trueup.hcl", ""},
		{"missing", []string{"nope.yaml", "nope"}, all, "nope.yaml: error: no such file or directory", ""},
		{"variables", []string{"conf/x.vars.yaml"}, all, "a file of variables is no configuration", ""},
		{"other", []string{"conf/readme.md"}, all, `files that end in ".md" are not read`, ""},
		{"empty directory", []string{"sub"}, map[string]string{"sub/a.txt": ""}, "this directory holds no configuration", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, s, ds := Load(context.Background(), Options{Dir: write(t, c.files), Paths: c.paths})
			if g == nil {
				if text := print(s, ds); !strings.Contains(text, c.want) {
					t.Errorf("no %q in\n%s", c.want, text)
				}
				return
			}
			if got := strings.Join(addresses(g), " "); got != c.want || g.Dir != c.dir {
				t.Errorf("%s in %s", got, g.Dir)
			}
		})
	}
}

// TestRelativePaths: paths in a file are relative to it, whatever the working
// directory.
func TestRelativePaths(t *testing.T) {
	files := map[string]string{
		"conf/a.yaml": `
state: {path: state.json}
tokens:
  t:
    policies: [{permission_groups: [Zone Read], resources: {com.cloudflare.api.account.*: "*"}}]
    secret: [{file: ../secrets/t}, {age: {recipients: [age1x], file: /abs/t}}]
access_rules:
  r: {mode: block, value: '${trimspace(file("list.txt"))}'}
`[1:],
		"conf/list.txt": "192.0.2.1\n",
	}
	dir := write(t, files)
	for _, o := range []Options{{Dir: dir, Paths: []string{"conf"}}, {Paths: []string{filepath.Join(dir, "conf")}}} {
		g, s, ds := Load(context.Background(), o)
		if g == nil {
			t.Fatal(print(s, ds))
		}
		base := ""
		if o.Dir == "" {
			base = dir
		}
		r := find(t, g, "token.t")
		secret := r.Kind.Get(r.Values, "secret").(schema.List)
		got := []string{schema.Text(secret[0].(schema.Row)[0]), schema.Text(secret[1].(schema.Row)[2].(schema.Row)[1]), g.Settings.StatePath}
		if d := cmp.Diff([]string{filepath.Join(base, "secrets/t"), "/abs/t", filepath.Join(base, "conf/state.json")}, got); d != "" {
			t.Error(d)
		}
		if len(r.Ranges) == 0 || !r.RangeOf("policies").Known() || r.RangeOf("policies").Start.Line != 4 {
			t.Errorf("policies are at %v", r.RangeOf("policies"))
		}
	}
}

// TestAcrossFiles: variables, locals, settings and references meet across files
// and spellings; what is twice is reported with both places.
func TestAcrossFiles(t *testing.T) {
	files := map[string]string{
		"a.yaml": "\xef\xbb\xbfscope: account:0123456789abcdef0123456789abcdef\nvariables: {v: {default: /x}}\nlocals: {l: \"${var.v}${local.m}\"}\n",
		"b.hcl":  "locals {\n  m = \"/y\"\n}\nmonitor \"m\" {\n  path = local.l\n}\n",
		"c.yaml": "pools:\n  p: {monitor: m, origins: [&o {name: a, address: 192.0.2.1}, {<<: *o, name: b, address: 192.0.2.2}]}\n",
	}
	g := mustLoad(t, Options{Paths: []string{"."}}, files)
	m := find(t, g, "monitor.m")
	if got := schema.Text(m.Kind.Get(m.Values, "path")); got != "/x/y" || m.Scope.Level != schema.Account {
		t.Errorf("path %s in scope %s", got, m.Scope)
	}
	files["d.yaml"] = "scope: user\nlocals: {m: 1}\nvariables: {v: {default: 1}}\nmonitors: {m: {}}\naccess_rules: {a: {mode: block, value: US}}\n"
	files["e.hcl"] = "access_rule \"b\" {\n  mode  = \"block\"\n  value = \"us\"\n}\n"
	_, s, ds := Load(context.Background(), Options{Dir: write(t, files), Paths: []string{"."}})
	text := print(s, ds)
	for _, want := range []string{
		"d.yaml:1:1: error: scope is given twice", "The first is at a.yaml:1:1.",
		"d.yaml:2:10: error: local.m is defined twice", "The first is at b.hcl:2:3.",
		"d.yaml:3:13: error: the variable v is declared twice", "The first is at a.yaml:2:13.",
		"d.yaml:4:12: error: monitor.m is declared twice", "The first is at b.hcl:4:1.",
		"e.hcl:1:1: error: access_rule.b has the same target and value as access_rule.a", "The other is at d.yaml:5:16.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestCancelled: a context that ends ends the loading.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g, _, ds := Load(ctx, Options{Dir: write(t, map[string]string{"trueup.yaml": string(rules(10))})})
	if g != nil || !strings.Contains(ds.Error(), "cut off") {
		t.Errorf("%v, %v", g, ds)
	}
}

// TestSensitiveParts: the smallest part that is sensitive is marked, and no
// message holds it.
func TestSensitiveParts(t *testing.T) {
	o := Options{Vars: []string{"pin=hunter2", `obj={"name": "a", "hunter2": 1}`}}
	head := "variables: {pin: {sensitive: true}, obj: {sensitive: true, type: map}}\n"
	g := mustLoad(t, o, map[string]string{"trueup.yaml": head + `
pools:
  p:
    origins: [{name: a, address: 192.0.2.1, virtual_network_id: "x${var.pin}"}, {name: b, address: 192.0.2.2}]
    description: ${nonsensitive(var.pin)}
`})
	p := find(t, g, "pool.p")
	origins := p.Kind.Get(p.Values, "origins").(schema.List)
	n := 0
	schema.Walk(origins, func(v schema.Value) bool {
		if s, ok := v.(schema.Sensitive); ok {
			n++
			if schema.Text(s.Value) != "xhunter2" {
				t.Errorf("the wrong part is sensitive: %v", s.Value)
			}
		}
		return true
	})
	if n != 1 || !g.Sensitive || schema.HasSensitive(p.Kind.Get(p.Values, "description")) {
		t.Errorf("%d sensitive parts, graph %v", n, g.Sensitive)
	}
	for _, body := range []string{
		"pools: {p: {monitor: '${var.pin}', origins: [{name: a, address: 192.0.2.1}]}}",
		"pools: {p: {origins: ['${var.obj}']}}",
		"pools: {p: {origins: '${[var.obj]}'}}",
		"monitors: {m: {header: {'${var.pin}': [a]}}}",
		"monitors: {m: {path: '${var.pin}', timeout: '${var.pin}', header: '${var.pin}'}}",
		"monitors: {m: {interval: '${var.pin + 1}', port: '${local.x[var.pin]}'}}\nlocals: {x: {a: 1}}",
		"monitors: {m: {depends_on: ['${var.pin}'], ignore_changes: ['${var.pin}'], prevent_destroy: '${var.pin}'}}",
		"access_rules: {a: {mode: block, value: '${var.pin}/24', notes: '${file(var.pin)}'}}",
		"tokens: {t: {policies: [{permission_groups: [a], resources: '${var.pin}'}], expires_on: '${var.pin}'}}",
		"scope: '${var.pin}'\nownership: '${var.obj}'\nignore: ['${var.obj}']\nstate: {path: '${var.pin}'}\nmonitors: {m: {}}",
		"locals: {a: '${templatefile(var.pin, {})}', b: '${var.obj.hunter3}', c: '${regex(\"(\", var.pin)}'}\nmonitors: {m: {}}",
	} {
		o.Dir = write(t, map[string]string{"trueup.yaml": head + body})
		_, s, ds := Load(context.Background(), o)
		if text := print(s, ds); strings.Contains(text, "hunter2") || !ds.HasErrors() {
			t.Errorf("%s\n%s", body, text)
		}
	}
}

// TestHostBits: bits past the prefix are masked, with a warning where they stand.
func TestHostBits(t *testing.T) {
	dir := write(t, map[string]string{"trueup.yaml": `
access_rules: {a: {mode: block, value: 192.0.2.77/24}}
tokens:
  t:
    policies: [{permission_groups: [Zone Read], resources: {com.cloudflare.api.account.*: "*"}}]
    condition: {request_ip: {in: [192.0.2.1, '${"198.51.100.1/24"}']}}
`[1:]})
	g, s, ds := Load(context.Background(), Options{Dir: dir})
	if g == nil {
		t.Fatal(print(s, ds))
	}
	want := []string{"trueup.yaml:1:40", "trueup.yaml:5:46"}
	var got []string
	for _, d := range ds {
		got = append(got, d.Range.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("warnings at %v", got)
	}
	if v := schema.Text(find(t, g, "access_rule.a").Values[1]); v != "192.0.2.0/24" {
		t.Errorf("value %s", v)
	}
}

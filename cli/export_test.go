package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"trueup/loader"
	"trueup/schema"
	"trueup/sim"
	"trueup/state"
)

// TestExportThenPlanIsEmpty: an account full of odd things, exported in both
// spellings, plans to nothing, under every switch of the simulator. What a
// switch refuses is not in the account.
func TestExportThenPlanIsEmpty(t *testing.T) {
	all := 0
	for _, name := range append([]string{""}, sim.Switches()...) {
		t.Run("option "+name, func(t *testing.T) {
			o := sim.Options{RateLimit: sim.RateLimit{Requests: -1}}
			if name != "" {
				if err := o.Set(name, true); err != nil {
					t.Fatal(err)
				}
			}
			s := sim.New(o)
			n := populate(s)
			all = max(all, n)
			if n < all/2 {
				t.Fatalf("the simulator took %d of %d objects", n, all)
			}
			for _, format := range []loader.Format{loader.YAML, loader.HCL} {
				h := newHousehold(t, t, s)
				g := h.exported(format, accountScopes)
				h.wantEmpty(g, h.load(), string(format))
			}
		})
	}
}

// TestExportOfRandomAccounts: whatever valid objects are applied, in whatever
// scopes, their export plans to nothing: with the state and without, and after
// it was applied itself.
func TestExportOfRandomAccounts(t *testing.T) {
	options := slices.DeleteFunc(append([]string{""}, sim.Switches()...), func(name string) bool { return slices.Contains(refusing, name) })
	rapid.Check(t, func(rt *rapid.T) {
		o := sim.Options{RateLimit: sim.RateLimit{Requests: -1}, TokenQuota: -1}
		if name := rapid.SampledFrom(options).Draw(rt, "option"); name != "" {
			if err := o.Set(name, true); err != nil {
				rt.Fatal(err)
			}
		}
		s := sim.New(o)
		h := newHousehold(t, rt, s)
		groups, err := h.client.Catalogue(context.Background(), accountScopes[1])
		if err != nil {
			rt.Fatal(err)
		}
		g := generator{rt: rt, dir: h.dir, groups: groups, seen: map[string]bool{}}
		h.apply(g.graph(accountScopes...), 0)
		alike(rt, s)
		other := newHousehold(t, rt, s) // without the state
		for _, format := range []loader.Format{loader.YAML, loader.HCL} {
			for _, scopes := range [][]schema.Scope{accountScopes, accountScopes[1:2], {accountScopes[2], accountScopes[0]}} {
				g := h.exported(format, scopes)
				other.wantEmpty(g, other.load(), fmt.Sprintf("%s of %v, state lost", format, scopes))
			}
		}
		graph := h.exported(rapid.SampledFrom([]loader.Format{loader.YAML, loader.HCL}).Draw(rt, "format"), accountScopes)
		h.wantEmpty(graph, h.load(), "with state")
		for _, h := range []household{h, other} {
			h.apply(graph, 1)
			h.wantEmpty(graph, h.load(), "after apply")
		}
	})
}

var accountScopes = []schema.Scope{schema.UserScope, {Level: schema.Account, ID: sim.AccountID}, {Level: schema.Zone, ID: sim.ZoneID}}

// alike makes rules that differ in nothing but their value.
func alike(rt *rapid.T, s *sim.Server) {
	scope := rapid.SampledFrom(accountScopes).Draw(rt, "scope of the bulk")
	notes := rapid.SampledFrom([]string{"", "SOC, week 7", "${x}"}).Draw(rt, "notes of the bulk")
	for i := range rapid.IntRange(0, 12).Draw(rt, "bulk") {
		if _, err := s.Put(scope, "access_rule", fields{"mode": "block", "notes": notes, "configuration": fields{"target": "ip", "value": fmt.Sprintf("10.0.0.%d", i)}}); err != nil {
			rt.Fatal(err)
		}
	}
}

type fields = map[string]any

// populate fills the account with what the simulator takes, and counts it.
func populate(s *sim.Server) (n int) {
	target := func(target, value string) fields { return fields{"target": target, "value": value} }
	add := func(kind string, f fields) string {
		id, err := s.Put(schema.UserScope, kind, f)
		if err == nil {
			n++
		}
		return id
	}
	add("access_rule", fields{"mode": "block", "notes": "a & b <c> ${x} %{if} \"q\" 'p' $${", "configuration": target("ip", "192.0.2.1")})
	add("access_rule", fields{"mode": "challenge", "notes": "line\nbreak: # no comment", "configuration": target("ip6", "2001:db8::1")})
	add("access_rule", fields{"mode": "whitelist", "configuration": target("ip_range", "2001:db8::/32")})
	add("access_rule", fields{"mode": "js_challenge", "notes": "NO", "configuration": target("country", "NO")})
	add("access_rule", fields{"mode": "challenge", "notes": "1e3", "configuration": target("asn", "AS64500")})
	m := add("monitor", fields{"type": "https", "description": "9 to 5: héllo", "expected_codes": "2xx", "header": fields{"x-a": []any{"b", "a"}}})
	add("monitor", fields{"type": "tcp", "port": 25, "expected_codes": ""})
	add("monitor", fields{"type": "http", "description": "twice", "expected_codes": "200"})
	add("monitor", fields{"type": "http", "description": "twice", "expected_codes": "404"})
	for i, odd := range oddTexts {
		add("access_rule", fields{"mode": "block", "notes": odd, "configuration": target("ip", fmt.Sprintf("192.0.2.%d", 100+i))})
		add("monitor", fields{"type": "http", "description": odd, "expected_codes": "200", "expected_body": odd})
		add("token", fields{"name": odd, "policies": []any{fields{"effect": "allow",
			"permission_groups": []any{fields{"id": zoneRead}}, "resources": fields{"com.cloudflare.api.account.zone.*": "*"}}}})
	}
	add("pool", fields{"name": "pool_1", "monitor": m, "check_regions": []any{"WEU", "ENAM"}, "latitude": 37.7749, "longitude": -122.4194,
		"origins":             []any{fields{"name": "z", "address": "203.0.113.2", "weight": 0}, fields{"name": "a", "address": "app.example.com", "weight": 0.07, "enabled": false, "header": fields{"Host": []any{"app.example.com"}}}},
		"load_shedding":       fields{"default_percent": 12.5, "default_policy": "hash"},
		"notification_filter": fields{"pool": fields{"healthy": false}}, "origin_steering": fields{"policy": "hash"}, "minimum_origins": 2})
	add("token", fields{"name": "old (retiring 2031-01-01)", "policies": []any{fields{"effect": "allow",
		"permission_groups": []any{fields{"id": zoneRead}}, "resources": fields{"com.cloudflare.api.account.zone.*": "*"}}}})
	return n
}

// oddTexts are what a file could take for something else than text.
var oddTexts = []string{"yes", "1e3", "0x10", "null", "~", "- dash", "--- x", "# hash", "{a: b}", "*alias &anchor", "!tag", "| block", "<<", "=", "@at", "%yaml", "`x`",
	" leading", "trailing ", "a\tb", "a\r\nb", "\u007f\u0085\u2028", "\ufeff", "\\", "'", "\"", "$${", "%%{", "EOT\n  EOT", "2027-01-01", "🎉"}

// zoneRead is the id of a permission group (the spec's example).
const zoneRead = "c8fed203ed3043cba015a93ad1616f1f"

// TestMissingOfRandomAccounts: files that list a part of an account, and then
// what is missing put into them, plan to nothing.
func TestMissingOfRandomAccounts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := sim.New(sim.Options{RateLimit: sim.RateLimit{Requests: -1}, TokenQuota: -1})
		h := newHousehold(t, rt, s)
		groups, err := h.client.Catalogue(context.Background(), accountScopes[1])
		if err != nil {
			rt.Fatal(err)
		}
		made := generator{rt: rt, dir: h.dir, groups: groups, seen: map[string]bool{}}
		h.apply(made.graph(accountScopes...), 0)
		alike(rt, s)
		in := h.live(accountScopes)
		in.Objects = slices.DeleteFunc(in.Objects, func(*schema.Object) bool { return rapid.Bool().Draw(rt, "left out") })
		d := loader.NewDraft(in)
		if d.Resources() == 0 {
			return
		}
		dir, err := os.MkdirTemp(h.dir, "missing")
		if err != nil {
			rt.Fatal(err)
		}
		first, second := rapid.SampledFrom([]loader.Format{loader.YAML, loader.HCL}).Draw(rt, "first"), rapid.SampledFrom([]loader.Format{loader.YAML, loader.HCL}).Draw(rt, "second")
		parts, to := []loader.Part{{Name: "trueup." + string(first), Text: d.Text(first)}}, destination{path: dir, dir: true, format: second}
		if rapid.Bool().Draw(rt, "split") {
			parts = d.Split(first)
		} else if rapid.Bool().Draw(rt, "into the one file") {
			to = destination{path: filepath.Join(dir, parts[0].Name)}
		}
		for _, p := range parts {
			if err := os.WriteFile(filepath.Join(dir, p.Name), p.Text, 0o600); err != nil {
				rt.Fatal(err)
			}
		}
		have := &state.Snapshot{Salt: make([]byte, 16)}
		if rapid.Bool().Draw(rt, "with state") {
			have = h.load()
		}
		g := h.complete(dir, to, have)
		if want := loader.NewDraft(h.live(accountScopes)).Resources(); len(g.Resources) != want {
			rt.Fatalf("%d resources, %d can be written", len(g.Resources), want)
		}
	})
}

// complete puts what is missing into the files of dir, and wants them to plan
// to nothing.
func (h household) complete(dir string, to destination, have *state.Snapshot) *schema.Graph {
	c, a := &exportCmd{Missing: true}, &app{IO: IO{Env: func(string) (string, bool) { return "", false }, Out: io.Discard, Err: io.Discard}}
	c.Paths = []string{dir}
	for _, s := range accountScopes {
		c.Scope = append(c.Scope, s.String())
	}
	g, err := a.load(context.Background(), c.fileFlags)
	if err != nil {
		h.rt.Fatal(err)
	}
	in, err := c.unlisted(context.Background(), a, h.client, g, have)
	if err != nil {
		h.rt.Fatal(err)
	}
	d := loader.NewDraft(in)
	if d.Resources() > 0 {
		parts, err := loader.Insert(context.Background(), c.options(a), a.sources, d, to.fileFor)
		if err != nil {
			h.rt.Fatal(err)
		}
		if err := replaceFiles(parts); err != nil {
			h.rt.Fatal(err)
		}
	}
	if g, err = a.load(context.Background(), c.fileFlags); err != nil {
		h.rt.Fatal(err)
	}
	h.wantEmpty(g, have, "after --missing")
	if in, err = c.unlisted(context.Background(), a, h.client, g, have); err != nil || loader.NewDraft(in).Resources() > 0 {
		h.rt.Fatalf("%v; still missing: %v", err, in.Objects)
	}
	return g
}

// exported is the export of the scopes, loaded.
func (h household) exported(format loader.Format, scopes []schema.Scope) *schema.Graph {
	d := loader.NewDraft(h.live(scopes))
	if d.Resources() == 0 {
		return &schema.Graph{Scope: scopes[0]} // a file of settings alone is a mistake
	}
	whole, parts := h.loads([]loader.Part{{Name: "trueup." + string(format), Text: d.Text(format)}}), h.loads(d.Split(format))
	if len(whole.Resources) != d.Resources() || !reflect.DeepEqual(values(whole), values(parts)) {
		h.rt.Fatalf("one file has %d resources, several %d, the draft %d", len(whole.Resources), len(parts.Resources), d.Resources())
	}
	return whole
}

// live is everything in the scopes.
func (h household) live(scopes []schema.Scope) loader.ExportInput {
	in := loader.ExportInput{Scope: scopes[0], Catalogues: map[schema.Scope]schema.Catalogue{}}
	for _, scope := range scopes {
		for _, k := range schema.Kinds {
			if !k.Has(scope.Level) {
				continue
			}
			objects, err := h.client.List(context.Background(), k, scope)
			if err != nil {
				h.rt.Fatal(err)
			}
			in.Objects = append(in.Objects, objects...)
		}
		if schema.KindNamed("token").Has(scope.Level) {
			var err error
			if in.Catalogues[scope], err = h.client.Catalogue(context.Background(), scope); err != nil {
				h.rt.Fatal(err)
			}
		}
	}
	return in
}

func values(g *schema.Graph) (out []any) {
	for _, r := range g.Resources {
		out = append(out, r.Addr, r.Scope, r.ID, r.Values)
	}
	return out
}

func (h household) loads(parts []loader.Part) *schema.Graph {
	dir, err := os.MkdirTemp(h.dir, "export")
	if err != nil {
		h.rt.Fatal(err)
	}
	text := ""
	for _, p := range parts {
		text += string(p.Text)
		if err := os.WriteFile(filepath.Join(dir, p.Name), p.Text, 0o600); err != nil {
			h.rt.Fatal(err)
		}
	}
	g, _, ds := loader.Load(context.Background(), loader.Options{Paths: []string{dir}})
	if ds.HasErrors() {
		h.rt.Fatalf("%s\n%s", ds.Error(), text)
	}
	return g
}

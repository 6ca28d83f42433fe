package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"trueup/loader"
	"trueup/planner"
	"trueup/schema"
	"trueup/sim"
	"trueup/state"

	"trueup/cfclient"
)

// TestExportThenPlanIsEmpty: an account full of odd things, exported in both
// spellings, plans to nothing, under every switch of the simulator that leaves
// the objects possible.
func TestExportThenPlanIsEmpty(t *testing.T) {
	for _, name := range append([]string{""}, sim.Switches()...) {
		t.Run("option "+name, func(t *testing.T) {
			o := sim.Options{RateLimit: sim.RateLimit{Requests: -1}}
			if name != "" {
				if err := o.Set(name, true); err != nil {
					t.Fatal(err)
				}
			}
			s := sim.New(o)
			if !populate(t, s) {
				if name == "" {
					t.Fatal("the simulator refuses what the test makes")
				}
				return // this switch refuses one of the objects: nothing to export
			}
			for _, format := range []string{"yaml", "hcl"} {
				exportAndPlan(t, s, format)
			}
		})
	}
}

type fields = map[string]any

// populate fills the account; false if the simulator refuses something.
func populate(t *testing.T, s *sim.Server) bool {
	t.Helper()
	put := func(kind string, f fields) (string, bool) {
		id, err := s.Put(schema.UserScope, kind, f)
		return id, err == nil
	}
	target := func(target, value string) fields { return fields{"target": target, "value": value} }
	ok := true
	add := func(kind string, f fields) string {
		id, fine := put(kind, f)
		ok = ok && fine
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
	add("pool", fields{"name": "pool_1", "monitor": m, "check_regions": []any{"WEU", "ENAM"}, "latitude": 37.7749, "longitude": -122.4194,
		"origins":             []any{fields{"name": "z", "address": "203.0.113.2", "weight": 0}, fields{"name": "a", "address": "app.example.com", "weight": 0.07, "enabled": false, "header": fields{"Host": []any{"app.example.com"}}}},
		"load_shedding":       fields{"default_percent": 12.5, "default_policy": "hash"},
		"notification_filter": fields{"pool": fields{"healthy": false}}, "origin_steering": fields{"policy": "hash"}, "minimum_origins": 2})
	add("token", fields{"name": "old (retiring 2031-01-01)", "policies": []any{fields{"effect": "allow",
		"permission_groups": []any{fields{"id": zoneRead}}, "resources": fields{"com.cloudflare.api.account.zone.*": "*"}}}})
	return ok
}

// zoneRead is the id of a permission group (the spec's example).
const zoneRead = "c8fed203ed3043cba015a93ad1616f1f"

func exportAndPlan(t *testing.T, s *sim.Server, format string) {
	t.Helper()
	token, email, key := s.Credentials()
	client, err := cfclient.New(cfclient.Config{Token: token, Email: email, Key: key, Transport: s.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	in := loader.ExportInput{Format: format, Catalogues: map[schema.Scope]schema.Catalogue{}}
	for _, k := range schema.Kinds {
		objects, err := client.List(t.Context(), k, schema.UserScope)
		if err != nil {
			t.Fatal(err)
		}
		in.Objects = append(in.Objects, objects...)
	}
	if in.Catalogues[schema.UserScope], err = client.Catalogue(t.Context(), schema.UserScope); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := loader.Export(&text, in); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "trueup."+format)
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	g, _, ds := loader.Load(t.Context(), loader.Options{Paths: []string{file}})
	if ds.HasErrors() {
		t.Fatalf("%s\n%s", ds.Error(), text.String())
	}
	var errs bytes.Buffer
	a := &app{IO: IO{Env: func(string) (string, bool) { return "", false }, Out: &errs, Err: &errs}}
	plan, err := a.decide(t.Context(), client, g, &state.Snapshot{Salt: make([]byte, 16)}, guardFlags{}, false)
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, errs.String(), text.String())
	}
	if plan.Outcome() != "none" {
		for _, c := range plan.Changes {
			if c.Action != planner.NoOp {
				t.Errorf("%s %s: %+v", c.Addr, c.Action, c.Fields)
			}
		}
		t.Log(text.String())
	}
}

package loader

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trueup/schema"
)

func readTerraform(t *testing.T, path string) *TerraformState {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := ReadTerraformState(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTerraformMatch: the state's resources, in the attributes of version 4 of
// the provider and of version 5, find their objects and give them their names.
func TestTerraformMatch(t *testing.T) {
	acc, zone := schema.Scope{Level: schema.Account, ID: "9a7806061c88ada191ed06f989cc3dac"}, schema.Scope{Level: schema.Zone, ID: "023e105f4ecef8ad9ca31a8372d0c353"}
	rule := func(s schema.Scope, n int, value string) *schema.Object {
		return live(t, "access_rule", s, n, raw{"value": schema.String(value), "mode": schema.String("block")})
	}
	monitor := func(n int, name string) *schema.Object {
		return live(t, "monitor", acc, n, raw{"description": schema.String(name)})
	}
	pool := live(t, "pool", acc, 0x31, raw{"name": schema.String("primary-dc-1"), "origins": schema.List{schema.Row{schema.String("a"), schema.String("app.example.com"), nil, nil, nil, nil, nil}}})
	token := live(t, "token", schema.UserScope, 0x41, raw{"name": schema.String("CI"), "policies": schema.List{schema.Row{nil, schema.Strings("aa"), schema.Map{"com.cloudflare.api.account.zone.*": schema.String("*")}}}})
	objects := []*schema.Object{rule(acc, 1, "198.51.100.0/24"), rule(acc, 0x11, "192.0.2.1"), rule(acc, 0x12, "192.0.2.2"), rule(acc, 0x13, "192.0.2.3"),
		rule(zone, 0x5, "2001:db8::1"), rule(schema.UserScope, 0x6, "2001:db8::1"), monitor(0x21, "probe eu"), monitor(0x77, "probe us"), pool, token}
	want := map[string]string{
		"198.51.100.0/24": "office", "192.0.2.1": "bad-192-0-2-1 bad", "192.0.2.2": "bad-192-0-2-2 bad", "zone 2001:db8::1": "six-0 six",
		"probe eu": "edge-eu-probe", "probe us": "edge-us-probe", "primary-dc-1": "primary", "CI": "ci",
	}
	for _, file := range []string{"v4.json", "v5.json"} {
		s := readTerraform(t, "testdata/terraform/"+file)
		if s.Data != 1 || s.Other != 2 || len(s.Scopes()) != 3 || s.Scopes()[0] != acc {
			t.Errorf("%s: %d data sources, %d others, scopes %v", file, s.Data, s.Other, s.Scopes())
		}
		names, unmatched := s.Match(objects)
		got := map[string]string{}
		for o, n := range names {
			key := label(o)
			if o.Scope == zone {
				key = "zone " + key
			}
			got[key] = strings.TrimSpace(n.Text + " " + n.Family)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", file, d)
		}
		if d := cmp.Diff([]string{
			"cloudflare_api_token.again is the same object as cloudflare_api_token.ci: 00000000000000000000000000000041",
			"cloudflare_load_balancer_pool.gone (00000000000000000000000000000039) is not there any more",
		}, unmatched); d != "" {
			t.Errorf("%s: (-want +got)\n%s", file, d)
		}
		d := NewDraft(ExportInput{Scope: acc, Objects: objects, Names: names})
		for _, text := range []string{string(d.Text(YAML)), strings.Join(unmatched, " "), strings.Join(d.Left, " ")} {
			if strings.Contains(text, "never-be-shown") {
				t.Errorf("%s: a secret is shown", file)
			}
		}
	}
}

// TestTerraformNames: instances that are alike become one for_each under their
// common name, resources with names of their own stay apart.
func TestTerraformNames(t *testing.T) {
	var objects []*schema.Object
	names := map[*schema.Object]Name{}
	for i := range 2 * bulk {
		o := live(t, "access_rule", schema.UserScope, i+1, raw{"value": schema.String("192.0.2." + itoa(i)), "mode": schema.String("block")})
		objects = append(objects, o)
		names[o] = Name{Text: "single-" + itoa(i)}
		if i >= bulk {
			names[o] = Name{Text: "bad-" + itoa(i), Family: "bad"}
		}
	}
	text := string(NewDraft(ExportInput{Objects: objects, Names: names}).Text(YAML))
	if strings.Count(text, "  single-") != bulk || !strings.Contains(text, "  bad:\n    for_each:") || strings.Contains(text, "bad-") {
		t.Error(text)
	}
}

// TestTerraformRefuses: what is no state of version 4 says what it is.
func TestTerraformRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "no Terraform state",
		"[]":                            "no Terraform state",
		"{}":                            "it has no version",
		"\x00{}":                        "no Terraform state",
		`{"version": 3, "modules": []}`: "has version 3",
		`{"version": "4"}`:              "no Terraform state",
		`{"format_version": "1.0", "values": {}}`:                "what terraform show prints",
		`{"serial": 1, "lineage": "x", "encrypted_data": "AAA"}`: "is encrypted",
		`{"version": 4, "resources": [{"mode": "managed", "type": "cloudflare_access_rule", "name": "a", "instances": [{"attributes": {"account_id": "no id"}}]}]}`: `cloudflare_access_rule.a: scope "account:no id"`,
	} {
		if _, err := ReadTerraformState(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{`{"version": 4}`, `{"version": 4, "resources": null}`, `{"version": 4, "resources": [{"type": "cloudflare_access_rule", "instances": [{}]}]}`,
		`{"version": 4, "resources": [{"type": "cloudflare_access_rule", "instances": [{"attributes": {"configuration": [[]], "id": 7}}, {"attributes": null, "index_key": {}}]}]}`} {
		s, err := ReadTerraformState(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		s.Match(account(t))
	}
}

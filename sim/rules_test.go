package sim

import (
	"fmt"
	"testing"

	"trueup/schema"
)

func rule(target, value, mode, notes string) string {
	return string(encode(doc{"mode": mode, "notes": notes, "configuration": doc{"target": target, "value": value}}))
}

func TestRuleNormalisation(t *testing.T) {
	const full = "2001:0db8:0000:0000:0000:0000:0000:0001"
	for _, tc := range []struct {
		name, target, value, want string
		set                       func(*Options)
	}{
		{"ip", "ip", "192.0.2.1", "192.0.2.1", nil},
		{"ip6 expanded, lower case", "ip6", "2001:DB8::1", full, nil},
		{"ip6 compressed", "ip6", "2001:DB8::1", "2001:db8::1", func(o *Options) { o.CompressedIP6 = true }},
		{"range keeps host bits", "ip_range", "198.51.100.4/16", "198.51.100.4/16", nil},
		{"range masked", "ip_range", "198.51.100.4/16", "198.51.0.0/16", func(o *Options) { o.MaskHostBits = true }},
		{"IPv6 range expanded", "ip_range", "2001:db8::/32", "2001:0db8:0000:0000:0000:0000:0000:0000/32", nil},
		{"IPv6 range compressed", "ip_range", "2001:db8::/32", "2001:db8::/32", func(o *Options) { o.CompressedIP6 = true }},
		{"/128", "ip_range", "2001:db8::1/128", full + "/128", func(o *Options) { o.Range128 = true }},
		{"asn", "asn", "as64500", "AS64500", nil},
		{"bare asn", "asn", "64500", "AS64500", func(o *Options) { o.BareASN = true }},
		{"country", "country", "us", "US", nil},
		{"Tor", "country", "T1", "T1", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var o Options
			if tc.set != nil {
				tc.set(&o)
			}
			tt := start(t, o)
			d := tt.ok("POST", rulesPath, rule(tc.target, tc.value, "challenge", ""))
			tt.want(d, map[string]string{"configuration": fmt.Sprintf(`{"target":%q,"value":%q}`, tc.target, tc.want)})
		})
	}
}

func TestRuleRefused(t *testing.T) {
	tt := start(t, Options{CountryBlockRefused: true})
	for _, tc := range [][4]string{
		{"ip", "192.0.2.0/24", "block", "ip"}, {"ip", "2001:db8::1", "block", "ip"}, {"ip6", "192.0.2.1", "block", "ip6"},
		{"ip_range", "192.0.2.0/25", "block", "prefix length"}, {"ip_range", "2001:db8::/66", "block", "prefix length"},
		{"ip_range", "2001:db8::/128", "block", "prefix length"}, {"asn", "64500", "block", "asn"}, {"asn", "AS0", "block", "asn"},
		{"country", "Germany", "block", "country"}, {"country", "DE", "block", "subscription"}, {"planet", "Mars", "block", "target"},
		{"ip", "192.0.2.1", "allow", "mode"},
	} {
		tt.refused("POST", rulesPath, rule(tc[0], tc[1], tc[2], ""), 400, 10001, "validation_error")
	}
	tt.refused("POST", rulesPath, `{"mode":"block"}`, 400, 10001, "configuration")
	tt.refused("POST", rulesPath, `{"configuration":{"target":"ip","value":"192.0.2.1"}}`, 400, 10001, "mode")
	tt.refused("POST", rulesPath, `{"mode":"block","notes":3,"configuration":{"target":"ip","value":"192.0.2.1"}}`, 400, 10001, "notes")
}

func TestRuleNotesComeBackEncoded(t *testing.T) {
	tt := start(t, Options{})
	d := tt.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", `a & b <c> "d" 'e'`))
	tt.want(d, map[string]string{"notes": `"a &amp; b &lt;c&gt; &#34;d&#34; &#39;e&#39;"`})
	if n := len(tt.list(rulesPath + "?notes=%3CC%3E")); n != 1 {
		t.Errorf("the filter for notes finds %d", n)
	}
}

func TestRuleShape(t *testing.T) {
	tt := start(t, Options{})
	d := tt.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", ""))
	tt.want(d, map[string]string{
		"created_on": `"2026-11-23T09:00:00.123456Z"`, "modified_on": `"2026-11-23T09:00:00.123456Z"`, "paused": "false", "notes": `""`,
		"allowed_modes": `["whitelist","block","challenge","js_challenge","managed_challenge"]`,
		"scope":         `{"id":"` + UserID + `","email":"` + UserEmail + `","type":"user"}`,
	})
	tt = start(t, Options{UserScopeOmitted: true})
	tt.want(tt.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", "")), map[string]string{"scope": "-"})
}

func TestRuleDuplicateByMeaning(t *testing.T) {
	for _, pair := range [][4]string{
		{"ip", "192.0.2.1", "ip", "192.0.2.1"}, {"ip6", "2001:db8::1", "ip6", "2001:0DB8:0::1"},
		{"ip_range", "198.51.100.4/16", "ip_range", "198.51.0.0/16"}, {"asn", "AS1", "asn", "as1"}, {"country", "de", "country", "DE"},
	} {
		tt := start(t, Options{})
		tt.ok("POST", rulesPath, rule(pair[0], pair[1], "block", ""))
		tt.refused("POST", rulesPath, rule(pair[2], pair[3], "challenge", ""), 400, 10009, "firewallaccessrules.api.duplicate_of_existing")
		tt.ok("POST", "/accounts/"+AccountID+"/firewall/access_rules/rules", rule(pair[0], pair[1], "block", "")) // per scope
	}
	tt := start(t, Options{Duplicate409: true})
	tt.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", ""))
	tt.refused("POST", rulesPath, rule("ip", "192.0.2.1", "block", ""), 409, 10009, "")
}

func TestRulePatch(t *testing.T) {
	tt := start(t, Options{})
	d := tt.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", "why"))
	path := rulesPath + "/" + id(d)
	// Configuration is ignored, with 200 (bug 15).
	tt.want(tt.ok("PATCH", path, `{"mode":"challenge","configuration":{"target":"ip","value":"192.0.2.9"}}`),
		map[string]string{"mode": `"challenge"`, "notes": `"why"`, "configuration": `{"target":"ip","value":"192.0.2.1"}`})
	tt.want(tt.ok("PATCH", path, `{"notes":""}`), map[string]string{"notes": `""`, "mode": `"challenge"`})
	tt.refused("PATCH", path, `{"mode":"allow"}`, 400, 10001, "mode")
	tt.refused("PATCH", rulesPath+"/"+ZoneID, `{"mode":"block"}`, 404, 10001, "not_found")

	tt = start(t, Options{PatchClearsNotes: true, PatchNeedsConfiguration: true})
	d = tt.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", "why"))
	tt.want(tt.ok("PATCH", rulesPath+"/"+id(d), `{"mode":"block"}`), map[string]string{"notes": `""`})
	account := "/accounts/" + AccountID + "/firewall/access_rules/rules"
	d = tt.ok("POST", account, rule("ip", "192.0.2.1", "block", "why"))
	tt.refused("PATCH", account+"/"+id(d), `{"mode":"block"}`, 400, 10001, "configuration")
	tt.ok("PATCH", account+"/"+id(d), rule("ip", "192.0.2.1", "challenge", "x"))
}

func TestRuleDelete(t *testing.T) {
	tt := start(t, Options{})
	d := tt.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", ""))
	for _, want := range []string{`{"id":"` + id(d) + `"}`, "null"} { // a gone rule is 200 with null
		g := tt.do("DELETE", rulesPath+"/"+id(d), `{}`)
		if g.status != 200 || g.doc["success"] != true {
			t.Fatalf("%d %s", g.status, g.body)
		}
		tt.want(g.doc, map[string]string{"result": want})
	}
	tt.ok("DELETE", rulesPath+"/"+id(d), "") // old clients send no body
	tt = start(t, Options{DeleteNeedsBody: true})
	tt.refused("DELETE", rulesPath+"/"+id(d), "", 400, 6007, "")
	tt.ok("DELETE", rulesPath+"/"+id(d), `{}`)
}

func TestRuleGetByID(t *testing.T) {
	for _, on := range []bool{false, true} {
		tt := start(t, Options{UserRuleGet: on})
		d := tt.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", ""))
		if on {
			tt.want(tt.ok("GET", rulesPath+"/"+id(d), ""), map[string]string{"mode": `"block"`})
		} else {
			tt.refused("GET", rulesPath+"/"+id(d), "", 405, 7001, "")
		}
		account := "/accounts/" + AccountID + "/firewall/access_rules/rules"
		d = tt.ok("POST", account, rule("ip", "192.0.2.1", "block", ""))
		tt.ok("GET", account+"/"+id(d), "")
		// GET of an account's rule through the zone's path (bug 16).
		tt.refused("GET", "/zones/"+ZoneID+"/firewall/access_rules/rules/"+id(d), "", 404, 10001, "not_found")
	}
}

func TestRulePages(t *testing.T) {
	tt := start(t, Options{})
	for i := range 101 {
		tt.ok("POST", rulesPath, rule("asn", fmt.Sprint("AS", 1000+i), "block", ""))
	}
	info := func(query string) string {
		return string(encode(tt.do("GET", rulesPath+query, "").doc["result_info"]))
	}
	for query, want := range map[string]string{
		"":                          `{"count":20,"page":1,"per_page":20,"total_count":101,"total_pages":6}`,
		"?per_page=100&page=2":      `{"count":1,"page":2,"per_page":100,"total_count":101,"total_pages":2}`,
		"?per_page=1000":            `{"count":101,"page":1,"per_page":1000,"total_count":101,"total_pages":1}`,
		"?per_page=1&page=101":      `{"count":1,"page":101,"per_page":1,"total_count":101,"total_pages":101}`,
		"?per_page=50&page=99":      `{"count":0,"page":99,"per_page":50,"total_count":101,"total_pages":3}`,
		"?mode=challenge":           `{"count":0,"page":1,"per_page":20,"total_count":0,"total_pages":0}`,
		"?page=4611686018427387904": `{"count":0,"page":4611686018427387904,"per_page":20,"total_count":101,"total_pages":6}`,
	} {
		if have := info(query); !sameJSON(have, want) {
			t.Errorf("%s: %s, want %s", query, have, want)
		}
	}
	for _, query := range []string{"?per_page=7", "?per_page=1005", "?per_page=0", "?per_page=many", "?page=0", "?direction=up", "?order=notes", "?match=some", "?mode=allow", "?configuration.target=ip6"} {
		tt.refused("GET", rulesPath+query, "", 400, 10001, "")
	}
	for _, o := range []Options{{PageCap100: true}, {PerPageMax: 100}} {
		tt.s.o.PageCap100, tt.s.o.PerPageMax = o.PageCap100, o.PerPageMax
		if have, want := info("?per_page=1000"), `{"count":100,"page":1,"per_page":100,"total_count":101,"total_pages":2}`; !sameJSON(have, want) {
			t.Errorf("%s, want %s", have, want)
		}
	}
}

func TestRuleOrderAndFilters(t *testing.T) {
	tt := start(t, Options{})
	for _, r := range [][4]string{
		{"ip", "192.0.2.2", "block", "Attack 26/02"}, {"ip", "192.0.2.1", "challenge", ""},
		{"ip6", "2001:db8::1", "block", "attack 27/02"}, {"country", "DE", "challenge", ""},
	} {
		tt.ok("POST", rulesPath, rule(r[0], r[1], r[2], r[3]))
	}
	for query, want := range map[string]string{
		"order=configuration.value&direction=asc":             "[192.0.2.1 192.0.2.2 2001:0db8:0000:0000:0000:0000:0000:0001 DE]",
		"order=configuration.value&direction=desc":            "[DE 2001:0db8:0000:0000:0000:0000:0000:0001 192.0.2.2 192.0.2.1]",
		"order=configuration.target":                          "[DE 192.0.2.2 192.0.2.1 2001:0db8:0000:0000:0000:0000:0000:0001]",
		"notes=ATTACK":                                        "[192.0.2.2 2001:0db8:0000:0000:0000:0000:0000:0001]",
		"configuration.target=ip&mode=block":                  "[192.0.2.2]",
		"configuration.target=country&mode=block&match=any":   "[192.0.2.2 2001:0db8:0000:0000:0000:0000:0000:0001 DE]",
		"configuration.value=192.0.2.1":                       "[192.0.2.1]",
		"configuration.value=2001:db8::1":                     "[]", // compared as text
		"configuration.value=de&configuration.target=country": "[DE]",
		"configuration_target=country&order=mode&per_page=1":  "[192.0.2.2]", // underscores are no filter
	} {
		var have []string
		for _, d := range tt.list(rulesPath + "?" + query) {
			have = append(have, text(d["configuration"].(doc)["value"]))
		}
		if fmt.Sprint(have) != want {
			t.Errorf("%s: %v, want %s", query, have, want)
		}
	}
}

// Lists of zones show the account's rules, by option the user's (bug 16).
func TestRuleListsLeak(t *testing.T) {
	count := func(o Options) (account, zone int) {
		tt := start(t, o)
		for i, scope := range []schema.Scope{schema.UserScope, accountScope, zoneScope} {
			fields := map[string]any{"mode": "block", "configuration": map[string]any{"target": "asn", "value": fmt.Sprint("AS", i+1)}}
			if _, err := tt.s.Put(scope, "access_rule", fields); err != nil {
				t.Fatal(err)
			}
		}
		types := ""
		for _, d := range tt.list("/zones/" + ZoneID + "/firewall/access_rules/rules") {
			types += text(d["scope"].(doc)["type"]) + " "
		}
		if want := map[bool]string{false: "organization zone ", true: "user organization zone "}[o.UserRulesLeak]; types != want {
			t.Errorf("scopes in the zone's list: %s, want %s", types, want)
		}
		return len(tt.list("/accounts/" + AccountID + "/firewall/access_rules/rules")), len(tt.list("/zones/" + ZoneID + "/firewall/access_rules/rules"))
	}
	if a, z := count(Options{}); a != 1 || z != 2 {
		t.Errorf("account %d, zone %d", a, z)
	}
	if a, z := count(Options{UserRulesLeak: true}); a != 2 || z != 3 {
		t.Errorf("with the user's: account %d, zone %d", a, z)
	}
}

func TestRuleQuota(t *testing.T) {
	tt := start(t, Options{RuleQuota: 1})
	tt.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", ""))
	tt.refused("POST", rulesPath, rule("ip", "192.0.2.2", "block", ""), 400, 10010, "quota")
}

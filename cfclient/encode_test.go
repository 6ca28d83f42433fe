package cfclient

import (
	"encoding/json"
	"html"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trueup/schema"
)

// want makes the wanted row from what a file would say, as JSON by attribute
// name.
func want(t *testing.T, kind, text string) schema.Row {
	t.Helper()
	k := schema.KindNamed(kind)
	raw, err := k.DecodeRow([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	row, problems := k.Build(raw)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return row
}

const (
	rulePlain = `{"value":"192.0.2.1","mode":"block"}`
	poolPlain = `{"name":"p","origins":[{"name":"a","address":"192.0.2.1"}]}`
	tokenOf   = `{"name":"t","policies":[{"permission_groups":["g2","g1"],"resources":{"com.cloudflare.api.account.*":"*"}}]`
	tokenBare = tokenOf + `}`
)

func TestEncodeCreate(t *testing.T) {
	tests := []struct{ name, kind, row, body string }{
		{"rule", "access_rule", rulePlain, `{"configuration":{"target":"ip","value":"192.0.2.1"},"mode":"block"}`},
		{"rule with notes: not encoded", "access_rule", `{"value":"2001:db8::/32","mode":"whitelist","notes":"a & b <c>"}`,
			`{"configuration":{"target":"ip_range","value":"2001:db8::/32"},"mode":"whitelist","notes":"a & b <c>"}`},
		{"monitor", "monitor", `{"description":"m","header":{"host":["x.example"]}}`,
			`{"type":"http","description":"m","method":"GET","path":"/","port":0,"interval":60,"timeout":5,"retries":2,"consecutive_up":0,"consecutive_down":0,"expected_codes":"200","header":{"Host":["x.example"]},"follow_redirects":false,"allow_insecure":false}`},
		{"tcp: expected_codes is always there", "monitor", `{"description":"m","type":"tcp","port":25}`,
			`{"type":"tcp","description":"m","method":"connection_established","port":25,"interval":60,"timeout":5,"retries":2,"consecutive_up":0,"consecutive_down":0,"expected_codes":""}`},
		{"ping: the method is the server's", "monitor", `{"description":"m","type":"icmp_ping"}`,
			`{"type":"icmp_ping","description":"m","port":0,"interval":60,"timeout":5,"retries":2,"consecutive_up":0,"consecutive_down":0,"expected_codes":""}`},
		{"pool", "pool", poolPlain, `{"name":"p","enabled":true,"origins":[{"name":"a","address":"192.0.2.1","enabled":true,"weight":1}],"minimum_origins":1}`},
		{"pool: weights without noise, 0 is sent", "pool", `{"name":"p","origins":[{"name":"a","address":"192.0.2.1","weight":0,"header":{"Host":["x.example"]}},{"name":"b","address":"192.0.2.2","weight":0.57}]}`,
			`{"name":"p","enabled":true,"origins":[{"name":"a","address":"192.0.2.1","enabled":true,"weight":0,"header":{"Host":["x.example"]}},{"name":"b","address":"192.0.2.2","enabled":true,"weight":0.57}],"minimum_origins":1}`},
		{"§10.4: nested objects are sent", "pool", `{"name":"p","origins":[{"name":"a","address":"192.0.2.1"}],"check_regions":["WEU"],"latitude":37.7749,"longitude":-122.4194,"load_shedding":{"default_percent":55},"origin_steering":{"policy":"hash"},"notification_filter":{"origin":{"healthy":false},"pool":{"disable":true}}}`,
			`{"name":"p","enabled":true,"origins":[{"name":"a","address":"192.0.2.1","enabled":true,"weight":1}],"minimum_origins":1,"check_regions":["WEU"],"latitude":37.7749,"longitude":-122.4194,"load_shedding":{"default_percent":55,"default_policy":"random","session_percent":0,"session_policy":"hash"},"origin_steering":{"policy":"hash"},"notification_filter":{"origin":{"disable":false,"healthy":false},"pool":{"disable":true}}}`},
		{"token: groups as objects, no id, no status; §10.24: no empty condition", "token", tokenOf + `,"secret":[{"file":"x"}],"rotate":{"every":"90d"}}`,
			`{"name":"t","policies":[{"effect":"allow","permission_groups":[{"id":"g2"},{"id":"g1"}],"resources":{"com.cloudflare.api.account.*":"*"}}]}`},
		{"token with restrictions", "token", tokenOf + `,"status":"disabled","condition":{"request_ip":{"in":["192.0.2.1"]}},"expires_on":"2027-01-01T00:00:00Z"}`,
			`{"name":"t","policies":[{"effect":"allow","permission_groups":[{"id":"g2"},{"id":"g1"}],"resources":{"com.cloudflare.api.account.*":"*"}}],"condition":{"request_ip":{"in":["192.0.2.1/32"]}},"expires_on":"2027-01-01T00:00:00Z"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, sensitive, err := encodeCreate(newCodec(schema.KindNamed(tt.kind)), schema.UserScope, want(t, tt.kind, tt.row))
			if err != nil || len(sensitive) > 0 {
				t.Fatal(err, sensitive)
			}
			if diff := cmp.Diff(tt.body, string(body)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEncodeUpdate(t *testing.T) {
	const originA = `{"name":"a","address":"192.0.2.1","enabled":true,"weight":1}`
	const poolSent = `"name":"p","enabled":true,"origins":[` + originA + `],"minimum_origins":1`
	const tokenSent = `"name":"t","status":"active"`
	const policy = `"effect":"allow","permission_groups":[{"id":"g2"},{"id":"g1"}],"resources":{"com.cloudflare.api.account.*":"*"}`
	tests := []struct {
		name, kind, live, row, body string
		nulls                       bool
		scope                       schema.Scope
	}{
		{name: "§10.15: what cannot change is not in a PATCH; notes are cleared by name", kind: "access_rule",
			live: `{"id":"x","mode":"block","notes":"old","configuration":{"target":"ip","value":"192.0.2.1"}}`, row: rulePlain,
			body: `{"mode":"block","notes":""}`},
		{name: "but for accounts and zones it is repeated", kind: "access_rule", scope: account,
			live: `{"id":"x","mode":"block","configuration":{"target":"ip","value":"192.0.2.1"}}`, row: `{"value":"192.0.2.1","mode":"challenge","notes":"n"}`,
			body: `{"configuration":{"target":"ip","value":"192.0.2.1"},"mode":"challenge","notes":"n"}`},
		{name: "an answer is its one attribute", kind: "invite_response",
			live: `{"id":"x","organization_id":"5a7805061c76ada191ed06f989cc3dac","status":"pending"}`, row: `{"organization_id":"5a7805061c76ada191ed06f989cc3dac","status":"accepted"}`,
			body: `{"status":"accepted"}`},

		{name: "unknown keys of a monitor stay, computed ones and the id go", kind: "monitor",
			live: `{"id":"x","created_on":"2026-01-01T00:00:00Z","modified_on":"2026-01-01T00:00:00Z","future":{"a":[1, 2]},"type":"tcp","port":25,"method":"connection_established","path":"","expected_codes":""}`,
			row:  `{"type":"tcp","port":26,"description":"m"}`,
			body: `{"future":{"a":[1, 2]},"type":"tcp","description":"m","method":"connection_established","port":26,"interval":60,"timeout":5,"retries":2,"consecutive_up":0,"consecutive_down":0,"expected_codes":""}`},
		{name: "§10.12: text, maps are cleared as the table says", kind: "monitor",
			live: `{"id":"x","type":"http","description":"m","expected_body":"ok","header":{"Host":["a"]},"probe_zone":"z.example"}`, row: `{"description":"m"}`,
			body: `{"type":"http","description":"m","method":"GET","path":"/","port":0,"interval":60,"timeout":5,"retries":2,"consecutive_up":0,"consecutive_down":0,"expected_codes":"200","expected_body":"","header":{},"follow_redirects":false,"allow_insecure":false,"probe_zone":""}`},
		{name: "a method that only the server chooses is not sent", kind: "monitor",
			live: `{"id":"x","type":"icmp_ping","method":"PING"}`, row: `{"type":"icmp_ping","description":"m"}`,
			body: `{"type":"icmp_ping","description":"m","port":0,"interval":60,"timeout":5,"retries":2,"consecutive_up":0,"consecutive_down":0,"expected_codes":""}`},
		{name: "but not that of another type", kind: "monitor",
			live: `{"id":"x","type":"http","description":"m","method":"GET"}`, row: `{"type":"icmp_ping","description":"m"}`,
			body: `{"type":"icmp_ping","description":"m","port":0,"interval":60,"timeout":5,"retries":2,"consecutive_up":0,"consecutive_down":0,"expected_codes":""}`},

		{name: "§10.8: check_regions goes with every PUT", kind: "pool",
			live: `{"id":"x","name":"p","origins":[{"name":"a","address":"192.0.2.1"}],"check_regions":["WEU"]}`,
			row:  `{"name":"p","origins":[{"name":"a","address":"192.0.2.1"}],"check_regions":["WEU"],"description":"d"}`,
			body: `{"name":"p","description":"d","enabled":true,"origins":[` + originA + `],"minimum_origins":1,"check_regions":["WEU"]}`},
		{name: "origins keep what the table does not know, by their name", kind: "pool",
			live: `{"id":"x","name":"p","networks":["cloudflare"],"origins":[{"name":"a","address":"192.0.2.9","port":0,"flatten_cname":true,"disabled_at":"2026-01-01T00:00:00Z"},{"name":"b","address":"192.0.2.2","port":8443}]}`,
			row:  `{"name":"p","origins":[{"name":"b","address":"192.0.2.2"},{"name":"c","address":"192.0.2.3"},{"name":"a","address":"192.0.2.1"}]}`,
			body: `{"name":"p","enabled":true,"origins":[{"port":8443,"name":"b","address":"192.0.2.2","enabled":true,"weight":1},{"name":"c","address":"192.0.2.3","enabled":true,"weight":1},{"port":0,"flatten_cname":true,"name":"a","address":"192.0.2.1","enabled":true,"weight":1}],"minimum_origins":1}`},
		{name: "what was set and is not wanted", kind: "pool",
			live: `{"id":"x","name":"p","description":"d","monitor":"m","latitude":1,"longitude":2,"check_regions":["WEU"],"load_shedding":{"default_percent":5},"origin_steering":{"policy":"hash"},"notification_filter":{"pool":{"disable":true}},"notification_email":"a@example.com","origins":[{"name":"a","address":"192.0.2.1","virtual_network_id":"v"}]}`,
			row:  poolPlain,
			body: `{"name":"p","description":"","enabled":true,"origins":[` + originA + `],"minimum_origins":1,"check_regions":null,"load_shedding":{"default_percent":0,"default_policy":"random","session_percent":0,"session_policy":"hash"},"origin_steering":{"policy":"random"},"notification_filter":null,"notification_email":""}`},
		{name: "the same with nulls", kind: "pool", nulls: true,
			live: `{"id":"x","name":"p","description":"d","monitor":"m","load_shedding":{"default_percent":5},"notification_filter":{"pool":{"disable":true}},"origins":[{"name":"a","address":"192.0.2.1"}]}`,
			row:  poolPlain,
			body: `{"name":"p","description":null,"enabled":true,"monitor":null,"origins":[` + originA + `],"minimum_origins":1,"load_shedding":null,"notification_filter":null}`},
		{name: "§10.2, §10.3: nothing was set, nothing is sent, but for what is unknown", kind: "pool",
			live: `{"id":"x","name":"p","description":"","check_regions":null,"load_shedding":{"default_percent":0},"origin_steering":{},"notification_filter":{"future":1,"pool":{"disable":false,"deeper":[2]}},"origins":[{"name":"a","address":"192.0.2.1"}]}`,
			row:  poolPlain,
			body: `{` + poolSent + `,"notification_filter":{"future":1,"pool":{"deeper":[2]}}}`},
		{name: "part of a nested object is cleared", kind: "pool",
			live: `{"id":"x","name":"p","notification_filter":{"origin":{"disable":true,"healthy":true}},"origins":[{"name":"a","address":"192.0.2.1"}]}`,
			row:  `{"name":"p","origins":[{"name":"a","address":"192.0.2.1"}],"notification_filter":{"origin":{"disable":true}}}`,
			body: `{` + poolSent + `,"notification_filter":{"origin":{"disable":true,"healthy":null}}}`},

		{name: "policies keep their ids: equal ones first, then in order", kind: "token",
			live: `{"id":"x","name":"t","status":"active","issued_on":"2026-01-01T00:00:00Z","last_used_on":"2026-01-01T00:00:00Z","policies":[{"id":"p1","effect":"deny","permission_groups":[{"id":"g3"}],"resources":{"a":"*"}},{"id":"p2","effect":"allow","permission_groups":[{"id":"g1","name":"G1"},{"id":"g2","name":"G2"}],"resources":{"com.cloudflare.api.account.*":"*"}}]}`,
			row:  `{"name":"t","policies":[{"permission_groups":["g2","g1"],"resources":{"com.cloudflare.api.account.*":"*"}},{"effect":"deny","permission_groups":["g4"],"resources":{"a":"*"}}]}`,
			body: `{` + tokenSent + `,"policies":[{"id":"p2",` + policy + `},{"id":"p1","effect":"deny","permission_groups":[{"id":"g4"}],"resources":{"a":"*"}}]}`},
		{name: "§10.24: a condition is removed by leaving it out", kind: "token",
			live: `{"id":"x","name":"t","status":"active","expires_on":"2027-01-01T00:00:00Z","condition":{"request_ip":{"in":["192.0.2.0/24"]}},"policies":[]}`, row: tokenBare,
			body: `{` + tokenSent + `,"policies":[{` + policy + `}]}`},
		{name: "and by null, if that did not help", kind: "token", nulls: true,
			live: `{"id":"x","name":"t","status":"active","expires_on":"2027-01-01T00:00:00Z","condition":{"request_ip":{"in":["192.0.2.0/24"]}},"policies":[]}`, row: tokenBare,
			body: `{` + tokenSent + `,"policies":[{` + policy + `}],"condition":null,"expires_on":null}`},
		{name: "a condition that the table does not know stays", kind: "token", nulls: true,
			live: `{"id":"x","name":"t","condition":{"request.ip":{"in":["192.0.2.0/24"]},"device":{"a":1}},"policies":[]}`, row: tokenBare,
			body: `{` + tokenSent + `,"policies":[{` + policy + `}],"condition":{"device":{"a":1},"request_ip":null}}`},
		{name: "one spelling of the condition is written", kind: "token",
			live: `{"id":"x","name":"t","condition":{"request.ip":{"in":["192.0.2.0/24"],"not_in":["192.0.2.7/32"]}},"policies":[]}`, row: tokenOf + `,"condition":{"request_ip":{"in":["198.51.100.0/24"]}}}`,
			body: `{` + tokenSent + `,"policies":[{` + policy + `}],"condition":{"request_ip":{"in":["198.51.100.0/24"]}}}`},
		{name: "§10.21: no value of a token in an update", kind: "token",
			live: `{"id":"x","value":"secret","name":"t","policies":[]}`, row: tokenBare,
			body: `{` + tokenSent + `,"policies":[{` + policy + `}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.scope
			if s.Level == "" {
				s = schema.UserScope
			}
			live := decodeItem(t, tt.kind, s, tt.live).Object
			body, _, err := encodeUpdate(newCodec(live.Kind), live, want(t, tt.kind, tt.row), tt.nulls)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.body, string(body)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	k := schema.KindNamed("pool")
	set := func(name string, v schema.Value) schema.Row {
		row := want(t, "pool", poolPlain)
		row[k.Index(name)] = v
		return row
	}
	ref := schema.Ref{Addr: schema.Addr{Kind: "monitor", Name: "m"}, Attr: "id"}
	for name, row := range map[string]schema.Row{
		"reference": set("monitor", ref),
		"template":  set("description", schema.Template{schema.String("x "), ref}),
		"digest":    set("description", schema.Sensitive{Digest: "00:11"}),
		"nested":    set("check_regions", schema.List{schema.String("WEU"), ref}),
		"object":    set("load_shedding", schema.Sensitive{Digest: "00:11"}),
		"in a row":  set("origin_steering", schema.Row{ref}),
	} {
		if body, _, err := encodeCreate(newCodec(k), schema.UserScope, row); err == nil {
			t.Errorf("%s: %s", name, body)
		}
	}
}

func TestSensitiveIsRevealedAndNoted(t *testing.T) {
	k := schema.KindNamed("monitor")
	row := want(t, "monitor", `{"description":"m"}`)
	row[k.Index("description")] = schema.Sensitive{Value: schema.String("hidden-1")}
	row[k.Index("header")] = schema.Map{"Authorization": schema.List{schema.Sensitive{Value: schema.String("hidden-2")}}}
	body, noted, err := encodeCreate(newCodec(k), schema.UserScope, row)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"hidden-1", "hidden-2"}, noted); diff != "" {
		t.Error(diff)
	}
	for _, s := range noted {
		if !strings.Contains(string(body), s) {
			t.Errorf("%s is not in %s", s, body)
		}
	}
	pool := schema.KindNamed("pool")
	prow := want(t, "pool", poolPlain)
	prow[pool.Index("origins")] = schema.Sensitive{Value: schema.List{schema.Row{schema.String("a"), schema.String("10.0.0.1")}}}
	body, noted, err = encodeCreate(newCodec(pool), schema.UserScope, prow)
	if err != nil || len(noted) != 2 || !strings.Contains(string(body), `{"name":"a","address":"10.0.0.1"}`) {
		t.Error(string(body), noted, err)
	}
}

// FuzzDecode: no input makes the decoder panic, and what it makes of one it
// makes again of what it would send.
func FuzzDecode(f *testing.F) {
	for i, body := range []string{
		`{"id":"a","mode":"block","notes":"&amp;","configuration":{"target":"ip","value":"192.0.2.1"}}`,
		`{"id":"a","type":"tcp","port":25,"header":{"a":["b"]}}`,
		`{"id":"a","name":"p","origins":[{"name":"a","weight":0.57,"header":{"Host":["x"]}}],"load_shedding":{"default_percent":1e2}}`,
		`{"id":"a","policies":[{"permission_groups":[{"id":"g"}],"resources":{"a":{"b":"*"}}}],"condition":{"request.ip":{"in":[]}}}`,
		`{"id":"a","status":"pending","invited_member_email":"A@B"}`,
	} {
		f.Add(uint8(i), []byte(body))
	}
	f.Fuzz(func(t *testing.T, n uint8, body []byte) {
		k := schema.Kinds[int(n)%len(schema.Kinds)]
		it, err := decodeAny(k, schema.UserScope, body)
		if err != nil {
			return
		}
		if it.Raw != nil && !json.Valid(it.Raw) && json.Valid(body) {
			t.Fatalf("raw is no JSON: %s", it.Raw)
		}
		sent, _, err := encodeCreate(newCodec(k), schema.UserScope, asPrinted(k, it.Values))
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(sent) {
			t.Fatalf("sent is no JSON: %s", sent)
		}
		again, err := decodeAny(k, schema.UserScope, append([]byte(`{"id":"a"`), after(sent)...))
		if err != nil {
			t.Fatalf("%v: %s", err, sent)
		}
		for i := range k.Attrs {
			a := &k.Attrs[i]
			if a.Sent() && !a.AfterPost && k.Answer == nil && !a.Equal(it.Values[i], again.Values[i]) {
				t.Fatalf("%s: %#v, then %#v\n%s\n%s", a.Name, it.Values[i], again.Values[i], body, sent)
			}
		}
		if sent, _, err := encodeUpdate(newCodec(k), it.Object, it.Values, n%2 == 0); err != nil || !json.Valid(sent) && json.Valid(body) {
			t.Fatal(err, string(sent))
		}
	})
}

// asPrinted is the row with the text that the server HTML-encodes encoded.
func asPrinted(k *schema.Kind, row schema.Row) schema.Row {
	out := append(schema.Row(nil), row...)
	for i, v := range out {
		if text, ok := v.(schema.String); ok && k.Attrs[i].HTML {
			out[i] = schema.String(html.EscapeString(string(text)))
		}
	}
	return out
}

// after is an object's text after its brace, so that members can go before.
func after(object []byte) string {
	if string(object) == "{}" {
		return "}"
	}
	return "," + string(object[1:])
}

package cfclient

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"trueup/schema"
)

const id32 = "92f17202ed8bd63d69a66b86a49a8f6b"

var account = schema.Scope{Level: schema.Account, ID: "5a7805061c76ada191ed06f989cc3dac"}

func decodeItem(t *testing.T, kind string, s schema.Scope, body string) item {
	t.Helper()
	it, err := decodeAny(schema.KindNamed(kind), s, []byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return it
}

func decodeAny(k *schema.Kind, s schema.Scope, body []byte) (item, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), tolerant...)
	return newDecoder(newCodec(k), s).item(body, dec)
}

// shown is the row as trueup stores rows: by attribute name, unset left out.
func shown(t *testing.T, k *schema.Kind, row schema.Row) string {
	t.Helper()
	b, err := k.AppendRow(nil, row)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// An apply reads objects one by one and keeps their ids: each used to hold 32 KiB.
func TestDecodeOneHoldsLittle(t *testing.T) {
	d := newDecoder(newCodec(schema.KindNamed("access_rule")), schema.UserScope)
	body := []byte(`{"id":"` + id32 + `"}`)
	if _, err := d.item(body, jsontext.NewDecoder(bytes.NewBuffer(body), tolerant...)); err != nil {
		t.Fatal(err)
	}
	if got := d.arena.Cap(); got > 2*len(id32) {
		t.Errorf("the id of one object holds %d bytes", got)
	}
}

func TestDecode(t *testing.T) {
	const monitorDefaults = `"method":"GET","path":"/","port":0,"interval":60,"timeout":5,"retries":2,"consecutive_up":0,"consecutive_down":0,"expected_codes":"200"`
	const httpEnd = `"follow_redirects":false,"allow_insecure":false`
	origin := func(more string) string {
		return `"origins":[{"name":"a","address":"192.0.2.1","enabled":true,"weight":1` + more + `}],"minimum_origins":1`
	}
	tests := []struct{ name, kind, body, want string }{
		{"a weight of single precision", "pool", `{"name":"p","origins":[{"name":"a","address":"192.0.2.1","weight":0.07000000029802322}]}`,
			`{"name":"p","enabled":true,"origins":[{"name":"a","address":"192.0.2.1","enabled":true,"weight":0.07}],"minimum_origins":1}`},
		{"rule", "access_rule", `{"mode":"block","allowed_modes":["block"],"configuration":{"target":"ip","value":"192.0.2.1"},"notes":"n"}`,
			`{"target":"ip","value":"192.0.2.1","mode":"block","notes":"n"}`},
		{"§10.13: a range of IPv6 in full", "access_rule", `{"mode":"block","configuration":{"target":"ip_range","value":"2001:0db8:0000:0000:0000:0000:0000:0000/32"}}`,
			`{"target":"ip_range","value":"2001:db8::/32","mode":"block"}`},
		{"§10.14: IPv6 padded", "access_rule", `{"mode":"block","configuration":{"target":"ip6","value":"2001:0DB8:0000:0000:0000:0000:0000:0001"}}`,
			`{"target":"ip6","value":"2001:db8::1","mode":"block"}`},
		{"§10.18: notes come HTML-encoded, once", "access_rule", `{"mode":"block","notes":"a &amp; b &lt;c&gt; &quot;d&quot; &#39;e&#39; &amp;amp;","configuration":{"target":"country","value":"us"}}`,
			`{"target":"country","value":"US","mode":"block","notes":"a & b <c> \"d\" 'e' &amp;"}`},
		{"notes that cannot come of encoding are as they were written", "access_rule", `{"mode":"block","notes":"&copy; a & b &lt;","configuration":{"target":"country","value":"us"}}`,
			`{"target":"country","value":"US","mode":"block","notes":"&copy; a & b &lt;"}`},
		{"nor can those with angles", "access_rule", `{"mode":"block","notes":"<b> &amp;","configuration":{"target":"country","value":"us"}}`,
			`{"target":"country","value":"US","mode":"block","notes":"<b> &amp;"}`},
		{"empty and null notes are unset", "access_rule", `{"mode":"block","notes":"","configuration":{"target":"asn","value":"as64500"}}`,
			`{"target":"asn","value":"AS64500","mode":"block"}`},
		{"unknown words and values stay", "access_rule", `{"mode":"tarpit","notes":null,"configuration":{"target":"planet","value":"not a target"}}`,
			`{"target":"planet","value":"not a target","mode":"tarpit"}`},
		{"escapes", "access_rule", `{"mode":"block","notes":"é \"x\" \u00e9 \ud83d\ude00","configuration":{"target":"ip","value":"192.0.2.1"}}`,
			`{"target":"ip","value":"192.0.2.1","mode":"block","notes":"é \"x\" é 😀"}`},
		{"other shapes are text or nothing", "access_rule", `{"mode":7,"notes":["x"],"configuration":"none"}`,
			`{"mode":"7","notes":"[\"x\"]"}`},

		{"§10.10: a monitor leaves out what is default, header names canonical", "monitor",
			`{"type":"http","description":"m","header":{"host":["a.example"],"X-App-id":["b"]}}`,
			`{"type":"http","description":"m",` + monitorDefaults + `,"header":{"Host":["a.example"],"X-App-Id":["b"]},` + httpEnd + `}`},
		{"§10.10: real drift is seen", "monitor", `{"type":"http","description":"m","port":8080,"consecutive_up":3,"header":{}}`,
			`{"type":"http","description":"m","method":"GET","path":"/","port":8080,"interval":60,"timeout":5,"retries":2,"consecutive_up":3,"consecutive_down":0,"expected_codes":"200",` + httpEnd + `}`},
		{"§10.12: an empty body is no body", "monitor", `{"type":"https","description":"","expected_body":"","probe_zone":"","expected_codes":"2XX"}`,
			`{"type":"https","method":"GET","path":"/","port":0,"interval":60,"timeout":5,"retries":2,"consecutive_up":0,"consecutive_down":0,"expected_codes":"2xx",` + httpEnd + `}`},
		{"tcp has nothing of http", "monitor", `{"type":"tcp","port":25,"method":"connection_established","path":"/","expected_codes":"","allow_insecure":false}`,
			`{"type":"tcp","method":"connection_established","port":25,"interval":60,"timeout":5,"retries":2,"consecutive_up":0,"consecutive_down":0}`},
		{"numbers as text", "monitor", `{"type":"tcp","port":"25","interval":6e1}`,
			`{"type":"tcp","method":"connection_established","port":25,"interval":60,"timeout":5,"retries":2,"consecutive_up":0,"consecutive_down":0}`},

		{"§10.2: empty objects are their defaults", "pool", `{"name":"p","origins":[{"name":"a","address":"192.0.2.1","port":0}],"notification_filter":{},"origin_steering":{}}`,
			`{"name":"p","enabled":true,` + origin("") + `}`},
		{"§10.2: a filter of defaults, written out", "pool", `{"name":"p","origins":[{"name":"a","address":"192.0.2.1"}],"notification_filter":{"origin":{"disable":false,"healthy":null},"pool":{"disable":false,"healthy":null}}}`,
			`{"name":"p","enabled":true,` + origin("") + `}`},
		{"§10.3: load shedding of zeros", "pool", `{"name":"p","origins":[{"name":"a","address":"192.0.2.1"}],"load_shedding":{"default_percent":0,"default_policy":"","session_percent":0,"session_policy":""}}`,
			`{"name":"p","enabled":true,` + origin("") + `}`},
		{"§10.5: the first year is no year", "pool", `{"name":"p","origins":[{"name":"a","address":"192.0.2.1"}],"created_on":"0001-01-01T00:00:00Z","modified_on":"2026-01-02T03:04:05.678901Z"}`,
			`{"name":"p","enabled":true,` + origin("") + `,"modified_on":"2026-01-02T03:04:05Z"}`},
		{"weight 0, disabled since", "pool", `{"name":"p","enabled":false,"check_regions":null,"origins":[{"name":"a","address":"192.0.2.1","weight":0,"enabled":false,"disabled_at":"2026-01-02T03:04:05Z","header":{"Host":["x.example"]}}],"disabled_at":"2026-01-02T03:04:05Z","networks":["cloudflare"]}`,
			`{"name":"p","enabled":false,"origins":[{"name":"a","address":"192.0.2.1","enabled":false,"weight":0,"header":{"Host":["x.example"]},"disabled_at":"2026-01-02T03:04:05Z"}],"minimum_origins":1,"disabled_at":"2026-01-02T03:04:05Z","networks":["cloudflare"]}`},
		{"broken parts leave the rest canonical", "pool", `{"name":"p","check_regions":"WEU","origins":[{"name":"a","address":"App.Example.","weight":"heavy"},"b"],"load_shedding":{"default_percent":{"x":1}}}`,
			`{"name":"p","enabled":true,"origins":[{"name":"a","address":"app.example","enabled":true,"weight":"heavy"},"b"],"minimum_origins":1,"check_regions":"WEU","load_shedding":{"default_percent":"{\"x\":1}","default_policy":"random","session_percent":0,"session_policy":"hash"}}`},

		{"token", "token", `{"name":"t","status":"active","issued_on":"2026-01-01T00:00:00Z","expires_on":"2027-01-01T01:00:00.9+01:00","policies":[{"id":"x","effect":"allow","resources":{"com.cloudflare.api.account.*":"*"},"permission_groups":[{"id":"g1","name":"Zone Read"},{"id":"g2"}]}],"condition":{"request_ip":{"in":["198.51.100.9/24","192.0.2.1"],"not_in":[]}}}`,
			`{"name":"t","status":"active","policies":[{"effect":"allow","permission_groups":["g1","g2"],"resources":{"com.cloudflare.api.account.*":"*"}}],"condition":{"request_ip":{"in":["198.51.100.0/24","192.0.2.1/32"]}},"expires_on":"2027-01-01T00:00:00Z","issued_on":"2026-01-01T00:00:00Z"}`},
		{"the other spelling of the condition", "token", `{"name":"t","condition":{"request.ip":{"in":["192.0.2.0/24"]}}}`,
			`{"name":"t","status":"active","condition":{"request_ip":{"in":["192.0.2.0/24"]}}}`},
		{"both spellings: the present one wins", "token", `{"name":"t","condition":{"request_ip":{"in":["192.0.2.0/24"]},"request.ip":{"in":["198.51.100.0/24"]}}}`,
			`{"name":"t","status":"active","condition":{"request_ip":{"in":["192.0.2.0/24"]}}}`},
		{"the present spelling is null", "token", `{"name":"t","condition":{"request.ip":{"in":["198.51.100.0/24"]},"request_ip":null}}`,
			`{"name":"t","status":"active","condition":{"request_ip":{"in":["198.51.100.0/24"]}}}`},
		{"§10.27: a word of the server's", "token", `{"name":"t","status":"revoked (exposed)","policies":null,"condition":null}`,
			`{"name":"t","status":"revoked (exposed)"}`},
		{"nested resources; attributes of our own are not the API's", "token", `{"name":"t","rotate":{"every":"1h"},"secret":[{"file":"x"}],"policies":[{"effect":"deny","permission_groups":["g1"],"resources":{"com.cloudflare.api.account.a":{"com.cloudflare.api.account.zone.*":"*"}}}]}`,
			`{"name":"t","status":"active","policies":[{"effect":"deny","permission_groups":["g1"],"resources":{"com.cloudflare.api.account.a":{"com.cloudflare.api.account.zone.*":"*"}}}]}`},

		{"invitation", "invite_response", `{"organization_id":"5a7805061c76ada191ed06f989cc3dac","organization_name":"Acme","invited_member_email":"User@Example.com","status":"pending","roles":[{"id":"r"},"x"],"invited_on":"2026-01-01T00:00:00Z"}`,
			`{"organization_id":"5a7805061c76ada191ed06f989cc3dac","organization_name":"Acme","email":"user@example.com","status":"pending","invited_on":"2026-01-01T00:00:00Z"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			it := decodeItem(t, tt.kind, schema.UserScope, `{"unknown":{"id":[1,{}]},"id":"`+id32+`",`+tt.body[1:])
			if it.ID != id32 || it.Kind.Name != tt.kind || it.Scope != schema.UserScope {
				t.Errorf("identity: %q %s %s", it.ID, it.Kind.Name, it.Scope)
			}
			if diff := cmp.Diff(tt.want, shown(t, it.Kind, it.Values)); diff != "" {
				t.Error(diff)
			}
			if hasRaw := it.Raw != nil; hasRaw != (it.Kind.API.Update == "PUT") {
				t.Errorf("raw: %s", it.Raw)
			}
		})
	}
}

// §10.11: a header's value is part of what is compared. §10.20: the order of
// policies and groups is not.
func TestDecodedMeaning(t *testing.T) {
	same := func(kind, a, b string) bool {
		k := schema.KindNamed(kind)
		return k.SameRow(decodeItem(t, kind, schema.UserScope, a).Values, decodeItem(t, kind, schema.UserScope, b).Values)
	}
	if same("monitor", `{"id":"a","type":"http","header":{"Host":["a"]}}`, `{"id":"a","type":"http","header":{"host":["b"]}}`) {
		t.Error("§10.11: another header value is no difference")
	}
	const p1 = `{"id":"1","effect":"allow","resources":{"a":"*"},"permission_groups":[{"id":"g1"},{"id":"g2"}]}`
	const p1x = `{"id":"9","effect":"allow","resources":{"a":"*"},"permission_groups":[{"id":"g2"},{"id":"g1","name":"G"}]}`
	const p2 = `{"id":"2","effect":"deny","resources":{"b":"*"},"permission_groups":[{"id":"g1"}]}`
	if !same("token", `{"id":"a","name":"t","policies":[`+p1+`,`+p2+`]}`, `{"id":"a","name":"t","policies":[`+p2+`,`+p1x+`]}`) {
		t.Error("§10.20: the order of policies is a difference")
	}
}

func TestNamesOfGroups(t *testing.T) {
	it := decodeItem(t, "token", schema.UserScope, `{"id":"a","policies":[{"permission_groups":[{"id":"g1","name":"Zone Read"},{"name":"no id"},{"id":"g2","name":"DNS Write","meta":{}}]}]}`)
	if diff := cmp.Diff(map[string]string{"g1": "Zone Read", "g2": "DNS Write"}, it.Names); diff != "" {
		t.Error(diff)
	}
}

// §10.16: a zone's list has the account's rules in it.
func TestForeign(t *testing.T) {
	zone := schema.Scope{Level: schema.Zone, ID: "023e105f4ecef8ad9ca31a8372d0c353"}
	tests := []struct {
		name    string
		scope   schema.Scope
		field   string
		foreign bool
	}{
		{"own zone", zone, `{"id":"` + zone.ID + `","type":"zone","name":"example.com"}`, false},
		{"another zone", zone, `{"id":"` + account.ID + `","type":"zone"}`, true},
		{"its account", zone, `{"id":"` + account.ID + `","type":"account"}`, true},
		{"its organization", zone, `{"id":"` + account.ID + `","type":"organization"}`, true},
		{"its user", zone, `{"id":"` + account.ID + `","type":"user"}`, true},
		{"the older word for an account", account, `{"id":"` + account.ID + `","type":"organization"}`, false},
		{"user", schema.UserScope, `{"id":"` + account.ID + `","type":"user"}`, false},
		{"account seen by the user", schema.UserScope, `{"id":"` + account.ID + `","type":"account"}`, true},
		{"null", zone, `null`, false},
		{"nothing said", zone, `{}`, false},
		{"only an id, and not this one", zone, `{"id":"` + account.ID + `"}`, true},
		{"text", zone, `"zone"`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			it := decodeItem(t, "access_rule", tt.scope, `{"id":"a","scope":`+tt.field+`,"mode":"block"}`)
			if it.foreign != tt.foreign {
				t.Errorf("foreign = %v", it.foreign)
			}
		})
	}
}

func TestSecretIsNotInRaw(t *testing.T) {
	it := decodeItem(t, "token", schema.UserScope, `{"id":"a","value":"cfut_verysecret","name":"t","future":{"value":1}}`)
	if it.secret != "cfut_verysecret" {
		t.Errorf("secret = %q", it.secret)
	}
	if want := `{"id":"a","name":"t","future":{"value":1}}`; string(it.Raw) != want {
		t.Errorf("raw = %s, want %s", it.Raw, want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, body := range []string{``, `null`, `[]`, `"x"`, `{}`, `{"mode":"block"}`, `{"id":7}`, `{"id":"a"`, `{"id":"a","notes":`, `{"id":"a","configuration":{"value":[}}`, `{"id":"a","notes":"\x"}`, strings.Repeat("[", 20000), `{"id":"a","x":` + strings.Repeat("[", 20000)} {
		if it, err := decodeAny(schema.KindNamed("access_rule"), schema.UserScope, []byte(body)); err == nil {
			t.Errorf("%.40s: %v", body, it.Object)
		}
	}
}

func TestSharedValues(t *testing.T) {
	objects, err := decodeOurs([][]byte{rulesPage(0, 20), rulesPage(1, 20)})
	if err != nil || len(objects) != 40 {
		t.Fatal(len(objects), err)
	}
	seen := map[string]bool{}
	for i, o := range objects {
		if seen[o.ID] || len(o.ID) != 32 {
			t.Errorf("%d: id %q", i, o.ID)
		}
		seen[o.ID] = true
	}
	if got := schema.Text(objects[27].Get("notes")); got != "scraper list 7" {
		t.Error(got)
	}
}

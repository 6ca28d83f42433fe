package lint

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"trueup/diag"
	"trueup/schema"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// fields are attributes by name; nested objects are fields too.
type fields map[string]schema.Value

func rowOf(t testing.TB, attrs []schema.Attr, f fields) schema.Row {
	t.Helper()
	row, used := make(schema.Row, len(attrs)), 0
	for i := range attrs {
		if v, ok := f[attrs[i].Name]; ok {
			row[i] = v
			used++
		}
	}
	if used != len(f) {
		t.Fatalf("unknown attributes among %v", f)
	}
	return row
}

// attrsAt are the nested attributes at a dotted path of the kind.
func attrsAt(t testing.TB, kind, path string) []schema.Attr {
	t.Helper()
	attrs := schema.KindNamed(kind).Attrs
	for name := range strings.SplitSeq(path, ".") {
		i := slices.IndexFunc(attrs, func(a schema.Attr) bool { return a.Name == name })
		if i < 0 {
			t.Fatalf("%s has no %s", kind, path)
		}
		attrs = attrs[i].Attrs
	}
	return attrs
}

// resource is what the loader would make of the fields. addr is kind.name; a
// second, third … resource of a test stands on its own line.
func resource(t testing.TB, addr string, f fields) *schema.Resource {
	t.Helper()
	a, err := schema.ParseAddr(addr)
	if err != nil {
		t.Fatal(err)
	}
	k := schema.KindNamed(a.Kind)
	if k.NameAttr != "" && f[k.NameAttr] == nil {
		f[k.NameAttr] = schema.String(a.Label())
	}
	row, problems := k.Build(rowOf(t, k.Attrs, f))
	if len(problems) > 0 {
		t.Fatalf("%s: %v", addr, problems)
	}
	return &schema.Resource{Addr: a, Kind: k, Scope: schema.UserScope, Values: row}
}

func access(t testing.TB, addr, value, mode string) *schema.Resource {
	t.Helper()
	return resource(t, "access_rule."+addr, fields{"value": schema.String(value), "mode": schema.String(mode)})
}

func monitor(t testing.TB, name string, f fields) *schema.Resource {
	t.Helper()
	return resource(t, "monitor."+name, f)
}

// pool has origins a, b, … with these fields each.
func pool(t testing.TB, name string, f fields, origins ...fields) *schema.Resource {
	t.Helper()
	list := schema.List{}
	for i, o := range origins {
		o["name"] = schema.String(string(rune('a' + i)))
		list = append(list, rowOf(t, attrsAt(t, "pool", "origins"), o))
	}
	f["origins"] = list
	return resource(t, "pool."+name, f)
}

func at(address string) fields { return fields{"address": schema.String(address)} }

func policyRow(t testing.TB, effect, resource string, groups ...string) schema.Value {
	t.Helper()
	return rowOf(t, attrsAt(t, "token", "policies"), fields{
		"effect": schema.String(effect), "permission_groups": schema.Strings(groups...),
		"resources": schema.Map{resource: schema.String("*")}})
}

// token is one that no rule finds fault with, but for what f says.
func token(t testing.TB, name string, f fields, policies ...schema.Value) *schema.Resource {
	t.Helper()
	if len(policies) == 0 {
		policies = []schema.Value{policyRow(t, "allow", everyZone, "Zone Read")}
	}
	f["policies"] = schema.List(policies)
	if _, said := f["expires_on"]; !said {
		f["expires_on"] = schema.String("2028-01-01T00:00:00Z")
	}
	return resource(t, "token."+name, f)
}

func from(t testing.TB, side string, cidrs ...string) schema.Value {
	t.Helper()
	ip := rowOf(t, attrsAt(t, "token", "condition.request_ip"), fields{side: schema.Strings(cidrs...)})
	return rowOf(t, attrsAt(t, "token", "condition"), fields{"request_ip": ip})
}

const (
	everyZone    = "com.cloudflare.api.account.zone.*"
	everyAccount = "com.cloudflare.api.account.*"
	oneZone      = "com.cloudflare.api.account.zone.0123456789abcdef0123456789abcdef"
	someID       = "5a7805061c76ada191ed06f989cc3dac"
	otherID      = "92f1c0d4a6b84f6f9d4f0a1b2c3d49a8"
)

func graph(rs ...*schema.Resource) *schema.Graph {
	slices.SortFunc(rs, func(a, b *schema.Resource) int { return a.Addr.Compare(b.Addr) })
	for i, r := range rs {
		if !r.Decl.Known() {
			r.Decl = diag.Range{File: "trueup.yaml", Start: diag.Pos{Line: int32(10 + i), Column: 3}}
		}
	}
	return &schema.Graph{Scope: schema.UserScope, Resources: rs}
}

func ref(addr string) schema.Value {
	a, _ := schema.ParseAddr(addr)
	return schema.Ref{Addr: a, Attr: "id"}
}

func with(r *schema.Resource, change func(*schema.Resource)) *schema.Resource {
	change(r)
	return r
}

// TestRules: each rule finds what it is for, and nothing near it.
func TestRules(t *testing.T) {
	yes, no := schema.Bool(true), schema.Bool(false)
	other := schema.Scope{Level: schema.Account, ID: someID}
	sensitive := func(s string) schema.Value { return schema.Sensitive{Value: schema.String(s)} }
	day := func(s string) schema.Value { return schema.String(s) }
	writes := func() schema.Value { return policyRow(t, "allow", oneZone, "DNS Write", "Zone Read") }
	for name, c := range map[string]struct {
		rs   []*schema.Resource
		want string // "code address" of each, by comma
	}{
		"a /24 in a /16":             {[]*schema.Resource{access(t, "big", "198.51.0.0/16", "block"), access(t, "small", "198.51.100.0/24", "block")}, "redundant-access-rule access_rule.small"},
		"IPv6 alike":                 {[]*schema.Resource{access(t, "big", "2001:db8::/32", "challenge"), access(t, "one", "2001:0db8::0001", "challenge")}, "redundant-access-rule access_rule.one"},
		"beside, not inside":         {[]*schema.Resource{access(t, "a", "198.51.100.0/24", "block"), access(t, "b", "198.51.101.1", "block")}, ""},
		"two families":               {[]*schema.Resource{access(t, "a", "::/32", "block"), access(t, "b", "0.0.0.1", "block")}, ""},
		"an exception is in order":   {[]*schema.Resource{access(t, "big", "198.51.0.0/16", "block"), access(t, "office", "198.51.100.7", "whitelist")}, ""},
		"block in allow":             {[]*schema.Resource{access(t, "big", "198.51.0.0/16", "whitelist"), access(t, "bad", "198.51.100.7", "block")}, "shadowed-access-rule access_rule.bad"},
		"challenge in allow":         {[]*schema.Resource{access(t, "big", "198.51.0.0/16", "whitelist"), access(t, "bad", "198.51.100.7", "js_challenge")}, "shadowed-access-rule access_rule.bad"},
		"allow, block, allow":        {[]*schema.Resource{access(t, "a", "198.51.0.0/16", "whitelist"), access(t, "b", "198.51.100.0/24", "block"), access(t, "c", "198.51.100.7", "whitelist")}, "shadowed-access-rule access_rule.b, redundant-access-rule access_rule.c"},
		"block, allow, block":        {[]*schema.Resource{access(t, "a", "198.51.0.0/16", "block"), access(t, "b", "198.51.100.0/24", "whitelist"), access(t, "c", "198.51.100.7", "block")}, "shadowed-access-rule access_rule.c"},
		"block, challenge, block":    {[]*schema.Resource{access(t, "a", "198.51.0.0/16", "block"), access(t, "b", "198.51.100.0/24", "challenge"), access(t, "c", "198.51.100.7", "block")}, "contradictory-access-rules access_rule.b, contradictory-access-rules access_rule.c"},
		"other scopes":               {[]*schema.Resource{access(t, "a", "198.51.0.0/16", "block"), with(access(t, "b", "198.51.100.7", "block"), func(r *schema.Resource) { r.Scope = other })}, ""},
		"AS and country":             {[]*schema.Resource{access(t, "a", "AS64500", "block"), access(t, "b", "T1", "block")}, ""},
		"a secret value stays apart": {[]*schema.Resource{access(t, "a", "198.51.0.0/16", "block"), resource(t, "access_rule.b", fields{"value": sensitive("198.51.100.7"), "mode": schema.String("block")})}, ""},

		"unused":                       {[]*schema.Resource{monitor(t, "a", fields{})}, "unused-monitor monitor.a"},
		"used":                         {[]*schema.Resource{monitor(t, "a", fields{}), pool(t, "p", fields{"monitor": ref("monitor.a")}, at("192.0.2.1"))}, ""},
		"only depended on":             {[]*schema.Resource{monitor(t, "a", fields{}), with(pool(t, "p", fields{}, at("192.0.2.1")), func(r *schema.Resource) { r.DependsOn = []schema.Addr{{Kind: "monitor", Name: "a"}} })}, "unused-monitor monitor.a"},
		"a literal id may be any":      {[]*schema.Resource{monitor(t, "a", fields{}), pool(t, "p", fields{"monitor": schema.String(someID)}, at("192.0.2.1"))}, ""},
		"a literal id is its own":      {[]*schema.Resource{with(monitor(t, "a", fields{}), func(r *schema.Resource) { r.ID = someID }), pool(t, "p", fields{"monitor": schema.String(someID)}, at("192.0.2.1"))}, ""},
		"a literal id is another's":    {[]*schema.Resource{with(monitor(t, "a", fields{}), func(r *schema.Resource) { r.ID = someID }), monitor(t, "b", fields{}), pool(t, "p", fields{"monitor": schema.String(someID)}, at("192.0.2.1"))}, "unused-monitor monitor.b"},
		"a sensitive id may be any":    {[]*schema.Resource{monitor(t, "a", fields{}), pool(t, "p", fields{"monitor": sensitive(someID)}, at("192.0.2.1"))}, ""},
		"certificate unchecked":        {[]*schema.Resource{monitor(t, "a", fields{"type": schema.String("https"), "allow_insecure": yes}), pool(t, "p", fields{"monitor": ref("monitor.a")}, at("192.0.2.1"))}, "insecure-monitor monitor.a"},
		"no certificate with http":     {[]*schema.Resource{monitor(t, "a", fields{"allow_insecure": yes}), pool(t, "p", fields{"monitor": ref("monitor.a")}, at("192.0.2.1"))}, ""},
		"http that follows redirects":  {[]*schema.Resource{monitor(t, "a", fields{"follow_redirects": yes}), pool(t, "p", fields{"monitor": ref("monitor.a")}, at("192.0.2.1"))}, "redirected-monitor monitor.a"},
		"https that follows redirects": {[]*schema.Resource{monitor(t, "a", fields{"type": schema.String("https"), "follow_redirects": yes}), pool(t, "p", fields{"monitor": ref("monitor.a")}, at("192.0.2.1"))}, ""},

		"all disabled or 0":                {[]*schema.Resource{pool(t, "p", fields{}, fields{"address": schema.String("192.0.2.1"), "enabled": no}, fields{"address": schema.String("192.0.2.2"), "weight": schema.Number(0)})}, "idle-pool pool.p"},
		"all disabled, pool too":           {[]*schema.Resource{pool(t, "p", fields{"enabled": no}, fields{"address": schema.String("192.0.2.1"), "enabled": no})}, ""},
		"one is left":                      {[]*schema.Resource{pool(t, "p", fields{}, fields{"address": schema.String("192.0.2.1"), "enabled": no}, at("192.0.2.2"))}, ""},
		"minimum too large":                {[]*schema.Resource{pool(t, "p", fields{"minimum_origins": schema.Number(2)}, fields{"address": schema.String("192.0.2.1"), "enabled": no}, at("192.0.2.2"))}, "unreachable-minimum pool.p"},
		"minimum just right":               {[]*schema.Resource{pool(t, "p", fields{"minimum_origins": schema.Number(2)}, at("192.0.2.1"), at("192.0.2.2"))}, ""},
		"shared, spelled otherwise":        {[]*schema.Resource{pool(t, "p", fields{}, at("App.example.com.")), pool(t, "q", fields{}, at("app.example.com"))}, "shared-origin pool.p"},
		"private networks differ":          {[]*schema.Resource{pool(t, "p", fields{}, fields{"address": schema.String("10.0.0.1"), "virtual_network_id": schema.String("x")}), pool(t, "q", fields{}, at("10.0.0.1"))}, ""},
		"a secret address is not compared": {[]*schema.Resource{pool(t, "p", fields{}, fields{"address": sensitive("192.0.2.1")}), pool(t, "q", fields{}, fields{"address": sensitive("192.0.2.1")})}, ""},

		"a token without fault":       {[]*schema.Resource{token(t, "a", fields{})}, ""},
		"all zones":                   {[]*schema.Resource{token(t, "a", fields{"condition": from(t, "in", "192.0.2.1")}, policyRow(t, "allow", everyZone, "DNS Write"))}, "wide-token token.a"},
		"all accounts, by scope":      {[]*schema.Resource{token(t, "a", fields{"condition": from(t, "in", "192.0.2.1")}, policyRow(t, "allow", everyAccount, "Logs Edit @ account"))}, "wide-token token.a"},
		"all zones of one account":    {[]*schema.Resource{token(t, "a", fields{"condition": from(t, "in", "192.0.2.1")}, rowOf(t, attrsAt(t, "token", "policies"), fields{"permission_groups": schema.Strings("DNS Write"), "resources": schema.Map{"com.cloudflare.api.account." + someID: schema.Map{everyZone: schema.String("*")}}}))}, ""},
		"an id has no name":           {[]*schema.Resource{token(t, "a", fields{}, policyRow(t, "allow", everyZone, someID))}, ""},
		"from anywhere":               {[]*schema.Resource{token(t, "a", fields{}, writes())}, "unrestricted-token token.a"},
		"from everywhere":             {[]*schema.Resource{token(t, "a", fields{"condition": from(t, "in", "0.0.0.0/0")}, writes())}, "unrestricted-token token.a"},
		"not from somewhere":          {[]*schema.Resource{token(t, "a", fields{"condition": from(t, "not_in", "192.0.2.0/24")}, writes())}, ""},
		"disabled, from anywhere":     {[]*schema.Resource{token(t, "a", fields{"status": schema.String("disabled")}, writes())}, ""},
		"denial of nothing":           {[]*schema.Resource{token(t, "a", fields{}, policyRow(t, "allow", oneZone, "Zone Read"), policyRow(t, "deny", oneZone, "DNS Write"))}, "pointless-denial token.a"},
		"denial of a part":            {[]*schema.Resource{token(t, "a", fields{"condition": from(t, "in", "192.0.2.1")}, policyRow(t, "allow", everyZone+"x", "DNS Write @ zone"), policyRow(t, "deny", oneZone, "dns read"))}, ""},
		"denial by id beside a name":  {[]*schema.Resource{token(t, "a", fields{}, policyRow(t, "allow", oneZone, "Zone Read"), policyRow(t, "deny", oneZone, someID))}, ""},
		"denial by id beside another": {[]*schema.Resource{token(t, "a", fields{}, policyRow(t, "allow", oneZone, otherID), policyRow(t, "deny", oneZone, someID))}, "pointless-denial token.a"},
		"for ever":                    {[]*schema.Resource{token(t, "a", fields{"expires_on": nil})}, "endless-token token.a"},
		"for ever, but rotated":       {[]*schema.Resource{token(t, "a", fields{"expires_on": nil, "rotate": rowOf(t, attrsAt(t, "token", "rotate"), fields{"every": schema.String("90d")})})}, ""},
		"the thirtieth day":           {[]*schema.Resource{token(t, "a", fields{"expires_on": day("2026-12-23T12:00:00Z")})}, "expiring-token token.a"},
		"a second later":              {[]*schema.Resource{token(t, "a", fields{"expires_on": day("2026-12-23T12:00:01Z")})}, ""},
		"this very second":            {[]*schema.Resource{token(t, "a", fields{"expires_on": day("2026-11-23T12:00:00Z")})}, "expired-token token.a"},
		"past, but disabled":          {[]*schema.Resource{token(t, "a", fields{"expires_on": day("2026-11-01T12:00:00Z"), "status": schema.String("disabled")})}, ""},
		"not yet":                     {[]*schema.Resource{token(t, "a", fields{"not_before": day("2026-11-23T12:00:01Z")})}, "postponed-token token.a"},
		"just now":                    {[]*schema.Resource{token(t, "a", fields{"not_before": day("2026-11-23T12:00:00Z")})}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, d := range Lint(graph(c.rs...), now) {
				got = append(got, d.Code+" "+d.Address)
				if d.Severity != diag.Warning || d.Detail == "" || !d.Range.Known() {
					t.Errorf("a warning with a place and a remedy is wanted: %+v", d)
				}
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
		})
	}
}

// TestTable refuses bad rows of the table.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rules {
		if seen[r.Code] || r.Code == "" || r.Title == "" || !strings.HasSuffix(r.Doc, ".") || strings.Contains(r.Doc, "\n") {
			t.Errorf("%s: code, title and a paragraph are needed, once", r.Code)
		}
		seen[r.Code] = true
		if schema.KindNamed(r.kind) == nil {
			t.Errorf("%s: no kind %q", r.Code, r.kind)
		}
	}
	if len(Rules()) != len(rules) {
		t.Error("Rules does not give them all")
	}
}

// all has something for every rule to find.
func all(t testing.TB) *schema.Graph {
	return graph(
		access(t, "partner", "198.51.0.0/16", "whitelist"),
		access(t, `scrapers["198.51.100.7"]`, "198.51.100.7", "block"),
		access(t, "abuse", "203.0.113.0/24", "block"),
		access(t, "abuse-one", "203.0.113.9", "block"),
		access(t, "abuse-two", "203.0.113.10", "managed_challenge"),
		monitor(t, "old", fields{"type": schema.String("https"), "allow_insecure": schema.Bool(true)}),
		monitor(t, "web", fields{"follow_redirects": schema.Bool(true)}),
		pool(t, "a", fields{"monitor": ref("monitor.web"), "minimum_origins": schema.Number(2)}, at("192.0.2.1")),
		pool(t, "b", fields{}, at("192.0.2.1"), at("192.0.2.2")),
		pool(t, "c", fields{}, fields{"address": schema.String("192.0.2.1"), "weight": schema.Number(0)}),
		token(t, "deployer", fields{"expires_on": nil, "not_before": schema.String("2027-11-23T12:00:00Z")},
			policyRow(t, "allow", everyZone, "DNS Write", "Zone Settings Edit", "Cache Purge", "Firewall Services Write", "Page Rules Write"),
			policyRow(t, "deny", oneZone, "Workers Scripts Write")),
		token(t, "soon", fields{"expires_on": schema.String("2026-12-01T00:00:00Z")}),
		token(t, "gone", fields{"expires_on": schema.String("2026-11-01T00:00:00Z")}),
	)
}

func TestGolden(t *testing.T) {
	l := Lint(all(t), now)
	for _, r := range rules {
		if !slices.ContainsFunc(l, func(d diag.Diagnostic) bool { return d.Code == r.Code }) {
			t.Errorf("%s finds nothing in the golden file", r.Code)
		}
	}
	var b bytes.Buffer
	if err := (diag.Printer{}).Print(&b, l); err != nil {
		t.Fatal(err)
	}
	golden(t, "all.txt", b.Bytes())
	sarif, err := diag.SARIF(l, Rules(), "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "all.sarif", sarif)
	if again := Lint(all(t), now); !slices.Equal(l, again) {
		t.Error("a second run gives another list")
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update writes it):\n%s", file, got)
	}
}

// TestSecrets: what is sensitive is in no message.
func TestSecrets(t *testing.T) {
	const secret = "203.0.113.99"
	hidden := schema.Sensitive{Value: schema.String(secret)}
	l := Lint(graph(
		access(t, "a", "203.0.113.0/24", "whitelist"),
		resource(t, "access_rule.b", fields{"value": hidden, "mode": schema.String("block")}),
		pool(t, "p", fields{}, fields{"address": hidden, "weight": schema.Number(0)}),
		pool(t, "q", fields{}, fields{"address": hidden}),
	), now)
	for _, d := range l {
		if strings.Contains(d.String()+d.Detail, secret) {
			t.Errorf("leaked: %s", d)
		}
	}
	if len(l) != 1 || l[0].Code != "idle-pool" {
		t.Errorf("got %v", l)
	}
}

func TestEmpty(t *testing.T) {
	if l := Lint(&schema.Graph{}, now); l != nil {
		t.Errorf("got %v", l)
	}
	bare := &schema.Resource{Addr: schema.Addr{Kind: "pool", Name: "x"}, Kind: schema.KindNamed("pool")}
	Lint(&schema.Graph{Resources: []*schema.Resource{bare}}, now) // no panic
}

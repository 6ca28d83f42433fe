package render

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

func compile(t *testing.T, text []byte, err error) *jsonschema.Schema {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plainYAML is a document as an editor's language server sees it: no
// timestamps.
func plainYAML(t *testing.T, text string) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	var untime func(*yaml.Node)
	untime = func(n *yaml.Node) {
		if n.Tag == "!!timestamp" {
			n.Tag = "!!str"
		}
		for _, c := range n.Content {
			untime(c)
		}
	}
	untime(&n)
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

const everything = `
scope: account:0123456789abcdef0123456789abcdef
ownership: {access_rules: exclusive, pools: "${var.mode}"}
ignore:
  - {kind: access_rule, notes: "*managed by SOC*"}
  - {kind: pools, id: "0123*", created_on: "2020-*"}
limits: {max_delete_percent: 30, max_deletes: 50}
state: {path: .trueup/state.json}
variables:
  office_cidr: {default: 198.51.100.0/24, description: Office egress}
  password: {sensitive: true, type: string}
  bare:
locals:
  host: www.example.com
  nested: {a: [1, 2]}
access_rules:
  office:
    mode: whitelist
    value: ${var.office_cidr}
    notes: Office egress
    prevent_destroy: true
    ignore_changes: [notes]
  norway: {mode: block, value: NO}
  as: {mode: block, value: 64500, notes: 5, scope: user, id: 0123456789abcdef0123456789abcdef}
  scrapers:
    for_each: ${toset(split("\n", trimspace(file("scrapers.txt"))))}
    mode: "${each.key == 1 ? \"block\" : \"challenge\"}"
    value: ${each.value}
    depends_on: [access_rule.office]
  listed: {for_each: {a: 192.0.2.1}, mode: block, value: "${each.value}", notes: null}
monitors:
  login-page:
    type: https
    path: /health
    expected_codes: 2xx
    header: {Host: ["${local.host}"]}
  numbers: {expected_codes: 200, interval: "${60 * 2}", port: 8080, retries: "1", follow_redirects: "true"}
  tcp: {type: tcp, port: 5432}
  dynamic: {type: "${var.type}", path: /x}
  empty:
pools:
  primary-dc-1:
    monitor: ${monitor.login-page.id}
    check_regions: [weu, ENAM]
    origins:
      - {name: app-1, address: 203.0.113.10, weight: 0.6}
      - {name: app-2, address: 203.0.113.11}
    notification_filter: {origin: {healthy: false}}
  computed: {origins: "${[for h in local.hosts : {name = h, address = h}]}"}
tokens:
  ci-reader:
    policies:
      - effect: allow
        permission_groups: [Zone Read, "DNS Read @ zone"]
        resources: {com.cloudflare.api.account.zone.*: "*"}
    condition: {request_ip: {in: ["${var.office_cidr}"]}}
    expires_on: 2027-01-01T00:00:00Z
    secret: {file: secrets/ci-reader}
    rotate: {every: 90d}
  two-sinks:
    policies: [{permission_groups: [Zone Read], resources: "${local.all}"}]
    secret: [{command: [vault, put]}, {age: {recipients: [age1x], file: x.age}}]
invite_responses:
  acme: {organization_id: 5a7805061c76ada191ed06f989cc3dac, status: accepted}
`

func TestConfigSchemaAccepts(t *testing.T) {
	text, err := ConfigSchema()
	s := compile(t, text, err)
	for _, doc := range []string{everything, "scope: user\naccess_rules:\n", "access_rules: {a: {mode: block, value: 192.0.2.1}}"} {
		if err := s.Validate(plainYAML(t, doc)); err != nil {
			t.Errorf("%#v", err)
		}
	}
}

func TestConfigSchemaRefuses(t *testing.T) {
	text, err := ConfigSchema()
	s := compile(t, text, err)
	for name, c := range map[string]struct{ doc, at string }{
		"unknown top":         {"access_rule: {}", "additional properties 'access_rule' not allowed"},
		"unknown attribute":   {"access_rules: {a: {mode: block, value: 192.0.2.1, note: x}}", "'note'"},
		"bad name":            {"pools: {-a: {origins: []}}", "'-a'"},
		"missing":             {"access_rules: {a: {mode: block}}", "missing property 'value'"},
		"null where required": {"access_rules: {a: {mode: null, value: 192.0.2.1}}", "/access_rules/a/mode"},
		"enum":                {"access_rules: {a: {mode: blok, value: 192.0.2.1}}", "/access_rules/a/mode"},
		"range":               {"monitors: {a: {interval: 5}}", "/monitors/a/interval"},
		"fraction":            {"monitors: {a: {interval: 60.5}}", "/monitors/a/interval"},
		"type":                {"monitors: {a: {follow_redirects: 1}}", "/monitors/a/follow_redirects"},
		"list for text":       {"monitors: {a: {path: [x]}}", "/monitors/a/path"},
		"misplaced":           {"monitors: {a: {type: tcp, port: 1, path: /x}}", "/monitors/a/path"},
		"needed":              {"monitors: {a: {type: tcp}}", "missing property 'port'"},
		"computed":            {"monitors: {a: {created_on: x}}", "'created_on'"},
		"nested unknown":      {"pools: {a: {origins: [{name: a, address: b, wieght: 1}]}}", "'wieght'"},
		"nested missing":      {"pools: {a: {origins: [{name: a}]}}", "missing property 'address'"},
		"empty list":          {"pools: {a: {origins: []}}", "/pools/a/origins"},
		"region":              {"pools: {a: {check_regions: [MARS], origins: [{name: a, address: b}]}}", "/pools/a/check_regions"},
		"pool name":           {"pools: {a: {name: a b, origins: [{name: a, address: b}]}}", "/pools/a/name"},
		"long name":           {"tokens: {a: {name: " + strings.Repeat("x", 121) + ", policies: [{permission_groups: [x], resources: {}}]}}", "/tokens/a/name"},
		"scope":               {"scope: zone", "/scope"},
		"scope of resource":   {"access_rules: {a: {mode: block, value: 192.0.2.1, scope: accounts}}", "/access_rules/a/scope"},
		"id":                  {"access_rules: {a: {mode: block, value: 192.0.2.1, id: 12}}", "/access_rules/a/id"},
		"ownership":           {"ownership: {access_rules: mine}", "/ownership/access_rules"},
		"ignore":              {"ignore: [{kind: access_rule, description: x}]", "/ignore/0"},
		"limits":              {"limits: {max_delete_percent: 130}", "/limits/max_delete_percent"},
		"sink":                {"tokens: {a: {policies: [{permission_groups: [x], resources: {}}], secret: {path: x}}}", "/tokens/a/secret"},
		"meta":                {"monitors: {a: {ignore_changes: notes}}", "/monitors/a/ignore_changes"},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.Validate(plainYAML(t, c.doc))
			if err == nil {
				t.Fatalf("accepted: %s", c.doc)
			}
			if got := err.Error(); !strings.Contains(got, c.at) {
				t.Errorf("the error does not name %s: %s", c.at, got)
			}
		})
	}
}

// TestConfigSchemaExamples: what the project shows to others passes.
func TestConfigSchemaExamples(t *testing.T) {
	text, err := ConfigSchema()
	s := compile(t, text, err)
	err = filepath.WalkDir("../examples", func(path string, d os.DirEntry, err error) error {
		name := filepath.Base(path)
		if err == nil && d.IsDir() && strings.HasPrefix(name, ".") && name != ".." {
			return filepath.SkipDir // a pipeline's files are no configuration
		}
		if err != nil || d.IsDir() || !strings.HasPrefix(name, "trueup.y") {
			return nil
		}
		doc, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if yaml.Unmarshal(doc, new(any)) != nil {
			return nil // the loader's business
		}
		if err := s.Validate(plainYAML(t, string(doc))); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPlanSchema holds every golden plan against the schema of plans.
func TestPlanSchema(t *testing.T) {
	text, err := PlanSchema()
	s := compile(t, text, err)
	for name, p := range cases() {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(must(JSON(p))))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	v, _ := jsonschema.UnmarshalJSON(bytes.NewReader(bytes.Replace(must(JSON(overview())), []byte(`"mode":"block"`), []byte(`"mode":7`), 1)))
	if s.Validate(v) == nil {
		t.Error("a number for a mode passes")
	}
}

// TestDocs holds the generated files against the table.
func TestDocs(t *testing.T) {
	files, err := Docs()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		path := filepath.Join("../docs", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not current (%v): go generate ./render", path, err)
		}
	}
}

// TestReference: text of the table must survive being Markdown.
func TestReference(t *testing.T) {
	code := regexp.MustCompile("`[^`]*`")
	for i, l := range strings.Split(string(Reference()), "\n") {
		if bare := code.ReplaceAllString(l, ""); strings.Contains(bare, "<") {
			t.Errorf("line %d: a bare < would be HTML: %s", i+1, l)
		}
	}
}

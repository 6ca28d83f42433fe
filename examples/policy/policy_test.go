// Package policy holds policies for plans, and the test that carries them out
// with OPA on plans of the built program. It is a module of its own, so that
// OPA's libraries stay away from the program's.
package policy

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

const base = `
access_rules:
  office: {mode: whitelist, value: 198.51.100.0/24}
monitors:
  web: {type: https, path: /health}
pools:
  main: {monitor: web, origins: [{name: a, address: 203.0.113.10}]}
tokens:
  reader:
    policies: [{permission_groups: [Zone Read, DNS Write], resources: {com.cloudflare.api.account.zone.*: "*"}}]
    secret: {file: secrets/reader}
`

// token is base and one more token.
func token(groups, resource string) string {
	return base + "  t:\n    policies: [{permission_groups: [" + groups + "], resources: {" + resource + `: "*"}}]` + "\n    secret: {file: secrets/t}\n"
}

// rules are access rules under their key.
func rules(n int) string {
	out := "access_rules:\n"
	for i := range n {
		out += fmt.Sprintf("  r%d: {mode: block, value: 192.0.2.%d}\n", i, i)
	}
	return out
}

// TestPolicies: what each policy allows and denies, on plans after base was
// applied.
func TestPolicies(t *testing.T) {
	program := filepath.Join(t.TempDir(), "trueup")
	if out, err := exec.Command("go", "build", "-C", "../..", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for name, c := range map[string]struct {
		files string
		limit int // of limits.max_changes; 0: none is given
		deny  []any
	}{
		"nothing changes":      {files: base},
		"a pool is changed":    {files: strings.Replace(base, "203.0.113.10", "203.0.113.11", 1)},
		"a monitor is deleted": {files: strings.Replace(strings.Replace(base, "monitors:\n  web: {type: https, path: /health}\n", "", 1), "monitor: web, ", "", 1)},
		"a pool is deleted":    {files: strings.Replace(base, "pools:\n  main: {monitor: web, origins: [{name: a, address: 203.0.113.10}]}\n", "", 1), deny: []any{"pool.main: a pool is not deleted"}},
		"a token reads":        {files: token("Account Settings Read", "com.cloudflare.api.account.*")},
		"a token edits zones":  {files: token("DNS Write", "com.cloudflare.api.account.zone.*")},
		"a token edits all":    {files: token("Account Settings Write", "com.cloudflare.api.account.*"), deny: []any{"token.t: Account Settings Write for com.cloudflare.api.account.*: a token does not edit a whole account"}},
		"a token edits one":    {files: token("Account Settings Read, Workers Scripts Write", "com.cloudflare.api.account.9a7806061c88ada191ed06f989cc3dac"), deny: []any{"token.t: Workers Scripts Write for com.cloudflare.api.account.9a7806061c88ada191ed06f989cc3dac: a token does not edit a whole account"}},
		"zones of one account": {files: strings.Replace(token("DNS Write", "com.cloudflare.api.account.9a7806061c88ada191ed06f989cc3dac"), `dac: "*"}`, `dac: {com.cloudflare.api.account.zone.*: "*"}}`, 1)},
		"as many as may":       {files: strings.Replace(base, "access_rules:\n", rules(20), 1)},
		"one more":             {files: strings.Replace(base, "access_rules:\n", rules(21), 1), deny: []any{"21 objects are changed at once, and 20 is the limit: make smaller steps"}},
		"more, by --data":      {files: strings.Replace(base, "access_rules:\n", rules(21), 1), limit: 30},
		"fewer, by --data":     {files: strings.Replace(base, "access_rules:\n", rules(3), 1), limit: 2, deny: []any{"3 objects are changed at once, and 2 is the limit: make smaller steps"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write := func(text string) {
				if err := os.WriteFile(filepath.Join(dir, "trueup.yaml"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			trueup := func(args ...string) []byte {
				t.Helper()
				cmd := exec.Command(program, args...)
				cmd.Dir = dir
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("%v: %v\n%s", args, err, out)
				}
				return out
			}
			write(base)
			trueup("apply", "--sim", "--auto-approve")
			write(c.files)
			plan := trueup("plan", "--sim", "--format", "json")
			if got := denied(t, plan, c.limit); !reflect.DeepEqual(got, c.deny) {
				t.Errorf("denied %v, want %v\n%s", got, c.deny, plan)
			}
		})
	}
}

// denied is what the policies have against a plan, in order.
func denied(t *testing.T, plan []byte, limit int) []any {
	t.Helper()
	var input any
	if err := json.Unmarshal(plan, &input); err != nil {
		t.Fatal(err)
	}
	data := map[string]any{}
	if limit > 0 {
		data["limits"] = map[string]any{"max_changes": json.Number(strconv.Itoa(limit))}
	}
	options := []func(*rego.Rego){rego.Query("data.main.deny"), rego.Input(input), rego.Store(inmem.NewFromObject(data))}
	files, err := filepath.Glob("*.rego")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		options = append(options, rego.Module(file, string(text)))
	}
	set, err := rego.New(options...).Eval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := set[0].Expressions[0].Value.([]any)
	if len(got) == 0 {
		return nil
	}
	return got
}

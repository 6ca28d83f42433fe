package cli

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trueup/schema"
	"trueup/sim"
)

// TestFewRequests is promise 4: which requests it takes to plan and to apply,
// and that none is sent twice. It goes on from step to step.
func TestFewRequests(t *testing.T) {
	api := sim.New(sim.Options{})
	server := httptest.NewServer(api)
	defer server.Close()
	token, _, _ := api.Credentials()
	env := map[string]string{"CLOUDFLARE_API_TOKEN": token, "CLOUDFLARE_BASE_URL": server.URL + "/client/v4", "TRUEUP_OWN_ADDRESS": "192.0.2.1"}
	dir := t.TempDir()
	file, saved, none := filepath.Join(dir, "trueup.yaml"), filepath.Join(dir, "plan"), filepath.Join(dir, "none.json")

	var rules strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&rules, "  r%d: {mode: block, value: 10.0.%d.%d}\n", i, i>>8, i&255)
	}
	config := func(path, weight string) string {
		return "monitors:\n  m: {type: https, path: " + path + "}\n" +
			"pools:\n  p: {monitor: m, origins: [{name: a, address: 203.0.113.10, weight: " + weight + "}]}\n" +
			"tokens:\n  t: {policies: [{permission_groups: [Zone Read], resources: {com.cloudflare.api.account.zone.*: \"*\"}}], secret: {file: s}}\n" +
			"access_rules:\n"
	}
	first, second := config("/a", "1")+rules.String(), config("/b", "0.5")+rules.String()
	third := strings.Replace(second, "r7: {mode: block", "r7: {mode: challenge", 1)

	lists := []string{"GET load_balancers/monitors", "GET load_balancers/pools", "GET tokens", "GET tokens/permission_groups"}
	rulePages := []string{"GET firewall/access_rules/rules", "GET firewall/access_rules/rules"} // of 1,000
	all := slices.Concat(rulePages, lists)
	steps := []struct {
		name, yaml string
		args       []string
		want       []string
	}{
		{"files alone", first, []string{"validate", file}, nil},
		{"everything is made: rules go by one POST each", config("/a", "1") + "  r0: {mode: block, value: 10.0.0.0}\n  r1: {mode: block, value: 10.0.0.1}\n",
			[]string{"apply", "--auto-approve", file}, slices.Concat(rulePages[:1], lists, []string{
				"POST firewall/access_rules/rules", "POST firewall/access_rules/rules", "POST load_balancers/monitors", "POST load_balancers/pools",
				"POST tokens", "GET tokens/ID"})},
		{"the rest of the rules is made by hand", first, nil, nil},
		{"a plan of what is there", first, []string{"plan", file}, all},
		{"an apply that only adopts", first, []string{"apply", "--auto-approve", file}, all},
		{"a plan without a state", first, []string{"plan", "--state", none, file}, all},
		{"a plan of changes asks who uses what changes", second, []string{"plan", "--out", saved, file}, slices.Concat(all, []string{
			"GET load_balancers/monitors/ID/references", "GET load_balancers/pools/ID/references"})},
		{"a saved plan reads the lists that it touches, and before a PUT the object", second, []string{"apply", "--plan", saved}, []string{
			"GET load_balancers/monitors", "GET load_balancers/pools",
			"GET load_balancers/monitors/ID", "PUT load_balancers/monitors/ID", "GET load_balancers/pools/ID", "PUT load_balancers/pools/ID"}},
		{"a PATCH needs no read", third, []string{"apply", "--auto-approve", file}, slices.Concat(all, []string{"PATCH firewall/access_rules/rules/ID"})},
		{"one kind is read where the files and the state have one", "monitors:\n  x: {type: https}\n", []string{"plan", "--state", none, file}, lists[:1]},
	}
	for _, s := range steps {
		if err := os.WriteFile(file, []byte(s.yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		if s.args == nil {
			for i := 2; i < 1200; i++ {
				_, err := api.Put(schema.UserScope, "access_rule", map[string]any{
					"mode": "block", "configuration": map[string]any{"target": "ip", "value": fmt.Sprintf("10.0.%d.%d", i>>8, i&255)},
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			continue
		}
		before := len(api.Requests())
		var out, errs bytes.Buffer
		code := Main(IO{
			Args: s.args, In: strings.NewReader(""), Out: &out, Err: &errs,
			Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		})
		if code != 0 {
			t.Fatalf("%s: exit %d\n%s%s", s.name, code, out.String(), errs.String())
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(s.want)), sent(api.Requests()[before:])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.name, diff)
		}
	}
}

var objectID = regexp.MustCompile(`[0-9a-f]{32}`)

// sent are the requests in order, ids and the user's prefix left out.
func sent(requests []sim.Request) []string {
	var out []string
	for _, r := range requests {
		_, path, _ := strings.Cut(r.Path, "/user/")
		out = append(out, r.Method+" "+objectID.ReplaceAllString(path, "ID"))
	}
	slices.Sort(out)
	return out
}

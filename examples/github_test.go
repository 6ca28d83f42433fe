package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	planWorkflow  = "ci/github/plan.yml"
	applyWorkflow = "ci/github/apply.yml"
	driftWorkflow = "ci/github/drift.yml"

	pipelineFiles = `access_rules:
  office: {mode: whitelist, value: 198.51.100.0/24, notes: Office}
  scraper: {mode: block, value: 192.0.2.77}
monitors:
  web: {type: https, path: /health}
`
)

// has demands that text has the words.
func has(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s has no %q:\n%s", what, w, text)
		}
	}
}

// TestGitHub is the life of a repository: a pull request and its second push,
// the merge, a quiet night, two nights with drift, and one after it.
func TestGitHub(t *testing.T) {
	t.Parallel()
	r := newRunner(t, map[string]string{"trueup.yaml": pipelineFiles})
	decoy := "<!-- trueup: . -->\nlooks like ours"
	r.hub(func(h *hub) { h.Comments = append(h.Comments, post{ID: 1, Body: decoy}) })
	comment := func(words ...string) {
		t.Helper()
		h := r.hub(func(*hub) {})
		mine := ours(h.Comments)
		if len(h.Comments) != 2 || len(mine) != 1 || h.Comments[0].Body != decoy {
			t.Fatalf("not one comment of ours and one of another: %+v", h.Comments)
		}
		has(t, "the comment", mine[0].Body, append(words, "<!-- trueup: . -->\n### trueup: ")...)
	}

	if !r.workflow(planWorkflow, "pull_request") {
		t.Fatalf("the plan failed:\n%s", r.log)
	}
	comment("3 to add, 0 to change, 0 to destroy", "access_rule.scraper", "<sub>plan of 4f2a91c · ")
	has(t, "the log", r.log, "Plan: 3 to add, 0 to change, 0 to destroy.")
	if n := strings.Count(r.summary, "### trueup: 3 to add"); n != 1 {
		t.Errorf("the plan stands %d times in the step summary:\n%s", n, r.summary)
	}

	r.write(map[string]string{"trueup.yaml": strings.Replace(pipelineFiles, "  scraper: {mode: block, value: 192.0.2.77}\n", "", 1)})
	if !r.workflow(planWorkflow, "pull_request") {
		t.Fatalf("the second plan failed:\n%s", r.log)
	}
	comment("2 to add")

	r.write(map[string]string{"trueup.yaml": strings.Replace(pipelineFiles, "block", "bolck", 1)})
	if r.workflow(planWorkflow, "pull_request") {
		t.Errorf("a broken file is no failure:\n%s", r.log)
	}
	comment("### trueup: failed", `    trueup.yaml:3:19: error: access_rule.scraper: unknown mode "bolck"`)
	has(t, "the log", strings.Join(r.obeyed(), "\n"), "::error file=trueup.yaml,line=3,col=19,title=trueup%3A unknown-value::access_rule.scraper: ")

	r.write(map[string]string{"trueup.yaml": pipelineFiles})
	if !r.workflow(applyWorkflow, "push") {
		t.Fatalf("the apply failed:\n%s", r.log)
	}
	has(t, "the log", r.log, "Apply complete! Resources: 3 added, 0 changed, 0 destroyed.")
	has(t, "the summary", r.summary, "### trueup: 3 to add", "### trueup: Apply complete! Resources: 3 added, 0 changed, 0 destroyed.")
	if len(r.saved) != 1 {
		t.Errorf("the state was kept %d times", len(r.saved))
	}

	// The state came from the cache: what is taken out of the files is deleted.
	r.write(map[string]string{"trueup.yaml": strings.Replace(pipelineFiles, "  scraper: {mode: block, value: 192.0.2.77}\n", "", 1)})
	if !r.workflow(planWorkflow, "pull_request") {
		t.Fatalf("the third plan failed:\n%s", r.log)
	}
	comment("0 to add, 0 to change, **1 to destroy**")
	r.write(map[string]string{"trueup.yaml": pipelineFiles})

	night := func(issues int, state string) *hub {
		t.Helper()
		if !r.workflow(driftWorkflow, "schedule") {
			t.Fatalf("the night failed:\n%s", r.log)
		}
		h := r.hub(func(*hub) {})
		if len(h.Issues) != issues || issues > 0 && h.Issues[0].State != state {
			t.Fatalf("issues: %+v", h.Issues)
		}
		return h
	}
	night(0, "")
	meddle := func(mode string) {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "x.yaml"), []byte("access_rules: {office: {mode: "+mode+", value: 198.51.100.0/24, notes: Office}}"), 0o600); err != nil {
			t.Fatal(err)
		}
		code, log := shell(t, dir, program+" apply --auto-approve --allow-lockout x.yaml", append(r.env, "CLOUDFLARE_API_TOKEN="+r.secrets["CLOUDFLARE_API_TOKEN"])...)
		if code != 0 {
			t.Fatal(log)
		}
	}
	meddle("challenge")
	h := night(1, "open")
	has(t, "the issue", h.Issues[0].Title, "what is live is not what the files say")
	has(t, "the issue", h.Issues[0].Body, "<!-- trueup: . -->\n", `"challenge" -> "whitelist"`)
	meddle("js_challenge")
	h = night(1, "open")
	has(t, "the issue", h.Issues[0].Body, `"js_challenge" -> "whitelist"`)
	if passed, outputs := r.action("schedule", map[string]string{"command": "drift"}, true); passed || outputs["exit-code"] != "2" || outputs["change"] != "1" {
		t.Errorf("with on-drift: fail, drift passes: %v\n%s", outputs, r.log)
	}
	meddle("whitelist")
	night(1, "closed")
	meddle("challenge")
	night(2, "closed")
}

// TestGitHubFork: a pull request from a fork has no secret, and its token may
// not comment. The plan stands in the log and in the summary all the same.
func TestGitHubFork(t *testing.T) {
	t.Parallel()
	r := newRunner(t, map[string]string{"trueup.yaml": pipelineFiles})
	token := "CLOUDFLARE_API_TOKEN=" + r.secrets["CLOUDFLARE_API_TOKEN"]
	code, log := shell(t, r.dir, program+" apply --auto-approve --state ../else.json && "+program+" snapshot --out live.json", append(r.env, token)...)
	if code != 0 {
		t.Fatal(log)
	}
	r.secrets = nil
	r.hub(func(h *hub) { h.ReadOnly = true })
	if !r.workflow(planWorkflow, "pull_request") {
		t.Fatalf("the plan failed:\n%s", r.log)
	}
	has(t, "the log", r.log, "Plan: 3 to add")
	has(t, "the summary", r.summary, "### trueup: 3 to add")
	has(t, "the annotations", strings.Join(r.obeyed(), "\n"), "::warning title=trueup::The plan could not be shown in a comment")

	r.hub(func(h *hub) { h.ReadOnly = false })
	passed, outputs := r.action("pull_request", map[string]string{"snapshot": "live.json"}, false)
	if !passed || outputs["outcome"] != "none" || outputs["exit-code"] != "0" || outputs["add"]+outputs["change"]+outputs["destroy"] != "000" {
		t.Errorf("against the snapshot: %v\n%s", outputs, r.log)
	}
	has(t, "the comment", r.hub(func(*hub) {}).Comments[0].Body, "### trueup: no changes", "> Planned against a snapshot", "trueup.yaml against live.json of 2")

	for _, command := range []string{"apply", "drift"} {
		passed, outputs := r.action("push", map[string]string{"command": command}, false)
		if passed || outputs["outcome"] != "failed" || outputs["exit-code"] != "1" {
			t.Errorf("%s without a credential: %v", command, outputs)
		}
		has(t, "the log", r.log, "no credential")
	}
}

// TestGitHubOutcomes: how the action ends, and what it puts out.
func TestGitHubOutcomes(t *testing.T) {
	t.Parallel()
	r := newRunner(t, map[string]string{
		"infra/trueup.yaml": pipelineFiles,
		"infra/own.yaml":    "access_rules: {own: {mode: block, value: 203.0.113.0/24}}",
		"infra/vars.yaml":   "variables: {v: {type: string}}\naccess_rules: {a: {mode: block, value: 192.0.2.1, notes: \"${var.v}\"}}",
		"infra/v=x":         "what a wildcard would find",
		"infra/clash.yaml":  "access_rules: {a: {mode: block, value: 192.0.2.1}, b: {mode: block, value: 192.0.2.1}}",
	})
	for _, c := range []struct {
		with    map[string]string
		passed  bool
		outputs string // exit-code, outcome, add, change, destroy
		log     string
	}{
		{map[string]string{}, true, "2 changes 3 0 0", "Plan: 3 to add"},
		{map[string]string{"sim": "true"}, true, "2 changes 3 0 0", "Plan: 3 to add"},
		{map[string]string{"path": "own.yaml", "args": "--own-address 203.0.113.7"}, false, "1 refused 1 0 0", "Refused: lock-out"},
		{map[string]string{"path": "vars.yaml", "args": "--var v=*"}, true, "2 changes 1 0 0", `"*"`},
		{map[string]string{"path": "vars.yaml"}, false, "1 failed   ", "vars.yaml"},
		{map[string]string{"path": "clash.yaml"}, false, "1 failed   ", "clash.yaml"},
		{map[string]string{"command": "apply", "path": "clash.yaml"}, false, "1 failed   ", "clash.yaml"},
		{map[string]string{"command": "apply", "path": "own.yaml", "args": "--own-address 203.0.113.7"}, false, "1 refused   ", "Refused: lock-out"},
		{map[string]string{"command": "apply"}, true, "0 changes 3 0 0", "Apply complete!"},
		{map[string]string{"command": "apply"}, true, "0 none 0 0 0", "No changes."},
		{map[string]string{}, true, "0 none 0 0 0", "No changes."},
		{map[string]string{"command": "drift"}, true, "0 none 0 0 0", "No changes."},
		{map[string]string{"command": "destroy"}, false, "    ", "command is plan, apply or drift"},
		{map[string]string{"name": "infra:eu"}, false, "    ", "name has no colon"}, // or it would find the state of infra
	} {
		c.with["working-directory"] = "infra"
		passed, o := r.action("pull_request", c.with, true)
		got := strings.Join([]string{o["exit-code"], o["outcome"], o["add"], o["change"], o["destroy"]}, " ")
		if passed != c.passed || got != c.outputs {
			t.Errorf("%v: passed %v, outputs %q, want %q\n%s", c.with, passed, got, c.outputs, r.log)
		}
		has(t, "the log", r.log, c.log)
		if file := o["plan-file"]; (file != "") != (o["add"] != "" && c.with["command"] != "apply") {
			t.Errorf("%v: the plan is in %q", c.with, file)
		}
	}
	if bodies := ours(r.hub(func(*hub) {}).Comments); len(bodies) != 1 {
		t.Errorf("%d comments", len(bodies))
	}
}

// TestGitHubCache: every pull request can read the cache, so that it has the
// state and nothing else.
func TestGitHubCache(t *testing.T) {
	t.Parallel()
	r := newRunner(t, map[string]string{"trueup.yaml": "tokens:\n  t:\n    policies: [{permission_groups: [Zone Read], resources: {com.cloudflare.api.account.zone.*: '*'}}]\n    secret: {file: .trueup/secrets/t}\n"})
	if passed, _ := r.action("push", map[string]string{"command": "apply"}, true); !passed {
		t.Fatal(r.log)
	}
	if text(filepath.Join(r.dir, ".trueup/secrets/t")) == "" {
		t.Error("the value is not where it should be")
	}
	kept, _ := filepath.Glob(filepath.Join(filepath.Dir(r.dir), "caches", "*", ".trueup", "*"))
	if len(kept) == 0 || slices.ContainsFunc(kept, func(f string) bool { return !strings.HasPrefix(filepath.Base(f), "state.json") }) {
		t.Errorf("the cache has %v", kept)
	}
}

// TestGitHubSavedPlan: what one step has planned, another applies.
func TestGitHubSavedPlan(t *testing.T) {
	t.Parallel()
	r := newRunner(t, map[string]string{"trueup.yaml": pipelineFiles})
	_, outputs := r.action("push", map[string]string{}, true)
	kept := filepath.Join(r.dir, "kept.plan")
	if err := os.Rename(outputs["plan-file"], kept); err != nil {
		t.Fatal(err)
	}
	passed, outputs := r.action("push", map[string]string{"command": "apply", "plan-file": "kept.plan"}, true)
	if !passed || outputs["outcome"] != "changes" || outputs["add"] != "3" {
		t.Errorf("%v\n%s", outputs, r.log)
	}
}

// TestGitHubHostile: nothing that a pull request can write is obeyed by the
// runner, run by a shell, or leaves its place in the comment.
func TestGitHubHostile(t *testing.T) {
	t.Parallel()
	evil := "##[add-mask]x ::add-mask::y $(touch pwned) `touch pwned` --><h1>"
	r := newRunner(t, map[string]string{
		"trueup.yaml": "access_rules:\n  a:\n    mode: block\n    value: 192.0.2.1\n    notes: '" + evil + "'\n",
		"bad.yaml":    "access_rules:\n  a:\n    mode: '" + evil + "'\n    value: 192.0.2.1\n",

		"::add-mask::y.yaml": "access_rules: {a: {mode: nonsense, value: 192.0.2.1}}\n",
	})
	for _, with := range []map[string]string{{}, {"path": "bad.yaml"}, {"path": "::add-mask::y.yaml"}, {"name": evil}, {"args": "--var '$(touch pwned)'"}, {"command": "apply"}} {
		r.action("pull_request", with, true)
		for _, command := range r.obeyed() {
			if !strings.HasPrefix(command, "::error ") || strings.Contains(command, "##[") {
				t.Errorf("%v: the runner obeys %q", with, command)
			}
		}
		if _, err := os.Stat(filepath.Join(r.dir, "pwned")); err == nil {
			t.Errorf("%v: a shell ran it", with)
		}
	}
	for _, c := range r.hub(func(*hub) {}).Comments {
		first, rest, _ := strings.Cut(c.Body, "\n")
		if strings.Count(first, "-->") != 1 || !strings.HasSuffix(first, " -->") || strings.Contains(rest, "\n<h1>") {
			t.Errorf("the comment: %s", c.Body)
		}
	}
}

// TestGitHubLarge: a plan that does not fit into a comment is shown as far as it
// fits, with what it was made against.
func TestGitHubLarge(t *testing.T) {
	t.Parallel()
	r := newRunner(t, map[string]string{
		"many.yaml": "access_rules:\n  many:\n    for_each: '${toset([for n in range(0, 1000) : cidrhost(\"198.18.0.0/16\", n)])}'\n    mode: block\n    value: ${each.value}\n    notes: One of many rules, with a note that takes its place in the plan\n",
		"bad.yaml":  "access_rules:\n" + strings.Repeat("  a: {mode: 'ein ganz anderer Modus, den es nicht gibt, äöü'}\n", 1000),
	})
	for file, words := range map[string]string{"many.yaml": "### trueup: 1000 to add", "bad.yaml": "### trueup: failed"} {
		_, outputs := r.action("pull_request", map[string]string{"path": file, "comment": "false"}, false)
		if outputs["outcome"] == "none" {
			t.Error(outputs)
		}
		files, err := filepath.Glob(filepath.Join(r.temp, "trueup.*", "body.md"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		body := text(files[0])
		if n := len([]rune(body)); n > 65535 || n < 50000 {
			t.Errorf("%s: the comment has %d characters", file, n)
		}
		has(t, "the comment", body, words, "Planned against the simulator, which is empty")
	}
	if n := len(r.hub(func(*hub) {}).Calls); n > 0 {
		t.Errorf("comment: false, and %d calls", n)
	}
}

// TestGitHubManyDestroyed: a plan never cuts what it destroys, and is longer than
// a comment may be: as much as fits is in the comment, the rest counted there
// and in the summary.
func TestGitHubManyDestroyed(t *testing.T) {
	t.Parallel()
	rules := "access_rules:\n  many:\n    for_each: '${toset([for n in range(0, 1000) : cidrhost(\"198.18.0.0/16\", n)])}'\n    mode: block\n    value: ${each.value}\n"
	r := newRunner(t, map[string]string{"trueup.yaml": rules})
	if passed, _ := r.action("push", map[string]string{"command": "apply", "sim": "true"}, true); !passed {
		t.Fatal(r.log)
	}
	r.write(map[string]string{"trueup.yaml": "access_rules: {one: {mode: block, value: 192.0.2.1}}"})
	if passed, outputs := r.action("pull_request", map[string]string{"sim": "true", "args": "--allow-deletes 1000"}, true); !passed || outputs["destroy"] != "1000" {
		t.Fatalf("%v\n%s", outputs, r.log)
	}
	body := ours(r.hub(func(*hub) {}).Comments)[0].Body
	if len(body) > 65_000 || strings.Count(body, "\n- ") < 500 {
		t.Errorf("the comment has %d bytes and %d lines", len(body), strings.Count(body, "\n- "))
	}
	has(t, "the comment", body, "**1000 to destroy**", "Lines left out: ")
	if n := strings.Count(r.summary, "access_rule.many["); n < 1000 {
		t.Errorf("the summary has %d of them", n)
	}
}

// TestGitHubBuild: the action builds its own source.
func TestGitHubBuild(t *testing.T) {
	t.Parallel()
	var a actionFile
	strict(t, "../action.yml", &a)
	temp := t.TempDir()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range a.Runs.Steps {
		if step.Name != "Build trueup" {
			continue
		}
		code, log := shell(t, temp, step.Run+"\n"+`"$(cat "$GITHUB_PATH")/trueup" version`, "GITHUB_ACTION_PATH="+root, "RUNNER_TEMP="+temp, "ACTION_REF=v1.2.3", "GITHUB_PATH="+filepath.Join(temp, "path"))
		if code != 0 || log != "trueup v1.2.3\n" {
			t.Errorf("exit code %d: %s", code, log)
		}
		return
	}
	t.Error("no step builds trueup")
}

// TestGitHubWorkflows: each workflow says what it runs on, and its token may do
// no more than it must.
func TestGitHubWorkflows(t *testing.T) {
	groups := map[string]string{}
	var a actionFile
	strict(t, "../action.yml", &a)
	pinned(t, "action.yml", a.Runs.Steps)
	for file, want := range map[string]map[string]string{
		planWorkflow:  {"contents": "read", "pull-requests": "write"},
		applyWorkflow: {"contents": "read"},
		driftWorkflow: {"contents": "read", "issues": "write"},
	} {
		var w workflowFile
		strict(t, file, &w)
		if w.Name == "" || w.On.IsZero() || len(w.Jobs) != 1 || len(w.Permissions) != len(want) || w.Concurrency.Group == "" {
			t.Errorf("%s: %+v", file, w)
		}
		if other := groups[w.Concurrency.Group]; other != "" {
			t.Errorf("%s and %s are in one group, where what comes drops what waits", file, other)
		}
		groups[w.Concurrency.Group] = file
		for name, level := range want {
			if w.Permissions[name] != level {
				t.Errorf("%s: permission %s is %q", file, name, w.Permissions[name])
			}
		}
		for name, job := range w.Jobs {
			if job.RunsOn == "" || len(job.Steps) == 0 {
				t.Errorf("%s: job %s runs on nothing, or does nothing", file, name)
			}
			pinned(t, file, job.Steps)
			for _, step := range job.Steps {
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != "false" {
					t.Errorf("%s: job %s leaves the token in the checkout", file, name)
				}
				if (step.Run == "") == (step.Uses == "") {
					t.Errorf("%s: step %q has not one of run and uses", file, step.Name)
				}
			}
		}
	}
}

// pinned: actions of others are named by commit. A tag can be moved.
func pinned(t *testing.T, file string, steps []workflowStep) {
	t.Helper()
	for _, step := range steps {
		_, ref, _ := strings.Cut(step.Uses, "@")
		if step.Uses != "" && !strings.HasPrefix(step.Uses, "example-org/") && !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(ref) {
			t.Errorf("%s: %s", file, step.Uses)
		}
	}
}

package examples

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// The parts of GitLab's file that ours may use.
type (
	gitlabFile struct {
		Image     string
		Variables map[string]string
		Workflow  struct{ Rules []gitlabRule }
		Default   struct {
			BeforeScript []string `yaml:"before_script"`
		}
		Jobs map[string]yaml.Node `yaml:",inline"`
	}
	gitlabJob struct {
		Extends, Environment string
		Rules                []gitlabRule
		Script               []string
		AfterScript          []string `yaml:"after_script"`
		Variables            map[string]string
		ResourceGroup        string `yaml:"resource_group"`
		Cache                []gitlabCache
		Artifacts            struct {
			When     string
			ExposeAs string `yaml:"expose_as"`
			Paths    []string
			Reports  map[string]string
		}
	}
	gitlabCache struct {
		Key, Policy, When string
		Unprotect         bool
		Paths             []string
	}
	gitlabRule struct{ If string }
)

// gitlab is a project: its file, a checkout, and what stands outside.
type gitlab struct {
	file   gitlabFile
	dir    string
	caches string
	env    []string
}

// fetch puts what a job finds in its caches into a fresh checkout.
func (g *gitlab) fetch(t *testing.T, caches []gitlabCache, protected bool) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(g.dir, ".trueup")); err != nil {
		t.Fatal(err)
	}
	for _, c := range caches {
		from := g.at(c, protected)
		if _, err := os.Stat(from); err != nil || !strings.HasPrefix(c.Policy, "pull") {
			continue
		}
		if err := os.CopyFS(g.dir, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
}

// keep puts what a job leaves into its caches.
func (g *gitlab) keep(t *testing.T, caches []gitlabCache, protected bool) {
	t.Helper()
	for _, c := range caches {
		if strings.HasSuffix(c.Policy, "push") {
			keepFiles(t, g.dir, g.at(c, protected), c.Paths)
		}
	}
}

// at is where a cache lies: pipelines of protected branches and others have
// their own, unless it says otherwise.
func (g *gitlab) at(c gitlabCache, protected bool) string {
	return filepath.Join(g.caches, fmt.Sprintf("%s-%v", c.Key, protected || c.Unprotect))
}

// keepFiles makes to hold the files of dir that the patterns name, and nothing
// else.
func keepFiles(t *testing.T, dir, to string, patterns []string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			rel, err := filepath.Rel(dir, file)
			if err != nil {
				t.Fatal(err)
			}
			code, log := shell(t, dir, `mkdir -p "$(dirname "$TO")" && cp -r "$FILE" "$TO"`, "FILE="+file, "TO="+filepath.Join(to, rel))
			if code != 0 {
				t.Fatal(log)
			}
		}
	}
}

func newGitlab(t *testing.T) *gitlab {
	g := &gitlab{dir: t.TempDir(), caches: t.TempDir()}
	strict(t, "ci/gitlab/.gitlab-ci.yml", &g.file)
	bin := filepath.Join(g.dir, "stubs")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	stubs(t, bin)
	g.env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "CI=true", "CI_DEFAULT_BRANCH=main", "TRUEUP_REPOSITORY=https://git.example.com/trueup", "TRUEUP_REF=v1"}
	return g
}

var gitlabTerm = regexp.MustCompile(`^\$([A-Z_]+) == (?:"([a-z_]+)"|\$([A-Z_]+))$`)

// applies is whether a rule holds for the variables of a pipeline.
func (rule gitlabRule) applies(t *testing.T, vars map[string]string) bool {
	for term := range strings.SplitSeq(rule.If, " && ") {
		m := gitlabTerm.FindStringSubmatch(term)
		if m == nil {
			t.Fatalf("rule %q is not understood", rule.If)
		}
		if want := m[2] + vars[m[3]]; vars[m[1]] != want {
			return false
		}
	}
	return true
}

// pipeline runs the jobs that the source triggers; each gives its exit code and
// log. /tmp of the file is a directory of the test.
func (g *gitlab) pipeline(t *testing.T, source, branch string, env ...string) map[string]int {
	t.Helper()
	vars := map[string]string{"CI_PIPELINE_SOURCE": source, "CI_COMMIT_BRANCH": branch, "CI_DEFAULT_BRANCH": "main"}
	held := func(r gitlabRule) bool { return r.applies(t, vars) }
	if !slices.ContainsFunc(g.file.Workflow.Rules, held) {
		t.Fatalf("no pipeline for %s", source)
	}
	codes := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(g.file.Jobs)) {
		job := g.job(t, name)
		if strings.HasPrefix(name, ".") || !slices.ContainsFunc(job.Rules, held) {
			continue
		}
		parent := gitlabJob{}
		if job.Extends != "" {
			parent = g.job(t, job.Extends)
		}
		all := append(slices.Clone(g.env), env...)
		for _, m := range []map[string]string{g.file.Variables, parent.Variables, job.Variables} {
			for k, v := range m {
				all = append(all, k+"="+v)
			}
		}
		caches, protected := job.Cache, branch == "main"
		if caches == nil {
			caches = parent.Cache
		}
		g.fetch(t, caches, protected)
		script := strings.Join(append(slices.Clone(g.file.Default.BeforeScript), job.Script...), "\n")
		code, log := shell(t, g.dir, strings.ReplaceAll(script, "/tmp/", filepath.Join(g.dir, "tmp")+"/"), all...)
		codes[name] = code
		if after, log := shell(t, g.dir, strings.Join(job.AfterScript, "\n"), all...); after != 0 {
			t.Errorf("%s: %s", name, log)
		}
		g.keep(t, caches, protected)
		if code == 1 || strings.Contains(log, "panic") {
			t.Logf("%s: %s", name, log)
		}
	}
	return codes
}

func (g *gitlab) job(t *testing.T, name string) gitlabJob {
	t.Helper()
	var job gitlabJob
	node, known := g.file.Jobs[name]
	if !known {
		t.Fatalf("no job %q", name)
	}
	data, err := yaml.Marshal(&node)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name+".yml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	strict(t, file, &job)
	return job
}

// TestGitLab: a fork's merge request without variables, one of the project, the
// merge, a quiet night, one with drift.
func TestGitLab(t *testing.T) {
	t.Parallel()
	g := newGitlab(t)
	config := filepath.Join(g.dir, "trueup.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(got map[string]int, want string) {
		t.Helper()
		if s := fmt.Sprint(got); s != "map["+want+"]" {
			t.Errorf("jobs %s, want %s", s, want)
		}
	}
	write(pipelineFiles)
	expect(g.pipeline(t, "merge_request_event", "feature"), "plan:0")
	has(t, "the plan of the fork", text(filepath.Join(g.dir, "plan.md")), "3 to add")

	api := startSim(t)
	url, token := "CLOUDFLARE_BASE_URL="+api["CLOUDFLARE_BASE_URL"], api["CLOUDFLARE_API_TOKEN"]
	reads, writes := "CLOUDFLARE_READ_TOKEN="+token, "CLOUDFLARE_WRITE_TOKEN="+token
	expect(g.pipeline(t, "merge_request_event", "feature", url, reads), "plan:0")
	if got := text(filepath.Join(g.dir, "counts.json")); got != `{"create":3,"update":0,"delete":0}`+"\n" {
		t.Errorf("the widget shows %s", got)
	}
	expect(g.pipeline(t, "push", "main", url, reads, writes), "apply:0")
	write(strings.Replace(pipelineFiles, "  scraper: {mode: block, value: 192.0.2.77}\n", "", 1))
	expect(g.pipeline(t, "merge_request_event", "feature", url, reads), "plan:0")
	has(t, "the plan, which knows what apply made", text(filepath.Join(g.dir, "plan.md")), "**1 to destroy**")
	write(pipelineFiles)
	expect(g.pipeline(t, "schedule", "main", url, reads), "drift:0")
	write(strings.Replace(pipelineFiles, "block", "challenge", 1))
	expect(g.pipeline(t, "schedule", "main", url, reads), "drift:2")
	write(strings.Replace(pipelineFiles, "block", "bolck", 1))
	expect(g.pipeline(t, "merge_request_event", "feature", url, reads), "plan:1")
	write("access_rules: {own: {mode: block, value: 203.0.113.0/24}}")
	expect(g.pipeline(t, "merge_request_event", "feature", url, reads, "TRUEUP_OWN_ADDRESS=203.0.113.7"), "plan:1")
	has(t, "the plan", text(filepath.Join(g.dir, "plan.md")), "**refused**", "lock-out")
}

// TestGitLabCaches: what pipelines of merge requests can write, no job of a
// protected branch reads; and no cache takes in more of .trueup than the state.
func TestGitLabCaches(t *testing.T) {
	t.Parallel()
	g := newGitlab(t)
	for name := range g.file.Jobs {
		job := g.job(t, name)
		for _, c := range job.Cache {
			if c.Unprotect && c.Policy != "push" && job.ResourceGroup != "" {
				t.Errorf("%s reads a cache that merge requests can write: %+v", name, c)
			}
			for _, path := range c.Paths {
				if ok, err := filepath.Match(path, ".trueup/secrets"); err != nil || ok || !strings.HasPrefix(path, ".trueup/s") {
					t.Errorf("%s: the cache %s holds values of tokens", name, path)
				}
			}
		}
	}
	secret := filepath.Join(g.dir, ".trueup", "secrets", "ci")
	if code, log := shell(t, g.dir, "mkdir -p .trueup/secrets .trueup/shown && touch .trueup/state.json .trueup/state.json.journal "+secret); code != 0 {
		t.Fatal(log)
	}
	apply := g.job(t, "apply")
	g.keep(t, apply.Cache, true)
	g.fetch(t, apply.Cache, true)
	if _, err := os.Stat(filepath.Join(g.dir, ".trueup", "state.json.journal")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(secret); err == nil {
		t.Error("the value of a token is in the cache")
	}
}

// TestAtlantis: the repository's file names the workflow that the server's file
// has and allows; its steps plan and apply.
func TestAtlantis(t *testing.T) {
	t.Parallel()
	var repo struct {
		Version  int
		Projects []struct {
			Name, Dir, Workflow string
			Autoplan            struct {
				WhenModified []string `yaml:"when_modified"`
			}
		}
	}
	type step struct {
		Run string
		Env struct{ Name, Command string }
	}
	type stage struct{ Steps []step }
	var server struct {
		Repos []struct {
			ID                string
			ApplyRequirements []string `yaml:"apply_requirements"`
			AllowedOverrides  []string `yaml:"allowed_overrides"`
			AllowedWorkflows  []string `yaml:"allowed_workflows"`
		}
		Workflows map[string]struct{ Plan, Apply stage }
	}
	strict(t, "ci/atlantis/atlantis.yaml", &repo)
	strict(t, "ci/atlantis/repos.yaml", &server)
	project := repo.Projects[0]
	if own := server.Repos[0]; len(own.ApplyRequirements) == 0 || strings.Join(own.AllowedOverrides, " ") != "workflow" {
		t.Errorf("a pull request decides on its own approval: %+v", own)
	}
	workflow, known := server.Workflows[project.Workflow]
	if !known || !slices.Contains(server.Repos[0].AllowedWorkflows, project.Workflow) || repo.Version != 3 {
		t.Fatalf("the workflow %q is not there, or not allowed", project.Workflow)
	}
	api := startSim(t)
	dir, data := t.TempDir(), t.TempDir()
	env := []string{"CLOUDFLARE_BASE_URL=" + api["CLOUDFLARE_BASE_URL"], "CLOUDFLARE_API_TOKEN=" + api["CLOUDFLARE_API_TOKEN"], "PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"),
		"ATLANTIS_DATA_DIR=" + data, "BASE_REPO_OWNER=example-org", "BASE_REPO_NAME=infra", "PROJECT_NAME=" + project.Name, "PLANFILE=" + filepath.Join(dir, "x.tfplan")}
	run := func(s stage) string {
		t.Helper()
		all, vars := "", slices.Clone(env)
		for _, step := range s.Steps {
			if step.Run == "" {
				code, out := shell(t, dir, step.Env.Command, vars...)
				if code != 0 {
					t.Fatal(out)
				}
				vars = append(vars, step.Env.Name+"="+strings.TrimSpace(out))
				continue
			}
			code, out := shell(t, dir, step.Run, vars...)
			if code != 0 {
				t.Fatalf("%s: exit code %d\n%s", step.Run, code, out)
			}
			all += out
		}
		return all
	}
	if err := os.WriteFile(filepath.Join(dir, "trueup.yaml"), []byte(pipelineFiles), 0o600); err != nil {
		t.Fatal(err)
	}
	has(t, "the plan", run(workflow.Plan), "Plan: 3 to add, 0 to change, 0 to destroy.")
	has(t, "the apply", run(workflow.Apply), "Apply complete! Resources: 3 added")
	has(t, "the second plan", run(workflow.Plan), "No changes.")
	if _, err := os.Stat(filepath.Join(data, "trueup-state", "example-org", "infra", "cloudflare.json")); err != nil {
		t.Error(err)
	}
	// A pull request that takes the name of another's state gets one of its own.
	env = append(env, "PROJECT_NAME=../other/cloudflare")
	has(t, "the plan of a name that climbs", run(workflow.Plan), "No changes.", "3 adopted")
	if _, err := os.Stat(filepath.Join(data, "trueup-state", "example-org", "other")); err == nil {
		t.Error("a project's name leads to the state of another repository")
	}
}

// TestPreCommit: the example uses hooks that are there; each is run as
// pre-commit does, on what its pattern takes, and fails where it should.
func TestPreCommit(t *testing.T) {
	t.Parallel()
	var hooks []struct {
		ID, Name, Description, Entry, Language, Files string
		PassFilenames                                 *bool `yaml:"pass_filenames"`
	}
	strict(t, "../.pre-commit-hooks.yaml", &hooks)
	var config struct {
		Repos []struct {
			Repo, Rev string
			Hooks     []struct {
				ID   string
				Args []string
			}
		}
	}
	strict(t, "ci/pre-commit/.pre-commit-config.yaml", &config)
	used := map[string][]string{}
	for _, h := range config.Repos[0].Hooks {
		used[h.ID] = h.Args
	}
	tracked := []string{"trueup.yaml", "trueup/a.yaml", "trueup/b.hcl", "README.md", "other.yaml", "sub/trueup/c.yml", "trueup/deep/d.yaml"}
	bad := map[string]string{"trueup-validate": "access_rules:\n  a: {mode: bolck, value: 192.0.2.1}\n", "trueup-fmt": "access_rules:\n    a:   {mode: block, value: 192.0.2.1}\n"}
	for _, h := range hooks {
		args, known := used[h.ID]
		if !known || h.Language != "golang" || bad[h.ID] == "" {
			t.Errorf("hook %s is in no example, or not built from here", h.ID)
		}
		taken := slices.DeleteFunc(slices.Clone(tracked), func(f string) bool { return !regexp.MustCompile(h.Files).MatchString(f) })
		if got := strings.Join(taken, " "); got != "trueup.yaml trueup/a.yaml trueup/b.hcl sub/trueup/c.yml" {
			t.Errorf("hook %s takes %s", h.ID, got)
		}
		command := append(strings.Fields(h.Entry), args...)
		if h.PassFilenames == nil || *h.PassFilenames {
			command = append(command, "trueup.yaml")
		}
		for _, c := range []struct {
			file string
			code int
		}{{"access_rules:\n  a: {mode: block, value: 192.0.2.1}\n", 0}, {bad[h.ID], 1}} {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "trueup.yaml"), []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			code, log := shell(t, dir, strings.Join(command, " "), "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"))
			if code != c.code || code != 0 && !strings.Contains(log, "trueup.yaml") {
				t.Errorf("hook %s: exit code %d, want %d\n%s", h.ID, code, c.code, log)
			}
		}
	}
	if len(hooks) != len(used) {
		t.Errorf("%d hooks, %d used", len(hooks), len(used))
	}
}

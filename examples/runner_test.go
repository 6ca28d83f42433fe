package examples

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// The parts of workflows and of actions that ours may use: any other key fails.
type (
	workflowFile struct {
		Name        string
		On          yaml.Node
		Permissions map[string]string
		Concurrency struct {
			Group            string
			CancelInProgress bool `yaml:"cancel-in-progress"`
		}
		Jobs map[string]workflowJob
	}
	workflowJob struct {
		RunsOn      string `yaml:"runs-on"`
		Environment string
		Steps       []workflowStep
	}
	workflowStep struct {
		Name, ID, If, Uses, Run, Shell string
		With, Env                      map[string]string
	}
	actionFile struct {
		Name, Description string
		Branding          struct{ Icon, Color string }
		Inputs            map[string]struct{ Description, Default string }
		Outputs           map[string]struct{ Description, Value string }
		Runs              struct {
			Using string
			Steps []workflowStep
		}
	}
)

// strict reads a YAML file into v, which must know all of its keys.
func strict(t *testing.T, file string, v any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if err := dec.Decode(new(yaml.Node)); err != io.EOF {
		t.Fatalf("%s: more than one document", file)
	}
}

// runner carries out workflows as GitHub does: their steps with sh in a
// checkout, actions of others by what they are known to do. The API is the
// simulator.
type runner struct {
	t       *testing.T
	dir     string // the checkout
	temp    string
	bin     string // stubs, first on the PATH
	event   string
	secrets map[string]string
	env     []string
	path    []string // what steps have added to the PATH
	store   string   // of the stub of gh
	runs    int
	saved   []string // the keys of the caches, in order
	log     string   // of the last workflow or action
	summary string   // of the same
}

// newRunner is a runner with files as the checkout, and the simulator's server.
func newRunner(t *testing.T, files map[string]string) *runner {
	t.Helper()
	top := t.TempDir()
	r := &runner{t: t, dir: filepath.Join(top, "checkout"), temp: filepath.Join(top, "temp"), bin: filepath.Join(top, "bin"), store: filepath.Join(top, "hub.json")}
	for _, dir := range []string{r.dir, r.temp, r.bin} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.write(files)
	r.git("init", "-q")
	stubs(t, r.bin)
	// Read, so that a result is not taken from the cache after they have changed.
	for _, script := range []string{"run.sh", "comment.sh", "issue.sh"} {
		if text("../action/"+script) == "" {
			t.Fatalf("no %s", script)
		}
	}
	api := startSim(t)
	r.secrets = map[string]string{"CLOUDFLARE_API_TOKEN": api["CLOUDFLARE_API_TOKEN"], "CLOUDFLARE_READ_TOKEN": api["CLOUDFLARE_API_TOKEN"]}
	r.env = append(r.env, "CLOUDFLARE_BASE_URL="+api["CLOUDFLARE_BASE_URL"])
	r.hub(func(*hub) {})
	return r
}

// write changes files of the checkout.
func (r *runner) write(files map[string]string) {
	r.t.Helper()
	for name, text := range files {
		path := filepath.Join(r.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *runner) git(args ...string) {
	r.t.Helper()
	if out, err := exec.Command("git", append([]string{"-C", r.dir}, args...)...).CombinedOutput(); err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// hub changes what GitHub knows, and gives it.
func (r *runner) hub(change func(*hub)) *hub {
	r.t.Helper()
	h, err := loadHub(r.store)
	if os.IsNotExist(err) {
		h, err = &hub{}, nil
	}
	if err != nil {
		r.t.Fatal(err)
	}
	change(h)
	if err := h.save(r.store); err != nil {
		r.t.Fatal(err)
	}
	return h
}

// checkout is a job's fresh disk: only what git would have.
func (r *runner) checkout() {
	for _, dir := range []string{filepath.Join(r.dir, ".trueup"), filepath.Join(r.dir, "infra", ".trueup"), r.temp} {
		if err := os.RemoveAll(dir); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := os.Mkdir(r.temp, 0o755); err != nil {
		r.t.Fatal(err)
	}
	r.runs++
	r.log, r.summary, r.path = "", "", nil
}

// workflow runs the only job of a workflow file and says whether it passed.
func (r *runner) workflow(file, event string) bool {
	r.t.Helper()
	var w workflowFile
	strict(r.t, file, &w)
	r.event = event
	r.checkout()
	for _, job := range w.Jobs {
		return r.steps(job.Steps, scope{})
	}
	return false
}

// action runs our action alone, and gives its outputs.
func (r *runner) action(event string, with map[string]string, credential bool) (passed bool, outputs map[string]string) {
	r.t.Helper()
	r.event = event
	r.checkout()
	env := map[string]string{}
	if credential {
		env["CLOUDFLARE_API_TOKEN"] = r.secrets["CLOUDFLARE_API_TOKEN"]
	}
	return r.composite(with, env)
}

// scope is what expressions of a list of steps see besides the event.
type scope struct {
	inputs map[string]string // nil in a workflow
	env    map[string]string // of the step that uses the action
}

func (r *runner) composite(with, env map[string]string) (bool, map[string]string) {
	var a actionFile
	strict(r.t, "../action.yml", &a)
	s := scope{inputs: map[string]string{}, env: env}
	for name, in := range a.Inputs {
		s.inputs[name] = fill(in.Default, r.find(scope{}, nil, false))
	}
	for name, value := range with {
		if _, known := a.Inputs[name]; !known {
			r.t.Errorf("the action has no input %s", name)
		}
		s.inputs[name] = value
	}
	results := map[string]map[string]string{}
	passed := r.list(a.Runs.Steps, s, results)
	outputs := map[string]string{}
	for name, out := range a.Outputs {
		outputs[name] = fill(out.Value, r.find(s, results, false))
	}
	return passed, outputs
}

func (r *runner) steps(steps []workflowStep, s scope) bool {
	return r.list(steps, s, map[string]map[string]string{})
}

// list runs steps, and gives what they put out by their ids.
func (r *runner) list(steps []workflowStep, s scope, results map[string]map[string]string) bool {
	failed := false
	for _, step := range steps {
		find := r.find(s, results, failed)
		condition := step.If
		if !strings.Contains(condition, "always()") {
			condition = "success() && (" + cmp.Or(condition, "success()") + ")"
		}
		if !truthy(evaluate(condition, find)) {
			continue
		}
		env, with := filled(step.Env, find), filled(step.With, find)
		var passed bool
		switch {
		case step.Run != "":
			var outputs map[string]string
			passed, outputs = r.script(step, env, s)
			if step.ID != "" {
				results[step.ID] = outputs
			}
		case strings.HasPrefix(step.Uses, "example-org/trueup@"):
			passed, _ = r.composite(with, env)
		default:
			passed = r.foreign(step.Uses, with)
		}
		failed = failed || !passed
	}
	return !failed
}

func filled(in map[string]string, find func(string) any) map[string]string {
	out := map[string]string{}
	for name, value := range in {
		out[name] = fill(value, find)
	}
	return out
}

// find looks a path of an expression up.
func (r *runner) find(s scope, results map[string]map[string]string, failed bool) func(string) any {
	facts := map[string]any{
		"always()": true, "success()": !failed, "failure()": failed, "github.event_name": r.event, "github.token": "a-token",
		"github.action_path": "..", "github.action_ref": "v1", "github.run_id": fmt.Sprint(r.runs), "github.run_attempt": "1", "github.ref": "refs/pull/7/merge",
		"github.sha": "5e5e5e5000000000000000000000000000000000",
	}
	if r.event == "pull_request" {
		facts["github.event.pull_request.number"] = 7
		facts["github.event.pull_request.head.sha"] = "4f2a91c000000000000000000000000000000000"
	}
	return func(path string) any {
		parts := strings.Split(path, ".")
		switch {
		case facts[path] != nil:
			return facts[path]
		case parts[0] == "inputs" && s.inputs != nil:
			return s.inputs[parts[1]]
		case parts[0] == "secrets" && s.inputs == nil:
			return r.secrets[parts[1]]
		case parts[0] == "steps":
			return results[parts[1]][parts[3]]
		case strings.HasPrefix(path, "github.event.pull_request."):
			return ""
		}
		panic("an expression names " + path)
	}
}

// script runs a step with sh as GitHub does, and gives its outputs.
func (r *runner) script(step workflowStep, env map[string]string, s scope) (bool, map[string]string) {
	if s.inputs != nil && step.Shell != "sh" {
		r.t.Errorf("step %s: a step of an action needs shell: sh", step.Name)
	}
	if strings.Contains(step.Run, "${{") {
		r.t.Errorf("step %s: text from outside becomes part of a script", step.Name)
	}
	file := func(name string) string {
		path := filepath.Join(r.temp, name)
		_ = os.Remove(path)
		return path
	}
	output, paths, summary := file("_output"), file("_path"), file("_summary")
	root, err := filepath.Abs("..")
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.CommandContext(r.t.Context(), "sh", "-e", "-c", step.Run)
	cmd.Dir = r.dir
	cmd.Env = append(environment(), r.env...)
	cmd.Env = append(cmd.Env, "GITHUB_ACTIONS=true", "GITHUB_REPOSITORY=example-org/infra", "GITHUB_WORKSPACE="+r.dir, "GITHUB_ACTION_PATH="+root, "RUNNER_TEMP="+r.temp,
		"GITHUB_OUTPUT="+output, "GITHUB_PATH="+paths, "GITHUB_STEP_SUMMARY="+summary, "GH_STORE="+r.store,
		"PATH="+strings.Join(append(slices.Clone(r.path), r.bin, os.Getenv("PATH")), ":"))
	for _, m := range []map[string]string{s.env, env} {
		for name, value := range m {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	out, err := cmd.CombinedOutput()
	r.log += string(out)
	r.summary += text(summary)
	r.path = append(strings.Fields(text(paths)), r.path...)
	outputs := map[string]string{}
	for line := range strings.Lines(text(output)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		outputs[name] = value
	}
	return err == nil, outputs
}

// text is what is in a file, "" where there is none.
func text(file string) string {
	data, _ := os.ReadFile(file)
	return string(data)
}

// foreign does what the actions of others do, as far as it matters here.
func (r *runner) foreign(uses string, with map[string]string) bool {
	caches := filepath.Join(filepath.Dir(r.dir), "caches")
	switch name, _, _ := strings.Cut(uses, "@"); name {
	case "actions/checkout", "actions/setup-go", "actions/upload-artifact":
	case "actions/cache/save":
		if found, err := filepath.Glob(filepath.Join(r.dir, strings.Fields(with["path"])[0])); err != nil || len(found) == 0 {
			return true // the action warns
		}
		if slices.Contains(r.saved, with["key"]) {
			r.t.Errorf("the cache %s is there already", with["key"])
		}
		to := filepath.Join(caches, fmt.Sprint(len(r.saved)))
		r.saved = append(r.saved, with["key"])
		keepFiles(r.t, r.dir, to, strings.Fields(with["path"]))
	case "actions/cache/restore":
		for i := len(r.saved) - 1; i >= 0; i-- {
			if strings.HasPrefix(r.saved[i], with["restore-keys"]) {
				if err := os.CopyFS(r.dir, os.DirFS(filepath.Join(caches, fmt.Sprint(i)))); err != nil {
					r.t.Error(err)
				}
				break
			}
		}
	default:
		r.t.Errorf("what is %s?", uses)
	}
	return true
}

var runnerCommand = regexp.MustCompile(`^\s*::([a-z-]+)[ :]|##\[([a-z-]+)`)

// obeyed are the commands in the log that a runner obeys, without those that
// stop and go on.
func (r *runner) obeyed() []string {
	var out []string
	stopped := ""
	for line := range strings.Lines(r.log) {
		line = strings.TrimSpace(line)
		if token, found := strings.CutPrefix(line, "::stop-commands::"); found && stopped == "" {
			stopped = token
			continue
		}
		m := runnerCommand.FindStringSubmatch(line)
		switch {
		case stopped != "" && line == "::"+stopped+"::":
			stopped = ""
		case stopped == "" && m != nil:
			out = append(out, line)
		}
	}
	return out
}

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"trueup/state"
)

// exitMatrix says how each command ends in each world, as product and README
// have it: the exit code, and what trueup.outcome is with --format json, where
// the command has that. A dot: does not apply. The worlds are in exitWorlds.
const exitMatrix = `
command                         none       changes    adopted    refused    part       broken   nocred     down       locked     partly     stale
validate                        0:none     0:none     0:none     0:none     0:none     1:failed 0:none     0:none     0:none     0:none     0:none
lint                            0:none     0:none     0:none     0:none     0:none     1:failed 0:none     0:none     0:none     0:none     0:none
graph                           0          0          0          0          0          1        0          0          0          0          0
plan                            0:none     0:changes  0:none     1:refused  1:refused  1:failed 1:failed   1:failed   0:changes  0:changes  0:changes
plan --detailed-exitcode        0:none     2:changes  0:none     1:refused  1:refused  1:failed 1:failed   1:failed   2:changes  2:changes  2:changes
plan --out new.plan             0:none     0:changes  0:none     1:refused  1:refused  1:failed 1:failed   1:failed   0:changes  0:changes  0:changes
plan --out no/where             1:failed   1:failed   1:failed   1:failed   1:failed   1:failed 1:failed   1:failed   1:failed   1:failed   1:failed
plan --snapshot s.json          0:none     0:changes  0:none     1:refused  1:refused  1:failed 0:changes  0:changes  0:changes  0:changes  0:changes
plan --snapshot s.json --detailed-exitcode 0:none 2:changes 0:none 1:refused 1:refused 1:failed 2:changes 2:changes  2:changes  2:changes  2:changes
plan --fail-on nonsense         1:failed   1:failed   1:failed   1:failed   1:failed   1:failed 1:failed   1:failed   1:failed   1:failed   1:failed
apply                           1:failed   1:failed   1:failed   1:failed   1:failed   1:failed 1:failed   1:failed   1:failed   1:failed   1:failed
apply --auto-approve            0:none     0:changes  0:none     1:refused  1:refused  1:failed 1:failed   1:failed   1:failed   1:failed   0:changes
apply --plan old.plan           0:none     0:changes  0:none     1:refused  1:refused  0:changes 1:failed  1:failed   1:failed   1:failed   1:refused
apply --plan no.plan            1:failed   1:failed   1:failed   1:failed   1:failed   1:failed 1:failed   1:failed   1:failed   1:failed   1:failed
destroy                         1:failed   1:failed   1:failed   1:failed   1:failed   1:failed 1:failed   1:failed   1:failed   1:failed   1:failed
destroy --auto-approve          0:changes  0:changes  0:none     0:changes  1:refused  1:failed 1:failed   1:failed   1:failed   1:failed   0:changes
show old.plan                   0:none     0:changes  0:none     0:refused  0:refused  0:changes 0:changes 0:changes  0:changes  0:changes  0:changes
show .trueup/state.json         0:none     0:none     1:failed   0:none     0:none     0:none   0:none     0:none     0:none     0:none     0:none
show no.plan                    1:failed   1:failed   1:failed   1:failed   1:failed   1:failed 1:failed   1:failed   1:failed   1:failed   1:failed
export                          0          0          0          0          0          0        1          1          0          0          0
snapshot                        0          0          0          0          0          0        1          1          0          0          0
state list                      0:none     0:none     0:none     0:none     0:none     0:none   0:none     0:none     0:none     0:none     0:none
state show access_rule.bad      0:none     0:none     1:failed   0:none     0:none     0:none   0:none     0:none     0:none     0:none     0:none
state show access_rule.x        1:failed   1:failed   1:failed   1:failed   1:failed   1:failed 1:failed   1:failed   1:failed   1:failed   1:failed
state mv access_rule.bad access_rule.b 0:changes 0:changes 1:failed 0:changes 0:changes 0:changes 0:changes 0:changes 1:failed  0:changes  0:changes
state rm access_rule.bad        0:changes  0:changes  1:failed   0:changes  0:changes  0:changes 0:changes 0:changes  1:failed   0:changes  0:changes
token roll --auto-approve token.t 0:changes 0:changes 0:changes  0:changes  0:changes  1:failed 1:failed   1:failed   1:failed   0:changes  0:changes
token roll token.t              1:failed   1:failed   1:failed   1:failed   1:failed   1:failed 1:failed   1:failed   1:failed   1:failed   1:failed
token roll --auto-approve token.x 1:failed 1:failed   1:failed   1:failed   1:failed   1:failed 1:failed   1:failed   1:failed   1:failed   1:failed
fmt                             0:changes  0:changes  0:changes  0:changes  0:changes  0:changes  0:changes  0:changes  0:changes  0:changes  0:changes
fmt --check                     1:changes  1:changes  1:changes  1:changes  1:changes  1:changes  1:changes  1:changes  1:changes  1:changes  1:changes
fmt no.yaml                     1:failed   1:failed   1:failed   1:failed   1:failed   1:failed   1:failed   1:failed   1:failed   1:failed   1:failed
convert --to hcl                0          0          0          0          0          0          0          0          0          0          0
convert --to yaml               1          1          1          1          1          1          1          1          1          1          1
graph --format mermaid          0          0          0          0          0          1          0          0          0          0          0
convert --to hcl                0          0          0          0          0          0          0          0          0          0          0
convert --to hcl no.yaml        1          1          1          1          1          1          1          1          1          1          1
convert --to hcl --out trueup.yaml 1          1          1          1          1          1          1          1          1          1          1
undo                            0:changes  0:changes  0:none     0:changes  1:refused  1:failed   1:failed   1:failed   0:changes  0:changes  0:changes
undo --auto-approve             0:changes  0:changes  0:none     0:changes  1:refused  1:failed   1:failed   1:failed   1:failed   1:failed   0:changes
undo --detailed-exitcode        2:changes  2:changes  0:none     2:changes  1:refused  1:failed   1:failed   1:failed   2:changes  2:changes  2:changes
undo --out u.plan               0:changes  0:changes  0:none     0:changes  1:refused  1:failed   1:failed   1:failed   0:changes  0:changes  0:changes
export --format hcl             0          0          0          0          0          0          1          1          0          0          0
export --out live.yaml          0          0          0          0          0          0          1          1          0          0          0
export --out trueup.yaml        1          1          1          1          1          1          1          1          1          1          1
export --missing                0          0          0          0          0          1          1          1          0          0          0
snapshot --out no/where         1          1          1          1          1          1          1          1          1          1          1
completion bash                 0          0          0          0          0          0          0          0          0          0          0
sim --listen 192.0.2.1:0        1          1          1          1          1          1          1          1          1          1          1
schema                          0          0          0          0          0          0        0          0          0          0          0
version                         0:none     0:none     0:none     0:none     0:none     0:none   0:none     0:none     0:none     0:none     0:none
`

const (
	exitBase = `
access_rules:
  office: {mode: whitelist, value: 198.51.100.0/24, notes: Office}
  bad: {mode: block, value: 192.0.2.77}
  keep: {mode: block, value: 192.0.2.78, prevent_destroy: KEEP}
monitors:
  old: {type: tcp, port: 25}
tokens:
  t:
    policies: [{permission_groups: [Zone Read], resources: {com.cloudflare.api.account.zone.*: "*"}}]
    secret: {file: secrets/t}
`
	exitChanged = `
access_rules:
  office: {mode: whitelist, value: 198.51.100.0/24, notes: The office}
  bad: {mode: block, value: 192.0.2.77}
  keep: {mode: block, value: 192.0.2.78}
monitors:
  new: {type: tcp, port: 26}
tokens:
  t:
    policies: [{permission_groups: [Zone Read], resources: {com.cloudflare.api.account.zone.*: "*"}}]
    secret: {file: secrets/t}
`
)

// exitWorld is what a command finds: the base applied, then other files, and
// what stands in its way.
type exitWorld struct {
	keep   bool   // the base forbids to destroy access_rule.keep
	files  string // written after the base was applied; "" leaves them
	after  string // written after the plan was saved
	env    string
	noSim  bool     // without --sim, and without a credential
	faults []string // of the simulator
	locked bool
	lost   bool // the state
	moved  bool // the live objects, after the plan was saved
}

var exitWorlds = map[string]exitWorld{
	"none":    {},
	"changes": {files: exitChanged},
	"adopted": {lost: true},
	"refused": {files: exitChanged + "scope: user\n", env: "TRUEUP_OWN_ADDRESS=203.0.113.7"},
	"part":    {keep: true, files: strings.Replace(exitChanged, "  keep: {mode: block, value: 192.0.2.78}\n", "", 1)},
	"broken":  {files: exitChanged, after: "access_rules: {a: {mode: bolck}}"},
	"nocred":  {files: exitChanged, noSim: true},
	"down":    {files: exitChanged, faults: []string{"--sim-fault", "forbidden"}},
	"locked":  {files: exitChanged, locked: true},
	"partly":  {files: exitChanged, faults: []string{"--sim-fault", "forbidden@POST:monitors,forbidden@DELETE:monitors/*"}},
	"stale":   {files: exitChanged, moved: true},
}

// exitRun is a process in a directory: no terminal, no credential.
func exitRun(dir string, env string, args ...string) (code int, stdout, stderr []byte, err error) {
	var out, errs bytes.Buffer
	cmd := exec.Command("trueup", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	cmd.Env = append(exitEnviron(), env)
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code, err = exit.ExitCode(), nil
	}
	return code, out.Bytes(), errs.Bytes(), err
}

func exitEnviron() []string {
	return slices.DeleteFunc(os.Environ(), func(e string) bool {
		return strings.HasPrefix(e, "CLOUDFLARE_") || strings.HasPrefix(e, "TRUEUP_") || strings.HasPrefix(e, "GITHUB_")
	})
}

// exitPrepare makes a world's directory.
func exitPrepare(t *testing.T, w exitWorld) string {
	t.Helper()
	dir := t.TempDir()
	must := func(args ...string) {
		t.Helper()
		if code, _, errs, err := exitRun(dir, w.env, args...); err != nil || code == exitError && args[0] != "plan" {
			t.Fatalf("%v: %d %v %s", args, code, err, errs)
		}
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "trueup.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	base := strings.Replace(exitBase, "KEEP", map[bool]string{true: "true", false: "false"}[w.keep], 1)
	write(base)
	must("apply", "--sim", "--auto-approve")
	if w.files != "" {
		write(w.files)
	}
	if w.env != "" {
		write(strings.Replace(w.files, "access_rules:\n", "access_rules:\n  wide: {mode: block, value: 203.0.113.0/24}\n", 1))
	}
	if w.lost {
		if err := os.Remove(filepath.Join(dir, ".trueup", "state.json")); err != nil {
			t.Fatal(err)
		}
	}
	must("snapshot", "--sim", "--out", "s.json")
	must("plan", "--sim", "--out", "old.plan")
	if w.moved {
		write(strings.Replace(base, "notes: Office", "notes: Moved", 1))
		must("apply", "--sim", "--auto-approve", "--state", "elsewhere.json")
		write(w.files)
	}
	if w.after != "" {
		write(w.after)
	}
	return dir
}

// TestExitCodes runs every cell of the matrix, in text and in JSON.
func TestExitCodes(t *testing.T) {
	schema := planSchema(t)
	lines := strings.Split(strings.TrimSpace(exitMatrix), "\n")
	worlds := strings.Fields(lines[0])[1:]
	for i, world := range worlds {
		if testing.Short() && world != "changes" {
			continue // a short run looks for races, and one world has all that runs side by side
		}
		t.Run(world, func(t *testing.T) {
			t.Parallel()
			w, known := exitWorlds[world]
			if !known {
				t.Fatal("no such world")
			}
			dir := exitPrepare(t, w)
			for _, line := range lines[1:] {
				fields := strings.Fields(line)
				n := len(fields) - len(worlds)
				command := fields[:n]
				c := exitCell{world: w, command: command, dir: dir, schema: schema}
				c.want, c.outcome, c.json = strings.Cut(fields[n+i], ":")
				c.run(t)
			}
		})
	}
}

type exitCell struct {
	world         exitWorld
	command       []string
	dir           string
	want, outcome string
	json          bool
	schema        *jsonschema.Schema
}

func (c exitCell) run(t *testing.T) {
	formats := []string{""}
	switch {
	case c.json && testing.Short():
		formats = []string{"json"}
	case c.json:
		formats = append(formats, "json")
	}
	for _, format := range formats {
		name := strings.Join(c.command, " ") + " " + format
		args, dir := c.args(format), t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(c.dir)); err != nil {
			t.Fatal(err)
		}
		if c.world.locked {
			defer exitLock(t, dir)()
		}
		code, out, errs, err := exitRun(dir, c.world.env, args...)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(rune('0' + code)); got != c.want {
			t.Errorf("%s: exit code %s, want %s\n%s%s", name, got, c.want, out, errs)
		}
		if format == "" && code == exitError && len(errs) == 0 && !bytes.Contains(out, []byte("efused")) && !bytes.Equal(out, []byte("trueup.yaml\n")) {
			t.Errorf("%s: it fails without a word", name)
		}
		if format == "json" {
			if got := c.read(t, name, out); got != c.outcome {
				t.Errorf("%s: outcome %q, want %q\n%s", name, got, c.outcome, out)
			}
		}
	}
}

// exitTakes are the commands that take the flags of the API.
var exitTakes = []string{"plan", "apply", "destroy", "undo", "export", "snapshot", "token"}

func (c exitCell) args(format string) []string {
	args := slices.Clone(c.command)
	if slices.Contains(exitTakes, args[0]) {
		args = append(args, c.world.faults...)
		if !c.world.noSim {
			args = append(args, "--sim")
		}
	}
	if format != "" {
		args = append(args, "--format", format)
	}
	return args
}

// exitLock holds the lock of the state in dir, as another process would.
func exitLock(t *testing.T, dir string) func() {
	st := state.OpenFile(filepath.Join(dir, ".trueup", "state.json"), state.FileOptions{Now: time.Now, Rand: &counter{}})
	unlock, err := st.Lock(context.Background(), state.Holder{Who: "ann", Host: "ci-7", PID: os.Getpid(), What: "apply", When: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = unlock() }
}

// read demands that stdout is JSON, or JSON a line, with diagnostics where the
// outcome is a failure, and gives the outcome.
func (c exitCell) read(t *testing.T, name string, out []byte) string {
	t.Helper()
	type document struct {
		Type        string
		Trueup      *struct{ Outcome string }
		Diagnostics []struct{ Severity, Summary string }
	}
	var doc document
	dec := json.NewDecoder(bytes.NewReader(out))
	objects := 0
	for dec.More() {
		doc = document{}
		if err := dec.Decode(&doc); err != nil {
			t.Fatalf("%s: no JSON: %v\n%s", name, err, out)
		}
		objects++
	}
	streams := slices.Contains([]string{"apply", "destroy", "token"}, c.command[0]) || strings.HasPrefix(name, "undo --auto-approve")
	if streams && doc.Type != "end" || !streams && objects != 1 {
		t.Errorf("%s: %d objects on stdout, the last of type %q\n%s", name, objects, doc.Type, out)
	}
	if c.command[0] == "plan" || strings.HasPrefix(strings.Join(c.command, " "), "show old.plan") {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
		if err == nil {
			err = c.schema.Validate(v)
		}
		if err != nil {
			t.Errorf("%s: not as docs/plan.schema.json says: %v", name, err)
		}
	}
	if doc.Trueup == nil {
		return "no trueup"
	}
	if o := doc.Trueup.Outcome; o == outcomeFailed || o == outcomeRefused {
		if !slices.ContainsFunc(doc.Diagnostics, func(d struct{ Severity, Summary string }) bool { return d.Severity == "error" && d.Summary != "" }) {
			t.Errorf("%s: outcome %s, and no diagnostic says why\n%s", name, o, out)
		}
	}
	return doc.Trueup.Outcome
}

// TestUsageErrors: a command line that cannot be understood ends with 1, names
// what is wrong on stderr, and is JSON on stdout where that was asked for.
func TestUsageErrors(t *testing.T) {
	if testing.Short() {
		t.Skip("nothing runs side by side in a process that ends at its arguments")
	}
	dir := t.TempDir()
	for _, line := range []string{
		"", "plam", "state", "token", "--nonsense", "-C", "-C nowhere version", "completion", "completion tcsh", "show", "state mv access_rule.a",
		"plan --format xml", "plan --parallelism many", "plan --timeout soon", "convert --to toml x.yaml", "export --format toml", "graph --format svg",
		"validate --nonsense", "plan --nonsense", "apply --nonsense", "destroy --nonsense", "show --nonsense x", "export --nonsense", "snapshot --nonsense",
		"fmt --nonsense", "lint --nonsense", "state list --nonsense", "state show --nonsense a", "state rm --nonsense a", "state mv --nonsense a b",
		"undo --nonsense", "token roll --nonsense a", "graph --nonsense", "schema --nonsense", "sim --nonsense", "completion --nonsense bash", "version --nonsense",
	} {
		args := strings.Fields(line)
		code, _, errs, err := exitRun(dir, "", args...)
		if err != nil || code != exitError || len(errs) == 0 || strings.Contains(line, "--nonsense") && !bytes.Contains(errs, []byte("--nonsense")) {
			t.Errorf("%q: exit code %d, %v\n%s", line, code, err, errs)
		}
		code, out, _, err := exitRun(dir, "", append(args, "--format=json")...)
		cell := exitCell{command: []string{"usage"}}
		if got := cell.read(t, line, out); err != nil || code != exitError || got != outcomeFailed {
			t.Errorf("%q in JSON: exit code %d, outcome %q, %v", line, code, got, err)
		}
	}
}

func planSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile("../docs/plan.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestInterrupted: one Ctrl-C ends what only reads, and lets what is in flight
// finish where something is written; both end with 1.
func TestInterrupted(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		sign    string // written when it is time to interrupt
		outcome string
		left    bool
	}{
		"plan":            {[]string{"plan", "--sim-fault", "delay:1h@GET:"}, "", "failed", false},
		"apply, reading":  {[]string{"apply", "--auto-approve", "--sim-fault", "delay:1h@GET:"}, "", "failed", false},
		"apply, writing":  {[]string{"apply", "--auto-approve", "--parallelism", "1", "--sim-fault", "delay:400ms@POST:"}, "created", "failed", true},
		"export, reading": {[]string{"export", "--sim-fault", "delay:1h@GET:"}, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var rules strings.Builder
			for i := range 8 {
				rules.WriteString("  r" + string(rune('0'+i)) + ": {mode: block, value: 192.0.2." + string(rune('0'+i)) + "}\n")
			}
			if err := os.WriteFile(filepath.Join(dir, "trueup.yaml"), []byte("access_rules:\n"+rules.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			args := append(slices.Clone(c.args), "--sim")
			if c.outcome != "" {
				args = append(args, "--format", "json")
			}
			code, out := interrupt(t, dir, c.sign, args)
			if code != exitError {
				t.Errorf("exit code %d\n%s", code, out)
			}
			if c.outcome == "" {
				return
			}
			cell := exitCell{command: args, schema: planSchema(t)}
			if got := cell.read(t, name, out); got != c.outcome {
				t.Errorf("outcome %q\n%s", got, out)
			}
			if has := bytes.Contains(out, []byte(`"op":"created"`)) && bytes.Contains(out, []byte(`"detail":"the run was interrupted"`)); has != c.left {
				t.Errorf("some done and some left: %v\n%s", has, out)
			}
		})
	}
}

// interrupt runs the program and interrupts it when stdout holds the sign, or
// when it has surely begun to read.
func interrupt(t *testing.T, dir, sign string, args []string) (int, []byte) {
	t.Helper()
	var out, errs lockedBuffer
	cmd := exec.CommandContext(t.Context(), "trueup", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = dir, &out, &errs, exitEnviron()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 600 {
		time.Sleep(50 * time.Millisecond)
		_, err := os.Stat(filepath.Join(dir, ".trueup"))
		if sign == "" && err == nil || sign != "" && strings.Contains(out.String(), sign) {
			break
		}
	}
	if sign == "" {
		time.Sleep(200 * time.Millisecond)
	}
	_ = cmd.Process.Signal(os.Interrupt)
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	t.Logf("%s", errs.String())
	return cmd.ProcessState.ExitCode(), []byte(out.String())
}

// lockedBuffer is a buffer that may be read while a process writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

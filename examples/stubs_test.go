package examples

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stubs puts programs into dir that stand for those of a pipeline: gh records
// what it is told, git clone makes a directory, go build takes the program that
// is built already.
func stubs(t *testing.T, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "gh")); err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{
		"go":  "while [ \"$1\" != -o ]; do shift; done\nmkdir -p \"$(dirname \"$2\")\"\ncp '" + program + "' \"$2\"\n",
		"git": "for last; do :; done\nmkdir -p \"$last\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\nset -e\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// startSim starts the simulator as a server until the test ends, and gives the
// variables that lead to it.
func startSim(t *testing.T) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "sim", "--listen", "127.0.0.1:0", "--file", "-")
	cmd.Env = environment()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	vars := map[string]string{}
	for lines := bufio.NewScanner(out); len(vars) < 4 && lines.Scan(); {
		if name, value, found := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "="); found {
			vars[name] = value
		}
	}
	if len(vars) < 4 {
		t.Fatalf("the simulator says %v", vars)
	}
	return vars
}

// shell runs a script with sh, as a pipeline does.
func shell(t *testing.T, dir, script string, env ...string) (code int, log string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", script)
	cmd.Dir, cmd.Env = dir, append(environment(), env...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

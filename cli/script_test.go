package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"trueup": func() { os.Exit(Main(Process())) },
	})
}

// TestScripts runs the stories in testdata/script: the program as a process,
// in a directory of its own, against the simulator.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE")) // of the race detector: see the Makefile
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "mode": mode, "secretof": secretOf, "outcome": outcome,
		},
	})
}

// code N ARG...: trueup ends with just that exit code.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec("trueup", args[1:]...); err != nil {
		exit, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("%s", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// mode PERM FILE: the file has just these permissions.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode PERM FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// secretof FILE OTHER...: the file is one token value and nothing more, and
// none of the others holds it.
func secretOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: secretof FILE OTHER...")
	}
	secret := ts.ReadFile(args[0])
	if len(secret) < 32 || strings.TrimSpace(secret) != secret {
		ts.Fatalf("%s holds %d bytes that are no bare token value", args[0], len(secret))
	}
	for _, name := range args[1:] {
		if strings.Contains(ts.ReadFile(name), secret) {
			ts.Fatalf("%s holds the secret", name)
		}
	}
}

// outcome WORD: the last line of stdout, or all of it, is JSON with that
// trueup.outcome.
func outcome(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: outcome WORD")
	}
	text := strings.TrimSpace(ts.ReadFile("stdout"))
	var doc struct {
		Trueup struct{ Outcome string }
	}
	if json.Unmarshal([]byte(text), &doc) != nil {
		ts.Check(json.Unmarshal([]byte(text[strings.LastIndex(text, "\n")+1:]), &doc))
	}
	if doc.Trueup.Outcome != args[0] {
		ts.Fatalf("outcome %q, want %q", doc.Trueup.Outcome, args[0])
	}
}

package sink

import (
	"os"
	"os/exec"
	"path/filepath"

	"trueup/diag"
	"trueup/schema"
)

// Check says what would keep the sinks of a row from working, before anything
// is sent. It runs and writes nothing.
func Check(k *schema.Kind, row schema.Row) []schema.Problem {
	var ps []schema.Problem
	for i, t := range targetsOf(k, row) {
		path := schema.IndexPath(k.API.Sink, i)
		add := func(name, summary, remedy string) {
			ps = append(ps, schema.Problem{Path: schema.Join(path, name), Diagnostic: diag.Diagnostic{Code: "sink", Summary: summary, Detail: remedy}})
		}
		if bad := checkFile(t.file); bad != "" {
			add("file", bad, "Name a file.")
		}
		if len(t.command) > 0 {
			if _, err := exec.LookPath(t.command[0]); err != nil {
				add("command", "the command "+schema.Quote(t.command[0])+" cannot be run: "+cause(err), "Install it, or write its path.")
			}
		}
		if t.age == nil {
			continue
		}
		if bad := checkFile(t.age.file); bad != "" {
			add("age.file", bad, "Name a file.")
		}
		if _, err := encrypt(t.age.recipients, ""); err != nil {
			add("age.recipients", err.Error(), "Write public keys as age-keygen and ssh-keygen print them.")
		}
	}
	return ps
}

// checkFile says why the path can be no file; "" where nothing is known
// against it.
func checkFile(path string) string {
	if path == "" {
		return ""
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return path + " is a directory"
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return dir + " is not a directory"
		case err == nil, dir == filepath.Dir(dir):
			return ""
		}
	}
}

func cause(err error) string {
	if e, ok := err.(*exec.Error); ok {
		return e.Err.Error()
	}
	return err.Error()
}

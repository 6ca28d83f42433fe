package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rooms is the table of docs/architecture.md: which of our packages each may
// import outside its tests.
var rooms = map[string][]string{
	"trueup/diag":     {},
	"trueup/schema":   {"diag"},
	"trueup/loader":   {"schema", "diag"},
	"trueup/lint":     {"schema", "diag"},
	"trueup/state":    {"schema", "diag"},
	"trueup/sink":     {"schema", "diag"},
	"trueup/planner":  {"schema", "state", "diag"},
	"trueup/render":   {"planner", "state", "schema", "diag"},
	"trueup/applier":  {"planner", "schema", "state", "diag"},
	"trueup/cfclient": {"schema", "diag"},
	"trueup/sim":      {"schema"},
}

// only says which packages may import a library.
var only = map[string]string{
	"github.com/hashicorp/hcl":   "trueup/loader",
	"github.com/zclconf/go-cty":  "trueup/loader",
	"gopkg.in/yaml.v3":           "trueup/loader",
	"github.com/alecthomas/kong": "trueup/cli",
	"filippo.io/age":             "trueup/sink",
}

// TestLayering fails where an arrow runs up the table.
func TestLayering(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		allowed, known := rooms[p.ImportPath]
		for _, i := range p.Imports {
			if name, ours := strings.CutPrefix(i, "trueup/"); ours && known {
				seen++
				if !slices.Contains(allowed, name) && !strings.HasPrefix(i, p.ImportPath+"/") {
					t.Errorf("%s imports %s, which it may not", p.ImportPath, i)
				}
			}
			for lib, home := range only {
				if strings.HasPrefix(i, lib) && !strings.HasPrefix(p.ImportPath, home) && !strings.HasPrefix(p.ImportPath, "trueup/bench") {
					t.Errorf("%s imports %s, whose only home is %s", p.ImportPath, i, home)
				}
			}
		}
	}
	if seen == 0 {
		t.Fatal("no import was seen: the test looks in the wrong place")
	}
}

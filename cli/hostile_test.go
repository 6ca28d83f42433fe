package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"trueup/applier"
	"trueup/diag"
	"trueup/diag/diagtest"
	"trueup/planner"
	"trueup/schema"
)

// TestHostileEvents: what the API or a sink says is one line of text and one of
// JSON, and neither a terminal nor a pipeline obeys it.
func TestHostileEvents(t *testing.T) {
	for _, text := range diagtest.Hostile() {
		c := &planner.Change{Addr: schema.Addr{Kind: "pool", Name: "x", Key: text, Each: true}, Kind: schema.KindNamed("pool"), Scope: schema.UserScope}
		for _, e := range []applier.Event{
			{Type: applier.Done, Change: c, Op: "created", ID: text, Detail: text}, {Type: applier.Failed, Change: c, Err: errors.New(text), Detail: text},
			{Type: applier.NotTried, Change: c, Detail: text}, {Type: applier.Warned, Detail: text},
		} {
			shown := diag.Clean(line(e))
			var b bytes.Buffer
			if err := writeLine(&b, eventJSON(e)); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(shown, "\n") || strings.Count(b.String(), "\n") != 1 || !json.Valid(b.Bytes()) {
				t.Errorf("%v of %.40q is no line: %.200q %.200q", e.Type, text, shown, b.String())
			}
			if bad := diagtest.Obeyed(shown) + diagtest.Obeyed(b.String()); bad != "" {
				t.Errorf("%v of %.40q would be obeyed: %.200q", e.Type, text, bad)
			}
		}
	}
}

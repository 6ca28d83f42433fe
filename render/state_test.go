package render

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"trueup/schema"
	"trueup/state"
)

func snapshot() *state.Snapshot {
	entry := func(a, kind string, values obj, origin state.Origin, n int) *state.Entry {
		return &state.Entry{Addr: addr(a), Scope: schema.UserScope, ID: id(n), Origin: origin, Applied: row(kind, values)}
	}
	office := entry("access_rule.office", "access_rule", office, state.Created, 1)
	office.PreventDestroy, office.DependsOn = true, []schema.Addr{addr("monitor.login-page"), addr(`access_rule.each["a b"]`)}
	pool := entry("pool.primary-dc-1", "pool", primary, state.Adopted, 2)
	token := entry("token.ci-reader", "token", reader, state.Created, 3)
	token.Secret = state.Delivered
	token.Applied[schema.KindNamed("token").Index("expires_on")] = schema.Sensitive{Digest: "aa:bb"}
	old := entry("token.ci-reader", "token", with(reader, obj{"name": "ci-reader (retiring 2026-11-23)"}), state.Created, 4)
	old.Deposed = true
	return &state.Snapshot{
		Serial: 1214, Salt: []byte("0123456789abcdef"),
		Entries: []*state.Entry{office, entry("monitor.login-page", "monitor", login, state.Created, 18), pool, token, old},
		Open:    []state.Intent{{Seq: 7, Op: state.OpCreate, Addr: addr("token.new"), Scope: schema.UserScope, Start: time.Date(2026, 11, 22, 14, 3, 0, 0, time.UTC)}},
	}
}

func TestState(t *testing.T) {
	s := snapshot()
	golden(t, "state.txt", func() []byte {
		var b bytes.Buffer
		if err := StateText(&b, s, Options{}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	})
	golden(t, "state.md", func() []byte { return StateMarkdown(s, Options{}) })
	golden(t, "state.html", func() []byte { return withoutParts(must(StateHTML(s, Options{Source: "state.json"}))) })
	golden(t, "state.json", func() []byte { return must(StateJSON(s)) })
	many := &state.Snapshot{}
	for range 2000 {
		many.Entries = append(many.Entries, s.Entries...)
	}
	short := string(StateMarkdown(many, Options{}))
	if shown := strings.Count(short, "\n- ") + strings.Count(short, "<details>"); len(short) > DefaultMaxBytes || !strings.Contains(short, "Not shown, for want of room:** "+Comma(10_000-shown)+" objects.") {
		t.Errorf("%d bytes, %d objects: %s", len(short), shown, short[len(short)-100:])
	}
	long := &state.Snapshot{Entries: []*state.Entry{{Addr: addr("access_rule.a"), Scope: schema.UserScope, ID: id(1), Applied: row("access_rule", with(office, obj{"notes": strings.Repeat("long ", 900)}))}}}
	if out := string(StateMarkdown(long, Options{})); strings.Count(out, "long ") != 900 {
		t.Errorf("a value is cut where there is room: %s", out)
	}
	if out := string(StateMarkdown(long, Options{MaxBytes: 3000})); !strings.HasSuffix(out, "\n1 long value is shortened.\n") {
		t.Errorf("a value is cut and that is not said: %s", out)
	}
	if out := string(StateMarkdown(long, Options{MaxBytes: 800})); !strings.HasSuffix(out, "\n1 object has one line instead of a block.\n") {
		t.Errorf("a block is cut and that is not said: %s", out)
	}
	for _, text := range [][]byte{must(StateJSON(s)), must(StateJSON(&state.Snapshot{}))} {
		if !json.Valid(text) || bytes.Contains(text, []byte("aa:bb")) {
			t.Errorf("no JSON, or a digest in it: %s", text)
		}
	}
}

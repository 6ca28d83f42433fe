package render

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"trueup/diag"
	"trueup/planner"
)

func plainText(t *testing.T, p *planner.Plan, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, p, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestText(t *testing.T) {
	for name, p := range cases() {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".txt", func() []byte { return plainText(t, p, goldenOptions) })
			o := goldenOptions
			o.Color = true
			golden(t, name+".color.txt", func() []byte { return plainText(t, p, o) })
			golden(t, name+".narrow.txt", func() []byte { return plainText(t, p, Options{Width: 60, Verbose: true, Applying: true}) })
		})
	}
}

// TestTextEscapes: nothing that a value contains makes a line or reaches the
// terminal as a command.
func TestTextEscapes(t *testing.T) {
	got := string(plainText(t, escapes(), Options{Verbose: true}))
	for _, l := range strings.Split(got, "\n") {
		if strings.HasPrefix(strings.TrimSpace(l), "# access_rule.fake") {
			t.Errorf("a value made a line of its own: %q", l)
		}
	}
	for _, r := range got {
		if r != '\n' && diag.Clean(string(r)) != string(r) {
			t.Errorf("%U reached the output", r)
		}
	}
}

// TestSensitive looks for the secret in every format.
func TestSensitive(t *testing.T) {
	p := sensitives()
	for name, out := range map[string][]byte{"text": plainText(t, p, Options{Verbose: true}), "json": must(JSON(p))} {
		if bytes.Contains(out, []byte(secretText)) || bytes.Contains(out, []byte("203.0.113.0")) || bytes.Contains(out, []byte("192.0.2.0/24")) || bytes.Contains(out, []byte("aa:bb")) {
			t.Errorf("%s shows a sensitive value:\n%s", name, out)
		}
	}
}

func TestJSON(t *testing.T) {
	for name, p := range cases() {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".json", func() []byte { return must(JSON(p)) })
			if out := must(JSON(p)); !json.Valid(out) {
				t.Errorf("no JSON: %s", out)
			}
		})
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

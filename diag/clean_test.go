package diag

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

var cleaned = map[string]string{
	"Office \u00e9 \u6771\u4eac \u2764\ufe0f\u00a0x": "Office \u00e9 \u6771\u4eac \u2764\ufe0f\u00a0x",
	"a\tb\nc\x00\x1b[31m\x7f\u009b":                  `a b\u000ac\u0000\u001b[31m\u007f\u009b`,
	"\u202e\u2066\u200f\u061c":                       `\u202e\u2066\u200f\u061c`,
	"zero\u200bwidth\u200d\u2060\ufeff\u00ad":        `zero\u200bwidth\u200d\u2060\ufeff\u00ad`,
	"\u3164\u115f\u034f\u180e\ufff9":                 `\u3164\u115f\u034f\u180e\ufff9`,
	"tag\U000e0041\U000e0100":                        `tag\u{e0041}\u{e0100}`,
	"##[error]x ##vso[task.setvariable]y":            `#\u0023[error]x #\u0023vso[task.setvariable]y`,
	"## heading ### ##TeamCity[x":                    `## heading ### #\u0023TeamCity[x`,
	"::error::x ${{ secrets.X }}":                    `:\u003aerror::x ${{ secrets.X }}`,
	" ::add-mask file=a:b::x":                        ` :\u003aadd-mask file=a:b::x`,
	"x ::error::x":                                   "x ::error::x", // it is one at the beginning of a line only
	"::1 ::/0 ::ffff:192.0.2.1 ::dead:0:1":           "::1 ::/0 ::ffff:192.0.2.1 ::dead:0:1",
}

func TestClean(t *testing.T) {
	for in, want := range cleaned {
		if got := Clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestSafeJSON: it means the same, and nothing in it is obeyed.
func TestSafeJSON(t *testing.T) {
	for in := range cleaned {
		raw, err := json.MarshalIndent(map[string]string{in: in + "####"}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got := SafeJSON(raw)
		var back map[string]string
		if err := json.Unmarshal(got, &back); err != nil || back[in] != in+"####" {
			t.Errorf("%q: %v, %q", in, err, back)
		}
		for _, r := range string(got) {
			if r != '\n' && unsafe(r) {
				t.Errorf("%q: %U is in %s", in, r, got)
			}
		}
		if logCommand.Match(got) || !utf8.Valid(got) {
			t.Errorf("%q: %s", in, got)
		}
	}
}

package cli

import (
	"strings"
	"testing"
)

// TestColored: who says no is heard first.
func TestColored(t *testing.T) {
	for _, c := range []struct {
		env     string // NAME=value, by blanks
		tty, no bool
		want    bool
	}{
		{"", true, false, true},
		{"", false, false, false},
		{"TERM=xterm-256color", true, false, true},
		{"TERM=dumb", true, false, false},
		{"TERM=dumb FORCE_COLOR=1", true, false, true},
		{"FORCE_COLOR=1", false, false, true},
		{"FORCE_COLOR=", false, false, false},
		{"FORCE_COLOR=1", true, true, false},
		{"FORCE_COLOR=1 NO_COLOR=1", true, false, false},
		{"NO_COLOR=1", true, false, false},
		{"NO_COLOR=", true, false, true},
	} {
		env := func(name string) (string, bool) {
			for _, word := range strings.Fields(c.env) {
				if key, value, _ := strings.Cut(word, "="); key == name {
					return value, true
				}
			}
			return "", false
		}
		if got := colored(IO{Env: env, OutTTY: c.tty}, c.no); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

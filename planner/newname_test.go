package planner_test

import (
	"strings"
	"testing"

	"trueup/schema"
	"trueup/state"
)

// A resource under another name, where the name is what the API calls the
// object, went and came back without a word: a token with a new secret.
func TestNewName(t *testing.T) {
	old := func(name string) *schema.Object { return liveToken(1, attrs{"name": name}) }
	for _, c := range []struct {
		name  string
		want  attrs
		live  []*schema.Object
		have  []*state.Entry
		codes string
	}{
		{"renamed", token(nil), []*schema.Object{old("o")}, []*state.Entry{ours("token.o", old("o"))}, "new-name"},
		{"renamed, and other rights", token(attrs{"policies": readEdit}), []*schema.Object{old("o")}, []*state.Entry{ours("token.o", old("o"))}, ""},
		{"the old name is written", token(attrs{"name": "o"}), []*schema.Object{old("o")}, []*state.Entry{ours("token.o", old("o"))}, ""},
		{"not ours", token(nil), []*schema.Object{old("o")}, nil, ""},
		{"two that it could be", token(nil), []*schema.Object{old("o"), liveToken(2, attrs{"name": "p"})},
			[]*state.Entry{ours("token.o", old("o")), ours("token.p", liveToken(2, attrs{"name": "p"}))}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newWorld(want("token.n", c.want)).live(c.live...).have(c.have...).make(t)
			equal(t, "warnings", warnings(p), c.codes)
			if c.codes != "" && !strings.Contains(p.Warnings[0].Detail, `("o"), or first: trueup state mv 'token.o' 'token.n'`) {
				t.Errorf("remedy: %s", p.Warnings[0].Detail)
			}
		})
	}
	o := live("pool", id(1), attrs{"name": "o", "origins": origins, "monitor": id(9)})
	p := newWorld(want("monitor.m", attrs{"type": "https"}), want("pool.n", attrs{"origins": origins, "monitor": schema.Ref{Addr: schema.Addr{Kind: "monitor", Name: "m"}, Attr: "id"}})).
		live(o).have(ours("pool.o", o)).make(t)
	equal(t, "a reference to what is not there yet", warnings(p), "new-name")
}

// Package render shows things to people and machines: a plan as text, JSON,
// Markdown or HTML, a state likewise, the table of kinds as reference
// docs and JSON Schema.
//
// It decides nothing: what happens, why, and what it counts as is in the plan.
// Reading a block of it needs no knowledge of any one kind; what must be said
// of an attribute follows from its row in the table. Whatever a value contains,
// it stays on its line and in its cell: text passes through clean before
// it reaches any format. The same input gives the same bytes: no clock, no
// terminal, no environment. cli calls it.
package render

import (
	"strconv"
	"strings"
	"sync"

	"trueup/planner"
	"trueup/schema"
)

// Options are what the reader wants, for every format. The zero Options are
// plain text of unlimited width.
type Options struct {
	Color    bool   // text: ANSI colours
	Width    int    // text: columns; longer values go on in the next line; 0: unlimited
	Verbose  bool   // text: list what was adopted, renamed and left alone
	Source   string // what the plan was made from, for the head line: "trueup.yaml"
	Commit   string // Markdown, HTML: of the files; "": not known
	MaxBytes int    // Markdown: the budget; 0: DefaultMaxBytes
}

// index finds the address of an object of the plan by its id, so that ids
// read as names.
type index struct {
	addrs  func() map[string]schema.Addr // made when first asked: most plans show few ids; nil: none is known
	scopes bool                          // there are several: each object says its own
}

func indexOf(p *planner.Plan) index {
	return index{scopes: len(p.Scopes) > 1, addrs: sync.OnceValue(func() map[string]schema.Addr {
		addrs := make(map[string]schema.Addr, len(p.Changes))
		for _, c := range p.Changes {
			if c.ID != "" && !c.Deposed && !c.Addr.IsZero() {
				addrs[c.Kind.Name+"/"+c.ID] = c.Addr
			}
		}
		return addrs
	})}
}

func (x index) addr(kind, id string) (string, bool) {
	if x.addrs == nil {
		return "", false
	}
	a, ok := x.addrs()[kind+"/"+id]
	return a.String(), ok
}

// plural is "1 resource", "1,214 resources".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Comma(n) + " " + many
}

// Comma is a number with its thousands set apart.
func Comma(n int) string {
	s := strconv.Itoa(n)
	if n < 0 {
		return "-" + Comma(-n)
	}
	var groups []string
	for len(s) > 3 {
		groups = append([]string{s[len(s)-3:]}, groups...)
		s = s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, groups...), ",")
}

// textsOf are addresses or scopes as text.
func textsOf[T interface{ String() string }](vs []T) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = v.String()
	}
	return out
}

package render

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// StateText writes what a state holds, for people. Digests of sensitive values
// are not among it.
func StateText(w io.Writer, s *state.Snapshot, o Options) error {
	t := &texter{w: bufio.NewWriterSize(w, 1<<16), o: o, index: indexOfState(s)}
	t.wrapped(stateHead(s), "  ", dim)
	t.line()
	for _, e := range s.Entries {
		t.entry(e)
	}
	for _, in := range s.Open {
		t.wrapped("  # "+openWords(in), "    # ", none)
	}
	return t.w.Flush()
}

func stateHead(s *state.Snapshot) string {
	return "state · serial " + Comma(int(s.Serial)) + " · " + plural(len(s.Entries), "object", "objects")
}

// openWords are about what was begun and not finished.
func openWords(in state.Intent) string {
	return clean(fmt.Sprintf("%s: %s was begun %s and its outcome is not known; the next apply finds out",
		in.Addr, in.Op, in.Start.UTC().Format("2006-01-02 15:04 UTC")))
}

func indexOfState(s *state.Snapshot) index {
	return index{addrs: sync.OnceValue(func() map[string]schema.Addr {
		addrs := make(map[string]schema.Addr, len(s.Entries))
		for _, e := range s.Entries {
			if !e.Deposed {
				addrs[e.Addr.Kind+"/"+e.ID] = e.Addr
			}
		}
		return addrs
	})}
}

func (t *texter) entry(e *state.Entry) {
	b := t.index.entry(e)
	title := strings.TrimSuffix("# "+b.addr+" · "+strings.Join(b.reasons, " · "), " · ")
	t.words("  ", glued(title), "    # ", bold)
	t.lines(b.lines)
	for _, r := range b.remarks {
		t.wrapped("    # "+r, "    #   ", dim)
	}
	t.line()
}

// entry says everything about an object of a state: where a block of a plan
// has reasons, it has what the state knows besides the attributes.
func (x index) entry(e *state.Entry) *block {
	b := &block{name: clean(e.Addr.String())}
	if b.addr = b.name; e.Deposed {
		b.addr += " (deposed object)"
	}
	words := []string{"scope " + e.Scope.String(), string(e.Origin)}
	if e.PreventDestroy {
		words = append(words, "prevent_destroy")
	}
	if e.Secret != state.NoSecret {
		words = append(words, "secret "+string(e.Secret))
	}
	for _, w := range words {
		b.reasons = append(b.reasons, clean(w))
	}
	b.lines = []line{{path: "id", new: plainCell(clean(e.ID))}}
	if k := schema.KindNamed(e.Addr.Kind); k != nil {
		b.lines = append(b.lines, form{index: x}.whole(k, &planner.Change{Kind: k, Addr: e.Addr}, e.Applied, "")...)
	}
	if len(e.DependsOn) > 0 {
		b.remarks = append(b.remarks, "depends on "+clean(strings.Join(textsOf(e.DependsOn), ", ")))
	}
	return b
}

// StateJSON is a state for machines, in the form that readers of states know:
// values.root_module.resources[], with what is our own under trueup.
func StateJSON(s *state.Snapshot) ([]byte, error) {
	var b bytes.Buffer
	j := &jsonWriter{w: bufio.NewWriter(&b), index: index{}}
	j.raw("{\n\"format_version\":\"1.0\",\n\"values\":{\"root_module\":{\"resources\":[")
	for i, e := range s.Entries {
		if i > 0 {
			j.raw(",")
		}
		j.raw("\n")
		j.entry(e)
		j.flush()
	}
	j.raw("\n]}},\n\"trueup\":")
	j.open('{')
	j.str("outcome", "none")
	j.num("serial", int(s.Serial))
	j.key("open")
	j.open('[')
	for _, in := range s.Open {
		j.open('{')
		j.str("op", string(in.Op))
		j.str("address", in.Addr.String())
		j.str("scope", in.Scope.String())
		j.opt("id", in.ID)
		j.str("start", in.Start.UTC().Format("2006-01-02T15:04:05Z"))
		j.shut('}')
	}
	j.shut(']')
	j.shut('}')
	j.flush()
	j.raw("\n}\n")
	err := j.w.Flush()
	return b.Bytes(), err
}

func (j *jsonWriter) entry(e *state.Entry) {
	k := schema.KindNamed(e.Addr.Kind)
	c := &planner.Change{Addr: e.Addr, Deposed: e.Deposed, ID: e.ID}
	j.open('{')
	j.address(c)
	if k != nil {
		j.side("values", k, e.Applied)
		j.key("sensitive_values")
		j.sideFlags(k, e.Applied)
	}
	j.key("trueup")
	j.open('{')
	j.str("scope", e.Scope.String())
	j.str("id", e.ID)
	j.str("origin", string(e.Origin))
	j.yes("prevent_destroy", e.PreventDestroy)
	j.strs("depends_on", textsOf(e.DependsOn))
	j.opt("secret", string(e.Secret))
	j.shut('}')
	j.shut('}')
}

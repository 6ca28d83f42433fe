package render

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"trueup/diag"
	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// StateText writes what a state holds, for people. Digests of sensitive values
// are not among it.
func StateText(w io.Writer, s *state.Snapshot, o Options) error {
	t := &texter{w: bufio.NewWriterSize(w, 1<<16), o: o, index: indexOfState(s)}
	t.line(t.paint(dim, "state · serial "+Comma(int(s.Serial))+" · "+plural(len(s.Entries), "object", "objects")))
	t.line()
	for _, e := range s.Entries {
		t.entry(e)
	}
	for _, in := range s.Open {
		t.line("  # ", clean(in.Addr.String()), fmt.Sprintf(": %s was begun %s and its outcome is not known; the next apply finds out",
			in.Op, in.Start.UTC().Format("2006-01-02 15:04 UTC")))
	}
	return t.w.Flush()
}

// EntryText writes one object of a state.
func EntryText(w io.Writer, e *state.Entry, o Options) error {
	t := &texter{w: bufio.NewWriter(w), o: o, index: index{}}
	t.entry(e)
	return t.w.Flush()
}

func indexOfState(s *state.Snapshot) index {
	x := make(index, len(s.Entries))
	for _, e := range s.Entries {
		if !e.Deposed {
			x[e.Addr.Kind+"/"+e.ID] = e.Addr
		}
	}
	return x
}

func (t *texter) entry(e *state.Entry) {
	title := "  # " + clean(e.Addr.String())
	if e.Deposed {
		title += " (deposed object)"
	}
	words := []string{"scope " + e.Scope.String(), string(e.Origin)}
	if e.PreventDestroy {
		words = append(words, "prevent_destroy")
	}
	if e.Secret != state.NoSecret {
		words = append(words, "secret "+string(e.Secret))
	}
	t.line(t.paint(bold, title), clean(" · "+strings.Join(words, " · ")))
	lines := []line{{path: "id", new: plainCell(clean(e.ID))}}
	if k := schema.KindNamed(e.Addr.Kind); k != nil {
		lines = append(lines, form{index: t.index}.whole(k, &planner.Change{Kind: k, Addr: e.Addr}, e.Applied, "")...)
	}
	t.lines(lines)
	if len(e.DependsOn) > 0 {
		t.line("    # depends on ", clean(strings.Join(textsOf(e.DependsOn), ", ")))
	}
	t.line()
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

// EntryJSON is one object of a state for machines.
func EntryJSON(e *state.Entry) []byte {
	j := &jsonWriter{index: index{}}
	j.entry(e)
	return append(diag.SafeJSON(j.b), '\n')
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

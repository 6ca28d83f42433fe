package render

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"maps"
	"slices"

	"trueup/diag"
	"trueup/planner"
	"trueup/schema"
)

// JSON is the plan for machines, under the names that policy tools for plans
// read; what has none there is under the key trueup. docs/plan.schema.json
// describes it. There is one object a line, so that two plans can be compared by
// line.
//
// before and after hold every attribute that the table sends or keys by, unset
// as null. What needs no change is the same text on both sides, however the
// files or the server spell or order it.
func JSON(p *planner.Plan) ([]byte, error) {
	var b bytes.Buffer
	err := writeJSON(&b, p)
	return b.Bytes(), err
}

// writeJSON writes it object by object.
func writeJSON(w io.Writer, p *planner.Plan) error {
	j := &jsonWriter{w: bufio.NewWriterSize(w, 1<<16), index: indexOf(p)}
	j.raw("{\n\"format_version\":\"1.2\"")
	j.list("resource_changes", len(p.Changes), func(i int) bool { j.resource(p.Changes[i]); return true })
	j.list("resource_drift", len(p.Changes), func(i int) bool { return j.drift(p.Changes[i]) })
	ds := Diagnostics(p)
	j.list("diagnostics", len(ds), func(i int) bool { j.diagnostic(&ds[i]); return true })
	j.b = append(j.b[:0], ",\n\"trueup\":"...)
	j.own(p)
	j.flush()
	j.raw("\n}\n")
	return j.w.Flush()
}

var jsonActions = map[planner.Action][]string{
	planner.NoOp: {"no-op"}, planner.Create: {"create"}, planner.Update: {"update"}, planner.Roll: {"update"},
	planner.Delete: {"delete"}, planner.Replace: {"delete", "create"}, planner.CreateReplace: {"create", "delete"},
	planner.Forget: {"forget"},
}

// jsonReasons are the words that readers of plans know; our own is always in
// trueup.reason.
var jsonReasons = map[planner.Reason]string{
	planner.ReasonReplaceField: "replace_because_cannot_update",
	planner.ReasonDead:         "replace_because_tainted",
	planner.ReasonNotListed:    "delete_because_no_resource_config",
	planner.ReasonExclusive:    "delete_because_no_resource_config",
}

func (j *jsonWriter) address(c *planner.Change) {
	j.str("address", c.Addr.String())
	j.str("mode", "managed")
	j.str("type", c.Addr.Kind)
	j.str("name", c.Addr.Name)
	if c.Addr.Each {
		j.str("index", c.Addr.Key)
	}
	if c.Deposed {
		j.str("deposed", c.ID)
	}
}

func (j *jsonWriter) resource(c *planner.Change) {
	before, after := sides(c)
	j.open('{')
	j.address(c)
	j.key("change")
	j.change(c.Kind, jsonActions[c.Action], before, after, replacePaths(c))
	j.opt("action_reason", jsonReasons[c.Reason])
	j.key("trueup")
	j.extras(c)
	j.shut('}')
}

func (j *jsonWriter) change(k *schema.Kind, actions []string, before, after schema.Row, replace []string) {
	j.open('{')
	j.key("actions")
	j.texts(actions)
	j.side("before", k, before)
	j.side("after", k, after)
	j.key("after_unknown")
	j.rowFlags(k, after, isUnknown)
	j.key("before_sensitive")
	j.sideFlags(k, before)
	j.key("after_sensitive")
	j.sideFlags(k, after)
	if len(replace) > 0 {
		j.key("replace_paths")
		j.open('[')
		for _, p := range replace {
			j.steps(p)
		}
		j.shut(']')
	}
	j.shut('}')
}

func replacePaths(c *planner.Change) []string {
	var out []string
	for _, f := range c.Fields {
		if f.Replaces {
			out = append(out, f.Path)
		}
	}
	return out
}

// steps is a path as a list of its steps.
func (j *jsonWriter) steps(path string) {
	var steps []string
	for path != "" {
		step, _, rest, ok := schema.SplitPath(path)
		if !ok {
			break
		}
		steps, path = append(steps, step), rest
	}
	j.texts(steps)
}

// extras are what only trueup says of a change.
func (j *jsonWriter) extras(c *planner.Change) {
	j.open('{')
	j.str("scope", c.Scope.String())
	j.opt("id", c.ID)
	j.opt("reason", string(c.Reason))
	j.yes("adopted", c.Adopted)
	if !c.RenamedFrom.IsZero() {
		j.str("renamed_from", c.RenamedFrom.String())
	}
	j.yes("rolls_secret", c.Roll || c.Action == planner.Roll)
	j.opt("refused", c.Refused)
	j.yes("prevent_destroy", c.PreventDestroy)
	j.strs("changed", fieldPaths(c.Fields))
	j.strs("drifted", fieldPaths(c.Drift))
	j.strs("edited", edited(c))
	j.strs("gains", c.Gains)
	j.referrers(c.Referrers)
	j.event(c.Event)
	if len(c.Names) > 0 && c.Action != planner.NoOp {
		j.key("names")
		j.open('{')
		for _, id := range slices.Sorted(maps.Keys(c.Names)) {
			j.str(id, c.Names[id])
		}
		j.shut('}')
	}
	j.shut('}')
}

// edited are the paths that the files changed of an object that was changed
// outside them too.
func edited(c *planner.Change) []string {
	if len(c.Drift) == 0 {
		return nil
	}
	return fieldPaths(slices.DeleteFunc(slices.Clone(c.Fields), func(f planner.Field) bool { return f.Known && !f.Wanted }))
}

func fieldPaths(fields []planner.Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Path
	}
	return out
}

func (j *jsonWriter) referrers(rs []schema.Referrer) {
	if len(rs) == 0 {
		return
	}
	j.key("referrers")
	j.open('[')
	for _, r := range rs {
		j.open('{')
		j.str("type", r.Type)
		j.str("id", r.ID)
		j.str("name", r.Name)
		if addr, known := j.index.addr(r.Type, r.ID); known {
			j.str("address", addr)
		}
		j.shut('}')
	}
	j.shut(']')
}

func (j *jsonWriter) event(e *planner.Event) {
	if e == nil {
		return
	}
	j.key("event")
	j.open('{')
	j.str("actor", e.Actor)
	j.str("interface", e.Interface)
	if !e.When.IsZero() {
		j.str("when", e.When.UTC().Format("2006-01-02T15:04:05Z"))
	}
	j.shut('}')
}

// drift writes what changed outside the files, as a change from what was last
// applied to what is there. It says false where nothing did.
func (j *jsonWriter) drift(c *planner.Change) bool {
	gone := c.Reason == planner.ReasonGone
	if len(c.Drift) == 0 && !gone {
		return false
	}
	was, now := schema.Row(nil), schema.Row(nil)
	actions := []string{"delete"}
	if !gone {
		actions = []string{"update"}
		was, now = applied(c), c.Before
	}
	j.open('{')
	j.address(c)
	j.key("change")
	j.change(c.Kind, actions, was, now, nil)
	j.key("trueup")
	j.open('{')
	j.str("scope", c.Scope.String())
	j.opt("id", cmp.Or(c.ID, c.Lost))
	j.strs("changed", fieldPaths(c.Drift))
	j.event(c.Event)
	j.shut('}')
	j.shut('}')
	return true
}

// Diagnostics are the plan's warnings, and its refusals as errors: of single
// objects, then of the plan.
func Diagnostics(p *planner.Plan) diag.List {
	out := slices.Clone(p.Warnings)
	for _, c := range p.Changes {
		if c.Refused != "" {
			out = append(out, diag.Diagnostic{Summary: c.Refused, Address: c.Addr.String(), Code: "refused"})
		}
	}
	for _, r := range p.Refusals {
		d := diag.Diagnostic{Summary: r.Message, Detail: r.Remedy, Code: r.Code}
		if len(r.Addrs) == 1 {
			d.Address = r.Addrs[0]
		}
		out = append(out, d)
	}
	return out
}

func (j *jsonWriter) diagnostic(d *diag.Diagnostic) {
	j.open('{')
	j.str("severity", d.Severity.String())
	j.str("summary", d.Summary)
	j.str("detail", d.Detail)
	j.opt("hint", d.Hint)
	j.opt("address", d.Address)
	j.opt("code", d.Code)
	if d.Range.Known() {
		j.key("range")
		j.open('{')
		j.str("filename", d.Range.File)
		j.place("start", d.Range.Start)
		j.place("end", d.Range.End)
		j.shut('}')
	}
	j.shut('}')
}

func (j *jsonWriter) place(name string, p diag.Pos) {
	if p.Line == 0 {
		return
	}
	j.key(name)
	j.open('{')
	j.num("line", int(p.Line))
	j.num("column", int(p.Column))
	j.shut('}')
}

// own is what the whole plan says beyond what policy tools know.
func (j *jsonWriter) own(p *planner.Plan) {
	j.open('{')
	j.str("outcome", p.Outcome())
	j.key("scopes")
	scopes := textsOf(p.Scopes)
	j.texts(scopes)
	j.num("resources", p.Resources)
	j.yes("destroy", p.Destroy)
	targets := textsOf(p.Targets)
	j.strs("targets", targets)
	j.counts(p)
	j.refusals(p.Refusals)
	j.leftAlone(p.LeftAlone)
	j.key("requests")
	j.open('{')
	j.num("read", p.Budget.Read)
	j.num("apply", p.Budget.Apply)
	j.shut('}')
	j.shut('}')
}

func (j *jsonWriter) counts(p *planner.Plan) {
	n := p.Counts()
	j.key("counts")
	j.open('{')
	j.num("add", n.Add)
	j.num("change", n.Change)
	j.num("destroy", n.Destroy)
	j.num("adopt", n.Adopt)
	j.num("rename", n.Rename)
	j.num("forget", n.Forget)
	j.num("refused", n.Refused)
	j.num("left_alone", len(p.LeftAlone))
	j.num("foreign", p.Foreign)
	j.shut('}')
}

func (j *jsonWriter) refusals(rs []planner.Refusal) {
	j.key("refusals")
	j.open('[')
	for _, r := range rs {
		j.open('{')
		j.str("code", r.Code)
		j.str("message", r.Message)
		j.str("remedy", r.Remedy)
		j.strs("addresses", r.Addrs)
		j.moved(r.Moved)
		j.shut('}')
	}
	j.shut(']')
}

// moved is in what an object moved under a saved plan.
func (j *jsonWriter) moved(c *planner.Change) {
	if c == nil {
		return
	}
	j.key("moved")
	j.open('[')
	for i := range c.Fields {
		f := &c.Fields[i]
		a := attrOf(c, f)
		j.open('{')
		j.str("path", f.Path)
		j.key("planned")
		j.value(a, f.Before)
		j.key("found")
		j.value(a, f.After)
		j.shut('}')
	}
	j.shut(']')
}

func (j *jsonWriter) leftAlone(left []planner.LeftAlone) {
	j.key("left_alone")
	j.open('[')
	for _, l := range left {
		if len(j.b) > 1<<15 {
			j.flushKeep()
		}
		j.open('{')
		j.str("kind", l.Kind)
		j.str("scope", l.Scope.String())
		j.str("id", l.ID)
		j.str("label", l.Label)
		j.str("why", l.Why)
		j.shut('}')
	}
	j.shut(']')
}

// flushKeep writes all but the last byte, which decides about the next comma.
func (j *jsonWriter) flushKeep() {
	n := len(j.b) - 1
	j.w.Write(diag.SafeJSON(j.b[:n]))
	j.b = append(j.b[:0], j.b[n])
}

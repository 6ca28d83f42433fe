package render

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"trueup/planner"
	"trueup/schema"
)

// block is what there is to say about one changed object, before any format.
// All its text is clean.
type block struct {
	change  *planner.Change
	addr    string   // with what tells a deposed object apart
	name    string   // the address alone
	symbol  string   // "~", "-/+"
	verb    string   // "will be updated in-place"
	reasons []string // shown in brackets after the verb
	summary string   // which object is meant, where neither address nor lines say it
	lines   []line
	alerts  []string // "privilege increase: …", "refused: …"
	remarks []string // "used by pool.a, pool.b", "9 unchanged attributes hidden"
}

// line is one changed path. With both cells set it is old -> new.
type line struct {
	symbol   string
	path     string
	old, new cell
	sink     bool           // new is where something goes to: shown with an arrow before it
	forces   bool           // forces replacement
	member   mark           // new is a member of a set that comes in or goes out
	note     string         // how it drifted
	field    *planner.Field // what it shows; nil for a whole object's attributes
}

var symbols = map[planner.Action]string{
	planner.NoOp: " ", planner.Create: "+", planner.Update: "~", planner.Roll: "~", planner.Delete: "-",
	planner.Replace: "-/+", planner.CreateReplace: "+/-", planner.Forget: ".",
}

var verbs = map[planner.Action]string{
	planner.NoOp: "is unchanged", planner.Create: "will be created", planner.Update: "will be updated in-place",
	planner.Roll: "will be updated in-place", planner.Delete: "will be destroyed", planner.Replace: "must be replaced",
	planner.CreateReplace: "must be replaced", planner.Forget: "will be forgotten",
}

// build says everything about a change.
func (x index) build(c *planner.Change) *block {
	f := form{c.Names, x}
	b := &block{change: c, symbol: symbols[c.Action], verb: verbs[c.Action], reasons: reasons(c)}
	if x.scopes {
		b.reasons = append([]string{clean("scope " + c.Scope.String())}, b.reasons...)
	}
	b.name = clean(c.Addr.String())
	b.addr = b.name
	if c.Deposed {
		b.addr += " (deposed object " + clean(c.ID) + ")"
	}
	b.lines = f.lines(c)
	b.note(c)
	b.summary = b.which(c)
	b.alert(c)
	b.remark(x, c)
	return b
}

// which is the summary value, where neither address nor lines show it.
func (b *block) which(c *planner.Change) string {
	attr := c.Kind.Summary
	if attr == "" || slices.ContainsFunc(b.lines, func(l line) bool { return l.path == attr }) {
		return ""
	}
	v := c.Kind.Get(c.Before, attr)
	if v == nil {
		v = c.Kind.Get(c.After, attr)
	}
	if _, isText := v.(schema.String); !isText || schema.Text(v) == c.Addr.Key {
		return ""
	}
	return clean(schema.Text(v))
}

// alert says what a reader must not miss.
func (b *block) alert(c *planner.Change) {
	if len(c.Gains) > 0 {
		b.alerts = append(b.alerts, "privilege increase: "+clean(strings.Join(c.Gains, "; ")))
	}
	if c.Refused != "" {
		b.alerts = append(b.alerts, "refused: "+clean(c.Refused))
	}
}

func (b *block) remark(x index, c *planner.Change) {
	if len(c.Referrers) > 0 {
		b.remarks = append(b.remarks, "used by "+strings.Join(x.referrers(c.Referrers), ", "))
	}
	if c.Before != nil && c.After != nil && c.Same > 0 {
		b.remarks = append(b.remarks, "("+plural(c.Same, "unchanged attribute", "unchanged attributes")+" hidden)")
	}
	if hidden := hiddenDefaults(c); hidden > 0 {
		b.remarks = append(b.remarks, "("+plural(hidden, "attribute at its default", "attributes at their defaults")+" hidden)")
	}
}

// referrers are who uses an object, by the address where the plan knows it.
func (x index) referrers(rs []schema.Referrer) []string {
	out := make([]string, len(rs))
	for i, r := range rs {
		out[i] = clean(r.String())
		if addr, known := x.addr(r.Type, r.ID); known {
			out[i] = clean(addr)
		}
	}
	return out
}

// note puts the history of drifted paths beside them. Who did it is said on
// the line if there is one, else once for all.
func (b *block) note(c *planner.Change) {
	var drifted []int
	for i, l := range b.lines {
		if l.field != nil && l.field.Drifted {
			drifted = append(drifted, i)
		}
	}
	f, by := form{names: c.Names}, eventWords(c.Event)
	switch {
	case c.Reason == planner.ReasonGone && by != "":
		b.remarks = append(b.remarks, "last changed outside the files"+by)
	case len(drifted) == 1 || by == "":
		for _, i := range drifted {
			b.lines[i].note = f.history(c, b.lines[i].field, by)
		}
	case len(drifted) > 1:
		b.remarks = append(b.remarks, "changed outside the files"+by)
		for _, i := range drifted {
			b.lines[i].note = f.applied(c, b.lines[i].field)
		}
	}
}

// applied is "was 60", or "" where what was applied is not known.
func (f form) applied(c *planner.Change, fl *planner.Field) string {
	a := attrOf(c, fl)
	switch {
	case !fl.Known:
		return ""
	case fl.Applied == nil:
		return "was unset"
	}
	return "was " + f.text(a, fl.Applied)
}

// history is "was 60; changed to 30 by admin@example.com in the dashboard".
func (f form) history(c *planner.Change, fl *planner.Field, by string) string {
	a := attrOf(c, fl)
	if by == "" {
		by = " outside the files"
	}
	text := "taken away" + by
	if fl.Before != nil {
		text = "changed to " + f.text(a, fl.Before) + by
	}
	if was := f.applied(c, fl); was != "" {
		text = was + "; " + text
	}
	if fl.Wanted {
		text += "; the files changed it too"
	}
	return text
}

// attrOf is the attribute of a field; free JSON where the table has no such
// path.
func attrOf(c *planner.Change, fl *planner.Field) *schema.Attr {
	if a := c.Kind.AttrAt(fl.Path); a != nil {
		return a
	}
	return &schema.Attr{Name: fl.Path, Type: schema.TypeJSON}
}

var interfaces = map[string]string{"UI": " in the dashboard", "API": " through the API"}

// eventWords is " by ACTOR in the dashboard, 2026-11-22 14:03 UTC", or "".
func eventWords(e *planner.Event) string {
	if e == nil {
		return ""
	}
	var b strings.Builder
	if e.Actor != "" {
		b.WriteString(" by " + clean(e.Actor))
	}
	if where, known := interfaces[e.Interface]; known {
		b.WriteString(where)
	} else if e.Interface != "" {
		b.WriteString(" through " + clean(e.Interface))
	}
	if !e.When.IsZero() {
		b.WriteString(", " + e.When.UTC().Format("2006-01-02 15:04 UTC"))
	}
	return b.String()
}

// reasons are what stands in brackets after the verb.
func reasons(c *planner.Change) []string {
	var out []string
	add := func(when bool, format string, args ...any) {
		if when {
			out = append(out, clean(fmt.Sprintf(format, args...)))
		}
	}
	add(c.Adopted && !c.Kind.API.Secret, "adopted")
	add(c.Adopted && c.Kind.API.Secret, "adopted, its secret is unknown")
	add(!c.RenamedFrom.IsZero(), "renamed from %s", c.RenamedFrom)
	if text := reasonWords(c); text != "" {
		out = append(out, text)
	}
	if c.Action == planner.Update || c.Action == planner.Replace || c.Action == planner.CreateReplace {
		add(true, "%s", driftWords(c.Fields))
	}
	add(c.Action == planner.Forget, "removed from the state only")
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

func reasonWords(c *planner.Change) string {
	switch c.Reason {
	case planner.ReasonGone:
		return "deleted outside the files"
	case planner.ReasonDead:
		return "the server has ended it for good"
	case planner.ReasonNotListed:
		return "not in the files any more"
	case planner.ReasonExclusive:
		return "not in the files, and " + schema.Words(c.Kind.Plural) + " are exclusive"
	case planner.ReasonRotation:
		return rotationWords(c)
	case planner.ReasonRetiring:
		return "retiring: the old one of a rotation"
	case planner.ReasonSecretLost:
		return "new secret: the last one never reached its sink"
	case planner.ReasonSuperseded:
		return "its address now means another object"
	case planner.ReasonMovedScope:
		return "wanted in another scope now"
	case planner.ReasonUndone:
		return undoneWords(c)
	}
	switch {
	case c.Roll:
		return "new secret: the last one never reached its sink"
	case c.Action == planner.Roll:
		return "new secret"
	}
	return ""
}

func undoneWords(c *planner.Change) string {
	switch c.Action {
	case planner.Create:
		return "the last apply deleted it"
	case planner.Delete:
		return "the last apply created it"
	case planner.Forget:
		return "the last apply adopted it"
	}
	if c.Release {
		return "as it was before the last apply adopted it, and not ours any more"
	}
	return "as it was before the last apply"
}

func rotationWords(c *planner.Change) string {
	if c.Deposed {
		return "retiring: its secret is due for rotation"
	}
	return "rotation: its secret is due"
}

// driftWords is the direction of what changes: outside the files, or there and
// in the files.
func driftWords(fields []planner.Field) string {
	outside, inside := 0, 0
	for _, f := range fields {
		if f.Drifted {
			outside++
		}
		if f.Wanted || !f.Drifted {
			inside++
		}
	}
	switch {
	case outside == 0:
		return ""
	case inside == 0:
		return "changed outside the files"
	}
	return "changed in the files and outside"
}

// about is how long something takes, roughly.
func about(seconds int) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("about %d s", seconds)
	case d < 2*time.Hour:
		return fmt.Sprintf("about %.0f min", d.Minutes())
	}
	return fmt.Sprintf("about %.1f h", d.Hours())
}

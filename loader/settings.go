package loader

import (
	"fmt"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/schema"
)

// settingsKind describes the settings by the means of the table, so that they
// are read and checked like a resource.
var settingsKind = &schema.Kind{Name: "settings", Attrs: []schema.Attr{
	{Name: "ownership", Type: schema.TypeText, Nest: schema.MapOf, Enum: []string{string(schema.Tracked), string(schema.Exclusive)}},
	{Name: "ignore", Type: schema.TypeJSON},
	{Name: "limits", Type: schema.TypeObject, Attrs: []schema.Attr{
		{Name: "max_delete_percent", Type: schema.TypeNumber, Min: 0, Max: 100, Default: schema.Number(schema.DefaultLimits.MaxDeletePercent)},
		{Name: "max_deletes", Type: schema.TypeInt, Min: 0, Max: 1e9, Default: schema.Number(schema.DefaultLimits.MaxDeletes)},
	}},
	{Name: "state", Type: schema.TypeObject, Attrs: []schema.Attr{
		{Name: "path", Type: schema.TypePath, Mode: schema.Required, Doc: "Where the state is kept: a path relative to this file."},
	}},
}}

// defaultScope is the top-level scope.
func (l *loader) defaultScope() schema.Scope {
	it := l.settings["scope"]
	if it == nil {
		return schema.UserScope
	}
	d := l.settingDecoder(it)
	text, ok := d.word(it)
	if !ok {
		l.noScope = len(d.failed) > 0
		return schema.UserScope
	}
	scope := d.parseScope(text, it)
	l.noScope = len(d.failed) > 0
	return scope
}

func (l *loader) settingDecoder(it *item) *decoder {
	d := &decoder{l: l, src: it.value.src, out: &l.diags}
	d.enter(it)
	return d
}

// readSettings reads and checks the settings, and fills in their defaults.
func (l *loader) readSettings() schema.Settings {
	raw := make(schema.Row, len(settingsKind.Attrs))
	var failed []string
	for i := range settingsKind.Attrs {
		a := &settingsKind.Attrs[i]
		it := l.settings[a.Name]
		if it == nil {
			continue
		}
		d := l.settingDecoder(it)
		raw[i] = d.value(a, a.Name, it.value)
		if schema.HasSensitive(raw[i]) || len(schema.Refs(raw[i])) > 0 && len(d.failed) == 0 {
			d.wrong(it, "a plain value", firstUnfit(raw[i]))
			raw[i] = nil
		}
		failed = append(failed, d.failed...)
	}
	row, problems := settingsKind.Build(raw)
	for _, p := range problems {
		l.settingProblem(p, failed)
	}
	return l.settingsOf(row)
}

// firstUnfit is the part of the value that a setting can't have.
func firstUnfit(v schema.Value) (unfit schema.Value) {
	schema.Walk(v, func(v schema.Value) bool {
		switch v.(type) {
		case schema.Ref, schema.Template, schema.Sensitive:
			if unfit == nil {
				unfit = v
			}
			return false
		}
		return true
	})
	return unfit
}

func (l *loader) settingProblem(p schema.Problem, failed []string) {
	if slices.ContainsFunc(failed, func(f string) bool { return schema.Covers(f, p.Path) }) {
		return
	}
	name, _, rest, _ := schema.SplitPath(p.Path)
	if it := l.settings[name]; it != nil {
		p.Range = it.value.locate(rest)
	}
	l.diags.Add(p.Diagnostic)
}

func (l *loader) settingsOf(row schema.Row) schema.Settings {
	s := schema.Settings{Ownership: map[string]schema.Ownership{}, Limits: schema.DefaultLimits}
	if m, ok := settingsKind.Get(row, "ownership").(schema.Map); ok {
		l.ownership(s.Ownership, m)
	}
	if v := settingsKind.Get(row, "ignore"); v != nil {
		s.Ignore = l.ignoreRules(v)
	}
	if limits, ok := settingsKind.Get(row, "limits").(schema.Row); ok {
		percent, _ := limits[0].(schema.Number)
		most, _ := limits[1].(schema.Number)
		s.Limits = schema.Limits{MaxDeletePercent: float64(percent), MaxDeletes: int(most)}
	}
	if state, ok := settingsKind.Get(row, "state").(schema.Row); ok {
		s.StatePath = schema.Text(state[0])
	}
	return s
}

func (l *loader) settingError(name, path, summary, remedy, hint string) {
	l.settingErrorAt(l.settings[name].value.locate(path), summary, remedy, hint)
}

// keyError is settingError for a key that is wrong and not its value.
func (l *loader) keyError(name, path, summary, remedy, hint string) {
	l.settingErrorAt(l.settings[name].value.locateKey(path), summary, remedy, hint)
}

func (l *loader) settingErrorAt(at diag.Range, summary, remedy, hint string) {
	l.diags.Add(diag.Diagnostic{Summary: summary, Detail: remedy, Hint: hint, Code: "invalid-value", Range: at})
}

func (l *loader) ownership(out map[string]schema.Ownership, m schema.Map) {
	for _, name := range m.Keys() {
		path := schema.KeyPath("", name)
		k := schema.KindCalled(name)
		switch {
		case k == nil:
			l.keyError("ownership", path, fmt.Sprintf("ownership: there is no kind %q", name), "One of: "+strings.Join(plurals(), ", ")+".", didYouMean(name, plurals()))
		case out[k.Name] != "":
			l.keyError("ownership", path, fmt.Sprintf("ownership of %s is given twice", k.Plural), "Write it once.", "")
		default:
			out[k.Name] = schema.Ownership(schema.Text(m[name]))
		}
	}
}

func plurals() []string {
	out := make([]string, len(schema.Kinds))
	for i, k := range schema.Kinds {
		out[i] = k.Plural
	}
	return out
}

func (l *loader) ignoreRules(v schema.Value) []schema.IgnoreRule {
	rules, ok := v.(schema.List)
	if !ok {
		if ref, failed := v.(schema.Ref); !failed || !ref.Addr.IsZero() {
			l.settingError("ignore", "", fmt.Sprintf("ignore: a list is wanted, not %s", schema.Describe(v)), `Write [{kind: access_rule, notes: "*pattern*"}].`, "")
		}
		return nil
	}
	var out []schema.IgnoreRule
	for i, r := range rules {
		if rule, ok := l.ignoreRule(schema.IndexPath("", i), r); ok {
			out = append(out, rule)
		}
	}
	return out
}

func (l *loader) ignoreRule(path string, v schema.Value) (schema.IgnoreRule, bool) {
	rule := schema.IgnoreRule{Patterns: map[string]string{}, Range: l.settings["ignore"].value.locate(path)}
	m, ok := v.(schema.Map)
	if !ok {
		l.settingError("ignore", path, fmt.Sprintf("ignore: an object is wanted, not %s", schema.Describe(v)), `Write {kind: access_rule, notes: "*pattern*"}.`, "")
		return rule, false
	}
	k := schema.KindCalled(schema.Text(m["kind"]))
	if k == nil {
		l.ignoreKind(path, m)
		return rule, false
	}
	rule.Kind = k.Name
	for _, name := range m.Keys() {
		if name == "kind" {
			continue
		}
		if !l.ignorePattern(rule, k, name, m[name], schema.Join(path, name)) {
			ok = false
		}
	}
	if ok && len(rule.Patterns) == 0 {
		l.settingError("ignore", path, "this rule would ignore every "+k.Name, `Name an attribute and a pattern; write id: "*" if all are meant.`, "")
		return rule, false
	}
	return rule, ok
}

func (l *loader) ignoreKind(path string, m schema.Map) {
	if m["kind"] == nil {
		l.settingError("ignore", path, "an ignore rule without kind", "One of: "+strings.Join(schema.KindNames(), ", ")+".", "")
		return
	}
	name := schema.Text(m["kind"])
	l.settingError("ignore", path+".kind", fmt.Sprintf("ignore: there is no kind %q", name), "One of: "+strings.Join(schema.KindNames(), ", ")+".", didYouMean(name, schema.KindNames()))
}

func (l *loader) ignorePattern(rule schema.IgnoreRule, k *schema.Kind, name string, v schema.Value, path string) bool {
	a := k.Attr(name)
	switch {
	case name != "id" && a == nil:
		l.keyError("ignore", path, fmt.Sprintf("ignore: %s has no attribute %q", k.Name, name), "One of: id, "+strings.Join(scalarNames(k), ", ")+".", didYouMean(name, scalarNames(k)))
		return false
	case name != "id" && !a.Scalar():
		l.keyError("ignore", path, fmt.Sprintf("ignore: %s holds no plain value", name), "One of: id, "+strings.Join(scalarNames(k), ", ")+".", "")
		return false
	}
	switch v := v.(type) {
	case schema.String:
		rule.Patterns[name] = string(v)
	case schema.Number:
		rule.Patterns[name] = schema.FormatNumber(v)
	case schema.Bool:
		rule.Patterns[name] = fmt.Sprintf("%t", bool(v))
	default:
		l.settingError("ignore", path, fmt.Sprintf("ignore: a pattern is text, not %s", schema.Describe(v)), "Write text, in which * stands for any run of characters.", "")
		return false
	}
	return true
}

func scalarNames(k *schema.Kind) []string {
	var out []string
	for i := range k.Attrs {
		if k.Attrs[i].Scalar() {
			out = append(out, k.Attrs[i].Name)
		}
	}
	return out
}

package loader

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"trueup/diag"
	"trueup/schema"
)

// variable is a declared variable.
type variable struct {
	name      string
	at        diag.Range
	typ       string // one of varTypes; "" is any
	sensitive bool
	val       cty.Value // cty.NilVal until there is one
	broken    bool      // the declaration has been reported
}

var (
	varTypes = []string{"string", "number", "bool", "list", "map"}
	varKeys  = []string{"default", "description", "sensitive", "type"}
)

// envPrefix stands before a variable's name in the environment.
const envPrefix = "TRUEUP_VAR_"

// newVariable reads a declaration.
func (f *file) newVariable(name string, at diag.Range, items []item) *variable {
	v := &variable{name: name, at: at}
	before := len(f.diags)
	d := &decoder{l: f.l, src: f.src, ctx: f.l.functionsOf(f.src.dir), out: &f.diags}
	var preset *item
	for i := range items {
		it := &items[i]
		switch it.name {
		case "default":
			preset = it
		case "description":
			f.constant(it)
			d.word(it)
		case "sensitive":
			f.constant(it)
			if b, ok := d.value(boolAttr, it.name, it.value).(schema.Bool); ok {
				v.sensitive = bool(b)
			} else if len(d.failed) == 0 {
				f.error(it.value.place(), "wrong-type", "sensitive is true or false", "", "")
			}
		case "type":
			v.typ = f.typeName(d, it)
			v.broken = v.broken || v.typ == "" // which has been reported
		default:
			f.error(it.at, "unknown-key", fmt.Sprintf("unknown key %q in a variable", it.name), "One of: "+strings.Join(varKeys, ", ")+".", didYouMean(it.name, varKeys))
		}
	}
	if preset != nil {
		f.preset(v, preset)
	}
	v.broken = v.broken || f.diags[before:].HasErrors()
	return v
}

// constant refuses references where only what is written out can stand.
func (f *file) constant(it *item) bool {
	for _, u := range it.uses {
		f.error(u.place(), "unknown-reference", fmt.Sprintf("%s of a variable cannot refer to anything", it.name), "Write the value itself; what is computed goes under locals.", "")
	}
	return len(it.uses) == 0
}

// typeName reads the type of a variable: a word, quoted or not.
func (f *file) typeName(d *decoder, it *item) string {
	text := ""
	if call, ok := it.value.code.(*hclsyntax.FunctionCallExpr); ok {
		at := it.value.place()
		f.diags = slices.DeleteFunc(f.diags, func(d diag.Diagnostic) bool {
			return d.Code == "unknown-function" && !before(d.Range.Start, at.Start) && before(d.Range.Start, at.End)
		})
		f.error(at, "unknown-value", "the type of a variable is one word", "One of: "+strings.Join(varTypes, ", ")+".", didYouMean(call.Name, varTypes))
		return ""
	}
	if path, ok := it.value.bare(); ok && len(path) == 1 {
		text = path.RootName()
	} else if f.constant(it) {
		text, _ = d.word(it)
	}
	if len(d.failed) > 0 {
		return ""
	}
	if !slices.Contains(varTypes, text) {
		f.error(it.value.place(), "unknown-value", "unknown type of a variable", "One of: "+strings.Join(varTypes, ", ")+".", didYouMean(text, varTypes))
		return ""
	}
	return text
}

func (f *file) preset(v *variable, it *item) {
	if v.sensitive {
		f.conceal(it.value)
	}
	if !f.constant(it) {
		return
	}
	ctx := f.l.functionsOf(f.src.dir)
	val, diags := v.written(it.value, ctx)
	if diags.HasErrors() {
		f.diags.Add(f.l.evalErrors(diags, it.value, ctx, schema.Addr{})...)
		return
	}
	if val.IsNull() {
		return // as if there were none
	}
	if why := v.set(val); why != "" {
		f.error(it.value.place(), "wrong-type", fmt.Sprintf("the default of %s %s", v.name, why), "", "")
	}
}

// written is the value that a file gives the variable: a plain YAML scalar as it
// is written (007, 1e3), where text is wanted.
func (v *variable) written(e expr, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if opened, s := e.open(); s == scalar && v.typ == "string" && !isNull(opened.node) {
		return cty.StringVal(opened.node.Value), nil
	}
	return e.value(ctx)
}

// conceal keeps a sensitive value out of excerpts.
func (f *file) conceal(e expr) {
	if e.node != nil {
		f.src.hideNode(e.node, e.node.Column)
		return
	}
	f.src.hide(e.place())
}

// set gives the variable a value. It says why it can't have it.
func (v *variable) set(val cty.Value) (why string) {
	bare, marks := val.Unmark()
	ty := bare.Type()
	switch v.typ {
	case "string", "number", "bool":
		want := map[string]cty.Type{"string": cty.String, "number": cty.Number, "bool": cty.Bool}[v.typ]
		c, err := convert.Convert(bare, want)
		if err != nil {
			return "is no " + v.typ
		}
		bare = c
	case "list":
		if !ty.IsTupleType() && !ty.IsListType() && !ty.IsSetType() {
			return "is no list"
		}
	case "map":
		if !ty.IsObjectType() && !ty.IsMapType() {
			return "is no map"
		}
	}
	v.val = bare.WithMarks(marks)
	if v.sensitive {
		v.val = v.val.Mark(secretMark{})
	}
	return ""
}

// setText gives the variable the value that a text of the command line or the
// environment means.
func (v *variable) setText(text string) (why string) {
	typ := v.typ
	if typ == "" && v.val != cty.NilVal {
		typ = collection(v.val.Type())
	}
	if typ != "list" && typ != "map" {
		return v.set(cty.StringVal(text))
	}
	val, err := fromJSON([]byte(text))
	if err != nil {
		return fmt.Sprintf("is no %s: write it as JSON", typ)
	}
	return v.set(val)
}

// collection is the type of a default that decides how text is read.
func collection(ty cty.Type) string {
	switch {
	case ty.IsTupleType() || ty.IsListType() || ty.IsSetType():
		return "list"
	case ty.IsObjectType() || ty.IsMapType():
		return "map"
	}
	return ""
}

// fromJSON reads a JSON value whose nesting is bounded.
func fromJSON(text []byte) (cty.Value, error) {
	if !json.Valid(text) || jsonDepth(text) > maxDepth {
		return cty.NilVal, errNotText
	}
	ty, err := ctyjson.ImpliedType(text)
	if err != nil {
		return cty.NilVal, err
	}
	return ctyjson.Unmarshal(text, ty)
}

// jsonDepth is how deep valid JSON nests.
func jsonDepth(text []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '[' || c == '{'):
			depth++
			deepest = max(deepest, depth)
		case !quoted && (c == ']' || c == '}'):
			depth--
		}
	}
	return deepest
}

// readVarFiles gives the variables their values: default, then environment,
// then --var-file, then --var.
func (l *loader) readVarFiles() {
	names := slices.Sorted(maps.Keys(l.variables))
	for _, name := range names {
		if text, ok := l.opts.Environ(envPrefix + name); ok {
			l.setText(name, text, envPrefix+name)
		}
	}
	for _, path := range l.opts.VarFiles {
		l.readVarFile(path)
	}
	for _, arg := range l.opts.Vars {
		name, text, ok := strings.Cut(arg, "=")
		switch {
		case !ok:
			l.problem("", "a --var without =", "Write --var NAME=VALUE.") // what was written may be secret
		case l.variables[name] == nil && l.partial:
		case l.variables[name] == nil:
			l.diags.Add(diag.Diagnostic{Summary: fmt.Sprintf("--var %s: no file declares this variable", name), Hint: didYouMean(name, names),
				Detail: "Declare it under variables, or leave it out.", Code: "unknown-variable"})
		default:
			l.setText(name, text, "--var "+name)
		}
	}
	for _, name := range names {
		v := l.variables[name]
		if v.val == cty.NilVal {
			l.without(v)
			v.val = cty.DynamicVal
		}
	}
}

func (l *loader) without(v *variable) {
	if v.broken || l.partialVars || l.partial {
		return
	}
	l.diags.Add(diag.Diagnostic{Summary: fmt.Sprintf("the variable %s has no value", v.name), Code: "unset-variable", Range: v.at,
		Detail: fmt.Sprintf("Give it a default, or pass --var %s=…, a --var-file, or %s%s in the environment.", v.name, envPrefix, v.name)})
}

func (l *loader) setText(name, text, from string) {
	v := l.variables[name]
	if v.broken {
		return
	}
	if why := v.setText(text); why != "" {
		v.broken = true
		l.diags.Add(diag.Diagnostic{Summary: fmt.Sprintf("the value of %s %s", from, why), Code: "wrong-type", Range: v.at})
	}
}

// readVarFile reads one --var-file.
func (l *loader) readVarFile(path string) {
	f := &file{l: l, src: &source{name: path, dir: filepath.Dir(path)}}
	defer func() { l.diags.Add(f.diags...) }()
	l.sources.put(f.src)
	text, err := readFile(l.at(path), maxFile)
	if err != nil {
		f.error(diag.Range{File: path}, "file", reason(err), "Name a file that is there.", "")
		l.partialVars = true
		return
	}
	items, ok := f.varItems(path, text)
	if !ok {
		f.error(diag.Range{File: path}, "file", fmt.Sprintf("a file of variables cannot end in %q", filepath.Ext(path)), "It is YAML (.yaml, .yml), JSON (.json) or HCL (.hcl).", "")
		return
	}
	if f.diags.HasErrors() {
		f.src.mute = true // what stands where can't be told, and may be secret
		l.partialVars = true
	}
	for i := range items {
		f.assign(&items[i])
	}
}

func (f *file) assign(it *item) {
	v := f.l.variables[it.name]
	if v == nil {
		f.error(it.at, "unknown-variable", fmt.Sprintf("no file declares the variable %s", schema.Quote(it.name)), "Declare it under variables, or take it out.",
			didYouMean(it.name, slices.Sorted(maps.Keys(f.l.variables))))
		f.conceal(it.value)
		return
	}
	if v.sensitive {
		f.conceal(it.value)
	}
	for _, u := range it.uses {
		f.error(u.place(), "unknown-reference", "a file of variables cannot refer to anything", "Write the value itself; write $${ for the characters ${.", "")
		v.broken = true
	}
	if len(it.uses) > 0 {
		return
	}
	ctx := f.l.functionsOf(f.src.dir)
	val, diags := v.written(it.value, ctx)
	if diags.HasErrors() {
		v.broken = true
		f.diags.Add(f.l.evalErrors(diags, it.value, ctx, schema.Addr{})...)
		return
	}
	if why := v.set(val); why != "" {
		v.broken = true
		f.error(it.value.place(), "wrong-type", fmt.Sprintf("the value of %s %s", it.name, why), "", "")
	}
}

// hclAttrs reads a file that holds attributes only.
func (f *file) hclAttrs() []item {
	if _, ok := f.checkHCL(); !ok {
		return nil
	}
	p := f.parseHCL(0, len(f.src.text))
	f.diags.Add(translate(p.diags, f.src.place)...)
	if p.body == nil {
		return nil
	}
	return f.hclItems(p.body, nil, nil, nil)
}

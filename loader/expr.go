package loader

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"gopkg.in/yaml.v3"

	"trueup/diag"
)

// expr is a value as it is written in a file, in either spelling. What is
// written out (objects, lists, plain values) can be taken apart without
// evaluating it; the rest is code.
type expr struct {
	src  *source
	node *yaml.Node           // in YAML, until it is opened as far as code
	code hclsyntax.Expression // in HCL, and templates in YAML
}

// shape is how an expression is written.
type shape uint8

const (
	broken  shape = iota // could not be parsed, which has been reported
	scalar               // a YAML scalar without template
	list                 // elements that can be looked at one by one
	object               // keys that can be looked at one by one
	dynamic              // code that has to be evaluated
)

// open follows aliases, templates and parentheses to what is meant, and tells
// its shape.
func (e expr) open() (expr, shape) {
	if e.node != nil {
		e.node = target(e.node)
		switch e.node.Kind {
		case yaml.MappingNode:
			return e, object
		case yaml.SequenceNode:
			return e, list
		}
		t := e.src.templates[e.node]
		if t == nil {
			return e, scalar
		}
		if t.code == nil {
			return e, broken
		}
		e.code = t.code
	}
	for {
		switch c := e.code.(type) {
		case *hclsyntax.ParenthesesExpr:
			e.code = c.Expression
		case *hclsyntax.TemplateWrapExpr:
			e.code = c.Wrapped
		case *hclsyntax.ObjectConsExpr:
			return expr{e.src, nil, c}, object
		case *hclsyntax.TupleConsExpr:
			return expr{e.src, nil, c}, list
		case nil:
			return e, broken
		default:
			return e, dynamic
		}
	}
}

// place is where the expression stands.
func (e expr) place() diag.Range {
	if e.node != nil {
		return e.src.rangeOf(e.node)
	}
	if e.code == nil {
		return diag.Range{File: e.src.name}
	}
	return e.src.place(e.code.Range())
}

// elems are the elements of an opened list.
func (e expr) elems() []expr {
	if e.node == nil {
		return e.exprs(e.code.(*hclsyntax.TupleConsExpr).Exprs)
	}
	out := make([]expr, len(e.node.Content))
	for i, n := range e.node.Content {
		out[i] = expr{src: e.src, node: n}
	}
	return out
}

func (e expr) exprs(codes []hclsyntax.Expression) []expr {
	out := make([]expr, len(codes))
	for i, c := range codes {
		out[i] = expr{src: e.src, code: c}
	}
	return out
}

// field is a key of an object with its value.
type field struct {
	key   expr
	value expr
}

// fields are the keys of an opened object in order.
func (e expr) fields() []field {
	if e.node == nil {
		items := e.code.(*hclsyntax.ObjectConsExpr).Items
		out := make([]field, len(items))
		for i, item := range items {
			out[i] = field{expr{src: e.src, code: item.KeyExpr}, expr{src: e.src, code: item.ValueExpr}}
		}
		return out
	}
	ps := pairs(e.node)
	out := make([]field, len(ps))
	for i, p := range ps {
		out[i] = field{expr{src: e.src, node: p.key}, expr{src: e.src, node: p.value}}
	}
	return out
}

// word is the text of a key that needs no evaluation.
func (e expr) word() (string, bool) {
	if e.node != nil {
		return e.node.Value, e.src.templates[e.node] == nil
	}
	if key, ok := e.code.(*hclsyntax.ObjectConsKeyExpr); ok {
		return literalKey(key)
	}
	return "", false
}

// bare is the reference that an element of depends_on or ignore_changes is, if
// it is nothing else: monitor.login-page, condition.request_ip.
func (e expr) bare() (hcl.Traversal, bool) {
	e, _ = e.open()
	t, ok := e.code.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return nil, false
	}
	return t.Traversal, true
}

// value evaluates an expression that needs to be a cty value as a whole.
func (e expr) value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	e, s := e.open()
	switch {
	case s == broken:
		return cty.DynamicVal, nil
	case e.node == nil || s == dynamic:
		return evaluate(e.code, ctx)
	case s == scalar:
		return plainValue(e.node), nil
	case s == list:
		return e.tuple(ctx)
	}
	return e.object(ctx)
}

// evaluate evaluates code. The evaluator is not ours: should it panic, that is
// an error of this expression and not the end of the process.
func evaluate(code hclsyntax.Expression, ctx *hcl.EvalContext) (v cty.Value, diags hcl.Diagnostics) {
	defer func() {
		if recover() != nil {
			v, diags = cty.DynamicVal, panicked(code.Range())
		}
	}()
	return code.Value(ctx)
}

// unreadable is said of what the libraries that read it panic on.
const unreadable = "this is more than can be read"

func (e expr) tuple(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	elems := e.elems()
	vs := make([]cty.Value, len(elems))
	for i, elem := range elems {
		v, ds := elem.value(ctx)
		vs[i], diags = v, append(diags, ds...)
	}
	return cty.TupleVal(vs), diags
}

func (e expr) object(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	vs := map[string]cty.Value{}
	var marks []cty.ValueMarks
	for _, f := range e.fields() {
		k, ds := f.key.keyValue(ctx)
		v, more := f.value.value(ctx)
		diags = append(append(diags, ds...), more...)
		k, m := k.Unmark()
		if ds.HasErrors() || !k.IsKnown() {
			return cty.DynamicVal, diags
		}
		marks = append(marks, m)
		vs[k.AsString()] = v
	}
	return cty.ObjectVal(vs).WithMarks(marks...), diags
}

// keyValue evaluates the key of an object to text.
func (e expr) keyValue(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if word, ok := e.word(); ok {
		return cty.StringVal(word), nil
	}
	if e.node != nil {
		t := e.src.templates[e.node]
		if t.code == nil {
			return cty.DynamicVal, nil
		}
		e.code = t.code
	}
	v, diags := evaluate(e.code, ctx)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	r := e.code.Range()
	text, err := toText(v)
	if err != nil {
		return cty.DynamicVal, append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Subject: &r, Extra: ownMessage{},
			Summary: "a key must be text", Detail: "Use an expression that gives text."})
	}
	if ref, found := findRef(text); found {
		return cty.DynamicVal, append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Subject: &r, Extra: ownMessage{},
			Summary: ref.String() + " is known only after apply, and a key must be known now", Detail: onlyWhole})
	}
	return text, diags
}

// locate is where the part of the expression that a path names stands, as near
// as can be told without evaluating anything. The path is as in
// schema.SplitPath, relative to the expression.
func (e expr) locate(path string) diag.Range { return e.find(path).value.place() }

// locateKey is where the key of the part stands that a path names, or the part
// where it has none.
func (e expr) locateKey(path string) diag.Range {
	f := e.find(path)
	if f.key.src == nil {
		return f.value.place()
	}
	return f.key.place()
}

func (e expr) find(path string) field {
	e, s := e.open()
	at := field{value: e}
	for path != "" {
		step, quoted, rest, ok := splitPath(path)
		if !ok {
			break
		}
		next, found := at.value.step(s, step, quoted)
		if found {
			at = next
			at.value, s = at.value.open()
		} else if s != object || quoted || !isNumber(step) {
			break // [0] of a single element that is written without its list
		}
		path = rest
	}
	return at
}

func (e expr) step(s shape, step string, quoted bool) (field, bool) {
	switch s {
	case object:
		for _, f := range e.fields() {
			if word, ok := f.key.word(); ok && strings.EqualFold(word, step) {
				return f, true
			}
		}
	case list:
		elems := e.elems()
		for i := range elems {
			if !quoted && itoa(i) == step {
				return field{value: elems[i]}, true
			}
		}
	}
	return field{}, false
}

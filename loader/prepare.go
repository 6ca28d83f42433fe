package loader

import (
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"trueup/diag"
)

// use is what an expression refers to: var.x, local.y, monitor.z.id.
type use struct {
	path hcl.Traversal
	attr string // for a reference whose key is computed, monitor[each.key].id: the attribute; "" is any
	src  *source
}

func (u use) place() diag.Range { return u.src.place(u.path.SourceRange()) }

// prepare looks through an expression once: it tells what it refers to,
// reports what is wrong without evaluating anything, and puts a guard around
// what may not depend on values that are known only after apply.
func prepare(code hclsyntax.Expression, src *source, out *diag.List) []use {
	p := preparer{src: src, out: out, attrs: map[int]string{}}
	traversals := hclsyntax.Variables(code)
	_ = hclsyntax.VisitAll(code, p.visit)
	uses := make([]use, len(traversals))
	for i, t := range traversals {
		uses[i] = use{path: t, attr: p.attrs[t.SourceRange().Start.Byte], src: src}
	}
	for _, guard := range p.guards {
		guard()
	}
	return uses
}

type preparer struct {
	src    *source
	out    *diag.List
	attrs  map[int]string
	guards []func()
}

func (p *preparer) guard(e *hclsyntax.Expression) {
	if *e != nil {
		p.guards = append(p.guards, func() { *e = &guarded{*e} })
	}
}

func (p *preparer) uniform(e *hclsyntax.Expression, maps bool) {
	p.guards = append(p.guards, func() { *e = &uniformed{*e, maps} })
}

func (p *preparer) visit(n hclsyntax.Node) hcl.Diagnostics {
	switch n := n.(type) {
	case *hclsyntax.FunctionCallExpr:
		p.call(n)
	case *hclsyntax.BinaryOpExpr:
		p.guard(&n.LHS)
		p.guard(&n.RHS)
		if op := bounded[n.Op]; op != nil {
			n.Op = op
		}
	case *hclsyntax.UnaryOpExpr:
		p.guard(&n.Val)
	case *hclsyntax.ConditionalExpr:
		p.guard(&n.Condition)
		p.uniform(&n.TrueResult, false)
		p.uniform(&n.FalseResult, false)
	case *hclsyntax.IndexExpr:
		p.guard(&n.Key)
	case *hclsyntax.ForExpr:
		p.guard(&n.CondExpr)
		p.guard(&n.KeyExpr)
	case *hclsyntax.ObjectConsExpr:
		p.object(n)
	case *hclsyntax.RelativeTraversalExpr:
		p.relative(n)
	}
	return nil
}

// bounded are the operations that have no answer for a zero on the right; the
// library's give infinity, or one of the operands.
var bounded = map[*hclsyntax.Operation]*hclsyntax.Operation{
	hclsyntax.OpDivide: notByZero(hclsyntax.OpDivide),
	hclsyntax.OpModulo: notByZero(hclsyntax.OpModulo),
}

func notByZero(op *hclsyntax.Operation) *hclsyntax.Operation {
	params := op.Impl.Params()
	return &hclsyntax.Operation{Type: op.Type, Impl: function.New(&function.Spec{
		Params: params,
		Type:   function.StaticReturnType(op.Type),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[1].RawEquals(cty.Zero) {
				return cty.NilVal, errors.New("division by zero")
			}
			return op.Impl.Call(args)
		},
	})}
}

// relative remembers the attribute of monitor[each.key].id.
func (p *preparer) relative(n *hclsyntax.RelativeTraversalExpr) {
	attr, ok := n.Traversal[0].(hcl.TraverseAttr)
	if !ok {
		return
	}
	e := n.Source
	for {
		switch inner := e.(type) {
		case *hclsyntax.IndexExpr:
			e = inner.Collection
		case *hclsyntax.ScopeTraversalExpr:
			p.attrs[inner.Range().Start.Byte] = attr.Name
			return
		default:
			return
		}
	}
}

func (p *preparer) call(n *hclsyntax.FunctionCallExpr) {
	at := p.src.place(n.NameRange)
	if why := refusedFunctions[n.Name]; why != "" {
		p.out.Add(diag.Diagnostic{Summary: fmt.Sprintf("there is no function %s here", n.Name), Detail: why, Code: "unknown-function", Range: at})
	} else if !knownFunction(n.Name) {
		d := diag.Diagnostic{Summary: fmt.Sprintf("unknown function %q", n.Name), Detail: "docs/functions.md lists the functions.", Code: "unknown-function", Range: at}
		d.Hint = didYouMean(n.Name, functionNames())
		p.out.Add(d)
	}
	if !transparent[n.Name] {
		for i := range n.Args {
			p.guard(&n.Args[i])
		}
	}
	if uniform[n.Name] {
		for i := range n.Args {
			p.uniform(&n.Args[i], true)
		}
	}
}

func (p *preparer) object(n *hclsyntax.ObjectConsExpr) {
	seen := map[string]diag.Range{}
	for _, item := range n.Items {
		key, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr)
		if !ok {
			continue
		}
		name, ok := literalKey(key)
		if !ok {
			continue
		}
		at := p.src.place(key.Range())
		if first, dup := seen[name]; dup {
			p.out.Add(twice(name, at, first))
			continue
		}
		seen[name] = at
	}
}

// literalKey is the key of an object where it is a plain word or quoted text.
func literalKey(key *hclsyntax.ObjectConsKeyExpr) (string, bool) {
	if word := hcl.ExprAsKeyword(key.Wrapped); word != "" && !key.ForceNonLiteral {
		return word, true
	}
	if t, ok := key.Wrapped.(*hclsyntax.TemplateExpr); ok && t.IsStringLiteral() {
		v, _ := t.Value(nil)
		return v.AsString(), true
	}
	return "", false
}

// guarded is an expression whose value must be known before apply.
type guarded struct{ hclsyntax.Expression }

func (g *guarded) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := g.Expression.Value(ctx)
	ref, found := findRef(v)
	if !found {
		return v, diags
	}
	r := g.Expression.Range()
	return cty.DynamicVal, append(diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Subject: &r,
		Summary: fmt.Sprintf("%s is known only after apply", ref),
		Detail:  onlyWhole,
		Extra:   ownMessage{},
	})
}

const onlyWhole = "Such a reference may be a whole value or part of a text, never part of arithmetic, a condition or a function's input."

// ownMessage marks a diagnostic of hcl's type whose words are ours.
type ownMessage struct{}

package loader

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// What brackets and `for` make is a tuple, or an object, with a type for each of
// its elements. The library finds a common type by comparing every two of them,
// so that ten thousand elements take seconds; and it does so in every function
// that wants a list. Where all types are one, a list or map says the same.

// uniform are the functions whose arguments are taken that way: those to which a
// list and a tuple are the same.
var uniform = map[string]bool{
	"toset": true, "tolist": true, "tomap": true, "distinct": true, "chunklist": true, "compact": true, "index": true, "join": true, "matchkeys": true,
	"setintersection": true, "setproduct": true, "setsubtract": true, "setunion": true, "sort": true, "transpose": true, "zipmap": true,
}

// uniformed is an expression whose value is a list where it can be one, and a
// map if maps.
type uniformed struct {
	hclsyntax.Expression
	maps bool
}

func (u *uniformed) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := u.Expression.Value(ctx)
	if diags.HasErrors() || !v.IsKnown() || v.IsNull() {
		return v, diags
	}
	bare, marks := v.Unmark()
	switch ty := bare.Type(); {
	case ty.IsTupleType() && alike(ty.TupleElementTypes()):
		return cty.ListVal(bare.AsValueSlice()).WithMarks(marks), diags
	case u.maps && ty.IsObjectType() && alikeAttributes(ty.AttributeTypes()):
		return cty.MapVal(bare.AsValueMap()).WithMarks(marks), diags
	}
	return v, diags
}

func alike(types []cty.Type) bool {
	for _, ty := range types {
		if !ty.Equals(types[0]) || !ty.IsPrimitiveType() {
			return false
		}
	}
	return len(types) > 0
}

func alikeAttributes(types map[string]cty.Type) bool {
	list := make([]cty.Type, 0, len(types))
	for _, ty := range types {
		list = append(list, ty)
	}
	return alike(list)
}

// distinctFunc is the library's, which compares every two elements, but for text.
var distinctFunc = function.New(&function.Spec{
	Params: stdlib.DistinctFunc.Params(),
	Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() || args[0].LengthInt() == 0 || ty.ElementType() != cty.String {
			return stdlib.DistinctFunc.Call(args)
		}
		seen, out := map[cty.Value]bool{}, []cty.Value{}
		for _, e := range args[0].AsValueSlice() {
			if !seen[e] {
				seen[e] = true
				out = append(out, e)
			}
		}
		return cty.ListVal(out), nil
	},
})

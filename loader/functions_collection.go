package loader

import (
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// manyFunc is a function of one collection, taken as its elements.
func manyFunc(ret cty.Type, f func([]cty.Value) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(ret),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].CanIterateElements() || args[0].Type().IsObjectType() || args[0].Type().IsMapType() {
				return cty.NilVal, errors.New("a list or a set is wanted")
			}
			return f(args[0].AsValueSlice())
		},
	})
}

func truthFunc(want bool) function.Function {
	return manyFunc(cty.Bool, func(elems []cty.Value) (cty.Value, error) {
		for _, e := range elems {
			b, err := convert.Convert(e, cty.Bool)
			if err != nil || b.IsNull() {
				return cty.NilVal, errors.New("every element must be true or false")
			}
			if b.True() != want {
				return cty.BoolVal(!want), nil
			}
		}
		return cty.BoolVal(want), nil
	})
}

var (
	allTrueFunc = truthFunc(true)
	anyTrueFunc = truthFunc(false)

	sumFunc = manyFunc(cty.Number, func(elems []cty.Value) (cty.Value, error) {
		total := new(big.Float)
		for _, e := range elems {
			n, err := convert.Convert(e, cty.Number)
			if err != nil || n.IsNull() {
				return cty.NilVal, errors.New("every element must be a number")
			}
			total = new(big.Float).SetPrec(512).Add(total, n.AsBigFloat())
		}
		return cty.NumberVal(total), nil
	})
)

// oneFunc is the only element of a list, or null for none.
var oneFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType, AllowMarked: true}},
	Type:   function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		bare, marks := args[0].Unmark()
		if !bare.CanIterateElements() || bare.Type().IsObjectType() || bare.Type().IsMapType() {
			return cty.NilVal, errors.New("a list or a set is wanted")
		}
		elems := bare.AsValueSlice()
		switch len(elems) {
		case 0:
			return cty.NullVal(cty.DynamicPseudoType).WithMarks(marks), nil
		case 1:
			return elems[0].WithMarks(marks), nil
		}
		return cty.NilVal, fmt.Errorf("there are %d elements, and at most one is wanted", len(elems))
	},
})

// coalesceFunc is the first argument that is neither null nor empty text.
var coalesceFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "values", Type: cty.DynamicPseudoType, AllowNull: true, AllowMarked: true, AllowDynamicType: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		types := make([]cty.Type, len(args))
		for i, a := range args {
			types[i] = a.Type()
		}
		ty, _ := convert.UnifyUnsafe(types)
		if ty == cty.NilType {
			return ty, errors.New("the values must be of one type")
		}
		return ty, nil
	},
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		for _, a := range args {
			bare, _ := a.Unmark()
			if bare.IsNull() || bare.Type() == cty.String && bare.AsString() == "" {
				continue
			}
			return convert.Convert(a, ty)
		}
		return cty.NilVal, errors.New("every value is null or empty")
	},
})

// lengthFunc counts elements, or the characters of text.
var lengthFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch v := args[0]; {
		case v.Type() == cty.String:
			return stdlib.Strlen(v)
		case v.CanIterateElements():
			return cty.NumberIntVal(int64(v.LengthInt())), nil
		}
		return cty.NilVal, errors.New("a list, a set, a map or text is wanted")
	},
})

// indexFunc is the position of a value in a list.
var indexFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}, {Name: "value", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if ty := args[0].Type(); !ty.IsTupleType() && !ty.IsListType() {
			return cty.NilVal, errors.New("a list is wanted")
		}
		for i, e := range args[0].AsValueSlice() {
			if same, err := stdlib.Equal(e, args[1]); err == nil && same.IsKnown() && same.True() {
				return cty.NumberIntVal(int64(i)), nil
			}
		}
		return cty.NilVal, errors.New("the list has no such element")
	},
})

// matchKeysFunc picks the values at whose places the keys have one that is
// searched for.
var matchKeysFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "values", Type: cty.List(cty.DynamicPseudoType)}, {Name: "keys", Type: cty.List(cty.DynamicPseudoType)},
		{Name: "wanted", Type: cty.List(cty.DynamicPseudoType)}},
	Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		values, keys, wanted := args[0].AsValueSlice(), args[1].AsValueSlice(), args[2].AsValueSlice()
		if len(values) != len(keys) {
			return cty.NilVal, errors.New("values and keys must be of one length")
		}
		var out []cty.Value
		for i, key := range keys {
			if slices.ContainsFunc(wanted, func(w cty.Value) bool { return w.RawEquals(key) }) {
				out = append(out, values[i])
			}
		}
		if len(out) == 0 {
			return cty.ListValEmpty(ty.ElementType()), nil
		}
		return cty.ListVal(out), nil
	},
})

const maxProduct = 1_000_000

// setProductFunc is the library's, with a bound on how large the product gets.
var setProductFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "sets", Type: cty.DynamicPseudoType, AllowMarked: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		n := 1
		for _, a := range args {
			if bare, _ := a.Unmark(); bare.CanIterateElements() {
				n *= max(1, bare.LengthInt())
			}
			if n > maxProduct {
				return cty.NilType, fmt.Errorf("the product has more than %d elements", maxProduct)
			}
		}
		return stdlib.SetProductFunc.ReturnTypeForValues(args)
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return stdlib.SetProductFunc.Call(args) },
})

// powFunc is the library's, kept to exponents that a float can hold.
var powFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "base", Type: cty.Number}, {Name: "exponent", Type: cty.Number}},
	Type:   function.StaticReturnType(cty.Number),
	Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return stdlib.Pow(args[0], args[1]) },
})

// transposeFunc turns a map of lists of text inside out.
var transposeFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "map", Type: cty.Map(cty.List(cty.String))}},
	Type:   function.StaticReturnType(cty.Map(cty.List(cty.String))),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		turned := map[string][]cty.Value{}
		for it := args[0].ElementIterator(); it.Next(); {
			key, list := it.Element()
			if list.IsNull() {
				return cty.NilVal, errors.New("a list is null")
			}
			for _, e := range list.AsValueSlice() {
				if e.IsNull() {
					return cty.NilVal, errors.New("an element is null")
				}
				turned[e.AsString()] = append(turned[e.AsString()], key)
			}
		}
		if len(turned) == 0 {
			return cty.MapValEmpty(cty.List(cty.String)), nil
		}
		out := map[string]cty.Value{}
		for k, l := range turned {
			out[k] = cty.ListVal(l)
		}
		return cty.MapVal(out), nil
	},
})

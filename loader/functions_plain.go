package loader

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"trueup/schema"
)

func textParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.String}
}

// textFunc is a function from text to text.
func textFunc(f func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam("text")},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			out, err := f(args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(out), nil
		},
	})
}

// testFunc is a function that asks something of two texts.
func testFunc(f func(a, b string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam("text"), textParam("part")},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(f(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

func hashFunc(f func([]byte) []byte, encode func([]byte) string) function.Function {
	return textFunc(func(s string) (string, error) { return encode(f([]byte(s))), nil })
}

var (
	startsWithFunc  = testFunc(strings.HasPrefix)
	endsWithFunc    = testFunc(strings.HasSuffix)
	strContainsFunc = testFunc(strings.Contains)

	md5Func          = hashFunc(func(b []byte) []byte { h := md5.Sum(b); return h[:] }, hex.EncodeToString)
	sha1Func         = hashFunc(func(b []byte) []byte { h := sha1.Sum(b); return h[:] }, hex.EncodeToString)
	sha256Func       = hashFunc(sum256, hex.EncodeToString)
	sha512Func       = hashFunc(sum512, hex.EncodeToString)
	base64SHA256Func = hashFunc(sum256, base64.StdEncoding.EncodeToString)
	base64SHA512Func = hashFunc(sum512, base64.StdEncoding.EncodeToString)

	base64EncodeFunc = textFunc(func(s string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil })
	base64DecodeFunc = textFunc(func(s string) (string, error) {
		out, err := base64.StdEncoding.DecodeString(s)
		switch {
		case err != nil:
			return "", errors.New("this is not base64")
		case !utf8.Valid(out):
			return "", errors.New("what was encoded is not UTF-8")
		}
		return string(out), nil
	})
	urlEncodeFunc = textFunc(func(s string) (string, error) { return url.QueryEscape(s), nil })
)

func sum256(b []byte) []byte { h := sha256.Sum256(b); return h[:] }
func sum512(b []byte) []byte { h := sha512.Sum512(b); return h[:] }

// replaceFunc replaces text, or what a regular expression between slashes fits.
var replaceFunc = function.New(&function.Spec{
	Params: []function.Parameter{textParam("text"), textParam("old"), textParam("new")},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		text, from, to := args[0].AsString(), args[1].AsString(), args[2].AsString()
		if len(from) < 2 || from[0] != '/' || from[len(from)-1] != '/' {
			return cty.StringVal(strings.ReplaceAll(text, from, to)), nil
		}
		re, err := regexp.Compile(from[1 : len(from)-1])
		if err != nil {
			return cty.NilVal, function.NewArgError(1, err)
		}
		return cty.StringVal(re.ReplaceAllString(text, to)), nil
	},
})

var jsonDecodeFunc = function.New(&function.Spec{
	Params: []function.Parameter{textParam("text")},
	Type:   function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v, err := fromJSON([]byte(args[0].AsString()))
		if err != nil {
			return cty.NilVal, errors.New("this is not JSON, or nests too deeply")
		}
		return v, nil
	},
})

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

func anyParam() []function.Parameter {
	return []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true, AllowMarked: true, AllowDynamicType: true}}
}

func sameType(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil }

var (
	sensitiveFunc = function.New(&function.Spec{
		Params: anyParam(), Type: sameType,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0].Mark(secretMark{}), nil },
	})
	nonsensitiveFunc = function.New(&function.Spec{
		Params: anyParam(), Type: sameType,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			bare, marks := args[0].Unmark()
			delete(marks, secretMark{})
			return bare.WithMarks(marks), nil
		},
	})
	isSensitiveFunc = function.New(&function.Spec{
		Params: anyParam(), Type: function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return cty.BoolVal(isSecret(args[0])), nil },
	})
)

// timeAddFunc adds a duration, in days too, to an instant.
var timeAddFunc = function.New(&function.Spec{
	Params: []function.Parameter{textParam("instant"), textParam("duration")},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		t, err := instant(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		text := args[1].AsString()
		d, err := schema.ParseDuration(strings.TrimPrefix(text, "-"))
		if err != nil {
			return cty.NilVal, err
		}
		if strings.HasPrefix(text, "-") {
			d = -d
		}
		return cty.StringVal(t.Add(d).Format(time.RFC3339)), nil
	},
})

var timeCmpFunc = function.New(&function.Spec{
	Params: []function.Parameter{textParam("a"), textParam("b")},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		a, err := instant(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		b, err := instant(args[1])
		if err != nil {
			return cty.NilVal, err
		}
		return cty.NumberIntVal(int64(a.Compare(b))), nil
	},
})

func instant(v cty.Value) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, v.AsString())
	if err != nil {
		return t, fmt.Errorf("%q is not an instant: write it as 2027-01-01T00:00:00Z", v.AsString())
	}
	return t, nil
}

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
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

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
	urlDecodeFunc = textFunc(func(s string) (string, error) {
		out, err := url.QueryUnescape(s)
		if err == nil && !utf8.ValidString(out) {
			err = errors.New("what was encoded is not UTF-8")
		}
		return out, err
	})
)

// plainPath is a function on paths, which are written with / on every system.
func plainPath(f func(string) string) func(string) (string, error) {
	return func(s string) (string, error) { return f(s), nil }
}

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

package loader

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"gopkg.in/yaml.v3"

	"trueup/schema"
)

// YAML's core schema (YAML 1.2, section 10.3): what a plain scalar means where
// no attribute says what is wanted.
var (
	yamlInt   = regexp.MustCompile(`^[-+]?[0-9]+$`)
	yamlBase  = regexp.MustCompile(`^0(x[0-9a-fA-F]+|o[0-7]+)$`)
	yamlFloat = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
)

// plain is the value of a YAML scalar that is no template: nil, Bool, Number
// or String.
func plain(n *yaml.Node) schema.Value {
	switch {
	case isNull(n):
		return nil
	case !isPlain(n) || n.Value == "":
		return schema.String(n.Value)
	}
	if b, ok := plainBool(n.Value); ok {
		return schema.Bool(b)
	}
	if f, ok := plainNumber(n.Value); ok {
		return schema.Number(f)
	}
	return schema.String(n.Value)
}

func plainBool(s string) (value, ok bool) {
	switch s {
	case "true", "True", "TRUE":
		return true, true
	case "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

func plainNumber(s string) (float64, bool) {
	if c := s[0]; c > '9' && c != '.' {
		return 0, false // the usual case: a word
	}
	if yamlBase.MatchString(s) {
		n, err := strconv.ParseUint(s, 0, 64)
		return float64(n), err == nil
	}
	if !yamlInt.MatchString(s) && !yamlFloat.MatchString(s) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsInf(f, 0)
}

// plainValue is plain for what needs a cty value.
func plainValue(n *yaml.Node) cty.Value {
	switch v := plain(n).(type) {
	case schema.Bool:
		return cty.BoolVal(bool(v))
	case schema.Number:
		if yamlFloat.MatchString(n.Value) {
			if exact, err := cty.ParseNumberVal(strings.TrimPrefix(n.Value, "+")); err == nil {
				return exact
			}
		}
		return cty.NumberFloatVal(float64(v))
	case schema.String:
		return cty.StringVal(string(v))
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

var errNotText = errors.New("not text")

// toText converts a plain value to text, keeping its marks.
func toText(v cty.Value) (cty.Value, error) {
	text, err := convert.Convert(v, cty.String)
	if err != nil || text.IsNull() {
		return cty.NilVal, errNotText
	}
	return text, nil
}

func itoa(i int) string { return strconv.Itoa(i) }

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// splitPath is schema.SplitPath for a path that may begin with a dot.
func splitPath(path string) (step string, quoted bool, rest string, ok bool) {
	return schema.SplitPath(strings.TrimPrefix(path, "."))
}

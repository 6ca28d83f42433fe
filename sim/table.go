package sim

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"trueup/schema"
)

// check holds what was sent against the table: types, enums, ranges, patterns,
// lengths. It gives the first rule that is broken, in the API's manner, or "".
// null and what the table does not know pass.
func check(attrs []schema.Attr, d doc, path string) string {
	for i := range attrs {
		a := &attrs[i]
		v, sent := d[a.WireName()]
		if !sent || v == nil || !a.Sent() {
			continue
		}
		if broken := checkValue(a, v, schema.Join(path, a.WireName())); broken != "" {
			return broken
		}
	}
	return ""
}

func checkValue(a *schema.Attr, v any, path string) string {
	switch a.Nest {
	case schema.ListOf, schema.SetOf, schema.KeyedBy:
		return checkList(a, v, path)
	case schema.MapOf:
		m, ok := v.(doc)
		if !ok {
			return path + " must be an object"
		}
		for _, k := range sortedKeys(m) {
			if broken := checkValue(a.Elem(), m[k], path+"."+k); broken != "" {
				return broken
			}
		}
		return ""
	}
	switch a.Type {
	case schema.TypeObject:
		d, ok := v.(doc)
		if !ok {
			return path + " must be an object"
		}
		return check(a.Attrs, d, path)
	case schema.TypeBool:
		if _, ok := v.(bool); !ok {
			return path + " must be a boolean"
		}
	case schema.TypeInt, schema.TypeNumber:
		return checkNumber(a, v, path)
	case schema.TypeJSON:
	default:
		return checkText(a, v, path)
	}
	return ""
}

func checkList(a *schema.Attr, v any, path string) string {
	list, ok := v.([]any)
	switch {
	case !ok:
		return path + " must be a list"
	case a.MaxItems > 0 && len(list) > a.MaxItems, len(list) < a.MinItems:
		return fmt.Sprintf("the %s list length must be in range [%d, %d]", path, a.MinItems, max(a.MaxItems, a.MinItems))
	}
	for i, e := range list {
		if broken := checkValue(a.Elem(), e, schema.IndexPath(path, i)); broken != "" {
			return broken
		}
	}
	return ""
}

func checkNumber(a *schema.Attr, v any, path string) string {
	n, ok := v.(float64)
	switch {
	case !ok:
		return path + " must be a number"
	case a.Type == schema.TypeInt && n != math.Trunc(n):
		return path + " must be an integer"
	case (a.Min != 0 || a.Max != 0) && (n < a.Min || n > a.Max):
		return fmt.Sprintf("%s is not in range [%g, %g]", path, a.Min, a.Max)
	case a.Step > 0 && math.Abs(n/a.Step-math.Round(n/a.Step)) > 1e-6:
		return fmt.Sprintf("%s is not a multiple of %g", path, a.Step)
	}
	return ""
}

func checkText(a *schema.Attr, v any, path string) string {
	s, ok := v.(string)
	switch {
	case !ok:
		return path + " must be a string"
	case len(a.Enum) > 0 && !slices.Contains(a.Enum, s):
		return fmt.Sprintf("%s must be one of %v", path, a.Enum)
	case a.Max > 0 && float64(utf8.RuneCountInString(s)) > a.Max:
		return fmt.Sprintf("%s must not be longer than %g", path, a.Max)
	case float64(utf8.RuneCountInString(s)) < a.Min:
		return path + " must have a length"
	case s != "" && !a.Matches(s):
		return path + " is invalid"
	}
	return ""
}

// attrs are the table's for the kind.
func attrs(kind string) []schema.Attr { return schema.KindNamed(kind).Attrs }

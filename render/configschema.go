package render

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"trueup/schema"
)

const draft = "https://json-schema.org/draft/2020-12/schema"

// ConfigSchema is the JSON Schema of the YAML configuration, for editors. It
// says what the table says: names, types, ranges, words, what is required and
// what goes together. An expression may stand wherever a value may; what
// cannot be told before expressions are evaluated is left to the loader.
func ConfigSchema() ([]byte, error) {
	top := members{
		{"scope", scopeSchema("Whose objects are meant, where a resource does not say: `user`, `account:<id>` or `zone:<id>`.", schema.User, schema.Account, schema.Zone)},
		{"variables", namedSchema("Values from outside, by name.", defRef("variable"))},
		{"locals", namedSchema("Values for use in expressions, by name.", members{})},
	}
	defs := members{
		{"expression", members{{"type", "string"}, {"pattern", `[$%]\{`}, {"description", "A template: ${…} or %{…}, evaluated as in HCL."}}},
		{"number", members{{"type", "string"}, {"pattern", `^[-+]?(0x[0-9a-fA-F]+|0o[0-7]+|[0-9.]+([eE][-+]?[0-9]+)?)$`}, {"description", "A number in quotes."}}},
		{"bool", members{{"enum", []string{"true", "false"}}, {"description", "true or false in quotes."}}},
		{"variable", variableSchema()},
	}
	for _, k := range schema.Kinds {
		top = append(top, member{k.Plural, namedSchema(k.Doc, defRef(k.Name))})
		defs = append(defs, member{k.Name, resourceSchema(k)})
	}
	for _, s := range settings {
		top = append(top, member{s.name, s.schema(s.doc)})
	}
	return document(members{
		{"$schema", draft},
		{"title", "trueup configuration"},
		{"type", "object"},
		{"properties", top},
		{"additionalProperties", false},
		{"$defs", defs},
	})
}

func defRef(def string) members { return members{{"$ref", "#/$defs/" + def}} }

// or is a schema that takes what one of the alternatives takes, with the
// description and default in front, where editors look for them.
func or(doc string, def any, alternatives ...any) members {
	return members{}.with("description", doc).with("default", def).with("anyOf", alternatives)
}

var anExpression = defRef("expression")

func anything(types ...string) members { return members{{"type", types}} }

// namedSchema is an object of resources, variables or locals by name.
func namedSchema(doc string, each members) members {
	return members{
		{"description", doc},
		{"type", []string{"object", "null"}},
		{"patternProperties", members{{`^[A-Za-z0-9_][A-Za-z0-9_-]*$`, each}}},
		{"additionalProperties", false},
	}
}

func variableSchema() members {
	return members{
		{"type", []string{"object", "null"}},
		{"properties", members{
			{"default", members{{"description", "Its value where none is given; without one, a value must be given."}}},
			{"description", members{{"type", "string"}, {"description", "What it is for."}}},
			{"type", members{{"enum", []string{"string", "number", "bool", "list", "map"}}, {"description", "What its value must be; anything where left out."}}},
			{"sensitive", or("Whether its value must never be shown.", false, anything("boolean"), defRef("bool"), anExpression)},
		}},
		{"additionalProperties", false},
	}
}

// scopeSchema is a scope of one of the levels.
func scopeSchema(doc string, levels ...schema.Level) members {
	var forms, examples []string
	for _, l := range levels {
		if l == schema.User {
			forms, examples = append(forms, string(l)), append(examples, string(l))
			continue
		}
		forms, examples = append(forms, string(l)+":[0-9a-f]{32}"), append(examples, string(l)+":0123456789abcdef0123456789abcdef")
	}
	return or(doc, nil, members{{"type", "string"}, {"pattern", "^(" + strings.Join(forms, "|") + ")$"}}, anExpression, anything("null")).with("examples", examples)
}

// meta are the attributes that every resource takes.
var meta = []struct {
	name, kind, doc string
	schema          func(doc string, levels ...schema.Level) members
}{
	{"for_each", "set or map", "One resource for each element of a set or a map, with `each.key` and `each.value` in its expressions. A key becomes part of the address.", func(doc string, _ ...schema.Level) members {
		return or(doc, nil, anything("array", "object"), anExpression)
	}},
	{"scope", "text", "Whose object it is: `user`, `account:<id>` or `zone:<id>`. The file's scope where left out.", scopeSchema},
	{"id", "text", "The id of the object that is meant, where the natural key does not settle it: 32 hexadecimal digits.", func(doc string, _ ...schema.Level) members {
		return or(doc, nil, members{{"type", "string"}, {"pattern", "^[0-9a-f]{32}$"}}, anExpression, anything("null"))
	}},
	{"depends_on", "list of addresses", "Resources that must be there before this one, beyond those that it refers to.", textsSchema},
	{"prevent_destroy", "true or false", "Whether deleting or replacing it is refused. Remembered, so that taking the lines out does not lift it: set it to false first.", func(doc string, _ ...schema.Level) members {
		return or(doc, false, anything("boolean", "null"), defRef("bool"), anExpression)
	}},
	{"ignore_changes", "list of paths", "Attributes whose live value is left as it is, such as `notes` or `origins[\"app-1\"].weight`.", textsSchema},
}

func textsSchema(doc string, _ ...schema.Level) members {
	return or(doc, nil, members{{"type", []string{"array", "null"}}, {"items", members{{"type", "string"}}}}, anExpression)
}

func resourceSchema(k *schema.Kind) members {
	props := members{}
	for _, m := range meta {
		props = append(props, member{m.name, m.schema(m.doc, k.Levels...)})
	}
	all, required := attrProps(k.Attrs, k.NameAttr)
	out := members{
		{"description", k.Doc},
		{"type", []string{"object", "null"}},
		{"properties", append(props, all...)},
		{"additionalProperties", false},
	}.with("required", required)
	if rules := siblingRules(k.Attrs); len(rules) > 0 {
		out = append(out, member{"allOf", rules})
	}
	return out
}

// attrProps are the attributes that a file may hold, and those that it must;
// the one that the resource's name defaults is not among the latter.
func attrProps(attrs []schema.Attr, nameAttr string) (props members, required []string) {
	props = members{}
	for i := range attrs {
		a := &attrs[i]
		if !a.Writable() {
			continue
		}
		props = append(props, member{a.Name, attrSchema(a)})
		if a.Mode == schema.Required && a.Name != nameAttr {
			required = append(required, a.Name)
		}
	}
	return props, required
}

// siblingRules say what goes with a sibling's value, where that is written as
// a plain word.
func siblingRules(attrs []schema.Attr) []any {
	var rules []any
	for i := range attrs {
		a := &attrs[i]
		if w := a.Needs; w != nil {
			rules = append(rules, members{{"if", siblingIs(w.Attr, w.In)}, {"then", members{{"required", []string{a.Name}}}}})
		}
	}
	by := map[string]members{} // one rule for all that go with the same words
	var order []string
	for i := range attrs {
		a := &attrs[i]
		if a.Only == nil {
			continue
		}
		key := a.Only.Attr + "\x00" + strings.Join(a.Only.In, "\x00")
		if by[key] == nil {
			order = append(order, key)
		}
		by[key] = append(by[key], member{a.Name, members{{"type", "null"}}})
	}
	for _, key := range order {
		parts := strings.Split(key, "\x00")
		sibling := attrs[schema.Index(attrs, parts[0])]
		others := slices.DeleteFunc(slices.Clone(sibling.Enum), func(w string) bool { return slices.Contains(parts[1:], w) })
		rules = append(rules, members{{"if", siblingIs(parts[0], others)}, {"then", members{{"properties", by[key]}}}})
	}
	return rules
}

func siblingIs(name string, words []string) members {
	return members{{"type", "object"}, {"properties", members{{name, members{{"enum", words}}}}}, {"required", []string{name}}}
}

// attrSchema is an attribute's value, or an expression in its place.
func attrSchema(a *schema.Attr) members {
	alternatives := []any{ownSchema(a)}
	if a.OneOrMany {
		alternatives = []any{ownSchema(a.Elem()), ownSchema(a)}
	}
	alternatives = append(alternatives, inQuotes(a)...)
	alternatives = append(alternatives, anExpression)
	if a.Mode != schema.Required {
		alternatives = append(alternatives, members{{"type", "null"}})
	}
	return or(a.Doc, plainValue(a.Default), alternatives...).with("examples", examples(a))
}

// examples are values for an editor to offer, where the type has no words of its
// own.
func examples(a *schema.Attr) []string {
	switch {
	case a.Nest != schema.Single:
		return nil
	case a.Refers != "":
		return []string{"${" + a.Refers + ".NAME.id}"}
	}
	switch a.Type {
	case schema.TypeTime:
		return []string{"2027-01-01T00:00:00Z"}
	case schema.TypeDuration:
		return []string{"90d", "24h"}
	case schema.TypeTarget:
		return []string{"192.0.2.1", "198.51.100.0/24", "2001:db8::/32", "AS64500", "US"}
	case schema.TypeHost:
		return []string{"203.0.113.10", "app.example.com"}
	}
	return nil
}

// elemSchema is an element: like an attribute, without its description.
func elemSchema(a *schema.Attr) members {
	out := or("", nil, append(append([]any{ownSchema(a)}, inQuotes(a)...), anExpression)...)
	switch {
	case a.Lookup != "":
		return out.with("examples", []string{"Zone Read", "DNS Write"})
	case a.Type == schema.TypePrefix:
		return out.with("examples", []string{"198.51.100.0/24", "2001:db8::/32"})
	}
	return out
}

// inQuotes is the other form that numbers and booleans may have.
func inQuotes(a *schema.Attr) []any {
	switch {
	case a.Nest != schema.Single:
		return nil
	case a.Type == schema.TypeBool:
		return []any{defRef("bool")}
	case a.Type == schema.TypeInt, a.Type == schema.TypeNumber:
		return []any{defRef("number")}
	}
	return nil
}

func ownSchema(a *schema.Attr) members {
	switch a.Nest {
	case schema.ListOf, schema.SetOf, schema.KeyedBy:
		out := members{{"type", "array"}, {"items", elemSchema(a.Elem())}}
		if a.MinItems > 0 {
			out = out.with("minItems", a.MinItems)
		}
		if a.MaxItems > 0 {
			out = out.with("maxItems", a.MaxItems)
		}
		return out
	case schema.MapOf:
		return members{{"type", "object"}, {"additionalProperties", elemSchema(a.Elem())}}
	}
	switch a.Type {
	case schema.TypeObject:
		props, required := attrProps(a.Attrs, "")
		out := members{{"type", "object"}, {"properties", props}, {"additionalProperties", false}}.with("required", required)
		if rules := siblingRules(a.Attrs); len(rules) > 0 {
			out = append(out, member{"allOf", rules})
		}
		return out
	case schema.TypeJSON:
		return anything("object", "array", "string", "number", "boolean")
	case schema.TypeBool:
		return anything("boolean")
	case schema.TypeInt, schema.TypeNumber:
		return numberSchema(a)
	}
	return textSchema(a)
}

func numberSchema(a *schema.Attr) members {
	out := members{{"type", "number"}}
	if a.Type == schema.TypeInt {
		out = members{{"type", "integer"}}
	}
	if a.Min != 0 || a.Max != 0 {
		out = out.with("minimum", a.Min).with("maximum", a.Max)
	}
	return out
}

// textSchema is text. A plain scalar counts as text as it is written, so a
// number or a word like true is fine where no fixed words are wanted.
func textSchema(a *schema.Attr) members {
	if len(a.Enum) > 0 {
		words := members{{"enum", a.Enum}}
		if a.Fold != schema.NoFold {
			return members{{"anyOf", []any{words, members{{"type", "string"}, {"pattern", anyCase(a.Enum)}}}}}
		}
		return words
	}
	out := members{{"type", []string{"string", "number", "boolean"}}}
	if a.Type == schema.TypeTime {
		out = members{{"type", "string"}, {"pattern", "^[0-9]{4}-[0-9]{2}-[0-9]{2}T"}}
	}
	if a.Pattern != "" {
		out = out.with("pattern", "^(?:"+a.Pattern+")$")
	}
	if a.Min > 0 {
		out = out.with("minLength", a.Min)
	}
	if a.Max > 0 {
		out = out.with("maxLength", a.Max)
	}
	return out
}

// anyCase is a pattern of the words in any letter case: JSON Schema has no
// flag for it.
func anyCase(words []string) string {
	var alternatives []string
	for _, w := range words {
		var b strings.Builder
		for _, r := range w {
			if l, u := unicode.ToLower(r), unicode.ToUpper(r); l != u {
				b.WriteString("[" + string(u) + string(l) + "]")
			} else {
				b.WriteString(regexp.QuoteMeta(string(r)))
			}
		}
		alternatives = append(alternatives, b.String())
	}
	return "^(?:" + strings.Join(alternatives, "|") + ")$"
}

// plainValue is a default as JSON.
func plainValue(v schema.Value) any {
	switch x := v.(type) {
	case schema.String:
		return string(x)
	case schema.Number:
		return float64(x)
	case schema.Bool:
		return bool(x)
	}
	return nil
}

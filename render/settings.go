package render

import "trueup/schema"

// settings are the top-level settings beside scope, as schema and docs show
// them.
var settings = []struct {
	name, def, doc string
	schema         func(doc string) members
}{
	{"ownership", "`tracked` for every kind",
		"Per kind, what happens to live objects that no file lists. `tracked`: deleted only if the state created or adopted them. `exclusive`: deleted.", ownershipSchema},
	{"ignore", "none",
		"Live objects that are never touched: a list of rules, each with `kind` and patterns by attribute (or `id`). In a pattern, `*` stands for any run of characters and `?` for one; letter case makes no difference.", ignoreSchema},
	{"limits", "30 %, 50",
		"Guards against mass deletion: `max_delete_percent` of the live objects of one kind in one scope, and `max_deletes` in all. Past either, the plan is refused.", limitsSchema},
	{"state", "`.trueup/state.json`",
		"Where the state is kept: `{path: FILE}`.", stateSchema},
}

func object(doc string, props members) members {
	return or(doc, nil, members{{"type", []string{"object", "null"}}, {"properties", props}, {"additionalProperties", false}}, anExpression)
}

func ownershipSchema(doc string) members {
	props := members{}
	for _, k := range schema.Kinds {
		for _, name := range []string{k.Plural, k.Name} {
			props = append(props, member{name, or("What happens to live "+k.Plural+" that no file lists.", "tracked", members{{"enum", []string{"tracked", "exclusive"}}}, anExpression)})
		}
	}
	return object(doc, props)
}

func ignoreSchema(doc string) members {
	var rules []any
	for _, k := range schema.Kinds {
		props := members{
			{"kind", members{{"description", "The kind that the rule is for."}, {"enum", []string{k.Name, k.Plural}}}},
			{"id", members{{"description", "A pattern of the object's id."}, {"type", "string"}}},
		}
		for i := range k.Attrs {
			if a := &k.Attrs[i]; a.Scalar() {
				props = append(props, member{a.Name, append(members{{"description", "A pattern. " + a.Doc}}, anything("string", "number", "boolean")...)})
			}
		}
		rules = append(rules, members{{"type", "object"}, {"properties", props}, {"additionalProperties", false}, {"required", []string{"kind"}}})
	}
	return or(doc, nil, members{{"type", []string{"array", "null"}}, {"items", members{{"anyOf", append(rules, anExpression)}}}}, anExpression)
}

func limitsSchema(doc string) members {
	d := schema.DefaultLimits
	return object(doc, members{
		{"max_delete_percent", or("Percent of the live objects of one kind in one scope; three or fewer deletions never trip it.", d.MaxDeletePercent,
			members{{"type", "number"}, {"minimum", 0}, {"maximum", 100}}, defRef("number"), anExpression, anything("null"))},
		{"max_deletes", or("Deletions in all.", d.MaxDeletes, members{{"type", "integer"}, {"minimum", 0}}, defRef("number"), anExpression, anything("null"))},
	})
}

func stateSchema(doc string) members {
	return object(doc, members{{"path", or("A file, relative to this one.", nil, members{{"type", "string"}}, anExpression)}})
}

package render

import (
	"maps"
	"slices"

	"trueup/schema"
)

// PlanSchema is the JSON Schema of the JSON form of a plan, before and after of
// each kind included.
func PlanSchema() ([]byte, error) {
	defs := members{
		{"plan", planSchema()},
		{"failure", failureSchema()},
		{"change", changeSchema()},
		{"resource", resourceChangeSchema()},
		{"diagnostic", diagnosticSchema()},
		{"event", closed([]string{"actor", "interface"}, members{{"actor", text()}, {"interface", text()}, {"when", members{{"type", "string"}, {"format", "date-time"}}}}, "Who changed an object last, from the audit log.")},
		{"referrer", closed([]string{"type", "id", "name"}, members{{"type", text()}, {"id", text()}, {"name", text()}, {"address", text()}}, "An object that uses another.")},
		{"refusal", closed([]string{"code", "message", "remedy"}, members{{"code", text()}, {"message", text()}, {"remedy", text()}, {"addresses", listOf(text())}, {"moved", listOf(movedSchema())}},
			"Why the plan is not carried out.")},
		{"left_alone", closed([]string{"kind", "scope", "id", "label", "why"}, members{{"kind", text()}, {"scope", text()}, {"id", text()}, {"label", text()}, {"why", text()}},
			"A live object that is not touched.")},
	}
	for _, k := range schema.Kinds {
		defs = append(defs, member{k.Name, valuesSchema(k.Attrs, k.Doc)})
	}
	return document(members{
		{"$schema", draft},
		{"title", "trueup plan"},
		{"description", "A plan as trueup plan --format json writes it, or why there is none. The same input gives the same bytes."},
		{"if", members{{"required", []string{"resource_changes"}}}},
		{"then", defRef("plan")},
		{"else", defRef("failure")},
		{"$defs", defs},
	})
}

func planSchema() members {
	return closed([]string{"format_version", "resource_changes", "resource_drift", "diagnostics", "trueup"}, members{
		{"format_version", members{{"const", "1.2"}}},
		{"resource_changes", listOf(defRef("resource"))},
		{"resource_drift", listOf(defRef("resource"))},
		{"diagnostics", listOf(defRef("diagnostic"))},
		{"trueup", ownPlanSchema()},
	}, "A plan.")
}

// failureSchema is what stands for a result that a command could not give.
func failureSchema() members {
	return closed([]string{"diagnostics", "trueup"}, members{
		{"diagnostics", listOf(defRef("diagnostic")).with("minItems", 1)},
		{"trueup", closed([]string{"outcome"}, members{{"outcome", members{{"const", "failed"}}}}, "")},
	}, "What a command that failed before it had a result says instead.")
}

func movedSchema() members {
	return closed([]string{"path", "planned", "found"}, members{{"path", text()}, {"planned", members{}}, {"found", members{}}}, "In what an object moved under a saved plan.")
}

func text() members             { return members{{"type", "string"}} }
func count() members            { return members{{"type", "integer"}, {"minimum", 0}} }
func isTrue() members           { return members{{"const", true}} }
func listOf(of members) members { return members{{"type", "array"}, {"items", of}} }

// closed is an object without further members.
func closed(required []string, props members, doc string) members {
	return members{}.with("description", doc).with("type", "object").with("properties", props).with("required", required).with("additionalProperties", false)
}

func changeSchema() members {
	var actions []any
	for _, a := range [][]string{{"no-op"}, {"create"}, {"update"}, {"delete"}, {"delete", "create"}, {"create", "delete"}, {"forget"}} {
		actions = append(actions, a)
	}
	flags := members{{"type", []string{"object", "boolean"}}}
	return closed([]string{"actions", "before", "after", "after_unknown", "before_sensitive", "after_sensitive"}, members{
		{"actions", members{{"enum", actions}}},
		{"before", members{{"type", []string{"object", "null"}}}},
		{"after", members{{"type", []string{"object", "null"}}}},
		{"after_unknown", members{{"type", "object"}, {"description", "true at the paths that are known only after apply; there, after has null."}}},
		{"before_sensitive", flags},
		{"after_sensitive", flags},
		{"replace_paths", listOf(listOf(text()))},
	}, "What happens to an object. A sensitive value is masked on both sides, and true at its path in before_sensitive or after_sensitive.")
}

func resourceChangeSchema() members {
	var rules []any
	for _, k := range schema.Kinds {
		side := members{{"anyOf", []any{defRef(k.Name), members{{"type", "null"}}}}}
		rules = append(rules, members{
			{"if", members{{"properties", members{{"type", members{{"const", k.Name}}}}}}},
			{"then", members{{"properties", members{{"change", members{{"properties", members{{"before", side}, {"after", side}}}}}}}}},
		})
	}
	return append(closed([]string{"address", "mode", "type", "name", "change", "trueup"}, members{
		{"address", text()},
		{"mode", members{{"const", "managed"}}},
		{"type", members{{"enum", schema.KindNames()}}},
		{"name", text()},
		{"index", members{{"type", "string"}, {"description", "The key under for_each."}}},
		{"deposed", members{{"type", "string"}, {"description", "The id of an object that the address no longer means."}}},
		{"change", defRef("change")},
		{"action_reason", members{{"enum", slices.Compact(slices.Sorted(maps.Values(jsonReasons)))}}},
		{"trueup", extrasSchema()},
	}, ""), member{"allOf", rules})
}

func extrasSchema() members {
	return closed([]string{"scope"}, members{
		{"scope", text()},
		{"id", text()},
		{"reason", text()},
		{"adopted", isTrue()},
		{"renamed_from", text()},
		{"rolls_secret", isTrue()},
		{"refused", text()},
		{"prevent_destroy", isTrue()},
		{"changed", listOf(text())},
		{"drifted", listOf(text())},
		{"edited", listOf(text())},
		{"gains", listOf(text())},
		{"referrers", listOf(defRef("referrer"))},
		{"event", defRef("event")},
		{"names", members{{"type", "object"}, {"additionalProperties", text()}, {"description", "Ids in before and after that have names."}}},
	}, "")
}

func diagnosticSchema() members {
	place := closed([]string{"line", "column"}, members{{"line", count()}, {"column", count()}}, "")
	return closed([]string{"severity", "summary", "detail"}, members{
		{"severity", members{{"enum", []string{"error", "warning"}}}},
		{"summary", text()},
		{"detail", text()},
		{"hint", text()},
		{"address", text()},
		{"code", text()},
		{"range", closed([]string{"filename"}, members{{"filename", text()}, {"start", place}, {"end", place}}, "")},
	}, "")
}

func ownPlanSchema() members {
	counts := members{}
	var names []string
	for _, n := range []string{"add", "change", "destroy", "adopt", "rename", "forget", "refused", "left_alone", "foreign"} {
		counts, names = append(counts, member{n, count()}), append(names, n)
	}
	return closed([]string{"outcome", "scopes", "resources", "counts", "refusals", "left_alone", "requests"}, members{
		{"outcome", members{{"enum", []string{"none", "changes", "refused"}}}},
		{"scopes", listOf(text())},
		{"resources", count()},
		{"destroy", isTrue()},
		{"targets", listOf(text())},
		{"counts", closed(names, counts, "")},
		{"refusals", listOf(defRef("refusal"))},
		{"left_alone", listOf(defRef("left_alone"))},
		{"requests", closed([]string{"read", "apply"}, members{{"read", count()}, {"apply", count()}}, "")},
	}, "What has no name in other tools' plans.")
}

// valuesSchema is an object of values: every attribute is there, unset as
// null, and any may be masked.
func valuesSchema(attrs []schema.Attr, doc string) members {
	props, names := members{}, []string{}
	for i := range attrs {
		a := &attrs[i]
		if !shown(a) {
			continue
		}
		names = append(names, a.Name)
		props = append(props, member{a.Name, or(a.Doc, nil, valueSchema(a), members{{"const", schema.Masked}}, members{{"type", "null"}})})
	}
	return closed(names, props, doc)
}

func valueSchema(a *schema.Attr) members {
	elem := func() members {
		return or("", nil, valueSchema(a.Elem()), members{{"const", schema.Masked}}, members{{"type", "null"}})
	}
	switch {
	case a.Nest == schema.MapOf:
		return members{{"type", "object"}, {"additionalProperties", elem()}}
	case a.Nest != schema.Single:
		return listOf(elem())
	case a.Type == schema.TypeObject:
		return valuesSchema(a.Attrs, "")
	case a.Type == schema.TypeJSON:
		return members{}
	case a.Type == schema.TypeBool:
		return anything("boolean")
	case a.Type == schema.TypeInt, a.Type == schema.TypeNumber:
		return anything("number")
	}
	return text()
}

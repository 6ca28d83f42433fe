package render

import (
	"fmt"
	"strings"

	"trueup/schema"
)

// Reference is docs/reference.md: every kind and attribute of the table, what
// every resource takes, and the settings.
func Reference() []byte {
	var b strings.Builder
	b.WriteString(`# Reference

Every kind of resource, its attributes and the settings. This page is generated from the table that the program
works by (` + "`go generate ./render`" + `), so it cannot disagree with it. [schema.json](schema.json) says the same to editors.

An attribute that is left out means its default, or unset where it has none. In YAML, kinds are plural at the top level
of the file; in HCL and in addresses they are singular. An expression may stand wherever a value may.

`)
	contents(&b)
	metaSection(&b)
	for _, k := range schema.Kinds {
		kindSection(&b, k)
	}
	settingsSection(&b)
	return []byte(b.String())
}

func contents(b *strings.Builder) {
	b.WriteString("- [What every resource takes](#what-every-resource-takes)\n")
	for _, k := range schema.Kinds {
		fmt.Fprintf(b, "- [%s](#%s): %s\n", k.Name, k.Name, lowerFirst(k.Doc))
	}
	b.WriteString("- [Settings](#settings)\n\n")
}

// lowerFirst fits a sentence into a list: "An IP access rule: …" reads on.
func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func metaSection(b *strings.Builder) {
	b.WriteString("## What every resource takes\n\n| attribute | type | |\n| --- | --- | --- |\n")
	for _, m := range meta {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", m.name, m.kind, cellText(m.doc))
	}
	b.WriteString("\n")
}

func kindSection(b *strings.Builder, k *schema.Kind) {
	fmt.Fprintf(b, "## %s\n\n%s\n\n", k.Name, k.Doc)
	fmt.Fprintf(b, "In YAML under `%s`; in HCL `%s \"name\" { … }`.\n\n", k.Plural, k.Name)
	fmt.Fprintf(b, "- Scopes: %s\n", levels(k.Levels))
	fmt.Fprintf(b, "- The same object if: %s\n", naturalKey(k))
	if k.NameAttr != "" {
		fmt.Fprintf(b, "- `%s` is the resource's name where left out (`name-key` under `for_each`)\n", k.NameAttr)
	}
	fmt.Fprintf(b, "- Credentials: %s\n", credentials(k.API.Auth))
	if k.Answer != nil {
		fmt.Fprintf(b, "- It can be answered, not created or deleted: a request is sent only while `%s` is `%s`\n", k.Answer.Attr, k.Answer.Pending)
	}
	b.WriteString("\n")
	var writable, computed []attrRow
	collect(k.Attrs, "", k.NameAttr, &writable, &computed)
	b.WriteString("| attribute | type | default | |\n| --- | --- | --- | --- |\n")
	for _, r := range writable {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", r.path, typeWords(r.attr), defaultWords(r.attr, r.named), cellText(remarks(r.attr)))
	}
	if len(computed) > 0 {
		b.WriteString("\nSet by the server, never written or compared: ")
		for i, r := range computed {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "`%s`", r.path)
		}
		b.WriteString(".\n")
	}
	b.WriteString("\n")
}

// attrRow is one row of a kind's table.
type attrRow struct {
	path  string
	attr  *schema.Attr
	named bool // the resource's name is its default
}

// collect lists attributes with those nested in them below. origins[] is any
// element of origins.
func collect(attrs []schema.Attr, prefix, nameAttr string, writable, computed *[]attrRow) {
	for i := range attrs {
		a := &attrs[i]
		r := attrRow{schema.Join(prefix, a.Name), a, prefix == "" && a.Name == nameAttr}
		if !a.Writable() {
			*computed = append(*computed, r)
			continue
		}
		*writable = append(*writable, r)
		if a.Type == schema.TypeObject {
			inner := r.path
			if a.Nest != schema.Single {
				inner += "[]"
			}
			collect(a.Attrs, inner, "", writable, computed)
		}
	}
}

func levels(ls []schema.Level) string {
	words := make([]string, len(ls))
	for i, l := range ls {
		words[i] = "`" + string(l) + "`"
		if l != schema.User {
			words[i] = "`" + string(l) + ":<id>`"
		}
	}
	return strings.Join(words, ", ")
}

func naturalKey(k *schema.Kind) string {
	text := wordList(k.Match, "and") + " is the same"
	if len(k.Match) > 1 {
		text = wordList(k.Match, "and") + " are the same"
	}
	if k.Answer != nil {
		text += ", as far as they are written"
	}
	if !k.Unique && k.Answer == nil {
		text += "; the server allows several: then the one that the state knows, or write `id`"
	}
	return text
}

var credentialWords = map[schema.Auth]string{schema.Token: "API token", schema.Key: "email and API key"}

func credentials(as []schema.Auth) string {
	words := make([]string, len(as))
	for i, a := range as {
		words[i] = credentialWords[a]
	}
	return strings.Join(words, " or ")
}

var typeNames = map[schema.Type]string{
	schema.TypeText: "text", schema.TypeInt: "whole number", schema.TypeNumber: "number", schema.TypeBool: "true or false",
	schema.TypeTime: "instant (RFC 3339)", schema.TypeDuration: "duration (`90d`, `24h`)", schema.TypeTarget: "IP address, range, AS number or country",
	schema.TypePrefix: "CIDR or IP address", schema.TypeHost: "IP address or host name", schema.TypePath: "path", schema.TypeJSON: "any value",
	schema.TypeObject: "object", schema.TypeTexts: "list of text",
}

func typeWords(a *schema.Attr) string {
	word := typeNames[a.Type]
	switch {
	case len(a.Enum) > 0 && a.Type == schema.TypeText:
		word = "`" + strings.Join(a.Enum, "`, `") + "`"
	case a.Lookup != "":
		word = schema.Words(a.Lookup)
	case a.Refers != "":
		word = "reference to a " + a.Refers
	}
	if a.Refers == "" && (a.Min != 0 || a.Max != 0) {
		word += rangeWords(a)
	}
	switch a.Nest {
	case schema.ListOf:
		if a.OneOrMany {
			return word + ", or a list of them"
		}
		return "list of: " + word
	case schema.SetOf:
		return "set of: " + word
	case schema.KeyedBy:
		return "objects, keyed by `" + a.Key + "`"
	case schema.MapOf:
		return "map to: " + word
	}
	return word
}

func rangeWords(a *schema.Attr) string {
	low, high := schema.FormatNumber(schema.Number(a.Min)), schema.FormatNumber(schema.Number(a.Max))
	text := ", " + low + " to " + high
	if a.Type == schema.TypeText {
		text = ", at most " + high + " characters"
		if a.Min > 0 {
			text = ", " + low + " to " + high + " characters"
		}
	}
	if a.Step > 0 {
		text += " in steps of " + schema.FormatNumber(schema.Number(a.Step))
	}
	return text
}

func defaultWords(a *schema.Attr, named bool) string {
	switch {
	case named:
		return "the name"
	case a.Mode == schema.Required:
		return "**required**"
	case a.By != nil:
		return "by `" + a.By.Attr + "`"
	case a.Mode == schema.Inferred:
		return "follows"
	case a.Mode == schema.Defaulted:
		return "the server's"
	case a.Default == nil:
		return "unset"
	}
	return "`" + strings.Trim(form{}.text(a, a.Default), `"`) + "`"
}

// remarks are the attribute's doc and what else its row says.
func remarks(a *schema.Attr) string {
	parts := []string{a.Doc}
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	if a.Only != nil {
		add(true, "Only with %s %s.", "`"+a.Only.Attr+"`", wordList(a.Only.In, "or"))
	}
	if a.Needs != nil && !strings.Contains(a.Doc, "Required") {
		add(true, "Required with %s %s.", "`"+a.Needs.Attr+"`", wordList(a.Needs.In, "or"))
	}
	add(a.Replace, "A change replaces the object.")
	add(a.Mode == schema.Fixed, "Says which object is meant; never sent.")
	add(a.Mode == schema.Local, "trueup's own; never sent.")
	add(a.MinItems > 0 && a.Mode != schema.Required && a.Nest != schema.ListOf, "If written, not empty.")
	add(len(a.Server) > 0 || len(a.Final) > 0, "The server's own words %s are no difference%s.", wordList(append(a.Server[:len(a.Server):len(a.Server)], a.Final...), "and"),
		map[bool]string{true: "; " + wordList(a.Final, "and") + " is final, so the object is replaced"}[len(a.Final) > 0])
	return strings.Join(parts, " ")
}

func wordList(words []string, last string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "`" + w + "`"
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " " + last + " " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}

// cellText is text of the table of kinds in a Markdown table.
func cellText(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func settingsSection(b *strings.Builder) {
	b.WriteString("## Settings\n\nAt the top level, each once across all files.\n\n| setting | default | |\n| --- | --- | --- |\n")
	b.WriteString("| `scope` | `user` | Whose objects are meant, where a resource does not say: `user`, `account:<id>` or `zone:<id>`. |\n")
	for _, s := range settings {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", s.name, s.def, cellText(s.doc))
	}
	b.WriteString("\n`variables` (in HCL `variable \"name\" { … }`) hold values from outside, each with `default`, `type` (`string`, `number`, `bool`, `list`, `map`), `description` and `sensitive`; `locals` hold values for use in expressions.\n")
}

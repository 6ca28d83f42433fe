package schema

import (
	"cmp"
	"fmt"
	"time"
)

// API facts §4 and the spec's iam_token.
var token = Kind{
	Name: "token", Plural: "tokens",
	Doc:      "An API token: what it may do, to what, from where, until when, and where its secret goes.",
	Levels:   []Level{User, Account},
	NameAttr: "name",
	Match:    []string{"name"},
	Made:     "issued_on",

	Terraform: []string{"cloudflare_api_token", "cloudflare_account_token"},
	Rotate:    &Rotate{Spec: "rotate", Name: "name", Issued: "issued_on", Expires: "expires_on"},
	Attrs: []Attr{
		{Name: "name", Type: TypeText, Mode: Required, Min: 1, Max: 120, Doc: "What the token is called. The resource's name where left out."},
		{Name: "status", Type: TypeText, Default: String("active"), Enum: []string{"active", "disabled"},
			Server: []string{"expired"}, Final: []string{"revoked"}, AfterPost: true, Doc: "Whether the token may be used."},
		{Name: "policies", Type: TypeObject, Nest: SetOf, Mode: Required, MinItems: 1, Doc: "What the token may do. Their order means nothing.", Attrs: []Attr{
			{Name: "effect", Type: TypeText, Default: String("allow"), Enum: []string{"allow", "deny"}, Doc: "Whether the policy permits or forbids. Forbidding goes first."},
			{Name: "permission_groups", Type: TypeText, Nest: SetOf, Mode: Required, MinItems: 1, ElemWire: "id", Lookup: "permission_group",
				Doc: "Names or ids of permission groups; `Name @ scope` where one name stands in two scopes."},
			{Name: "resources", Type: TypeJSON, Nest: Single, Mode: Required,
				Doc: "What the policy is about: resource names to \"*\", or to an object of such."},
		}},
		{Name: "condition", Type: TypeObject, Restricts: true, Doc: "Where the token may be used from.", Attrs: []Attr{
			{Name: "request_ip", Aliases: []string{"request.ip"}, Type: TypeObject, Doc: "By the address of the client.", Attrs: []Attr{
				{Name: "in", Type: TypePrefix, Nest: SetOf, MinItems: 1, Empty: true, Doc: "Only from these CIDRs."},
				{Name: "not_in", Type: TypePrefix, Nest: SetOf, MinItems: 1, Doc: "Not from these CIDRs."},
			}},
		}},
		{Name: "not_before", Type: TypeTime, Restricts: true, Doc: "From when it may be used; whole seconds."},
		{Name: "expires_on", Type: TypeTime, Restricts: true, Doc: "Until when it may be used; whole seconds."},
		{Name: "secret", Type: TypeObject, Nest: ListOf, Mode: Local, OneOrMany: true, Doc: "Where the value goes when it is created: one sink or a list of them.", Attrs: []Attr{
			{Name: "file", Type: TypePath, Doc: "A file, mode 0600."},
			{Name: "command", Type: TypeText, Nest: ListOf, MinItems: 1, Doc: "A command and its arguments; it gets the value on standard input."},
			{Name: "age", Type: TypeObject, Doc: "A file encrypted with age.", Attrs: []Attr{
				{Name: "recipients", Type: TypeText, Nest: ListOf, Mode: Required, MinItems: 1, Doc: "Public keys (age1…, ssh-ed25519 …)."},
				{Name: "file", Type: TypePath, Mode: Required, Doc: "The file."},
			}},
		}},
		{Name: "rotate", Type: TypeObject, Mode: Local, Doc: "When the token is replaced by a new one of the same rights.", Attrs: []Attr{
			{Name: "every", Type: TypeDuration, Mode: Required, Doc: "The age at which it is replaced, counted from when it was issued: 90d."},
			{Name: "overlap", Type: TypeDuration, Default: String("24h"), Doc: "How long the old one still works: 24h."},
		}},
		{Name: "issued_on", Type: TypeTime, Mode: Computed, Doc: "When it was issued."},
		{Name: "modified_on", Type: TypeTime, Mode: Computed, Doc: "When it was last changed."},
		{Name: "last_used_on", Type: TypeTime, Mode: Computed, Doc: "When it was last used."},
	},
	API: API{
		Path: "tokens", GetByID: true, PageSize: 50, Order: "direction=asc",
		Create: true, Update: "PUT", Delete: true, Secret: true, Sink: "secret", ReadBack: true,
		Disable: &Setting{"status", String("disabled")},
		Auth:    []Auth{Token},
		Retry:   RetryNever,
		Codes: []Code{
			{Status: 404, Meaning: NotFound},
			{Code: 1003, Meaning: NotFound},
			{Code: 1001, Contains: "permission check", Meaning: Denied, Remedy: "The credential in use cannot grant what it does not have itself: use one that has these groups on these resources."},
			{Code: 1001, Contains: "permission group", Meaning: Invalid, Remedy: "The permission group is not known there: groups get renamed and differ between scopes."},
		},
	},
	Check:   checkToken,
	Gains:   tokenGains,
	Narrows: tokenNarrows,
}

func checkToken(o View) []Problem {
	var ps []Problem
	policies, _ := o.Get("policies").(List)
	attr := o.Kind.Attr("policies")
	for i, p := range policies {
		ps = append(ps, checkResources(indexPath("policies", i)+".resources", attr.Part(p, "resources"))...)
	}
	ps = append(ps, checkSinks(o)...)
	ps = append(ps, checkRotate(o)...)
	before, after := o.Text("not_before"), o.Text("expires_on")
	if before != "" && after != "" && after <= before {
		ps = append(ps, problem("expires_on", "the token expires before it may be used", "expires_on must be later than not_before."))
	}
	return ps
}

// checkResources: names to "*" or to an object of the same (API facts §4).
func checkResources(path string, v Value) []Problem {
	switch v := v.(type) {
	case Ref, Template, Sensitive:
		return nil
	case Map:
		if len(v) == 0 {
			return []Problem{problem(path, "a policy without resources", `Name at least one: {com.cloudflare.api.account.*: "*"}.`)}
		}
		var ps []Problem
		for _, k := range v.Keys() {
			inner, nested := v[k].(Map)
			switch {
			case nested && len(inner) > 0:
				ps = append(ps, checkResources(KeyPath(path, k), inner)...)
			case Text(v[k]) != "*" && !isUnknown(v[k]):
				ps = append(ps, problem(KeyPath(path, k), fmt.Sprintf("%s is neither \"*\" nor an object of resources", Describe(v[k])), `Write "*".`))
			}
		}
		return ps
	case nil:
		return nil
	}
	name := cmp.Or(Text(v), "com.cloudflare.api.account.*")
	return []Problem{problem(path, "resources must be an object", fmt.Sprintf(`Write {%s: "*"}.`, Quote(name)))}
}

func isUnknown(v Value) bool {
	switch v.(type) {
	case Ref, Template, Sensitive:
		return true
	}
	return false
}

func checkSinks(o View) []Problem {
	sinks, _ := o.Get("secret").(List)
	var ps []Problem
	for i, s := range sinks {
		row, _ := s.(Row)
		n := 0
		for _, v := range row {
			if v != nil {
				n++
			}
		}
		if n != 1 {
			ps = append(ps, problem(indexPath("secret", i), "a sink is one of file, command and age", "Write several sinks as a list."))
		}
	}
	return ps
}

func checkRotate(o View) []Problem {
	every, overlap := RotateTimes(o)
	if every == 0 && o.Get("rotate") == nil {
		return nil
	}
	switch {
	case every < time.Hour:
		return []Problem{problem("rotate.every", "a token cannot be rotated more often than once an hour", "Write a longer time, such as 90d.")}
	case overlap >= every:
		return []Problem{problem("rotate.overlap", "the overlap is not shorter than the time between rotations", "Make overlap shorter than every.")}
	}
	return nil
}

// RotateTimes are the durations of the row's rotation; zero if it has none.
func RotateTimes(o View) (every, overlap time.Duration) {
	if o.Kind.Rotate == nil {
		return 0, 0
	}
	spec := o.Kind.Attr(o.Kind.Rotate.Spec)
	row, ok := o.Get(spec.Name).(Row)
	if !ok {
		return 0, 0
	}
	every, _ = ParseDuration(Text(spec.Part(row, "every")))
	overlap, _ = ParseDuration(Text(spec.Part(row, "overlap")))
	return every, overlap
}

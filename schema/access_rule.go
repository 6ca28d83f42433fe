package schema

import (
	"fmt"
	"net/netip"

	"trueup/diag"
)

// API facts §1 and the spec's legacy-jhs_rule.
var accessRule = Kind{
	Name: "access_rule", Plural: "access_rules",
	Doc:     "An IP access rule: what happens to requests from an address, a range, an AS or a country.",
	Levels:  []Level{User, Account, Zone},
	Match:   []string{"target", "value"},
	Unique:  true,
	Summary: "value",
	Title:   "notes",

	Terraform: []string{"cloudflare_access_rule"},
	Attrs: []Attr{
		{Name: "target", Wire: "configuration.target", Type: TypeText, Mode: Inferred, Replace: true,
			Enum: []string{TargetIP, TargetIP6, TargetRange, TargetASN, TargetCountry},
			Doc:  "What the value is. Follows from the value where left out, and must agree with it."},
		{Name: "value", Wire: "configuration.value", Type: TypeTarget, Mode: Required, Replace: true,
			Doc: "An IPv4 or IPv6 address; a range (/16 or /24, IPv6 /32, /48 or /64; host bits are masked); an AS number; a country code."},
		{Name: "mode", Type: TypeText, Mode: Required,
			Enum: []string{"block", "challenge", "whitelist", "js_challenge", "managed_challenge"},
			Doc:  "What to do with a request that matches; whitelist lets it through."},
		{Name: "notes", Type: TypeText, HTML: true, Clear: ClearZero, Doc: "A remark."},
	},
	API: API{
		Path: "firewall/access_rules/rules", Scope: "scope",
		PageSize: 1000, Order: "order=configuration.value&direction=asc",
		GetLevels: []Level{Account, Zone},
		Create:    true, Update: "PATCH", Delete: true,
		Repeat: []Level{Account, Zone},
		Auth:   []Auth{Token, Key},
		Retry:  RetryDuplicate,
		Codes: []Code{
			{Code: 10009, Meaning: Duplicate},
			{Contains: "duplicate_of_existing", Meaning: Duplicate},
			{Status: 404, Meaning: NotFound},
			{Code: 10001, Contains: "not_found", Meaning: NotFound},
			{Contains: "validation_error", Meaning: Invalid},
		},
	},
	Infer:  inferTarget,
	Check:  checkAccessRule,
	Blocks: blocks,
	Rank: func(o View) int {
		if o.Text("mode") == "whitelist" {
			return 0
		}
		return 1
	},
}

// inferTarget sets the target that follows from the value, where none is set.
func inferTarget(o View) {
	if text := o.Text("value"); text != "" && o.Get("target") == nil {
		if target, _, err := ParseTarget(text); err == nil {
			o.Row[o.Kind.Index("target")] = String(target)
		}
	}
}

func checkAccessRule(o View) []Problem {
	value := o.Text("value")
	if value == "" {
		return nil // a value that is known only after apply
	}
	target, _, err := ParseTarget(value)
	if err != nil {
		return nil // reported where the value was read
	}
	var ps []Problem
	if written := o.Text("target"); written != target {
		ps = append(ps, problem("target", fmt.Sprintf("target is %q, but the value %s is of target %q", written, value, target),
			fmt.Sprintf("Leave target out, or write target: %s.", target)))
	}
	if summary, remedy := checkTarget(value); summary != "" {
		ps = append(ps, problem("value", summary, remedy))
	}
	return ps
}

func blocks(o View, addr netip.Addr) bool {
	return o.Text("mode") != "whitelist" && targetContains(o.Text("value"), addr)
}

func problem(path, summary, remedy string) Problem {
	return Problem{Path: path, Diagnostic: diag.Diagnostic{Summary: summary, Detail: remedy}}
}

package sim

import (
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"

	"trueup/schema"
)

// IP access rules: API facts §1.

// The fields of a rule that lists filter and sort by.
const (
	ruleTarget = iota
	ruleValue
	ruleMode
	ruleNotes
)

func rules() *product {
	return &product{
		kind: "access_rule", path: "firewall/access_rules/rules", noun: "access_rule",
		missing:   problem{status: http.StatusNotFound, code: 10001, message: "firewallaccessrules.api.not_found"},
		duplicate: problem{status: http.StatusBadRequest, code: 10009, message: "firewallaccessrules.api.duplicate_of_existing"},
		build:     buildRule,
		index:     indexRule,
		wire:      wireRule,
		times:     [2]string{"created_on", "modified_on"}, layout: micros,
		quota:    func(o Options, _ schema.Level) int { return o.RuleQuota },
		overfull: problem{status: http.StatusBadRequest, code: 10010, message: "firewallaccessrules.api.exceeded_quota"},
	}
}

func badRule(format string, args ...any) *problem {
	return refuse(http.StatusBadRequest, 10001, "firewallaccessrules.api.validation_error:%s", fmt.Sprintf(format, args...))
}

// buildRule: PATCH ignores what it cannot change, with 200 (API facts §1).
func buildRule(c *call, e edit) (doc, *problem) {
	d := doc{"notes": ""}
	if e.old != nil {
		d = clone(e.old)
		if c.s.o.PatchClearsNotes {
			d["notes"] = ""
		}
	}
	if bad := c.needed(e); bad != "" {
		return nil, badRule("%s is required", bad)
	}
	for _, name := range []string{"mode", "notes"} {
		if _, sent := e.body[name]; sent {
			d[name] = e.body[name]
		}
	}
	defaults(d, doc{"notes": ""})
	if broken := check(attrs("access_rule"), d, ""); broken != "" {
		return nil, badRule("%s", broken)
	}
	if e.old != nil {
		return d, nil
	}
	target, value, err := c.s.o.readTarget(e.body["configuration"])
	if err != nil {
		return nil, badRule("%v", err)
	}
	if target == "country" && d["mode"] == "block" && c.s.o.CountryBlockRefused {
		return nil, badRule("block is not allowed for country with this subscription")
	}
	d["configuration"] = doc{"target": target, "value": value}
	return d, nil
}

// needed is a key that must be sent and was not.
func (c *call) needed(e edit) string {
	again := c.s.o.PatchNeedsConfiguration && c.scope.Level != schema.User && c.face == "API"
	if e.old != nil && !again {
		if mode, sent := e.body["mode"]; sent && mode == nil {
			return "mode"
		}
		return ""
	}
	for _, name := range []string{"configuration", "mode"} {
		if e.body[name] == nil {
			return name
		}
	}
	return ""
}

// indexRule: two rules are the same if they mean the same (API facts §1).
func indexRule(_ Options, d doc) (string, []string) {
	conf, _ := d["configuration"].(doc)
	target, value := text(conf["target"]), text(conf["value"])
	return target + " " + meaning(value), []string{target, value, text(d["mode"]), text(d["notes"])}
}

var ruleModes = []string{"whitelist", "block", "challenge", "js_challenge", "managed_challenge"}

func wireRule(s *Server, scope schema.Scope, d doc) doc {
	d["notes"] = html.EscapeString(text(d["notes"])) // & < > " ' (API facts §1)
	d["allowed_modes"] = anyList(ruleModes)
	d["paused"] = false
	if s.o.CompressedIP6 {
		conf, _ := d["configuration"].(doc)
		conf["value"] = compress(text(conf["value"]))
	}
	switch scope.Level {
	case schema.User:
		if !s.o.UserScopeOmitted {
			d["scope"] = doc{"id": UserID, "email": UserEmail, "type": "user"}
		}
	case schema.Account:
		d["scope"] = doc{"id": scope.ID, "name": accountName, "type": "organization"}
	case schema.Zone:
		d["scope"] = doc{"id": scope.ID, "name": ZoneName, "type": "zone"}
	}
	return d
}

// deleteRule: deleting what is gone is 200 with result null (API facts §1).
func (c *call) deleteRule() (*reply, *problem) {
	if c.coll().byID[c.id] == nil {
		return &reply{}, nil
	}
	return c.delete()
}

var ruleOrders = map[string]int{"": -1, "configuration.target": ruleTarget, "configuration.value": ruleValue, "mode": ruleMode}

func (c *call) listRules() (*reply, *problem) {
	p, err := c.readPage(1, 1000, 20)
	if err == nil && p.size != 1 && p.size%5 != 0 {
		err = fmt.Errorf("per_page must be 1 or a multiple of 5")
	}
	desc, err2 := c.descending(false)
	order, known := ruleOrders[c.param("order")]
	fits, err3 := c.ruleFilter()
	switch {
	case err != nil:
		return nil, badRule("%v", err)
	case err2 != nil:
		return nil, badRule("%v", err2)
	case !known:
		return nil, badRule("order must be configuration.target, configuration.value or mode")
	case err3 != nil:
		return nil, badRule("%v", err3)
	}
	most := c.s.o.PerPageMax
	if c.s.o.PageCap100 && (most == 0 || most > 100) {
		most = 100
	}
	return c.page(p, most, c.rulesShown(fits, order, desc)), nil
}

// rulesShown: lists of zones show the account's rules too (API facts §1).
func (c *call) rulesShown(fits func(*object) bool, order int, desc bool) []*object {
	own := c.coll()
	shown := own.listed(c.s.o.ListLag, c.now)
	if c.scope.Level == schema.Zone {
		account := c.s.world.collection(c.product, schema.Scope{Level: schema.Account, ID: AccountID})
		shown = slices.Concat(shown, account.listed(c.s.o.ListLag, c.now))
	}
	if c.scope.Level != schema.User && c.s.o.UserRulesLeak {
		user := c.s.world.collection(c.product, schema.UserScope)
		shown = slices.Concat(shown, user.listed(c.s.o.ListLag, c.now))
	}
	if fits != nil {
		var some []*object
		for _, o := range shown {
			if fits(o) {
				some = append(some, o)
			}
		}
		return sortObjects(some, order, desc)
	}
	if c.scope.Level == schema.Zone || c.s.o.UserRulesLeak {
		return sortObjects(shown, order, desc)
	}
	return own.sort(shown, fmt.Sprint(order, desc), order, desc)
}

// ruleFilter reads the dotted filters; nil is no filter. The target filter
// does not know ip6, and a value is compared with the text that is kept
// (API facts §1).
func (c *call) ruleFilter() (func(*object) bool, error) {
	var tests []func(*object) bool
	equal := func(field int, want string) {
		tests = append(tests, func(o *object) bool { return strings.EqualFold(o.fields[field], want) })
	}
	if v := c.param("configuration.target"); v != "" {
		if !slices.Contains([]string{"ip", "ip_range", "asn", "country"}, v) {
			return nil, fmt.Errorf("invalid configuration.target")
		}
		equal(ruleTarget, v)
	}
	if v := c.param("configuration.value"); v != "" {
		equal(ruleValue, v)
	}
	if v := c.param("mode"); v != "" {
		if !slices.Contains(ruleModes, v) {
			return nil, fmt.Errorf("invalid mode")
		}
		equal(ruleMode, v)
	}
	if v := strings.ToLower(c.param("notes")); v != "" {
		tests = append(tests, func(o *object) bool { return strings.Contains(strings.ToLower(o.fields[ruleNotes]), v) })
	}
	match := c.param("match")
	switch {
	case match != "" && match != "any" && match != "all":
		return nil, fmt.Errorf("match must be any or all")
	case len(tests) == 0:
		return nil, nil
	}
	return func(o *object) bool {
		for _, test := range tests {
			if test(o) == (match == "any") {
				return match == "any"
			}
		}
		return match != "any"
	}, nil
}

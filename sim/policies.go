package sim

import (
	"net/netip"
	"slices"
	"strings"

	"trueup/schema"
)

// readPolicies reads the policies of a token. The server orders them, here by
// their ids, and their groups by id (API facts §4).
func (c *call) readPolicies(e edit) ([]any, *problem) {
	given, ok := e.body["policies"].([]any)
	if !ok || len(given) == 0 && !c.s.o.EmptyPolicies {
		return nil, badToken("policies must have at least one policy")
	}
	var out []doc
	for _, v := range given {
		p, _ := v.(doc)
		policy, bad := c.readPolicy(p)
		if bad != nil {
			return nil, bad
		}
		policy["id"] = c.policyID(policy, text(p["id"]), e.old, out)
		out = append(out, policy)
	}
	slices.SortFunc(out, func(a, b doc) int { return strings.Compare(text(a["id"]), text(b["id"])) })
	return list(out), nil
}

// policyID keeps the id that the old token has for such a policy, unless ids
// are made anew.
func (c *call) policyID(policy doc, sent string, old doc, taken []doc) string {
	free := func(id string) bool {
		return !slices.ContainsFunc(taken, func(t doc) bool { return text(t["id"]) == id })
	}
	for _, was := range docs(old["policies"]) {
		id := text(was["id"])
		alike := same(was["effect"], policy["effect"]) && same(was["resources"], policy["resources"]) && same(was["permission_groups"], policy["permission_groups"])
		if (id == sent || alike) && free(id) && !c.s.o.RemintPolicyIDs {
			return id
		}
	}
	return c.s.newID()
}

func (c *call) readPolicy(p doc) (doc, *problem) {
	effect := text(p["effect"])
	if effect != "allow" && effect != "deny" {
		return nil, badToken("effect must be allow or deny")
	}
	var ids []string
	given, _ := p["permission_groups"].([]any)
	for _, g := range given {
		group, _ := g.(doc)
		id := text(group["id"])
		if groupName(id) == "" {
			return nil, badToken("Permission group %q not found", id)
		}
		if c.who.token != nil && !c.grants(id) {
			return nil, badToken("Failed common permission check against resources. (Permission group: %s)", groupName(id))
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, badToken("permission_groups must have at least one group")
	}
	slices.Sort(ids)
	var groups []doc
	for _, id := range slices.Compact(ids) {
		groups = append(groups, doc{"id": id})
	}
	if bad := c.readResources(p["resources"], 0); bad != nil {
		return nil, bad
	}
	return doc{"effect": effect, "permission_groups": list(groups), "resources": p["resources"]}, nil
}

// grants: nobody can give what they lack (API facts §4).
func (c *call) grants(id string) bool {
	for _, policy := range docs(c.who.token["policies"]) {
		for _, group := range docs(policy["permission_groups"]) {
			if text(policy["effect"]) == "allow" && text(group["id"]) == id {
				return true
			}
		}
	}
	return false
}

// readResources: names to "*", or to an object of such. A token of an account
// must have its zones below the account (API facts §4).
func (c *call) readResources(v any, depth int) *problem {
	resources, ok := v.(doc)
	if !ok || len(resources) == 0 {
		return badToken("resources must have at least one resource")
	}
	for _, key := range sortedKeys(resources) {
		user, isUser := strings.CutPrefix(key, "com.cloudflare.api.user.")
		switch {
		case !strings.HasPrefix(key, "com.cloudflare."):
			return badToken("resource %q is invalid", key)
		case isUser && user != UserID && user != "*":
			return badToken("resource %q is not the user's own", key)
		case depth == 0 && c.scope.Level == schema.Account && strings.HasPrefix(key, "com.cloudflare.api.account.zone."):
			return badToken("resource %q must be nested under the account", key)
		case resources[key] == "*":
		case depth > 0:
			return badToken("resource %q must be \"*\"", key)
		default:
			if bad := c.readResources(resources[key], depth+1); bad != nil {
				return bad
			}
		}
	}
	return nil
}

// readCondition keeps what was sent, an empty list too (API facts §4).
func (o Options) readCondition(d, body doc) *problem {
	v, sent := body["condition"]
	if !sent || v == nil || o.ConditionDropped {
		return nil
	}
	condition, ok := v.(doc)
	if !ok {
		return badToken("condition must be an object")
	}
	ip := condition["request_ip"]
	if ip == nil {
		ip = condition["request.ip"]
	}
	if ip == nil {
		d["condition"] = doc{}
		return nil
	}
	sides, ok := ip.(doc)
	if !ok {
		return badToken("condition.request_ip must be an object")
	}
	kept := doc{}
	for _, side := range []string{"in", "not_in"} {
		if sides[side] == nil {
			continue
		}
		cidrs, bad := o.readCIDRs(sides[side])
		if bad != nil {
			return bad
		}
		kept[side] = anyList(cidrs)
	}
	d["condition"] = doc{"request_ip": kept}
	return nil
}

func (o Options) readCIDRs(v any) ([]string, *problem) {
	given, ok := v.([]any)
	if !ok {
		return nil, badToken("condition.request_ip must have lists of CIDRs")
	}
	out := make([]string, 0, len(given))
	for _, g := range given {
		p, err := netip.ParsePrefix(text(g))
		if addr, addrErr := netip.ParseAddr(text(g)); err != nil && addrErr == nil && addr.Zone() == "" {
			p, err = addr.Prefix(addr.BitLen())
		}
		switch {
		case err != nil:
			return nil, badToken("%q is no CIDR", text(g))
		case o.MaskHostBits:
			out = append(out, p.Masked().String())
		default:
			out = append(out, p.String())
		}
	}
	return out, nil
}

func wireCondition(o Options, condition doc) {
	ip, ok := condition["request_ip"].(doc)
	if !ok {
		return
	}
	if o.CIDRsSorted {
		for side, v := range ip {
			ip[side] = anyList(slices.Sorted(slices.Values(texts(v))))
		}
	}
	if o.ConditionDotted {
		condition["request.ip"] = ip
		delete(condition, "request_ip")
	}
}

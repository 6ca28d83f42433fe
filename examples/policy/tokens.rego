# No token may edit a whole account, or all of them. What it may read, and what
# it may do to zones, is not judged here.
package main

import rego.v1

deny contains msg if {
	rc := input.resource_changes[_]
	rc.type == "token"
	rc.change.actions[_] in ["create", "update"]
	policy := rc.change.after.policies[_]
	policy.effect == "allow"
	some resource, extent in policy.resources
	is_string(extent) # an object: the zones of the account that it names
	startswith(resource, "com.cloudflare.api.account.")
	not startswith(resource, "com.cloudflare.api.account.zone.")
	group := group_name(rc, policy.permission_groups[_])
	not endswith(group, " Read")
	msg := sprintf("%s: %s for %s: a token does not edit a whole account", [rc.address, group, resource])
}

# Groups are ids; the plan knows their names. One without a name is not known to
# read only.
group_name(rc, id) := object.get(rc, ["trueup", "names", id], id)

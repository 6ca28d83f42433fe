# At most so many objects are changed at once: 20, or what --data has as
# limits.max_changes.
package main

import rego.v1

default max_changes := 20

max_changes := data.limits.max_changes

changed contains rc.address if {
	rc := input.resource_changes[_]
	rc.change.actions[_] in ["create", "update", "delete"]
}

deny contains msg if {
	count(changed) > max_changes
	msg := sprintf("%d objects are changed at once, and %d is the limit: make smaller steps", [count(changed), max_changes])
}

# No pool is deleted, not even to be replaced: traffic would lose it.
package main

import rego.v1

deny contains msg if {
	rc := input.resource_changes[_]
	rc.type == "pool"
	rc.change.actions[_] == "delete"
	msg := sprintf("%s: a pool is not deleted", [rc.address])
}

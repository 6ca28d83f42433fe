package sim

import (
	"net/http"
	"time"

	"trueup/schema"
)

// Invitations: API facts §5.

func invites() *product {
	return &product{
		kind: "invite_response", path: "invites", noun: "invite", title: "organization_name",
		missing: problem{status: http.StatusNotFound, code: 1002, message: "Invite not found"},
		build:   buildInvite,
		index:   func(Options, doc) (string, []string) { return "", nil },
		wire:    wireInvite,
		dynamic: true,
	}
}

// buildInvite: an answer can be given once, while the invitation is pending.
// New ones come from Put only.
func buildInvite(c *call, e edit) (doc, *problem) {
	if e.old == nil {
		return newInvite(c, e), nil
	}
	status := inviteStatus(e.old, c.now)
	answer := text(e.body["status"])
	switch {
	case answer != "accepted" && answer != "rejected":
		return nil, refuse(http.StatusBadRequest, 1001, "status must be accepted or rejected")
	case status != "pending":
		return nil, refuse(http.StatusBadRequest, 1001, "The invitation is %s and can not be answered", status)
	}
	d := clone(e.old)
	d["status"] = answer
	return d, nil
}

const month = 30 * 24 * time.Hour

func newInvite(c *call, e edit) doc {
	d := clone(e.body)
	defaults(d, doc{
		"organization_id": c.s.newID(), "organization_name": "Example Organization",
		"invited_member_id": UserID, "invited_member_email": UserEmail, "invited_by": "owner@example.com",
		"invited_on": c.now.Format(seconds), "expires_on": c.now.Add(month).Format(seconds), "status": "pending",
		"organization_is_enforcing_twofactor": false,
		"roles": []any{doc{"id": "3536bcfad5faccb999b47003c79917fb", "name": "Administrator",
			"description": "May do everything but manage members and billing", "permissions": []any{"#zones:read", "#zones:edit"}}},
	})
	return d
}

// inviteStatus is the status at a time: an invitation that nobody answered in
// time has expired.
func inviteStatus(d doc, now time.Time) string {
	if until := instant(d["expires_on"]); d["status"] == "pending" && !until.IsZero() && !now.Before(until) {
		return "expired"
	}
	return text(d["status"])
}

func wireInvite(s *Server, _ schema.Scope, d doc) doc {
	d["status"] = inviteStatus(d, s.now())
	if s.o.RolesAsNames {
		names := []any{}
		for _, role := range docs(d["roles"]) {
			names = append(names, role["name"])
		}
		d["roles"] = names
	}
	return d
}

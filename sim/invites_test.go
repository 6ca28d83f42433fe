package sim

import (
	"testing"
	"time"

	"trueup/schema"
)

const invitesPath = "/user/invites"

// The world has one invitation to answer, for the demo.
func TestInviteFromTheStart(t *testing.T) {
	tt := start(t, Options{}).byKey()
	l := tt.list(invitesPath)
	if len(l) != 1 {
		t.Fatalf("%d invitations", len(l))
	}
	tt.want(l[0], map[string]string{
		"organization_id": `"5a7805061c76ada191ed06f989cc3dac"`, "organization_name": `"Example Partner"`, "status": `"pending"`,
		"invited_member_email": `"user@example.com"`, "invited_on": `"2026-11-22T09:00:00Z"`,
	})
	tt.want(tt.ok("GET", invitesPath+"/"+id(l[0]), ""), map[string]string{"status": `"pending"`})
	tt.refused("GET", invitesPath+"/"+ZoneID, "", 404, 1002, "")
}

func TestInviteAnsweredOnce(t *testing.T) {
	tt := start(t, Options{}).byKey()
	path := invitesPath + "/" + id(tt.list(invitesPath)[0])
	tt.refused("PATCH", path, `{"status":"pending"}`, 400, 1001, "accepted or rejected")
	tt.refused("PATCH", path, `{}`, 400, 1001, "accepted or rejected")
	tt.want(tt.ok("PATCH", path, `{"status":"accepted"}`), map[string]string{"status": `"accepted"`})
	tt.refused("PATCH", path, `{"status":"rejected"}`, 400, 1001, "accepted")
	tt.want(tt.ok("GET", path, ""), map[string]string{"status": `"accepted"`})
}

func TestInviteExpires(t *testing.T) {
	tt := start(t, Options{}).byKey()
	inviteID, err := tt.s.Put(schema.UserScope, "invite_response", map[string]any{"organization_name": "Late", "expires_on": "2026-11-23T10:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	tt.clock.add(time.Hour)
	tt.want(tt.ok("GET", invitesPath+"/"+inviteID, ""), map[string]string{"status": `"expired"`})
	tt.refused("PATCH", invitesPath+"/"+inviteID, `{"status":"accepted"}`, 400, 1001, "expired")
}

func TestInviteRoles(t *testing.T) {
	tt := start(t, Options{RolesAsNames: true}).byKey()
	tt.want(tt.list(invitesPath)[0], map[string]string{"roles": `["Administrator"]`})
	tt = start(t, Options{}).byKey()
	if role := docs(tt.list(invitesPath)[0]["roles"]); len(role) != 1 || role[0]["name"] != "Administrator" || role[0]["id"] == nil {
		t.Errorf("roles: %v", role)
	}
}

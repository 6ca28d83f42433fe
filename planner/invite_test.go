package planner_test

import (
	"testing"

	"trueup/schema"
)

func TestInvitations(t *testing.T) {
	invite := func(n int, org int, status, on string) *schema.Object {
		return live("invite_response", id(n), attrs{"organization_id": id(org), "organization_name": "Acme", "email": "a@example.com",
			"status": status, "invited_on": on, "expires_on": "2026-12-01T00:00:00Z"})
	}
	files := attrs{"organization_id": id(50), "status": "accepted"}
	byName := attrs{"organization_name": "Acme", "status": "accepted"}
	for _, c := range []struct {
		name     string
		want     attrs
		live     []*schema.Object
		plan     string
		warnings string
	}{
		{"none there", files, nil, "", "unanswerable"},
		{"pending", files, []*schema.Object{invite(1, 50, "pending", "2026-11-01T00:00:00Z")}, "update invite_response.acme #1 adopted status", ""},
		{"answered as wanted", files, []*schema.Object{invite(1, 50, "accepted", "2026-11-01T00:00:00Z")}, "no-op invite_response.acme #1 adopted record", ""},
		{"answered otherwise", files, []*schema.Object{invite(1, 50, "rejected", "2026-11-01T00:00:00Z")}, "", "unanswerable"},
		{"expired", files, []*schema.Object{invite(1, 50, "expired", "2026-11-01T00:00:00Z")}, "", "unanswerable"},
		{"sent again", files, []*schema.Object{invite(1, 50, "rejected", "2026-11-01T00:00:00Z"), invite(2, 50, "pending", "2026-11-02T00:00:00Z")},
			"update invite_response.acme #2 adopted status", ""},
		{"sent again, answered before", files, []*schema.Object{invite(1, 50, "accepted", "2026-11-01T00:00:00Z"), invite(2, 50, "expired", "2026-11-02T00:00:00Z")},
			"no-op invite_response.acme #1 adopted record", ""},
		{"sent twice, one answered", files, []*schema.Object{invite(1, 50, "pending", "2026-11-01T00:00:00Z"), invite(2, 50, "accepted", "2026-11-02T00:00:00Z")},
			"no-op invite_response.acme #2 adopted record", ""},
		{"sent again after an answer", files, []*schema.Object{invite(1, 50, "pending", "2026-11-03T00:00:00Z"), invite(2, 50, "accepted", "2026-11-02T00:00:00Z")},
			"update invite_response.acme #1 adopted status", ""},
		{"by name", byName, []*schema.Object{invite(1, 50, "pending", "2026-11-01T00:00:00Z")}, "update invite_response.acme #1 adopted status", ""},
		{"another organization", files, []*schema.Object{invite(1, 51, "pending", "2026-11-01T00:00:00Z")}, "", "unanswerable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newWorld(want("invite_response.acme", c.want)).live(c.live...).make(t)
			equal(t, "plan", lines(p), c.plan)
			equal(t, "warnings", warnings(p), c.warnings)
			equal(t, "refusals", codes(p), "")
		})
	}
	d := newWorld(want("invite_response.acme", byName)).live(invite(1, 50, "pending", ""), invite(2, 51, "pending", "")).fails(t)
	equal(t, "ambiguous", d[0].Summary, "2 invite responses in scope user have this organization_name and are not alike: "+id(50)+", "+id(51))

	over := live("invite_response", id(1), attrs{"organization_id": id(50), "status": "pending", "expires_on": "2026-11-22T00:00:00Z"})
	p := newWorld(want("invite_response.acme", files)).live(over).make(t)
	equal(t, "its time is over", p.Warnings[0].Summary, "it can no longer be answered: it expired on 2026-11-22T00:00:00Z")

	done := invite(1, 50, "accepted", "2026-11-01T00:00:00Z")
	p = newWorld(want("invite_response.acme", files)).have(ours("invite_response.acme", done)).make(t)
	equal(t, "answered, and no longer there", lines(p)+warnings(p), "")
	p = newWorld().live(done).have(ours("invite_response.acme", done)).make(t)
	equal(t, "taken out", lines(p), "forget invite_response.acme #1 (not-listed)")
	equal(t, "outcome", p.Outcome(), "none")
	w := newWorld().live(done).have(ours("invite_response.acme", done))
	w.in.Destroy = true
	equal(t, "destroy", lines(w.make(t)), "forget invite_response.acme #1 (destroy)")
}

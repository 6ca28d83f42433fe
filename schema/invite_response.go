package schema

// API facts §5 and the spec's iam_user_invite.
var inviteResponse = Kind{
	Name: "invite_response", Plural: "invite_responses",
	Doc:    "The answer to an invitation to join an organization.",
	Levels: []Level{User},
	Match:  []string{"organization_id", "organization_name", "email"},
	Title:  "organization_name",
	Answer: &Answer{Attr: "status", Pending: "pending", Newest: "invited_on", Expires: "expires_on"},
	Attrs: []Attr{
		{Name: "organization_id", Type: TypeText, Pattern: `[0-9a-f]{32}`, Mode: Fixed, Doc: "The organization that invites."},
		{Name: "organization_name", Type: TypeText, Mode: Fixed, Max: 100,
			Doc: "Its name, where the id is not known; refused if invitations from several organizations bear it."},
		{Name: "email", Wire: "invited_member_email", Type: TypeText, Fold: Lower, Mode: Fixed,
			Doc: "The address that was invited, where it matters which."},
		{Name: "status", Type: TypeText, Mode: Required, Enum: []string{"accepted", "rejected"}, Doc: "The answer. It can be given once."},
		{Name: "invited_on", Type: TypeTime, Mode: Computed, Doc: "When the invitation was sent."},
		{Name: "expires_on", Type: TypeTime, Mode: Computed, Doc: "Until when it can be answered."},
	},
	API: API{
		Path: "invites", GetByID: true, Update: "PATCH",
		Auth:  []Auth{Key},
		Codes: []Code{{Status: 404, Meaning: NotFound}},
	},
	Check: func(o View) []Problem {
		if o.Get("organization_id") == nil && o.Get("organization_name") == nil {
			return []Problem{problem("", "neither organization_id nor organization_name", "Write organization_id (or organization_name), so that it is clear which invitation is meant.")}
		}
		return nil
	},
}

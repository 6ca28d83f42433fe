package sim

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"trueup/schema"
)

// The built-in world: one user, one account, one zone.
const (
	UserID    = "f6b5de0326bb5182b8a4840ee01ec774"
	UserEmail = "user@example.com"
	AccountID = "9a7806061c88ada191ed06f989cc3dac"
	ZoneID    = "023e105f4ecef8ad9ca31a8372d0c353"
	ZoneName  = "example.com"

	accountName = "Example Account"
	// The organization of the invitation that is there from the start.
	partnerID = "5a7805061c76ada191ed06f989cc3dac"

	// globalKey and the credential's value are well known: they open nothing
	// but simulators.
	globalKey       = "5121d5121d5121d5121d5121d5121d5121d51"
	credentialID    = "ed17574386854bf78a67040be0a770b0"
	credentialStem  = "cfut_SimulatorSimulatorSimulatorSimulator0000"
	credentialTitle = "trueup simulator"
)

// Credentials are those that the world accepts from the start: the value of an
// API token with all rights, and email and global key.
func (s *Server) Credentials() (token, email, key string) {
	return withChecksum(credentialStem), UserEmail, globalKey
}

// settle fills an empty world.
func (s *Server) settle() {
	s.world.salt = s.draw()
	c := s.inside(schema.UserScope, s.products.tokens)
	policies := []any{
		policyOf("com.cloudflare.api.account", doc{"com.cloudflare.api.account.*": "*"}),
		policyOf("com.cloudflare.api.account.zone", doc{"com.cloudflare.api.account.zone.*": "*"}),
		policyOf("com.cloudflare.api.user", doc{"com.cloudflare.api.user." + UserID: "*"}),
	}
	e := edit{verb: "POST", id: credentialID, coll: c.coll(), body: doc{"name": credentialTitle, "policies": policies}}
	d, bad := buildToken(c, e)
	if bad != nil {
		panic("sim: the built-in token: " + bad.Error()) // a broken catalogue
	}
	token, _, _ := s.Credentials()
	d[secretHash] = s.hash(token)
	delete(s.fresh, credentialID)
	c.stamp(d, e)
	c.put(e.coll, credentialID, d)
	c.commit()

	c = s.inside(schema.UserScope, s.products.invites)
	e = edit{verb: "POST", id: s.newID(), coll: c.coll(), body: doc{
		"organization_id": partnerID, "organization_name": "Example Partner",
		"invited_on": c.now.Add(-month / 30).Format(seconds), "expires_on": c.now.Add(12 * month).Format(seconds),
	}}
	d = newInvite(c, e)
	c.stamp(d, e)
	c.put(e.coll, e.id, d)
	c.commit()
}

func policyOf(scope string, resources doc) doc {
	var groups []any
	for _, g := range catalogue() {
		if g.scope == scope {
			groups = append(groups, doc{"id": g.id})
		}
	}
	return doc{"effect": "allow", "permission_groups": groups, "resources": resources}
}

// group is one permission group.
type group struct{ id, name, scope string }

// groupID is the spec's where it is known, else made of name and scope, so that
// it never changes.
func groupID(name, scope, known string) string {
	if known != "" {
		return known
	}
	sum := sha256.Sum256([]byte("permission group " + name + " @ " + scope))
	return fmt.Sprintf("%x", sum[:16])
}

// catalogue lists the permission groups. "Logs Read" and "Logs Write" stand in
// two scopes (API facts §4).
var catalogue = sync.OnceValue(newCatalogue)

var groupNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for _, g := range catalogue() {
		names[g.id] = g.name
	}
	return names
})

func newCatalogue() []group {
	known := map[string]string{
		"Zone Read": "c8fed203ed3043cba015a93ad1616f1f", "DNS Read": "82e64a83756745bbbb1c9c2701bf816b",
		"Billing Read": "7cf72faf220841aabcfdfab81c43c4f6",
		"Load Balancing: Monitors and Pools Read": "9d24387c6e8544e2bc4024a03991339f", "Load Balancing: Monitors and Pools Write": "d2a1802cc9a34e30852f8b33869b2f3c",
		"Workers KV Storage Read": "8b47d2786a534c08a1f94ee8f9f599ef", "Workers KV Storage Write": "f7f0eda5697f475c90846e879bab8666",
		"Workers Scripts Read": "1a71c399035b4950a1bd1466bbe4f420", "Workers Scripts Write": "e086da7e2179491d91ee5f35b3ca210a",
		"Load Balancers Write": "6d7f2f5f5b1d4a0e9081fdc98d432fd1",
	}
	var all []group
	add := func(scope string, stems ...string) {
		for _, stem := range stems {
			for _, verb := range []string{" Read", " Write"} {
				all = append(all, group{groupID(stem+verb, scope, known[stem+verb]), stem + verb, scope})
			}
		}
	}
	add("com.cloudflare.api.account", "Billing", "Load Balancing: Monitors and Pools", "Workers KV Storage", "Workers Scripts",
		"Account Settings", "Account Firewall Access Rules", "Account API Tokens", "Account Rule Lists", "Account Analytics", "Logs")
	add("com.cloudflare.api.account.zone", "Zone", "DNS", "Zone Settings", "SSL and Certificates", "Firewall Services", "Load Balancers", "Page Rules", "Logs")
	add("com.cloudflare.api.user", "API Tokens", "Memberships", "User Details")
	return all
}

// groupName is the name of the permission group, or "" if there is none.
func groupName(id string) string { return groupNames()[id] }

// permissionGroups lists the catalogue; newer APIs filter by name and scope.
func (c *call) permissionGroups() (*reply, *problem) {
	r := &reply{isList: true}
	for _, g := range catalogue() {
		if c.scope.Level == schema.Account && g.scope == "com.cloudflare.api.user" ||
			c.param("name") != "" && c.param("name") != g.name || c.param("scope") != "" && c.param("scope") != g.scope {
			continue
		}
		r.list = append(r.list, encode(doc{"id": g.id, "name": g.name, "description": g.name, "scopes": []any{g.scope}}))
	}
	n := len(r.list)
	r.info = &pageInfo{Page: 1, PerPage: int64(max(n, 1)), Count: n, TotalCount: n, TotalPages: 1}
	return r, nil
}

// user is GET /user.
func (c *call) user() (*reply, *problem) {
	return &reply{result: doc{
		"id": UserID, "email": UserEmail, "username": "user", "first_name": nil, "last_name": nil, "telephone": nil, "country": nil, "zipcode": nil,
		"two_factor_authentication_enabled": true, "two_factor_authentication_locked": false, "suspended": false,
		"created_on": "2014-01-01T05:20:00.123450Z", "modified_on": "2014-01-01T05:20:00.123450Z", "betas": []any{},
		"has_pro_zones": false, "has_business_zones": false, "has_enterprise_zones": true,
		"organizations": []any{doc{"id": AccountID, "name": accountName, "status": "member", "permissions": nil, "roles": nil}},
	}}, nil
}

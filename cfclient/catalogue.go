package cfclient

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"trueup/schema"
)

// tokenAuth is for what belongs to tokens but is no object (API facts §0.1).
var tokenAuth = []schema.Auth{schema.Token, schema.Key}

// Catalogue lists the permission groups of the scope, by name, then id.
func (c *Client) Catalogue(ctx context.Context, s schema.Scope) (schema.Catalogue, error) {
	var entries schema.Catalogue
	err := c.get(ctx, scoped(s, "tokens", "permission_groups"), nil, tokenAuth, nil, func(raw []byte) error {
		entries = nil
		for _, item := range elements(raw) {
			var e schema.Entry
			if json.Unmarshal(item, &e) == nil && e.ID != "" {
				entries = append(entries, e)
			}
		}
		return nil
	})
	slices.SortFunc(entries, func(a, b schema.Entry) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return entries, err
}

// Prefixes that tell whose a token is (API facts §0.1); older tokens have none.
const (
	userToken    = "cfut_"
	accountToken = "cfat_"
)

// Verify gives the id of the token in use where it is one of the scope's
// tokens; "" where the credential is no token, or another scope's.
func (c *Client) Verify(ctx context.Context, s schema.Scope) (string, error) {
	other := accountToken
	if s.Level == schema.Account {
		other = userToken
	}
	if c.cfg.Token == "" || s.Level == schema.Zone || strings.HasPrefix(c.cfg.Token, other) {
		return "", nil
	}
	var id string
	err := c.get(ctx, scoped(s, "tokens", "verify"), nil, []schema.Auth{schema.Token}, nil, func(raw []byte) error {
		var result struct{ ID text }
		err := json.Unmarshal(raw, &result)
		id = string(result.ID)
		return err
	})
	var f *schema.Fault
	if errors.As(err, &f) && (f.Meaning == schema.Denied || f.Meaning == schema.NotFound || f.Meaning == schema.Invalid) {
		return "", nil // not a token of this scope; an invalid one shows everywhere else
	}
	return id, err
}

// Referrers lists who refers to the object, by type, name and id; what it
// refers to itself is not among them.
func (c *Client) Referrers(ctx context.Context, k *schema.Kind, s schema.Scope, id string) ([]schema.Referrer, error) {
	if err := checkID(id); err != nil || !k.API.References {
		return nil, err
	}
	var list []schema.Referrer
	err := c.get(ctx, collection(k, s, id, "references"), nil, k.API.Auth, k, func(raw []byte) error {
		list = nil
		for _, item := range elements(raw) {
			var r struct {
				Reference text `json:"reference_type"`
				ID        text `json:"resource_id"`
				Name      text `json:"resource_name"`
				Type      text `json:"resource_type"`
			}
			if json.Unmarshal(item, &r) == nil && r.Reference != "referral" {
				list = append(list, schema.Referrer{Type: string(r.Type), ID: string(r.ID), Name: string(r.Name)})
			}
		}
		return nil
	})
	slices.SortFunc(list, func(a, b schema.Referrer) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list, err
}

package cfclient

import (
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"trueup/schema"
)

// Event is who changed an object, how and when, by the audit log.
type Event struct {
	Actor     string // an email address, or what sort of actor it was
	Interface string // "UI", "API"
	When      time.Time
}

const (
	auditPage  = 1000 // the largest page that the spec allows
	auditPages = 10   // how far back is looked; what is older stays unknown
	ownEntries = 25   // of the log, to find an own address in
)

// auditAuth is what the audit log's endpoint accepts (API facts §0.1).
var auditAuth = []schema.Auth{schema.Token, schema.Key}

// auditEntry is the part of an entry that matters. Anything in it may be
// missing or of another type.
type auditEntry struct {
	Action    struct{ Result yes }
	Actor     struct{ Email, IP, Type text }
	Interface text
	Resource  struct{ ID text }
	When      text
}

// text reads JSON text, and anything else as "".
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = text(s)
	}
	return nil
}

// yes is true but for JSON false.
type yes struct{ no bool }

func (y *yes) UnmarshalJSON(data []byte) error {
	y.no = string(data) == "false"
	return nil
}

// audit reads one page of the log, newest first. Entries that can't be read
// are left out; n is how many there were.
func (c *Client) audit(ctx context.Context, s schema.Scope, query url.Values) (entries []auditEntry, n int, err error) {
	query.Set("direction", "desc")
	err = c.get(ctx, scoped(s, "audit_logs"), query, auditAuth, nil, func(raw []byte) error {
		items := elements(raw)
		entries, n = make([]auditEntry, 0, len(items)), len(items)
		for _, item := range items {
			var e auditEntry
			if json.Unmarshal(item, &e) == nil {
				entries = append(entries, e)
			}
		}
		return nil
	})
	return entries, n, err
}

// Events gives for each of the ids its newest successful change after since
// and before before. It asks no further than it must: until every id is found
// or since is reached, and ten pages at most. A zone has no log of its own.
func (c *Client) Events(ctx context.Context, s schema.Scope, since, before time.Time, ids []string) (map[string]Event, error) {
	found, left := map[string]Event{}, map[string]bool{}
	for _, id := range ids {
		left[id] = true
	}
	if s.Level == schema.Zone {
		return found, nil
	}
	for page := 1; page <= auditPages && len(left) > 0; page++ {
		// The end is fixed, since the log grows at its front (API facts §8).
		query := url.Values{"per_page": {strconv.Itoa(auditPage)}, "page": {strconv.Itoa(page)}, "before": {before.UTC().Format(time.RFC3339)}}
		if !since.IsZero() {
			query.Set("since", since.UTC().Format(time.RFC3339))
		}
		entries, n, err := c.audit(ctx, s, query)
		if err != nil {
			return found, err
		}
		over := n == 0
		for _, e := range entries {
			when, err := time.Parse(time.RFC3339, string(e.When))
			switch id := string(e.Resource.ID); {
			case err != nil || !left[id] && when.After(since):
			case when.Before(since):
				over = true
			case left[id] && !e.Action.Result.no:
				delete(left, id)
				found[id] = Event{Actor: e.actor(), Interface: string(e.Interface), When: when.UTC()}
			}
		}
		if over || n < smallerPage {
			break
		}
	}
	return found, nil
}

func (e *auditEntry) actor() string {
	if e.Actor.Email != "" {
		return string(e.Actor.Email)
	}
	return string(e.Actor.Type)
}

// OwnAddress is where the user's latest request that the audit log knows came
// from; the zero Addr where the log has none.
func (c *Client) OwnAddress(ctx context.Context) (netip.Addr, error) {
	entries, _, err := c.audit(ctx, schema.UserScope, url.Values{"per_page": {strconv.Itoa(ownEntries)}})
	for _, e := range entries {
		if e.Actor.Type != "" && e.Actor.Type != "user" {
			continue // the API's own staff and machinery
		}
		if ip, err := netip.ParseAddr(string(e.Actor.IP)); err == nil {
			return ip.Unmap(), nil
		}
	}
	return netip.Addr{}, err
}

package sim

import (
	"fmt"
	"hash/crc32"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"trueup/schema"
)

// API tokens: API facts §4.

func tokens() *product {
	return &product{
		kind: "token", path: "tokens", noun: "token", title: "name",
		missing: problem{status: http.StatusNotFound, code: 1003, message: "API Token not found"},
		build:   buildToken,
		index:   func(_ Options, d doc) (string, []string) { return text(d[secretHash]), nil },
		wire:    wireToken,
		dynamic: true,
		times:   [2]string{"issued_on", "modified_on"}, layout: seconds,
		quota:    tokenQuota,
		overfull: problem{status: http.StatusBadRequest, code: 1010, message: "exceeded quota of API tokens"},
	}
}

// secretHash is where a kept token has the hash of its secret.
const secretHash = "secret_hash"

func tokenQuota(o Options, l schema.Level) int {
	switch {
	case o.TokenQuota != 0:
		return o.TokenQuota
	case l == schema.User:
		return 50
	}
	return 500
}

func badToken(format string, args ...any) *problem {
	return refuse(http.StatusBadRequest, 1001, "%s", fmt.Sprintf(format, args...))
}

// buildToken: POST takes no status; PUT replaces all but what options say it
// keeps, and never the secret.
func buildToken(c *call, e edit) (doc, *problem) {
	if e.verb == http.MethodPatch { // the dashboard's
		status := e.body["status"]
		e.body = overlay(e)
		e.body["status"] = status
	}
	o, d := c.s.o, doc{"status": "active", "name": e.body["name"]}
	name, isText := d["name"].(string)
	switch {
	case !isText || name == "":
		return nil, refuse(http.StatusBadRequest, 400, "name must have a length")
	case utf8.RuneCountInString(name) > 120:
		return nil, refuse(http.StatusBadRequest, 400, "name must not be longer than 120")
	}
	if e.old != nil {
		d["status"], d[secretHash] = e.old["status"], e.old[secretHash]
		if bad := readStatus(d, e.body["status"]); bad != nil {
			return nil, bad
		}
		keep(d, e, o.PutKeepsCondition, "condition")
		keep(d, e, o.PutKeepsUnset, "expires_on", "not_before")
	}
	for _, key := range []string{"condition", "expires_on", "not_before"} {
		if v, sent := e.body[key]; sent && v == nil && o.TokenNullRefused {
			return nil, badToken("%s must not be null", key)
		}
	}
	var bad *problem
	if d["policies"], bad = c.readPolicies(e); bad != nil {
		return nil, bad
	}
	if bad := o.readCondition(d, e.body); bad != nil {
		return nil, bad
	}
	for _, key := range []string{"expires_on", "not_before"} {
		if bad := o.readTime(d, e.body, key); bad != nil {
			return nil, bad
		}
	}
	if e.old == nil {
		c.mint(d)
	}
	c.s.fresh[e.id] = c.now
	return d, nil
}

// keep takes over what the body leaves out.
func keep(d doc, e edit, on bool, keys ...string) {
	for _, key := range keys {
		if _, sent := e.body[key]; on && !sent && e.old[key] != nil {
			d[key] = e.old[key]
		}
	}
}

// readStatus: `expired` is the server's word, and no change.
func readStatus(d doc, v any) *problem {
	switch v {
	case nil, "expired":
	case "active", "disabled":
		d["status"] = v
	default:
		return badToken("status must be active or disabled")
	}
	return nil
}

var fractionRE = regexp.MustCompile(`\.[0-9]+`)

// readTime: whole seconds, in UTC.
func (o Options) readTime(d, body doc, key string) *problem {
	v := body[key]
	if v == nil {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text(v))
	switch {
	case err != nil:
		return badToken("%s is no date-time", key)
	case o.SubSecondRefused && fractionRE.MatchString(text(v)):
		return badToken("%s must not have fractions of seconds", key)
	case o.SubSecondTimes:
		d[key] = t.UTC().Format(time.RFC3339Nano)
	default:
		d[key] = t.UTC().Format(seconds)
	}
	return nil
}

// mint gives the token a new secret: a prefix, 40 characters and a checksum
// (API facts §0.1).
func (c *call) mint(d doc) {
	prefix := "cfut_"
	if c.scope.Level != schema.User {
		prefix = "cfat_"
	}
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	for b.Len() < 40 {
		for _, x := range c.s.draw() {
			if x < 248 && b.Len() < 40 { // 4 × 62: every letter alike
				b.WriteByte(letters[x%62])
			}
		}
	}
	c.secret = withChecksum(prefix + b.String())
	d[secretHash] = c.s.hash(c.secret)
}

func withChecksum(value string) string {
	return value + fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(value)))
}

// tokenStatus is the status at a time: what has passed its expiry is expired.
func tokenStatus(d doc, now time.Time) string {
	status := text(d["status"])
	if until := instant(d["expires_on"]); !until.IsZero() && !now.Before(until) && !strings.HasPrefix(status, "revoked") {
		return "expired"
	}
	return status
}

func wireToken(s *Server, _ schema.Scope, d doc) doc {
	d["status"] = tokenStatus(d, s.now())
	delete(d, secretHash)
	for _, policy := range docs(d["policies"]) {
		for _, group := range docs(policy["permission_groups"]) {
			group["name"] = groupName(text(group["id"]))
		}
	}
	if condition, ok := d["condition"].(doc); ok {
		wireCondition(s.o, condition)
	}
	if used, ok := s.used[text(d["id"])]; ok {
		d["last_used_on"] = used.Format(seconds)
	}
	return d
}

func (c *call) listTokens() (*reply, *problem) {
	p, err := c.readPage(5, 50, 20)
	if err != nil {
		return nil, badToken("%v", err)
	}
	desc, err := c.descending(false)
	if err != nil {
		return nil, badToken("%v", err)
	}
	shown := sortObjects(c.coll().listed(c.s.o.ListLag, c.now), -1, desc)
	return c.page(p, c.s.o.PerPageMax, shown), nil
}

// roll gives a new secret and kills the old one at once.
func (c *call) roll() (*reply, *problem) {
	coll := c.coll()
	o := coll.byID[c.id]
	if o == nil {
		return nil, &c.product.missing
	}
	d := decode(o.raw)
	c.mint(d)
	d["modified_on"] = c.now.Format(seconds)
	c.put(coll, c.id, d)
	c.s.fresh[c.id] = c.now
	c.audit("roll", c.id, d)
	return &reply{result: c.secret}, nil
}

// verify says whose secret was sent (API facts §0.2, §4).
func (c *call) verify() (*reply, *problem) {
	status := tokenStatus(c.who.token, c.now)
	d := doc{"id": c.who.id, "status": status}
	for _, key := range []string{"not_before", "expires_on"} {
		if v := c.who.token[key]; v != nil {
			d[key] = v
		}
	}
	r := &reply{result: d}
	if status == "active" {
		r.messages = []apiError{{Code: 10000, Message: "This API Token is valid and active"}}
	}
	return r, nil
}

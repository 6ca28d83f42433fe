package sim

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"trueup/schema"
)

// The audit log: API facts §8.

// The fields of an entry that lists filter by.
const (
	auditID = iota
	auditAction
	auditIP
	auditEmail
	auditWhen
)

// maxAudit is how many entries a scope keeps.
const maxAudit = 20000

// clientIP is where every request seems to come from.
const clientIP = "198.51.100.23"

func audits() *product {
	return &product{
		path: "audit_logs", noun: "audit_log",
		index: func(_ Options, d doc) (string, []string) {
			action, _ := d["action"].(doc)
			actor, _ := d["actor"].(doc)
			return "", []string{text(d["id"]), text(action["type"]), text(actor["ip"]), text(actor["email"]), text(d["when"])}
		},
	}
}

// audit notes a write in the log of its scope; what happens in a zone is in its
// account's.
func (c *call) audit(action, id string, d doc) {
	scope := c.scope
	if scope.Level == schema.Zone {
		scope = schema.Scope{Level: schema.Account, ID: AccountID}
	}
	coll := c.s.world.collection(c.s.products.audit, scope)
	x := c.s.newID()
	entry := doc{
		"id":        fmt.Sprintf("%s-%s-%s-%s-%s", x[:8], x[8:12], x[12:16], x[16:20], x[20:]),
		"action":    doc{"type": action, "result": true},
		"actor":     doc{"email": UserEmail, "id": UserID, "ip": clientIP, "type": "user"},
		"interface": c.face,
		"metadata":  auditNames(d),
		"owner":     doc{"id": UserID},
		"resource":  doc{"id": id, "type": c.product.noun},
		"when":      c.now.Format(seconds),
	}
	c.put(coll, text(entry["id"]), entry)
	if len(coll.order) > maxAudit {
		c.remove(coll, coll.order[0].id)
	}
}

// auditNames is what tells a reader which object is meant.
func auditNames(d doc) doc {
	out := doc{}
	for _, key := range []string{"name", "description", "organization_name"} {
		if v := text(d[key]); v != "" {
			out[key] = v
		}
	}
	if conf, ok := d["configuration"].(doc); ok {
		out["value"] = conf["value"]
	}
	return out
}

func (c *call) listAudit() (*reply, *problem) {
	p, err := c.readPage(1, 1000, 100)
	desc, err2 := c.descending(true)
	fits, err3 := c.auditFilter()
	for _, err := range []error{err, err2, err3} {
		if err != nil {
			return nil, refuse(http.StatusBadRequest, 10001, "%v", err)
		}
	}
	var shown []*object
	if c.param("hide_user_logs") != "true" || c.scope.Level != schema.User {
		for _, o := range c.coll().order {
			if fits(o) {
				shown = append(shown, o)
			}
		}
	}
	r := c.page(p, c.s.o.PerPageMax, sortObjects(shown, -1, desc))
	r.noErrors = true
	if c.param("export") == "true" {
		r.csv = auditCSV(r)
	}
	return r, nil
}

// auditFilter reads since and before, and the dotted filters.
func (c *call) auditFilter() (func(*object) bool, error) {
	since, err := readMoment(c.param("since"), time.Time{})
	if err != nil {
		return nil, err
	}
	before, err := readMoment(c.param("before"), c.now.AddDate(100, 0, 0))
	if err != nil {
		return nil, err
	}
	var from netip.Prefix
	if ip := c.param("actor.ip"); ip != "" {
		if from, err = netip.ParsePrefix(ip); err != nil {
			addr, err := netip.ParseAddr(ip)
			if err != nil {
				return nil, fmt.Errorf("actor.ip is no address")
			}
			from = netip.PrefixFrom(addr, addr.BitLen())
		}
	}
	wanted := func(name, have string) bool { return c.param(name) == "" || strings.EqualFold(c.param(name), have) }
	return func(o *object) bool {
		when, addr := instant(o.fields[auditWhen]), netip.Addr{}
		if from.IsValid() {
			addr, _ = netip.ParseAddr(o.fields[auditIP])
		}
		return wanted("id", o.fields[auditID]) && wanted("action.type", o.fields[auditAction]) &&
			wanted("actor.email", o.fields[auditEmail]) && c.param("zone.name") == "" &&
			(!from.IsValid() || from.Contains(addr)) && !when.Before(since) && !when.After(before)
	}, nil
}

// readMoment reads a date or an instant.
func readMoment(text string, usual time.Time) (time.Time, error) {
	if text == "" {
		return usual, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	return usual, fmt.Errorf("%q is neither a date nor a date-time", text)
}

// auditCSV: export=true answers with no JSON (API facts §8).
func auditCSV(r *reply) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write([]string{"id", "when", "action.type", "action.result", "actor.email", "actor.ip", "interface", "resource.type", "resource.id"})
	for _, raw := range r.list {
		d := decode(raw)
		action, _ := d["action"].(doc)
		actor, _ := d["actor"].(doc)
		resource, _ := d["resource"].(doc)
		w.Write([]string{text(d["id"]), text(d["when"]), text(action["type"]), strconv.FormatBool(action["result"] == true),
			text(actor["email"]), text(actor["ip"]), text(d["interface"]), text(resource["type"]), text(resource["id"])})
	}
	w.Flush()
	return b.Bytes()
}

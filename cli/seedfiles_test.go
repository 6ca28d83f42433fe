package cli

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"trueup/schema"
	"trueup/sim"
)

// slot is a thing that files may list and people may click: one natural key.
type slot struct {
	kind  string
	scope schema.Scope
	key   string // rules: value; monitors: description; others: name
}

var (
	slotRules    = []string{"192.0.2.1", "192.0.2.2", "203.0.113.0/24", "AS64500", "DE", "2001:0db8:0000:0000:0000:0000:0000:0001"}
	slotMonitors = []string{"m0", "m1", "m2"}
	slotPools    = []string{"p0", "p1", "p2"}
	slotTokens   = []string{"t0", "t1", "t2"}
)

// cast is what the files of a seed are about.
type cast struct {
	balancing, rules schema.Scope
	exclusive        bool // access rules
	rotates          bool // t0
	invited          bool // the invitation is answered; that cannot be taken back
}

func drawCast(r *rand.Rand) cast {
	c := cast{balancing: schema.UserScope, rules: schema.UserScope, exclusive: r.Float64() < .15, rotates: r.Float64() < .25, invited: r.Float64() < .5}
	account := schema.Scope{Level: schema.Account, ID: sim.AccountID}
	if r.Float64() < .3 {
		c.balancing = account
	}
	if r.Float64() < .3 {
		c.rules = account
	}
	return c
}

func (c cast) slots() []slot {
	var out []slot
	add := func(kind string, scope schema.Scope, keys []string) {
		for _, k := range keys {
			out = append(out, slot{kind, scope, k})
		}
	}
	add("access_rule", c.rules, slotRules)
	add("monitor", c.balancing, slotMonitors)
	add("pool", c.balancing, slotPools)
	add("token", schema.UserScope, slotTokens)
	return out
}

// files is one configuration.
type files struct {
	yaml   string
	lists  map[slot]bool
	tokens []string // by name
}

// drawFiles makes a configuration. Addresses change places now and then, so
// that there are renames, and replacements at one address.
func (c cast) drawFiles(r *rand.Rand) files {
	f := files{lists: map[slot]bool{}}
	var b strings.Builder
	if c.exclusive {
		b.WriteString("ownership: {access_rules: exclusive}\n")
	}
	c.drawRules(r, &b, f.lists)
	monitors := c.drawMonitors(r, &b, f.lists)
	c.drawPools(r, &b, f.lists, monitors)
	f.tokens = c.drawTokens(r, &b, f.lists)
	if c.invited || b.Len() == 0 {
		b.WriteString("invite_responses:\n  partner: {organization_id: 5a7805061c76ada191ed06f989cc3dac, status: accepted}\n")
	}
	f.yaml = b.String()
	return f
}

// names are the addresses' names of so many slots.
func names(r *rand.Rand, stem string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%d", stem, i)
	}
	switch x := r.Float64(); {
	case x < .2 && stem != "t": // a token that changes its name keeps its value where that was
		r.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	case x < .3:
		for i := range out {
			out[i] = "other-" + out[i]
		}
	}
	return out
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// section writes the resources of a kind, of those slots that chance takes.
func section(b *strings.Builder, r *rand.Rand, lists map[slot]bool, title, kind string, scope schema.Scope, keys []string, body func(key string) string) {
	text := ""
	names := names(r, kind[:1], len(keys))
	for i, key := range keys {
		inside := body(key)
		if r.Float64() < .3 {
			continue
		}
		lists[slot{kind, scope, key}] = true
		text += fmt.Sprintf("  %s: {scope: \"%s\", %s}\n", names[i], scope, inside)
	}
	if text != "" {
		b.WriteString(title + ":\n" + text)
	}
}

func (c cast) drawRules(r *rand.Rand, b *strings.Builder, lists map[slot]bool) {
	section(b, r, lists, "access_rules", "access_rule", c.rules, slotRules, func(key string) string {
		return fmt.Sprintf("value: \"%s\", mode: %s, notes: \"%s\"", key, pick(r, "block", "challenge", "whitelist"), pick(r, "", "Office", "a & <b>"))
	})
}

func (c cast) drawMonitors(r *rand.Rand, b *strings.Builder, lists map[slot]bool) map[string]string {
	at := map[string]string{}
	text := ""
	names := names(r, "m", len(slotMonitors))
	for i, key := range slotMonitors {
		inside := pick(r, "type: https, path: /health", "type: https, path: /ready, expected_codes: 2xx", "type: tcp, port: 25", "type: http, path: /, interval: 90")
		if r.Float64() < .3 {
			continue
		}
		at[key] = names[i]
		lists[slot{"monitor", c.balancing, key}] = true
		text += fmt.Sprintf("  %s: {scope: \"%s\", description: %s, %s}\n", names[i], c.balancing, key, inside)
	}
	if text != "" {
		b.WriteString("monitors:\n" + text)
	}
	return at
}

func (c cast) drawPools(r *rand.Rand, b *strings.Builder, lists map[slot]bool, monitors map[string]string) {
	section(b, r, lists, "pools", "pool", c.balancing, slotPools, func(key string) string {
		uses := ""
		if at, ok := monitors[slotMonitors[r.IntN(len(slotMonitors))]]; ok {
			uses = fmt.Sprintf("monitor: \"${monitor.%s.id}\", ", at)
		}
		return fmt.Sprintf("name: %s, %senabled: %v, origins: [{name: a, address: 203.0.113.%d}%s]", key, uses, r.Float64() < .7, r.IntN(3)+1,
			pick(r, "", ", {name: b, address: 203.0.113.9, weight: 0.5}"))
	})
}

func (c cast) drawTokens(r *rand.Rand, b *strings.Builder, lists map[slot]bool) []string {
	section(b, r, lists, "tokens", "token", schema.UserScope, slotTokens, func(key string) string {
		more := pick(r, "", ", condition: {request_ip: {in: [198.51.100.0/24]}}", ", condition: {request_ip: {not_in: [203.0.113.7]}}") +
			pick(r, "", ", expires_on: 2031-01-01T00:00:00Z") + pick(r, "", "", "", ", status: disabled")
		if c.rotates && key == slotTokens[0] {
			more += ", rotate: {every: 90d, overlap: 24h}"
		}
		return fmt.Sprintf("name: %s, policies: [{permission_groups: [%s], resources: {com.cloudflare.api.account.zone.*: \"*\"}}]%s, secret: {file: secrets/%[1]s}",
			key, pick(r, "Zone Read", "DNS Read", "Zone Read, DNS Read"), more)
	})
	var out []string
	for s := range lists {
		if s.kind == "token" {
			out = append(out, s.key)
		}
	}
	slices.Sort(out)
	return out
}

// byHand is something done in the dashboard.
type byHand struct {
	slot
	do   string // "put", "edit", "remove"
	made map[string]any
}

// keyOf is the natural key of an object as the API answers it.
func keyOf(kind string, o map[string]any) string {
	field := map[string]string{"monitor": "description", "pool": "name", "token": "name"}[kind]
	if conf, ok := o["configuration"].(map[string]any); ok {
		o, field = conf, "value"
	}
	text, _ := o[field].(string)
	return text
}

// drawHand draws what people do to a slot.
func drawHand(r *rand.Rand, s slot, unknown bool) (byHand, bool) {
	h := byHand{slot: s, do: "edit"}
	switch x := r.Float64(); {
	case unknown && x < .15:
		h.do, h.made = "put", handMade(s)
	case unknown || x > .3:
		return h, false
	case x < .12:
		h.do = "remove"
	default:
		h.made = map[string]map[string]any{
			"access_rule": {"notes": "by hand"}, "monitor": {"interval": 120}, "pool": {"enabled": false, "minimum_origins": 1}, "token": {"status": "disabled"},
		}[s.kind]
	}
	return h, true
}

func handMade(s slot) map[string]any {
	switch s.kind {
	case "access_rule":
		target, _, _ := schema.ParseTarget(s.key)
		return map[string]any{"mode": "block", "notes": "by hand", "configuration": map[string]any{"target": target, "value": s.key}}
	case "monitor":
		return map[string]any{"type": "https", "path": "/health", "expected_codes": "200", "description": s.key}
	case "pool":
		return map[string]any{"name": s.key, "origins": []any{map[string]any{"name": "a", "address": "203.0.113.1"}}}
	}
	return map[string]any{"name": s.key, "policies": []any{map[string]any{"effect": "allow",
		"permission_groups": []any{map[string]any{"id": "c8fed203ed3043cba015a93ad1616f1f"}}, "resources": map[string]any{"com.cloudflare.api.account.zone.*": "*"}}}}
}

// hand does it; what is not there is not changed.
func (s *site) hand(h byHand) error {
	if h.do == "put" {
		_, err := s.api.Put(h.scope, h.kind, h.made)
		return err
	}
	for _, o := range s.api.Objects(h.kind, h.scope) {
		if keyOf(h.kind, o) != h.key {
			continue
		}
		id, _ := o["id"].(string)
		if h.do == "remove" {
			_ = s.api.Remove(h.scope, h.kind, id) // it may be in use
			return nil
		}
		return s.api.Edit(h.scope, h.kind, id, h.made)
	}
	return nil
}

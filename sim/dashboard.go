package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"trueup/schema"
)

// What tests do besides requests: change things as somebody in the dashboard
// would, and look at what is there.

// inside is a call that comes from within, with all rights.
func (s *Server) inside(scope schema.Scope, p *product) *call {
	return &call{s: s, scope: scope, product: p, who: identity{key: true}, face: "UI", now: s.now()}
}

// act does something to a kind's objects and keeps it.
func (s *Server) act(scope schema.Scope, kind string, do func(*call) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.products.named(kind)
	if p == nil || kind == "" {
		return fmt.Errorf("sim: there is no kind %q", kind)
	}
	c := s.inside(scope, p)
	if err := do(c); err != nil {
		return err
	}
	c.commit()
	return s.broken
}

// Put makes an object, as somebody clicking in the dashboard would: with an
// entry in the audit log, interface UI. The fields are the API's. Invitations
// can be made too.
func (s *Server) Put(scope schema.Scope, kind string, fields map[string]any) (id string, err error) {
	id, _, err = s.Mint(scope, kind, fields)
	return id, err
}

// Mint is Put that also gives the secret of what was made: a token's value.
func (s *Server) Mint(scope schema.Scope, kind string, fields map[string]any) (id, secret string, err error) {
	err = s.act(scope, kind, func(c *call) error {
		var bad error
		if c.body, bad = normal(fields); bad != nil {
			return bad
		}
		c.method = http.MethodPost
		r, p := c.create()
		if p != nil {
			return p
		}
		id, secret = resultID(r), c.secret
		return nil
	})
	return id, secret, err
}

// Edit changes an object, as somebody in the dashboard would: fields that are
// not given stay.
func (s *Server) Edit(scope schema.Scope, kind, id string, fields map[string]any) error {
	return s.act(scope, kind, func(c *call) error {
		var bad error
		if c.body, bad = normal(fields); bad != nil {
			return bad
		}
		c.method, c.id = http.MethodPatch, id
		if _, p := c.update(); p != nil {
			return p
		}
		return nil
	})
}

// Force changes an object as it is kept, past every rule: a status `revoked`,
// an invitation that has expired, a spelling of older servers.
func (s *Server) Force(scope schema.Scope, kind, id string, change func(map[string]any)) error {
	return s.act(scope, kind, func(c *call) error {
		coll := c.coll()
		o := coll.byID[id]
		if o == nil {
			return &c.product.missing
		}
		d := decode(o.raw)
		change(d)
		d, err := normal(d)
		if err != nil {
			return err
		}
		c.put(coll, id, d)
		c.audit("change", id, d)
		return nil
	})
}

// Remove deletes an object, as somebody in the dashboard would.
func (s *Server) Remove(scope schema.Scope, kind, id string) error {
	return s.act(scope, kind, func(c *call) error {
		c.method, c.id = http.MethodDelete, id
		if _, p := c.delete(); p != nil {
			return p
		}
		return nil
	})
}

// PutLoadBalancer makes a load balancer that uses the pools, so that they are
// in use.
func (s *Server) PutLoadBalancer(scope schema.Scope, name string, pools ...string) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.inside(scope, s.products.balancers)
	c.method, c.body = http.MethodPost, doc{"name": name, "pools": anyList(pools)}
	r, p := c.create()
	if p != nil {
		return "", p
	}
	c.commit()
	return resultID(r), s.broken
}

// RemoveLoadBalancer takes it away.
func (s *Server) RemoveLoadBalancer(scope schema.Scope, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.inside(scope, s.products.balancers)
	c.id = id
	if _, p := c.delete(); p != nil {
		return p
	}
	c.commit()
	return s.broken
}

// normal gives fields the types that JSON has.
func normal(fields map[string]any) (doc, error) {
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	d := doc{}
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	return d, nil
}

func resultID(r *reply) string {
	switch v := r.result.(type) {
	case json.RawMessage:
		return text(decode(v)["id"])
	case doc:
		return text(v["id"])
	}
	return ""
}

// Objects are the objects of the kind in the scope as GET answers, by creation.
func (s *Server) Objects(kind string, scope schema.Scope) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.products.named(kind)
	if p == nil || kind == "" {
		return nil
	}
	var out []map[string]any
	for _, o := range s.world.collection(p, s.home(p, scope)).order {
		out = append(out, decode(s.wire(o)))
	}
	return out
}

// Dump is everything that is there, one object a line, without what differs
// between two ways to one end: ids, times, order of creation, the audit log. A
// pool shows its monitor's description.
func (s *Server) Dump() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, key := range s.world.keys() {
		c := s.world.colls[key]
		if c.product == s.products.audit {
			continue
		}
		for _, o := range c.order {
			lines = append(lines, key+" "+string(encode(s.bare(c, decode(s.wire(o))))))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (s *Server) bare(c *collection, d doc) doc {
	for _, k := range []string{"id", "created_on", "modified_on", "issued_on", "last_used_on", "disabled_at"} {
		delete(d, k)
	}
	for _, k := range []string{"policies", "origins"} {
		parts := docs(d[k])
		for _, p := range parts {
			delete(p, "id")
			delete(p, "disabled_at")
		}
		if parts != nil {
			slices.SortFunc(parts, func(a, b doc) int { return strings.Compare(string(encode(a)), string(encode(b))) })
			d[k] = list(parts)
		}
	}
	if monitor := s.world.collection(s.products.monitors, c.scope).byID[text(d["monitor"])]; monitor != nil {
		d["monitor"] = decode(monitor.raw)["description"]
	}
	return d
}

package sim

import (
	"time"

	"trueup/schema"
)

// product is one kind of object as the server keeps it. What kinds have in
// common is in collection.go and resource.go.
type product struct {
	kind string // its name in the schema's table; load balancers and the audit log have none
	path string // below the scope
	noun string // what the audit log and references call it

	missing   problem // for an id that is not there
	duplicate problem // for a second object with the same key

	// build makes the object that is kept of what was sent. It may keep parts
	// of e.body and e.old.
	build func(c *call, e edit) (doc, *problem)
	// index gives the key that no two objects of a scope may share ("" is none)
	// and the fields that lists filter and sort by.
	index func(o Options, d doc) (key string, fields []string)
	// uses gives the ids, among the fields, of what the object refers to.
	uses func(fields []string) []string
	// wire makes of a kept object what is answered; it may change d.
	wire func(s *Server, scope schema.Scope, d doc) doc
	// answered changes the answer to a write; nil where it is as GET's.
	answered func(e edit, d doc)

	title    string // the field that references show
	dynamic  bool   // what is answered depends on the time
	times    [2]string
	layout   string // of those times
	quota    func(o Options, l schema.Level) int
	overfull problem
}

// edit is a write to one object.
type edit struct {
	verb string // POST, PUT or PATCH
	old  doc    // as it is kept; nil for POST
	body doc
	id   string
	coll *collection
}

// call is one request, or one thing done in the dashboard, on its way.
type call struct {
	s      *Server
	scope  schema.Scope
	id     string // the {id} of the path
	method string
	query  map[string][]string
	body   doc // nil if there was none
	who    identity
	face   string // the audit log's interface: API or UI
	now    time.Time

	product *product
	changes []change
	secret  string // the value of a token that was made or rolled
}

func (c *call) param(name string) string {
	if v := c.query[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// coll is the collection that the request is about.
func (c *call) coll() *collection {
	return c.s.world.collection(c.product, c.s.home(c.product, c.scope))
}

// home is the scope in which the objects are kept that the scope shows.
func (s *Server) home(p *product, scope schema.Scope) schema.Scope {
	if s.o.SharedBalancers && (p == s.products.monitors || p.uses != nil) {
		return schema.UserScope
	}
	return scope
}

const (
	micros  = "2006-01-02T15:04:05.000000Z"
	seconds = "2006-01-02T15:04:05Z"
)

// products are all of them.
type products struct{ rules, monitors, pools, balancers, tokens, invites, audit *product }

func newProducts() products {
	return products{rules: rules(), monitors: monitors(), pools: pools(), balancers: balancers(), tokens: tokens(), invites: invites(), audit: audits()}
}

func (p products) all() []*product {
	return []*product{p.rules, p.monitors, p.pools, p.balancers, p.tokens, p.invites, p.audit}
}

// named is the product of that kind, or nil.
func (p products) named(kind string) *product {
	for _, x := range p.all() {
		if x.kind == kind {
			return x
		}
	}
	return nil
}

package sim

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"trueup/schema"
)

// object is one object as it is kept.
type object struct {
	in     *collection
	id     string
	seq    uint64 // the order of creation
	raw    []byte // the object as JSON
	key    string
	fields []string
	doc    doc       // raw, read; nil until it was asked for
	wire   []byte    // what is answered, once it has been asked for; nil for dynamic products
	made   time.Time // zero if it was there from the start
	until  time.Time // for deleted ones: how long they can still be read
}

// read is the object as it is kept, which must not be changed.
func (o *object) read() doc {
	if o.doc == nil {
		o.doc = decode(o.raw)
	}
	return o.doc
}

// collection is the objects of one product in one scope.
type collection struct {
	product *product
	scope   schema.Scope
	byID    map[string]*object
	byKey   map[string]*object
	order   []*object            // by seq
	sorted  map[string][]*object // by the order that was asked for, until something changes
	ghosts  []*object            // deleted, and may still be read
}

// world is everything that is kept. It is guarded by Server.mu.
type world struct {
	options Options
	colls   map[string]*collection
	freed   map[string]time.Time // when an id was last let go of by what used it
	seq     uint64
	salt    []byte // of the hashes of secrets
}

func newWorld(o Options) *world {
	return &world{options: o, colls: map[string]*collection{}, freed: map[string]time.Time{}}
}

func collectionKey(p *product, scope schema.Scope) string { return scope.String() + " " + p.path }

func (w *world) collection(p *product, scope schema.Scope) *collection {
	key := collectionKey(p, scope)
	c := w.colls[key]
	if c == nil {
		c = &collection{product: p, scope: scope, byID: map[string]*object{}, byKey: map[string]*object{}}
		w.colls[key] = c
	}
	return c
}

// keys are those of the collections, in order.
func (w *world) keys() []string { return slices.Sorted(maps.Keys(w.colls)) }

// put makes the object be there, new or changed.
func (w *world) put(c *collection, id string, seq uint64, raw []byte, now time.Time) *object {
	o := &object{in: c, id: id, seq: seq, raw: raw, made: now}
	if c.product.index != nil {
		o.key, o.fields = c.product.index(w.options, decode(raw))
	}
	c.sorted = nil
	if old := c.byID[id]; old != nil {
		o.seq, o.made = old.seq, old.made
		w.unlink(c, old, o, now)
		c.order[c.position(old)] = o
	} else {
		c.order = slices.Insert(c.order, c.position(o), o)
	}
	c.byID[id] = o
	if o.key != "" {
		c.byKey[o.key] = o
	}
	w.seq = max(w.seq, o.seq)
	return o
}

// remove takes the object away.
func (w *world) remove(c *collection, id string, now time.Time) {
	o := c.byID[id]
	if o == nil {
		return
	}
	c.sorted = nil
	i := c.position(o)
	c.order = slices.Delete(c.order, i, i+1)
	delete(c.byID, id)
	w.unlink(c, o, nil, now)
	if lag := w.options.DeletedStillListed; lag > 0 {
		o.until = now.Add(lag)
		c.ghosts = append(c.ghosts, o)
	}
}

// calm forgets what lags behind: everything that is there has been for long.
func (w *world) calm() {
	clear(w.freed)
	for _, c := range w.colls {
		c.ghosts = nil
	}
}

// unlink forgets the old object's key and notes what it no longer uses.
func (w *world) unlink(c *collection, old, o *object, now time.Time) {
	if c.byKey[old.key] == old {
		delete(c.byKey, old.key)
	}
	if c.product.uses == nil || w.options.InUseLag == 0 {
		return
	}
	var kept []string
	if o != nil {
		kept = c.product.uses(o.fields)
	}
	for _, id := range c.product.uses(old.fields) {
		if !slices.Contains(kept, id) {
			w.freed[id] = now
		}
	}
}

// position is where the object is in c.order, or belongs.
func (c *collection) position(o *object) int {
	i, _ := slices.BinarySearchFunc(c.order, o, func(a, b *object) int { return cmp.Compare(a.seq, b.seq) })
	return i
}

// get is the object of that id, also if it was just deleted; nil if there is
// none.
func (c *collection) get(id string, now time.Time) *object {
	if o := c.byID[id]; o != nil {
		return o
	}
	for _, g := range c.ghosts {
		if g.id == id && now.Before(g.until) {
			return g
		}
	}
	return nil
}

// listed are the objects that lists show, by creation.
func (c *collection) listed(lag time.Duration, now time.Time) []*object {
	c.ghosts = slices.DeleteFunc(c.ghosts, func(g *object) bool { return !now.Before(g.until) })
	if lag == 0 && len(c.ghosts) == 0 {
		return c.order
	}
	var out []*object
	for _, o := range c.order {
		if o.made.IsZero() || !now.Before(o.made.Add(lag)) {
			out = append(out, o)
		}
	}
	return append(out, c.ghosts...)
}

// sort gives the objects by the field, then by creation. Field -1 is creation
// alone. The result must not be changed.
func (c *collection) sort(objects []*object, name string, field int, desc bool) []*object {
	whole := len(objects) == len(c.order) && len(c.ghosts) == 0
	if cached := c.sorted[name]; whole && cached != nil {
		return cached
	}
	out := sortObjects(objects, field, desc)
	if whole {
		if c.sorted == nil {
			c.sorted = map[string][]*object{}
		}
		c.sorted[name] = out
	}
	return out
}

func sortObjects(objects []*object, field int, desc bool) []*object {
	out := slices.Clone(objects)
	slices.SortStableFunc(out, func(a, b *object) int {
		n := 0
		if field >= 0 {
			n = strings.Compare(a.fields[field], b.fields[field])
		}
		if n = cmp.Or(n, cmp.Compare(a.seq, b.seq)); desc {
			return -n
		}
		return n
	})
	return out
}

// referrer is an object that uses another.
type referrer struct {
	product *product
	object  *object
}

// referrers are the objects of the scope that use the id, by creation.
func (w *world) referrers(scope schema.Scope, id string) []referrer {
	var out []referrer
	for _, key := range w.keys() {
		c := w.colls[key]
		if c.scope != scope || c.product.uses == nil {
			continue
		}
		for _, o := range c.order {
			if slices.Contains(c.product.uses(o.fields), id) {
				out = append(out, referrer{c.product, o})
			}
		}
	}
	return out
}

// wire is the object as it is answered.
func (s *Server) wire(o *object) json.RawMessage {
	if o.wire != nil {
		return o.wire
	}
	raw := o.raw
	if o.in.product.wire != nil {
		raw = encode(o.in.product.wire(s, o.in.scope, decode(o.raw)))
	}
	if !o.in.product.dynamic {
		o.wire = raw
	}
	return raw
}

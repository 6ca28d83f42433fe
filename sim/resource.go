package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// What all kinds do alike: list, get, create, update, delete.

// change is one object that was put or taken away, as the file has it.
type change struct {
	In  string          `json:"in"` // the collection: scope and path
	ID  string          `json:"id"`
	Seq uint64          `json:"seq,omitempty"`
	Doc json.RawMessage `json:"doc,omitempty"` // none: taken away
}

func (c *call) put(coll *collection, id string, d doc) *object {
	raw := encode(d)
	o := c.s.world.put(coll, id, c.s.world.seq+1, raw, c.now)
	c.changes = append(c.changes, change{In: collectionKey(coll.product, coll.scope), ID: id, Seq: o.seq, Doc: raw})
	return o
}

func (c *call) remove(coll *collection, id string) {
	c.s.world.remove(coll, id, c.now)
	c.changes = append(c.changes, change{In: collectionKey(coll.product, coll.scope), ID: id})
}

// commit hands what was changed to the file.
func (c *call) commit() {
	if len(c.changes) == 0 || c.s.file == nil {
		return
	}
	if err := c.s.file.append(record{Changes: c.changes}); err != nil {
		c.s.broken = err
	}
}

func (c *call) get() (*reply, *problem) {
	coll := c.coll()
	o := coll.get(c.id, c.now)
	if o == nil {
		return nil, &c.product.missing
	}
	return &reply{result: c.s.wire(o)}, nil
}

// listAll is for lists without pages.
func (c *call) listAll() (*reply, *problem) {
	coll := c.coll()
	return c.whole(coll.listed(c.s.o.ListLag, c.now)), nil
}

func (c *call) whole(objects []*object) *reply {
	r := &reply{isList: true, info: unpaged(len(objects))}
	for _, o := range objects {
		r.list = append(r.list, c.s.wire(o))
	}
	return r
}

func (c *call) create() (*reply, *problem) {
	coll, p := c.coll(), c.product
	if p.quota != nil {
		if most := p.quota(c.s.o, c.scope.Level); most > 0 && len(coll.order) >= most {
			return nil, &p.overfull
		}
	}
	e := edit{verb: http.MethodPost, body: c.body, id: c.s.newID(), coll: coll}
	d, bad := c.build(e)
	if bad != nil {
		return nil, bad
	}
	c.stamp(d, e)
	o := c.put(coll, e.id, d)
	c.audit("add", e.id, d)
	return c.reply(e, o), nil
}

func (c *call) update() (*reply, *problem) {
	coll := c.coll()
	old := coll.byID[c.id]
	if old == nil {
		return nil, &c.product.missing
	}
	e := edit{verb: c.method, old: decode(old.raw), body: c.body, id: c.id, coll: coll}
	d, bad := c.build(e)
	if bad != nil {
		return nil, bad
	}
	c.stamp(d, e)
	o := c.put(coll, c.id, d)
	c.audit("change", c.id, d)
	return c.reply(e, o), nil
}

// build makes the new object and holds it against the others.
func (c *call) build(e edit) (doc, *problem) {
	d, bad := c.product.build(c, e)
	if bad != nil {
		return nil, bad
	}
	key, _ := c.product.index(c.s.o, d)
	if other := e.coll.byKey[key]; key != "" && other != nil && other.id != e.id {
		p := c.product.duplicate
		if c.s.o.Duplicate409 {
			p.status = http.StatusConflict
		}
		return nil, &p
	}
	return d, nil
}

// stamp sets what is the server's own.
func (c *call) stamp(d doc, e edit) {
	d["id"] = e.id
	created, modified := c.product.times[0], c.product.times[1]
	if created == "" {
		return
	}
	d[created] = c.now.Format(c.product.layout)
	if e.old != nil {
		d[created] = e.old[created]
	}
	d[modified] = c.now.Format(c.product.layout)
}

// reply is the answer to a write.
func (c *call) reply(e edit, o *object) *reply {
	wire := c.s.wire(o)
	if c.product.answered == nil && c.secret == "" {
		return &reply{result: wire}
	}
	d := decode(wire)
	if c.product.answered != nil {
		c.product.answered(e, d)
	}
	if c.secret != "" {
		d["value"] = c.secret
	}
	return &reply{result: d}
}

func (c *call) delete() (*reply, *problem) {
	coll := c.coll()
	if coll.byID[c.id] == nil {
		return nil, &c.product.missing
	}
	if c.inUse(coll) {
		if c.s.o.InUse1002 {
			return nil, refuse(http.StatusBadRequest, 1002, "%s is still referenced by other objects: validation failed", c.product.noun)
		}
		return nil, refuse(http.StatusPreconditionFailed, 1005, "This object is referenced by other objects, delete them first.")
	}
	d := decode(coll.byID[c.id].raw)
	c.remove(coll, c.id)
	c.audit("delete", c.id, d)
	return &reply{result: doc{"id": c.id}}, nil
}

// inUse: others refer to it, or did a moment ago (API facts §0.6).
func (c *call) inUse(coll *collection) bool {
	if len(c.s.world.referrers(coll.scope, c.id)) > 0 {
		return true
	}
	freed, ok := c.s.world.freed[c.id]
	return ok && c.now.Before(freed.Add(c.s.o.InUseLag))
}

// references says what uses the object, and what it uses.
func (c *call) references() (*reply, *problem) {
	coll := c.coll()
	o := coll.byID[c.id]
	if o == nil {
		return nil, &c.product.missing
	}
	r := &reply{isList: true}
	add := func(way string, p *product, o *object) {
		r.list = append(r.list, encode(doc{
			"reference_type": way, "resource_id": o.id, "resource_type": p.noun,
			"resource_name": text(decode(o.raw)[p.title]),
		}))
	}
	for _, x := range c.s.world.referrers(coll.scope, c.id) {
		add("referrer", x.product, x.object)
	}
	if c.product.uses != nil {
		monitors := c.s.world.collection(c.s.products.monitors, coll.scope)
		for _, id := range c.product.uses(o.fields) {
			if used := monitors.byID[id]; used != nil {
				add("referral", monitors.product, used)
			}
		}
	}
	r.info = unpaged(len(r.list))
	return r, nil
}

// paging is which part of a list is asked for.
type paging struct{ page, size int }

// readPage reads page and per_page. low, high and usual are the sizes that the
// list allows and has by itself.
func (c *call) readPage(low, high, usual int) (paging, error) {
	p := paging{page: 1, size: usual}
	for name, to := range map[string]*int{"page": &p.page, "per_page": &p.size} {
		given := c.param(name)
		if given == "" {
			continue
		}
		n, err := strconv.Atoi(given)
		if err != nil {
			return p, fmt.Errorf("%s must be a number", name)
		}
		*to = n
	}
	switch {
	case p.page < 1:
		return p, fmt.Errorf("page must be at least 1")
	case p.size < low || p.size > high:
		return p, fmt.Errorf("per_page must be in range [%d, %d]", low, high)
	}
	return p, nil
}

// page answers with a part of the list. Pages may be smaller than asked for.
func (c *call) page(p paging, most int, objects []*object) *reply {
	if most > 0 {
		p.size = min(p.size, most)
	}
	total := len(objects)
	pages := (total + p.size - 1) / p.size
	from, to := total, total
	if p.page <= pages {
		from = (p.page - 1) * p.size
		to = min(from+p.size, total)
	}
	r := &reply{isList: true, info: &pageInfo{Page: p.page, PerPage: int64(p.size), Count: to - from, TotalCount: total, TotalPages: pages}}
	for _, o := range objects[from:to] {
		r.list = append(r.list, c.s.wire(o))
	}
	return r
}

// descending reads the direction of a list.
func (c *call) descending(usual bool) (bool, error) {
	switch c.param("direction") {
	case "":
		return usual, nil
	case "asc":
		return false, nil
	case "desc":
		return true, nil
	}
	return false, fmt.Errorf("direction must be asc or desc")
}

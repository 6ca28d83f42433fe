package cfclient

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"

	"trueup/schema"
)

const (
	smallerPage = 100  // what is asked for where the spec's page size is refused (API facts §1)
	maxPages    = 5000 // nothing is this long: an answer that says so is not believed
)

// List gives every object of the kind in the scope.
func (c *Client) List(ctx context.Context, k *schema.Kind, s schema.Scope) ([]*schema.Object, error) {
	objects, _, err := c.Read(ctx, k, s)
	return objects, err
}

// Read is List, and tells how many objects of other scopes the list had in it;
// they are dropped. The objects come in the order that the table asks for, else
// by id.
func (c *Client) Read(ctx context.Context, k *schema.Kind, s schema.Scope) (objects []*schema.Object, foreign int, err error) {
	r := &reader{Client: c, codec: c.codec(k), scope: s}
	var l listing
	for range 2 { // a list that changed under way is read once more from the start
		if l, err = r.all(ctx); err != nil {
			return nil, 0, err
		}
		if l.complete() {
			return l.objects, l.foreign, nil
		}
	}
	if l.seen() >= l.total { // nothing that was announced is missing
		return l.objects, l.foreign, nil
	}
	return nil, 0, &schema.Fault{Meaning: schema.Other, Status: http.StatusOK,
		Message: fmt.Sprintf("the list of %s in scope %s should have %d objects, and its pages hold %d", k.Plural, s, l.total, l.seen()),
		Remedy:  "Somebody may be changing them just now: try again."}
}

// reader reads one list.
type reader struct {
	*Client
	*codec
	scope    schema.Scope
	decoders sync.Pool // of *decoder, so that pages share repeated values
}

// page is one page of a list.
type page struct {
	objects []*schema.Object
	ids     []string // of the foreign ones
	info    resultInfo
}

func (p *page) len() int { return len(p.objects) + len(p.ids) }

// listing is a whole list, each object once.
type listing struct {
	objects []*schema.Object
	foreign int
	total   int  // that the list should have, the largest that a page says; -1: none says
	moved   bool // the pages don't agree on it
}

func (l *listing) seen() int { return len(l.objects) + l.foreign }

// complete reports whether the list has as many objects as it says. Whether
// leaked objects of other scopes are counted is not known.
func (l *listing) complete() bool {
	return l.total < 0 || !l.moved && (l.seen() == l.total || len(l.objects) == l.total)
}

// all reads every page.
func (r *reader) all(ctx context.Context) (listing, error) {
	first, size, err := r.first(ctx)
	if err != nil {
		return listing{}, err
	}
	pages := []*page{first}
	n := pageCount(first, size)
	switch {
	case n > maxPages:
		return listing{}, &schema.Fault{Status: http.StatusOK, Message: fmt.Sprintf("the list of %s says it has %d pages", r.kind.Plural, n)}
	case n > 1:
		pages, err = r.rest(ctx, first, n, size)
	case n < 0:
		pages, err = r.onward(ctx, first, size)
	}
	if err != nil {
		return listing{}, err
	}
	return r.merge(pages), nil
}

// first reads the first page; size is that of the pages that follow, as it
// has to be asked for, 0 where none is to be.
func (r *reader) first(ctx context.Context) (p *page, size int, err error) {
	sizes := []int{r.kind.API.PageSize, smallerPage, 0}
	if sizes[0] <= smallerPage {
		sizes = []int{sizes[0], 0}
	}
	for _, size = range sizes {
		p, err = r.page(ctx, 1, size)
		f, _ := err.(*schema.Fault)
		if f == nil || f.Status != http.StatusBadRequest || size == 0 {
			break
		}
	}
	return p, size, err
}

// pageCount is how many pages the list has, going by what the first one says;
// -1 where it doesn't say and may have more.
func pageCount(first *page, asked int) int {
	count, info := int64(first.len()), first.info
	if info.total > 0 {
		if info.total <= count || count == 0 {
			return 1
		}
		// A page that is not the last is full, whatever size was asked for and
		// whatever the answer calls it.
		return int(min((info.total-1)/count+1, maxPages+1))
	}
	switch {
	case info.totalPages > 0:
		return int(min(info.totalPages, maxPages+1))
	case asked == 0 || count == 0:
		return 1
	case count < int64(asked) && count%5 != 0:
		return 1 // no page is capped at such a length: they are multiples of 5 (API facts §1)
	}
	return -1
}

// rest reads pages 2 to n, several at once.
func (r *reader) rest(ctx context.Context, first *page, n, size int) ([]*page, error) {
	pages := make([]*page, n)
	pages[0] = first
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(r.cfg.Parallelism)
	for i := 1; i < n && ctx.Err() == nil; i++ {
		g.Go(func() (err error) {
			pages[i], err = r.page(ctx, i+1, size)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if slices.Contains(pages, nil) {
		return nil, ctx.Err() // interrupted
	}
	return pages, nil
}

// onward reads page after page until one has nothing new, or is shorter than
// the first.
func (r *reader) onward(ctx context.Context, first *page, size int) ([]*page, error) {
	pages, seen := []*page{first}, map[string]bool{}
	for p := first; len(pages) <= maxPages; {
		fresh := false
		for _, id := range p.allIDs() {
			fresh = fresh || !seen[id]
			seen[id] = true
		}
		if !fresh || p.len() < first.len() {
			break
		}
		var err error
		if p, err = r.page(ctx, len(pages)+1, size); err != nil {
			return nil, err
		}
		pages = append(pages, p)
	}
	return pages, nil
}

func (p *page) allIDs() []string {
	ids := slices.Clone(p.ids)
	for _, o := range p.objects {
		ids = append(ids, o.ID)
	}
	return ids
}

// page reads one page. size 0 asks for none; then the first page is asked for
// without parameters.
func (r *reader) page(ctx context.Context, number, size int) (*page, error) {
	var query []string
	if size > 0 {
		query = append(query, "per_page="+strconv.Itoa(size))
	}
	if size > 0 || number > 1 {
		query = append(query, "page="+strconv.Itoa(number))
	}
	if r.kind.API.Order != "" {
		query = append(query, r.kind.API.Order)
	}
	d, _ := r.decoders.Get().(*decoder)
	if d == nil {
		d = newDecoder(r.codec, r.scope)
	}
	defer r.decoders.Put(d)
	p := &page{}
	q := &call{method: http.MethodGet, path: collection(r.kind, r.scope), query: strings.Join(query, "&"),
		auth: r.kind.API.Auth, kind: r.kind, effect: reads, result: func(body []byte, dec *jsontext.Decoder) error {
			*p = page{}
			return d.list(body, dec, p.add)
		}}
	a, err := r.do(ctx, q)
	switch {
	case err != nil:
		return nil, err
	case !a.result && (!a.resulted || a.success == nil): // null is an empty list only in a success (API facts §0.2)
		return nil, &schema.Fault{Status: http.StatusOK, Message: "the answer has no result"}
	case !a.result:
		*p = page{}
	}
	p.info = a.info
	return p, nil
}

func (p *page) add(it item) {
	if it.foreign {
		p.ids = append(p.ids, it.ID)
		return
	}
	p.objects = append(p.objects, it.Object)
}

// merge joins pages in their order, each object once.
func (r *reader) merge(pages []*page) listing {
	l := listing{total: -1}
	if len(pages) == 1 {
		l.objects, l.foreign = pages[0].objects, len(pages[0].ids)
	} else {
		l.join(pages)
	}
	for _, p := range pages {
		if total := int(p.info.total); total > 0 {
			l.moved = l.moved || l.total >= 0 && total != l.total
			l.total = max(l.total, total)
		}
	}
	if r.kind.API.Order == "" {
		slices.SortStableFunc(l.objects, func(a, b *schema.Object) int { return cmp.Compare(a.ID, b.ID) })
	}
	return l
}

func (l *listing) join(pages []*page) {
	n := 0
	for _, p := range pages {
		n += p.len()
	}
	seen := make(map[string]struct{}, n)
	isNew := func(id string) bool {
		before := len(seen)
		seen[id] = struct{}{}
		return len(seen) > before
	}
	l.objects = make([]*schema.Object, 0, n)
	for _, p := range pages {
		for _, o := range p.objects {
			if isNew(o.ID) {
				l.objects = append(l.objects, o)
			}
		}
		for _, id := range p.ids {
			if isNew(id) {
				l.foreign++
			}
		}
	}
}

// get reads one value that is no row into the hands of read.
func (c *Client) get(ctx context.Context, path string, query url.Values, auth []schema.Auth, k *schema.Kind, read func(raw []byte) error) error {
	q := &call{method: http.MethodGet, path: path, query: query.Encode(), auth: auth, kind: k, effect: reads,
		result: func(_ []byte, dec *jsontext.Decoder) error {
			raw, err := dec.ReadValue()
			if err != nil {
				return err
			}
			return read(raw)
		}}
	a, err := c.do(ctx, q)
	if err == nil && !a.result {
		return read([]byte("null"))
	}
	return err
}

package cfclient

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"trueup/schema"
)

// pager answers a list of total objects, by pages of at most most.
type pager struct {
	total, most int
	info        string // format of result_info: page, per_page, count, total, pages; "": none
}

const (
	fullInfo = `{"page":%d,"per_page":%d,"count":%d,"total_count":%d,"total_pages":%d}`
	hugeInfo = `{"page":%d,"per_page":9223372036854775807,"count":%[3]d,"total_count":%[4]d}`
)

func (p pager) page(q url.Values) string {
	size, number := p.most, 1
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil {
		size = min(n, p.most)
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil {
		number = n
	}
	var items []string
	for i := (number - 1) * size; i < min(number*size, p.total); i++ {
		items = append(items, fmt.Sprintf(`{"id":"%05d","mode":"block"}`, i))
	}
	info := ""
	if p.info != "" {
		info = fmt.Sprintf(`,"result_info":`+p.info+``, number, size, len(items), p.total, (p.total+size-1)/size)
		info = strings.Split(info, "%!")[0]
	}
	return `{"result":[` + strings.Join(items, ",") + `],"success":true,"errors":[],"messages":[]` + info + `}`
}

func TestPages(t *testing.T) {
	tests := []struct {
		name     string
		kind     *schema.Kind
		pager    pager
		requests int
	}{
		{"nothing", rule, pager{0, 1000, fullInfo}, 1},
		{"one page", rule, pager{999, 1000, fullInfo}, 1},
		{"exactly one page", rule, pager{1000, 1000, fullInfo}, 1},
		{"several", rule, pager{3001, 1000, fullInfo}, 4},
		{"§10.29: the server caps at 100: the 101st is seen", rule, pager{101, 100, fullInfo}, 2},
		{"capped, many", rule, pager{1950, 100, fullInfo}, 20},
		{"only total_pages", rule, pager{250, 100, `{"page":%d,"total_pages":%[5]d}`}, 3},
		{"only total_count", rule, pager{250, 100, `{"page":%d,"total_count":%[4]d}`}, 3},
		{"numbers as text and fractions", rule, pager{250, 100, `{"page":"%d","total_count":"%[4]d.0"}`}, 3},
		{"without result_info, short page", rule, pager{37, 100, ""}, 1},
		{"without result_info", rule, pager{237, 100, ""}, 3},
		{"without result_info, full pages", rule, pager{200, 100, ""}, 3},
		{"without result_info, a page like a cap", rule, pager{50, 100, ""}, 2},
		{"result_info says nothing that can be", rule, pager{7, 100, `{"page":%d,"total_count":9223372036854775807,"total_pages":1e300}`}, 1},
		{"no pages", monitor, pager{250, 1000, ""}, 1},
		{"no pages, per_page of 2^63 - 1", monitor, pager{250, 1000, hugeInfo}, 1},
		{"no pages, and yet there are", monitor, pager{60, 25, hugeInfo}, 3},
		{"tokens", token, pager{120, 50, fullInfo}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, 200, tt.pager.page(r.URL.Query())) })
			objects, foreign, err := c.Read(t.Context(), tt.kind, schema.UserScope)
			if err != nil || len(objects) != tt.pager.total || foreign != 0 || len(a.requests()) != tt.requests {
				t.Fatal(len(objects), foreign, err, a.requests())
			}
			for i, o := range objects {
				if o.ID != fmt.Sprintf("%05d", i) {
					t.Fatalf("%d is %s", i, o.ID)
				}
			}
		})
	}
}

func TestFirstRequest(t *testing.T) {
	c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, 200, ok(`[]`)) }, func(c *Config) {
		c.Email, c.Key = "a@example.com", "0123456789"
	})
	for _, k := range schema.Kinds {
		if objects, err := c.List(t.Context(), k, schema.UserScope); err != nil || len(objects) != 0 {
			t.Error(k.Name, objects, err)
		}
	}
	expect(t, a.requests(),
		"GET /user/firewall/access_rules/rules?per_page=1000&page=1&order=configuration.value&direction=asc",
		"GET /user/load_balancers/monitors",
		"GET /user/load_balancers/pools",
		"GET /user/tokens?per_page=50&page=1&direction=asc",
		"GET /user/invites")
}

// A page size that is refused gives way to a smaller one, then to none.
func TestRefusedPageSize(t *testing.T) {
	for largest, requests := range map[string]int{"100": 2 + 2, "": 3 + 2} {
		c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			if size := r.URL.Query().Get("per_page"); size != largest {
				reply(w, 400, refuse(1, "per_page is out of range"))
				return
			}
			reply(w, 200, pager{250, 100, fullInfo}.page(r.URL.Query()))
		})
		if objects, err := c.List(t.Context(), rule, schema.UserScope); err != nil || len(objects) != 250 || len(a.requests()) != requests {
			t.Errorf("%q: %d %v\n%s", largest, len(objects), err, strings.Join(a.requests(), "\n"))
		}
	}
	c, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, 400, refuse(1, "no")) })
	if _, err := c.List(t.Context(), token, schema.UserScope); fault(t, err).Meaning != schema.Invalid || len(a.requests()) != 2 {
		t.Error(err, a.requests())
	}
}

// Pages are read at the same time, no more of them than were asked for.
func TestParallelPages(t *testing.T) {
	var open, most atomic.Int32
	gate := make(chan struct{})
	c, _ := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n > 0 {
			if now := open.Add(1); now > most.Load() {
				most.Store(now)
			}
			if n == 3 {
				close(gate) // three are under way
			}
			<-gate
			open.Add(-1)
		}
		reply(w, 200, pager{1000, 100, fullInfo}.page(r.URL.Query()))
	}, func(c *Config) { c.Parallelism = 3 })
	if objects, err := c.List(t.Context(), rule, schema.UserScope); err != nil || len(objects) != 1000 || most.Load() != 3 {
		t.Error(len(objects), err, most.Load())
	}
}

// A list that shifts while it is read is read again, once.
func TestShiftingList(t *testing.T) {
	shifts := func(times int) (*Client, *api) {
		return serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
			body := pager{250, 100, fullInfo}.page(r.URL.Query())
			if n/3 < times && strings.Contains(r.URL.RawQuery, "page=2") { // one slipped to the page before
				body = strings.Replace(body, `{"id":"00100","mode":"block"}`, `{"id":"00099","mode":"block"}`, 1)
			}
			reply(w, 200, body)
		}, func(c *Config) { c.Parallelism = 1 })
	}
	c, a := shifts(1)
	if objects, err := c.List(t.Context(), rule, schema.UserScope); err != nil || len(objects) != 250 || len(a.requests()) != 6 {
		t.Error(len(objects), err, a.requests())
	}
	c, a = shifts(9)
	if _, err := c.List(t.Context(), rule, schema.UserScope); !strings.Contains(fault(t, err).Message, "should have 250 objects, and its pages hold 249") || len(a.requests()) != 6 {
		t.Error(err, a.requests())
	}
}

// One that grows while it is read is good in the end if nothing is missing.
func TestGrowingList(t *testing.T) {
	c, a := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		total := 250
		if strings.Contains(r.URL.RawQuery, "page=3") {
			total = 251
		}
		reply(w, 200, pager{total, 100, fullInfo}.page(r.URL.Query()))
	}, func(c *Config) { c.Parallelism = 1 })
	if objects, err := c.List(t.Context(), rule, schema.UserScope); err != nil || len(objects) != 251 || len(a.requests()) != 6 {
		t.Error(len(objects), err, a.requests())
	}
}

func TestLists(t *testing.T) {
	item := func(id string) string { return `{"id":"` + id + `","mode":"block"}` }
	leaked := `{"id":"leaked","mode":"block","scope":{"type":"user","id":"u"}}`
	tests := []struct {
		name, body string
		ids        []string
		foreign    int
		fails      string
	}{
		{name: "null is empty", body: ok(`null`), ids: []string{}},
		{name: "null without success is no list", body: `{"result":null}`, fails: "no result"},
		{name: "no result", body: `{"success":true}`, fails: "no result"},
		{name: "not a list", body: ok(`{"id":"a"}`), fails: "a list is wanted"},
		{name: "not an object in it", body: ok(`[7]`), fails: "an object is wanted"},
		{name: "an object without id", body: ok(`[{"mode":"block"}]`), fails: "without an id"},
		{name: "success last, result_info first", body: `{"result_info":{"total_count":1},"result":[` + item("a") + `],"success":true}`, ids: []string{"a"}},
		{name: "success false after the result", body: `{"result":[` + item("a") + `],"success":false,"errors":[{"message":"sorry"}]}`, fails: "sorry"},
		{name: "the list alone", body: `[` + item("a") + `]`, fails: "no JSON object"},
		{name: "more after the end", body: ok(`[]`) + `x`, fails: "cannot be read"},
		{name: "leaked, counted in the total", body: `{"result":[` + item("a") + `,` + leaked + `],"success":true,"result_info":{"total_count":2}}`, ids: []string{"a"}, foreign: 1},
		{name: "leaked, not counted in the total", body: `{"result":[` + item("a") + `,` + leaked + `],"success":true,"result_info":{"total_count":1}}`, ids: []string{"a"}, foreign: 1},
		{name: "more than announced, twice", body: `{"result":[` + item("a") + `,` + item("b") + `,` + item("c") + `],"success":true,"result_info":{"total_count":2}}`, ids: []string{"a", "b", "c"}},
		{name: "announced, and not there", body: `{"result":[],"success":true,"result_info":{"total_count":2}}`, fails: "should have 2 objects"},
		{name: "longer than anything", body: `{"result":[` + item("a") + `],"success":true,"result_info":{"total_count":1000000}}`, fails: "pages"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, 200, tt.body) }, func(c *Config) { c.MaxRetries = -1 })
			objects, foreign, err := c.Read(t.Context(), rule, account)
			if tt.fails != "" {
				if f := fault(t, err); !strings.Contains(f.Message, tt.fails) {
					t.Error(f)
				}
				return
			}
			ids := []string{}
			for _, o := range objects {
				ids = append(ids, o.ID)
			}
			if err != nil || !slices.Equal(ids, tt.ids) || foreign != tt.foreign {
				t.Error(ids, foreign, err)
			}
		})
	}
}

// Objects of another scope are counted on every page, and each once, also where
// one moves to the next page meanwhile.
func TestPagesOfSeveralScopes(t *testing.T) {
	others := regexp.MustCompile(`{"id":"(\d+0)","mode":"block"}`)
	c, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		page := others.ReplaceAllString(pager{250, 100, fullInfo}.page(r.URL.Query()), `{"id":"$1","mode":"block","scope":{"type":"organization","id":"other"}}`)
		reply(w, 200, strings.Replace(page, `"00200"`, `"00190"`, 1))
	})
	objects, foreign, err := c.Read(t.Context(), rule, schema.UserScope)
	if err == nil || len(objects) != 0 {
		t.Errorf("one is missing, and nobody says so: %d and %d", len(objects), foreign)
	}
	whole, a := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		reply(w, 200, others.ReplaceAllString(pager{250, 100, fullInfo}.page(r.URL.Query()), `{"id":"$1","mode":"block","scope":{"type":"organization","id":"other"}}`))
	})
	if objects, foreign, err := whole.Read(t.Context(), rule, schema.UserScope); err != nil || len(objects) != 225 || foreign != 25 || len(a.requests()) != 3 {
		t.Errorf("%d and %d, %v, %v", len(objects), foreign, err, a.requests())
	}
}

// A retry starts anew: what the broken answer held is forgotten.
func TestListAfterBrokenAnswer(t *testing.T) {
	c, _ := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		reply(w, 200, []string{`{"result":[{"id":"a"},{"id":"b"}],"success":true`, ok(`null`)}[n])
	})
	if objects, err := c.List(t.Context(), rule, schema.UserScope); err != nil || len(objects) != 0 {
		t.Error(objects, err)
	}
}

func TestListInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			cancel()
		}
		reply(w, 200, pager{1000, 100, fullInfo}.page(r.URL.Query()))
	}, func(c *Config) { c.Parallelism = 1 })
	if objects, err := c.List(ctx, rule, schema.UserScope); err == nil || objects != nil {
		t.Error(len(objects), err)
	}
}

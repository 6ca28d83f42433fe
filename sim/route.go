package sim

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"trueup/schema"
)

// route is one endpoint.
type route struct {
	method, path string // below the scope; {id} is an identifier
	levels       []schema.Level
	product      *product
	access       access
	orTokens     func(Options) bool // keyOnly: whether tokens work after all
	rights       []string           // one of these is needed, Read or Write
	only         func(Options, schema.Level) bool
	run          func(*call) (*reply, *problem)
}

func (rt *route) tokens(o Options) bool { return rt.orTokens != nil && rt.orTokens(o) }

var (
	everywhere = []schema.Level{schema.User, schema.Account, schema.Zone}
	upperTwo   = []schema.Level{schema.User, schema.Account}
	userOnly   = []schema.Level{schema.User}
)

// table is every endpoint; literal segments stand before {id} (API facts §9).
func (s *Server) table() []route {
	var all []route
	add := func(base route, endpoints ...route) {
		for _, e := range endpoints {
			rt := base
			rt.method, rt.run, rt.only = e.method, e.run, e.only
			rt.path = strings.Trim(base.path+"/"+e.path, "/")
			if e.access != anyCredential {
				rt.access = e.access
			}
			all = append(all, rt)
		}
	}
	add(route{levels: everywhere, product: s.products.rules, path: s.products.rules.path, rights: []string{"Account Firewall Access Rules", "Firewall Services"}},
		route{method: "GET", run: (*call).listRules},
		route{method: "POST", run: (*call).create},
		route{method: "GET", path: "{id}", run: (*call).get, only: func(o Options, l schema.Level) bool { return l != schema.User || o.UserRuleGet }},
		route{method: "PATCH", path: "{id}", run: (*call).update},
		route{method: "DELETE", path: "{id}", run: (*call).deleteRule})
	balancing := []string{"Load Balancing: Monitors and Pools"}
	add(route{levels: upperTwo, product: s.products.monitors, path: s.products.monitors.path, rights: balancing},
		balancingRoutes((*call).listAll)...)
	add(route{levels: upperTwo, product: s.products.pools, path: s.products.pools.path, rights: balancing},
		append(balancingRoutes((*call).listPools), route{method: "PATCH", run: (*call).patchPools})...)
	add(route{levels: upperTwo, product: s.products.tokens, path: s.products.tokens.path, rights: []string{"API Tokens", "Account API Tokens"}, access: tokenOnly},
		route{method: "GET", path: "verify", run: (*call).verify, access: bearerOnly},
		route{method: "GET", path: "permission_groups", run: (*call).permissionGroups},
		route{method: "GET", run: (*call).listTokens},
		route{method: "POST", run: (*call).create},
		route{method: "GET", path: "{id}", run: (*call).get},
		route{method: "PUT", path: "{id}", run: (*call).update},
		route{method: "DELETE", path: "{id}", run: (*call).delete},
		route{method: "PUT", path: "{id}/value", run: (*call).roll})
	add(route{levels: userOnly, product: s.products.invites, path: s.products.invites.path, access: keyOnly,
		orTokens: func(o Options) bool { return o.TokensForInvites }, rights: []string{"Memberships"}},
		route{method: "GET", run: (*call).listAll},
		route{method: "GET", path: "{id}", run: (*call).get},
		route{method: "PATCH", path: "{id}", run: (*call).update})
	add(route{levels: upperTwo, product: s.products.audit, path: s.products.audit.path},
		route{method: "GET", run: (*call).listAudit})
	add(route{levels: userOnly, product: s.products.audit, access: keyOnly,
		orTokens: func(o Options) bool { return o.TokensForUser }, rights: []string{"User Details"}},
		route{method: "GET", run: (*call).user})
	return all
}

// balancingRoutes are what monitors and pools have alike.
func balancingRoutes(list func(*call) (*reply, *problem)) []route {
	return []route{
		{method: "GET", run: list},
		{method: "POST", run: (*call).create},
		{method: "GET", path: "{id}", run: (*call).get},
		{method: "PUT", path: "{id}", run: (*call).update},
		{method: "PATCH", path: "{id}", run: (*call).update},
		{method: "DELETE", path: "{id}", run: (*call).delete},
		{method: "GET", path: "{id}/references", run: (*call).references},
	}
}

// basePath may stand before every path, as in the real API's URLs.
const basePath = "/client/v4"

// route finds the endpoint.
func (s *Server) route(method, path string) (*route, schema.Scope, string, *problem) {
	scope, segments := s.splitScope(strings.TrimPrefix(path, basePath))
	badID, otherMethod := false, false
	for i := range s.routes {
		rt := &s.routes[i]
		if !slices.Contains(rt.levels, scope.Level) || rt.only != nil && !rt.only(s.o, scope.Level) {
			continue
		}
		id, fits, valid := fit(rt.path, segments)
		switch {
		case !fits:
		case !valid:
			badID = true
		case rt.method != method:
			otherMethod = true
		default:
			return rt, scope, id, nil
		}
	}
	if otherMethod {
		return nil, scope, "", refuse(http.StatusMethodNotAllowed, 7001, "Method %s not available for that URI.", method)
	}
	p := refuse(http.StatusNotFound, 7003, "Could not route to %s, perhaps your object identifier is invalid?", secretRE.ReplaceAllString(path, "cf${1}_redacted"))
	if !badID {
		p.more = []apiError{{Code: 7000, Message: "No route for that URI"}}
	}
	return nil, scope, "", p
}

// splitScope cuts the scope off the path. The level is "" for a scope that is
// not known.
func (s *Server) splitScope(path string) (schema.Scope, []string) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	scope := schema.Scope{}
	switch {
	case segments[0] == "user":
		return schema.UserScope, segments[1:]
	case len(segments) < 2:
		return scope, nil
	case segments[0] == "accounts" && segments[1] == AccountID:
		scope = schema.Scope{Level: schema.Account, ID: AccountID}
	case segments[0] == "zones" && segments[1] == ZoneID:
		scope = schema.Scope{Level: schema.Zone, ID: ZoneID}
	}
	return scope, segments[2:]
}

// fit matches segments with a pattern.
func fit(pattern string, segments []string) (id string, fits, valid bool) {
	var want []string
	if pattern != "" {
		want = strings.Split(pattern, "/")
	}
	if len(want) != len(segments) {
		return "", false, false
	}
	valid = true
	for i, w := range want {
		switch {
		case w == "{id}":
			id, valid = segments[i], schema.ValidID(segments[i])
		case w != segments[i]:
			return "", false, false
		}
	}
	return id, true, valid
}

// answer executes a request: credential, rate, route, rights, body, and then
// what the endpoint does.
func (s *Server) answer(r *http.Request, body []byte) *response {
	now, h := s.now(), http.Header{}
	rep, p := s.serve(r, body, now, h)
	var resp *response
	if p != nil {
		resp = writeProblem(p)
	} else {
		resp = s.write(rep)
	}
	for k, v := range h {
		resp.header[k] = v
	}
	if s.broken != nil {
		return htmlPage(http.StatusInternalServerError, 0)
	}
	return resp
}

func (s *Server) serve(r *http.Request, body []byte, now time.Time, h http.Header) (*reply, *problem) {
	who, p := s.authenticate(r.Header)
	if p != nil {
		who.bucket = "unknown"
	}
	if limited := s.admit(who.bucket, now, h); limited != nil {
		return nil, limited
	}
	if p != nil {
		return nil, p
	}
	rt, scope, id, p := s.route(r.Method, r.URL.Path)
	if p != nil {
		return nil, p
	}
	if p := s.permit(who, rt, scope, now); p != nil {
		return nil, p
	}
	c := &call{s: s, scope: scope, id: id, method: r.Method, query: r.URL.Query(), who: who, face: "API", now: now, product: rt.product}
	if c.body, p = s.readJSON(r, body); p != nil {
		return nil, p
	}
	if who.id != "" {
		s.used[who.id] = now
	}
	rep, p := rt.run(c)
	if p == nil {
		c.commit()
	}
	return rep, p
}

// readJSON reads the body of a write; nil if there need be none.
func (s *Server) readJSON(r *http.Request, body []byte) (doc, *problem) {
	if r.Method == http.MethodGet || r.Method == http.MethodDelete && len(body) == 0 {
		if r.Method == http.MethodDelete && s.o.DeleteNeedsBody {
			return nil, refuse(http.StatusBadRequest, 6007, "Malformed JSON in request body")
		}
		return nil, nil
	}
	if r.ContentLength < 0 || len(r.TransferEncoding) > 0 { // API facts §0.2: bodies say their size
		return nil, refuse(http.StatusBadRequest, 6007, "The request has no Content-Length")
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, refuse(http.StatusBadRequest, 1029, "Unable to find a property to update")
	}
	var d doc
	if err := json.Unmarshal(body, &d); err != nil || d == nil {
		return nil, refuse(http.StatusBadRequest, 6007, "Malformed JSON in request body")
	}
	return d, nil
}

package sim

import (
	"crypto/subtle"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"trueup/schema"
)

// access says which credentials an endpoint takes (API facts §0.1).
type access uint8

const (
	anyCredential access = iota
	keyOnly              // email and key
	tokenOnly
	bearerOnly // verify: reads the header itself
)

// identity is who sends a request.
type identity struct {
	key    bool   // by email and key
	scope  string // whose token it is: "user" or "account:…"; "" for a key
	id     string // the token's
	token  doc    // as it is kept
	bucket string // whose requests are counted together
}

var (
	bearerRE = regexp.MustCompile(`^Bearer [A-Za-z0-9_-]{40,80}$`)
	apiKeyRE = regexp.MustCompile(`^[0-9a-fA-F]{37,45}$|^cfk_[A-Za-z0-9_]{40,80}$`)
)

// authenticate finds out who sends the request.
func (s *Server) authenticate(h http.Header) (identity, *problem) {
	bearer, email, key := h.Get("Authorization"), h.Get("X-Auth-Email"), h.Get("X-Auth-Key")
	switch {
	case bearer != "":
		if !bearerRE.MatchString(bearer) {
			return identity{}, malformed(6111, "Invalid format for Authorization header")
		}
		return s.bearer(strings.TrimPrefix(bearer, "Bearer "))
	case email == "" && key == "":
		return identity{}, s.unknown()
	case !strings.Contains(email, "@"):
		return identity{}, malformed(6102, "Invalid format for X-Auth-Email header")
	case !apiKeyRE.MatchString(key):
		return identity{}, malformed(6103, "Invalid format for X-Auth-Key header")
	}
	if !strings.EqualFold(email, UserEmail) || subtle.ConstantTimeCompare([]byte(key), []byte(globalKey)) != 1 {
		return identity{}, s.unknown()
	}
	return identity{key: true, bucket: "user"}, nil
}

func malformed(code int, message string) *problem {
	p := refuse(http.StatusBadRequest, 6003, "Invalid request headers")
	p.chain = []apiError{{Code: code, Message: message}}
	return p
}

func (s *Server) unknown() *problem {
	if s.o.AuthErrors403 {
		return refuse(http.StatusForbidden, 10000, "Authentication error")
	}
	return refuse(http.StatusUnauthorized, 10000, "Authentication error")
}

// bearer finds the token whose secret it is.
func (s *Server) bearer(secret string) (identity, *problem) {
	hash := s.hash(secret)
	for _, key := range s.world.keys() {
		c := s.world.colls[key]
		if c.product != s.products.tokens {
			continue
		}
		if o := c.byKey[hash]; o != nil {
			who := identity{scope: c.scope.String(), id: o.id, token: o.read(), bucket: "user"}
			if c.scope.Level != schema.User {
				who.bucket = o.id
			}
			return who, nil
		}
	}
	return identity{}, s.unknown()
}

// ValidSecret reports whether the text is the value of a token, whatever its
// status, and gives that token's id.
func (s *Server) ValidSecret(secret string) (tokenID string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, p := s.bearer(secret)
	return who.id, p == nil
}

// permit reports whether the credential may be used here and now.
func (s *Server) permit(who identity, rt *route, scope schema.Scope, now time.Time) *problem {
	switch {
	case who.key && rt.access == bearerOnly:
		return refuse(http.StatusBadRequest, 1001, `Missing "Authorization" header`)
	case who.key && rt.access == tokenOnly && !s.o.KeysForTokens:
		return refuse(http.StatusForbidden, 10000, "Authentication error")
	case who.key:
		return nil
	case rt.access == keyOnly && !rt.tokens(s.o):
		return refuse(http.StatusForbidden, 10000, "Authentication error")
	case scope.Level == schema.User && who.scope != "user":
		return s.denied() // account-owned tokens (API facts §0.1)
	case who.scope != "user" && scope.Level == schema.Account && who.scope != scope.String():
		return s.denied()
	case s.isFresh(who.id, now):
		return refuse(http.StatusForbidden, 9109, "Invalid access token")
	case rt.access == bearerOnly:
		return nil
	}
	if p := s.usable(who, now); p != nil {
		return p
	}
	if !holds(who.token, rt.rights, rt.method != http.MethodGet) {
		return s.denied()
	}
	return nil
}

func (s *Server) denied() *problem {
	if s.o.Denied10000 {
		return refuse(http.StatusForbidden, 10000, "Authentication error")
	}
	return refuse(http.StatusForbidden, 9109, "Unauthorized to access requested resource")
}

// usable: a token must be active and within its time; an empty condition lets
// nobody in (API facts §4).
func (s *Server) usable(who identity, now time.Time) *problem {
	switch {
	case tokenStatus(who.token, now) != "active":
		return s.unknown()
	case text(who.token["not_before"]) != "" && now.Before(instant(who.token["not_before"])):
		return s.unknown()
	case shutsOut(who.token["condition"]):
		return refuse(http.StatusForbidden, 9109, "Cannot use the access token from location: 127.0.0.1")
	}
	return nil
}

// isFresh: the token was made, changed or rolled a moment ago (API facts §0.6).
func (s *Server) isFresh(id string, now time.Time) bool {
	made, ok := s.fresh[id]
	return ok && now.Before(made.Add(s.o.FreshTokenLag))
}

// shutsOut: an `in` that is there and empty, or a condition without content.
func shutsOut(condition any) bool {
	d, ok := condition.(doc)
	if !ok {
		return false
	}
	ip, _ := d["request_ip"].(doc)
	in, has := ip["in"].([]any)
	return len(ip) == 0 || has && len(in) == 0
}

// holds reports whether the token's policies allow one of the rights, which
// are names of permission groups without their last word.
func holds(token doc, rights []string, write bool) bool {
	if len(rights) == 0 {
		return true
	}
	verbs := []string{"Write"}
	if !write {
		verbs = []string{"Read", "Write"}
	}
	allowed := false
	for _, policy := range docs(token["policies"]) {
		for _, group := range docs(policy["permission_groups"]) {
			name := groupName(text(group["id"]))
			stem, verb := name, ""
			if i := strings.LastIndexByte(name, ' '); i >= 0 {
				stem, verb = name[:i], name[i+1:]
			}
			if !slices.Contains(rights, stem) || !slices.Contains(verbs, verb) {
				continue
			}
			if text(policy["effect"]) == "deny" {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

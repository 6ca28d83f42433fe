package cfclient

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"trueup/schema"
)

// refusal is the fault for an answer that says no. err is why its body could
// not be read, if it could not.
func (c *Client) refusal(resp *http.Response, body []byte, env envelope, err error, q *call, cred schema.Auth) *schema.Fault {
	f := &schema.Fault{Status: resp.StatusCode, Ray: ray(resp)}
	if len(env.codes) > 0 {
		f.Code = env.codes[0]
	}
	message := cmp.Or(env.errors, env.messages)
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		message = redirected(resp)
	case message == "" && err != nil:
		message = what(resp, body)
	case message == "":
		message = cmp.Or(http.StatusText(resp.StatusCode), "refused without a reason")
	}
	f.Message = c.redact.clean(message, q.secrets)
	f.Meaning, f.Remedy = meaning(resp.StatusCode, env.codes, message, q)
	if f.Meaning == schema.Denied && f.Remedy == "" {
		f.Remedy = fmt.Sprintf("Check that what %s holds is valid and has the right for this.", variable(cred))
	}
	if slices.Contains(env.codes, codeNoRoute) {
		f.Remedy = cmp.Or(f.Remedy, noRoute(q.path))
	}
	return f
}

// codeNoRoute is the code for a path that means nothing to the API: an id that
// is none of its own, or a wrong base URL (API facts §0.3).
const codeNoRoute = 7003

func noRoute(path string) string {
	if strings.HasPrefix(strings.TrimPrefix(path, "/"), "user/") {
		return "Check the base URL; that of the public API ends in /client/v4."
	}
	return "Check the id in the scope: account:<id> or zone:<id>."
}

// meaning is what the answer comes to: first by the table's own rows for the
// kind, for each code of a chain, then by status.
func meaning(status int, codes []int, message string, q *call) (schema.Meaning, string) {
	if status == http.StatusTooManyRequests {
		return schema.RateLimited, ""
	}
	if q.kind != nil {
		for _, code := range append(codes[:len(codes):len(codes)], 0) {
			if m, remedy := q.kind.API.Classify(status, code, message); m != schema.Other {
				return m, remedy
			}
		}
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return schema.Denied, ""
	case status == http.StatusBadRequest && strings.Contains(strings.ToLower(message), "request headers"):
		return schema.Denied, "" // API facts §0.3: a malformed credential
	case status == http.StatusNotFound:
		return schema.NotFound, ""
	case status == http.StatusRequestTimeout, status >= 500:
		return schema.Unknown, ""
	case status >= 400:
		return schema.Invalid, ""
	}
	return schema.Other, ""
}

func redirected(resp *http.Response) string {
	if to, err := url.Parse(resp.Header.Get("Location")); err == nil && to.Host != "" {
		return "redirected to " + to.Host + ", which is not followed"
	}
	return "redirected, which is not followed"
}

// titleRE is large, and made only when it is needed.
var titleRE = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?is)<title[^>]*>(.{1,200}?)</title>`)
})

// what describes a body that is no JSON envelope.
func what(resp *http.Response, body []byte) string {
	if len(bytes.TrimSpace(body)) == 0 {
		return "the body is empty"
	}
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	text := fmt.Sprintf("%d bytes of %s", len(body), cmp.Or(strings.TrimSpace(kind), "no named type"))
	if m := titleRE().FindSubmatch(body[:min(len(body), 64<<10)]); m != nil {
		text += ", titled " + schema.Quote(strings.Join(strings.Fields(html.UnescapeString(string(m[1]))), " "))
	}
	return text
}

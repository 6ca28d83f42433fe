package cfclient

import (
	"cmp"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"trueup/diag"
	"trueup/schema"
)

// secretRE is a credential of the newer form (API facts §0.1), known by how it
// begins.
var secretRE = regexp.MustCompile(`cf(?:ut|at|k)_[A-Za-z0-9_-]+`)

// maxMessage bounds what of a message is passed on, in bytes.
const maxMessage = 2000

// redactor keeps secrets out of messages. It is safe for concurrent use.
type redactor struct {
	mu    sync.Mutex
	known []string
}

// add makes texts known as secrets.
func (r *redactor) add(texts ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range texts {
		if t != "" && !slices.Contains(r.known, t) {
			r.known = append(r.known, t)
		}
	}
}

// clean is the text without secrets, safe to print, of bounded length. more
// are secrets of this request only.
func (r *redactor) clean(text string, more []string) string {
	r.mu.Lock()
	known := append(slices.Clone(r.known), more...)
	r.mu.Unlock()
	slices.SortFunc(known, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // the longer first: one may hold another
	for _, k := range known {
		for _, form := range []string{k, html.EscapeString(k), url.QueryEscape(k), url.PathEscape(k)} {
			text = strings.ReplaceAll(text, form, schema.Masked)
		}
	}
	text = diag.Clean(secretRE.ReplaceAllString(text, schema.Masked))
	if len(text) <= maxMessage {
		return text
	}
	cut := maxMessage
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

package render

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestHTML(t *testing.T) {
	for name, p := range cases() {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".html", func() []byte { return withoutParts(must(HTML(p, goldenOptions))) })
		})
	}
}

// withoutParts is a page without its style and script, which have files of
// their own, and without their digests.
func withoutParts(page []byte) []byte {
	page = bytes.Replace(page, []byte(pageStyle), []byte("…"), 1)
	page = bytes.Replace(page, []byte(pageScript), []byte("…"), 1)
	return regexp.MustCompile(`sha256-[^ ;"]*`).ReplaceAll(page, []byte("sha256-…"))
}

// TestHTMLEscapes: every element is one that the page has by itself, with
// attributes that it has by itself, and nothing is fetched.
func TestHTMLEscapes(t *testing.T) {
	all := strings.Join(corpus, " ")
	ours := map[string][]string{
		"html": {"lang"}, "head": nil, "body": nil, "meta": {"charset", "http-equiv", "content", "name"}, "title": nil, "style": nil, "script": nil, "header": nil, "main": nil,
		"footer": nil, "section": {"class"}, "h1": nil, "h2": nil, "p": {"class"}, "ul": {"class"}, "li": nil, "b": {"class"}, "strong": nil, "div": {"class", "role", "aria-label"},
		"details": {"class", "data-action", "data-kind", "open"}, "summary": nil, "code": nil, "span": {"class", "id", "role", "aria-hidden"}, "table": {"class"}, "tbody": nil, "tr": nil, "th": {"class", "scope"},
		"td": {"class"}, "bdi": nil, "ins": nil, "del": nil, "input": {"id", "type", "placeholder", "aria-label"}, "button": {"type", "data-by", "data-value", "aria-pressed", "id"},
	}
	for name, p := range cases() {
		page := must(HTML(p, Options{Commit: all, Source: all}))
		root, err := html.Parse(bytes.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		scripts := 0
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			if n.Data == "script" {
				scripts++
			}
			allowed, known := ours[n.Data]
			if !known {
				t.Errorf("%s: a value made an element %s", name, n.Data)
			}
			for _, a := range n.Attr {
				if !slices.Contains(allowed, a.Key) {
					t.Errorf("%s: %s has an attribute %s", name, n.Data, a.Key)
				}
			}
		}
		if scripts > 1 {
			t.Errorf("%s: %d scripts", name, scripts)
		}
		for _, r := range string(page) {
			if r == '\x1b' || r == '\u202e' || r == '\u2028' {
				t.Errorf("%s: %U is in the page", name, r)
			}
		}
	}
}

// TestHTMLPolicy: the page's policy allows just what is in it.
func TestHTMLPolicy(t *testing.T) {
	page := string(must(HTML(overview(), Options{})))
	for _, m := range regexp.MustCompile(`(?s)<(style|script)>(.*?)</(?:style|script)>`).FindAllStringSubmatch(page, -1) {
		if m[2] != pageStyle && m[2] != pageScript {
			t.Errorf("the %s in the page is not what the policy allows", m[1])
		}
	}
	if strings.Contains(page, "http://") || strings.Contains(page, "https://") || strings.Contains(page, "style=") || regexp.MustCompile(`\son[a-z]+=`).MatchString(page) {
		t.Error("the page fetches something, or has inline handlers or styles")
	}
}

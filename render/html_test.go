package render

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
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
		"footer": nil, "section": {"class"}, "h1": nil, "h2": nil, "p": {"class"}, "ul": {"class"}, "li": nil, "b": {"class"}, "strong": nil, "div": {"class", "role"},
		"details": {"class", "data-action", "data-kind", "open"}, "summary": nil, "code": nil, "span": {"class", "id", "role"}, "table": {"class"}, "tbody": nil, "tr": nil,
		"td": {"class"}, "ins": nil, "del": nil, "input": {"id", "type", "placeholder", "aria-label"}, "button": {"type", "data-by", "data-value", "aria-pressed", "id"},
	}
	for name, p := range cases() {
		page := must(HTML(p, Options{Title: all, Commit: all, Source: all}))
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

// TestHTMLInBrowser runs the page in Chromium, where there is one: the script
// is let in by the policy, and the filters filter.
func TestHTMLInBrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil || testing.Short() {
		t.Skip("no chromium, or a short run")
	}
	file := filepath.Join(t.TempDir(), "plan.html")
	if err := os.WriteFile(file, must(HTML(overview(), goldenOptions)), 0o600); err != nil {
		t.Fatal(err)
	}
	for hash, want := range map[string]int{"": 6, "#kind=access_rule,pool&action=update": 2, "#q=dns+nothing": 0, "#q=dns": 1} {
		out, err := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+file+hash).Output()
		if err != nil {
			t.Fatal(err)
		}
		root, err := html.Parse(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		shown, js := 0, false
		for n := range root.Descendants() {
			has := func(key, val string) bool {
				return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key && a.Val == val })
			}
			if n.Data == "html" {
				js = has("class", "js")
			}
			if n.Data == "details" && has("class", "change") && !has("hidden", "") {
				shown++
			}
		}
		if !js || shown != want {
			t.Errorf("%q: %d blocks are shown, want %d; script ran: %v", hash, shown, want, js)
		}
	}
}

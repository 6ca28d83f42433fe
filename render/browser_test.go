package render

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"
)

var takePicture = flag.Bool("picture", false, "take docs/plan.png again")

// browser is a page in a headless Chromium, driven over its own protocol.
type browser struct {
	t    *testing.T
	conn *websocket.Conn
	last int
}

// openBrowser shows a page. It skips the test where there is no Chromium, or in
// a short run.
func openBrowser(t *testing.T, page []byte) *browser {
	b := startBrowser(t)
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		t.Fatal(err)
	}
	b.do("Page.enable", nil)
	b.load("Page.navigate", params{"url": "file://" + file})
	return b
}

func startBrowser(t *testing.T) *browser {
	chromium, err := exec.LookPath("chromium")
	if err != nil || testing.Short() {
		t.Skip("no chromium, or a short run")
	}
	profile, err := os.MkdirTemp("", "trueup-browser")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-port=0", "--remote-allow-origins=*", "--user-data-dir="+profile, "about:blank")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.AfterFunc(90*time.Second, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		deadline.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		for range 50 { // its own processes end a little later, and write until then
			if os.RemoveAll(profile) == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	listening := regexp.MustCompile(`listening on ws://([^/]+)/`)
	for s := bufio.NewScanner(stderr); s.Scan(); {
		if m := listening.FindStringSubmatch(s.Text()); m != nil {
			go func() {
				for s.Scan() { // what it says later must not block it
				}
			}()
			return &browser{t: t, conn: attach(t, m[1])}
		}
	}
	t.Fatal("chromium ended without saying where it listens")
	return nil
}

func attach(t *testing.T, host string) *websocket.Conn {
	answer, err := http.Get("http://" + host + "/json/list")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var targets []struct {
		Type string
		URL  string `json:"webSocketDebuggerUrl"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&targets); err != nil {
		t.Fatal(err)
	}
	for _, target := range targets {
		if target.Type == "page" {
			conn, err := websocket.Dial(target.URL, "", "http://localhost")
			if err != nil {
				t.Fatal(err)
			}
			conn.MaxPayloadBytes = 64 << 20
			return conn
		}
	}
	t.Fatal("chromium has no page")
	return nil
}

type params map[string]any

// do sends a command and waits for its answer.
func (b *browser) do(method string, p params) json.RawMessage {
	b.t.Helper()
	answer, _ := b.until(method, p, false)
	return answer
}

// load is do for what loads a page, and waits for that too.
func (b *browser) load(method string, p params) {
	b.t.Helper()
	if _, loaded := b.until(method, p, true); !loaded {
		b.t.Fatalf("%s loads nothing", method)
	}
}

func (b *browser) until(method string, p params, load bool) (result json.RawMessage, loaded bool) {
	b.t.Helper()
	b.last++
	if err := websocket.JSON.Send(b.conn, params{"id": b.last, "method": method, "params": p}); err != nil {
		b.t.Fatal(err)
	}
	for result == nil || load && !loaded {
		var answer struct {
			ID     int
			Method string
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		if err := websocket.JSON.Receive(b.conn, &answer); err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
		switch {
		case answer.Method == "Page.loadEventFired":
			loaded = true
		case answer.ID != b.last: // another event
		case answer.Error != nil:
			b.t.Fatalf("%s: %s", method, answer.Error.Message)
		default:
			result = answer.Result
		}
	}
	return result, loaded
}

// eval is the value of an expression in the page, as text.
func (b *browser) eval(js string) string {
	b.t.Helper()
	var answer struct {
		Result    struct{ Value any }
		Exception *struct{ Text string } `json:"exceptionDetails"`
	}
	if err := json.Unmarshal(b.do("Runtime.evaluate", params{"expression": js, "awaitPromise": true, "returnByValue": true}), &answer); err != nil {
		b.t.Fatal(err)
	}
	if answer.Exception != nil {
		b.t.Fatalf("%s: %s", js, answer.Exception.Text)
	}
	return fmt.Sprint(answer.Result.Value)
}

// want waits until the expression has the value.
func (b *browser) want(what, js, value string) {
	b.t.Helper()
	got := b.eval(`new Promise(done => { const until = Date.now() + 20000, look = () => { const is = String(` + js + `);
		if (is === ` + string(must(json.Marshal(value))) + ` || Date.now() > until) done(is); else setTimeout(look, 10) }; look() })`)
	if got != value {
		b.t.Errorf("%s: %s, want %s", what, got, value)
	}
}

// click presses the mouse on the first element that the selector finds.
func (b *browser) click(selector string) {
	b.t.Helper()
	var at struct{ X, Y float64 }
	place := b.eval(`(() => { const e = document.querySelector(` + "`" + selector + "`" + `); e.scrollIntoView({block: "center"});
		const r = e.getBoundingClientRect(); return JSON.stringify({x: r.x + r.width / 2, y: r.y + r.height / 2}) })()`)
	if err := json.Unmarshal([]byte(place), &at); err != nil {
		b.t.Fatal(err)
	}
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.do("Input.dispatchMouseEvent", params{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1})
	}
}

// key presses one key.
func (b *browser) key(name string, code int, text string) {
	b.do("Input.dispatchKeyEvent", params{"type": "keyDown", "key": name, "windowsVirtualKeyCode": code, "text": text})
	b.do("Input.dispatchKeyEvent", params{"type": "keyUp", "key": name, "windowsVirtualKeyCode": code})
}

func (b *browser) screen(width int, mobile, dark bool) {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.do("Emulation.setDeviceMetricsOverride", params{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": mobile})
	b.do("Emulation.setEmulatedMedia", params{"features": []params{{"name": "prefers-color-scheme", "value": scheme}}})
}

const (
	visible  = `[...document.querySelectorAll("details.change")].filter(e => e.checkVisibility()).length`
	unfolds  = `document.querySelectorAll("details.change[open]").length`
	headings = `[...document.querySelectorAll("section.group")].filter(e => e.checkVisibility()).length`
)

// TestHTMLInBrowser uses the page as a reader would: its policy lets its script
// in, the filters and the search filter, the keyboard is enough, a phone has no
// need to scroll sideways, and what is printed is unfolded.
func TestHTMLInBrowser(t *testing.T) {
	b := openBrowser(t, must(HTML(overview(), goldenOptions)))
	b.want("the script ran", `document.documentElement.className`, "js")
	b.want("at first", visible, "6")
	b.click(`button[data-value="access_rule"]`)
	b.want("one kind", visible+`+"/"+`+headings, "3/3")
	b.click(`button[data-value="update"]`)
	b.want("one kind and one action", visible+`+"/"+`+headings, "1/1")
	b.want("how many", `document.getElementById("shown").textContent`, "1 of 6 shown")
	b.want("pressed", `document.querySelectorAll("[aria-pressed=true][data-by]").length`, "2")
	b.click(`button[data-value="update"]`)
	b.click(`button[data-value="pool"]`)
	b.want("two kinds", visible, "4")
	b.click(`button[data-value="access_rule"]`)
	b.click(`button[data-value="pool"]`)
	b.want("all again", visible, "6")

	b.key("/", 191, "/")
	b.want("the key / leads to the search", `document.activeElement.id`, "search")
	b.do("Input.insertText", params{"text": "DNS write"})
	b.want("a search of words", visible, "1")
	b.do("Input.insertText", params{"text": " nothing"})
	b.want("a search of nothing", visible+`+"/"+document.getElementById("shown").textContent`, "0/0 of 6 shown")
	b.key("Escape", 27, "")
	b.want("Escape clears it", visible+`+"/"+document.getElementById("shown").textContent`, "6/")

	b.want("unfolded", unfolds, "6")
	b.click("#unfold")
	b.want("folded", unfolds, "0")
	b.eval(`document.querySelector("details.change > summary").focus()`)
	b.key("Enter", 13, "\r")
	b.want("by key", unfolds, "1")
	b.eval(`dispatchEvent(new Event("beforeprint"))`)
	b.want("in print", unfolds, "6")
	b.eval(`dispatchEvent(new Event("afterprint"))`)
	b.want("after print", unfolds, "1")

	b.eval(`location.hash = "#kind=access_rule,pool&action=update"`)
	b.load("Page.reload", nil)
	b.want("a link chooses", visible, "2")
	for _, width := range []int{320, 375, 1280} {
		b.screen(width, width < 400, width == 375)
		b.want(fmt.Sprintf("sideways at %d", width), `document.documentElement.scrollWidth <= innerWidth`, "true")
	}
	b.want("nothing is fetched", `performance.getEntriesByType("resource").length`, "0")
	if *takePicture {
		b.eval(`location.hash = ""`)
		b.load("Page.reload", nil)
		b.want("loaded", visible, "6")
		b.screenshot("../docs/plan.png", 1100, false, false)
	}
}

// TestHTMLIsUnderstood looks at what the browser tells those who listen.
func TestHTMLIsUnderstood(t *testing.T) {
	p, other := overview(), refusedPlan()
	p.Refusals, p.Warnings = other.Refusals, other.Warnings
	b := openBrowser(t, must(HTML(p, goldenOptions)))
	b.want("the script ran", `document.documentElement.className`, "js")
	tree := string(b.do("Accessibility.getFullAXTree", nil))
	for _, role := range []string{"banner", "main", "contentinfo", "search", "searchbox", "status", "heading", "group", "rowheader", "DisclosureTriangle"} {
		if !strings.Contains(tree, `"value":"`+role+`"`) {
			t.Errorf("there is no %s", role)
		}
	}
	b.want("every control has a name", `[...document.querySelectorAll("input, button")].every(e => e.textContent.trim() || e.ariaLabel)`, "true")
	for _, dark := range []bool{false, true} {
		b.screen(1280, false, dark)
		b.want("contrast", contrast, "")
	}
}

// contrast names elements whose text stands out less than 4.5 to 1.
const contrast = `(() => {
	const parts = c => c.match(/[\d.]+/g).map(Number);
	const light = c => { const [r, g, b] = parts(c).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
	const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if ((parts(c)[3] ?? 1) > 0) return c } return "rgb(255, 255, 255)" };
	const bad = new Set();
	for (const e of document.querySelectorAll("body *")) {
		if (!e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
		const a = light(getComputedStyle(e).color), b = light(ground(e));
		if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) bad.add(e.tagName + "." + e.className);
	}
	return [...bad].join(" ");
})()`

// screenshot writes the whole page as a picture.
func (b *browser) screenshot(file string, width int, mobile, dark bool) {
	b.screen(width, mobile, dark)
	var shot struct{ Data string }
	if err := json.Unmarshal(b.do("Page.captureScreenshot", params{"captureBeyondViewport": true, "format": "png"}), &shot); err != nil {
		b.t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

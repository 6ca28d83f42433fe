package sim

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Action is what goes wrong; the package comment describes each.
type Action string

const (
	Refuse    Action = "refuse"
	CutBefore Action = "cut-before"
	CutAfter  Action = "cut-after"
	Delay     Action = "delay"
	Garbage   Action = "garbage"
	Truncated Action = "truncated"
	After500  Action = "500-after"
	HTML500   Action = "html500"
	Bad502    Action = "502"
	Down503   Action = "503"
	Limit429  Action = "429"
	Forbidden Action = "forbidden"
	Blocked   Action = "blocked"
)

// Actions are all of them.
var Actions = []Action{Refuse, CutBefore, CutAfter, Delay, Garbage, Truncated, After500, HTML500, Bad502, Down503, Limit429, Forbidden, Blocked}

// timed are the actions that take a duration, and which they have without.
var timed = map[Action]time.Duration{Delay: 0, Bad502: 0, Down503: 0, Limit429: time.Second, Blocked: 5 * time.Minute}

// Fault is something that goes wrong with some requests.
type Fault struct {
	Action Action
	For    time.Duration // the delay, or what Retry-After says
	Method string        // "" fits any
	Glob   string        // fits the last segments of the path; "" fits any
	First  int           // the number, among those that fit, of the first that goes wrong; 0 is 1
	Last   int           // and of the last; 0 is no end
}

var (
	faultRE  = regexp.MustCompile(`^([a-z0-9-]+)(?::([^@]+))?(?:@([^#]*)(?:#(\d+)(-\d*)?)?)?$`)
	methodRE = regexp.MustCompile(`^[A-Z]+$`)
)

// ParseFaults reads faults separated by commas, in the form that the package
// comment gives.
func ParseFaults(text string) ([]Fault, error) {
	var out []Fault
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		f, err := ParseFault(part)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// ParseFault reads one fault.
func ParseFault(text string) (Fault, error) {
	m := faultRE.FindStringSubmatch(text)
	if m == nil {
		return Fault{}, fmt.Errorf("fault %q: write ACTION[:DURATION][@[METHOD:][GLOB][#N]]", text)
	}
	f := Fault{Action: Action(m[1])}
	if !slices.Contains(Actions, f.Action) {
		return Fault{}, fmt.Errorf("fault %q: there is no action %q; the actions are %v", text, m[1], Actions)
	}
	if err := f.readDuration(m[2]); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	if err := f.readPlace(m[3]); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	if err := f.readRange(m[4], m[5]); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return f, nil
}

func (f *Fault) readDuration(text string) error {
	usual, takes := timed[f.Action]
	switch {
	case text != "" && !takes:
		return fmt.Errorf("%s takes no duration", f.Action)
	case text == "" && f.Action == Delay:
		return fmt.Errorf("delay needs a duration, such as delay:200ms")
	case text == "":
		f.For = usual
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no duration such as 3s", text)
	}
	f.For = d
	return nil
}

func (f *Fault) readPlace(text string) error {
	method, glob, colon := strings.Cut(text, ":")
	switch {
	case colon && !methodRE.MatchString(method):
		return fmt.Errorf("%q is no method", method)
	case colon:
		f.Method, f.Glob = method, glob
	case methodRE.MatchString(text):
		f.Method = text
	default:
		f.Glob = text
	}
	f.Glob = strings.Trim(f.Glob, "/")
	_, err := path.Match(f.Glob, "")
	return err
}

func (f *Fault) readRange(first, last string) error {
	if first == "" {
		return nil
	}
	n, err := strconv.Atoi(first)
	if err != nil || n < 1 {
		return fmt.Errorf("requests are counted from 1")
	}
	f.First, f.Last = n, n
	switch last {
	case "":
	case "-":
		f.Last = 0
	default:
		if f.Last, err = strconv.Atoi(last[1:]); err != nil || f.Last < n {
			return fmt.Errorf("the range ends before it starts")
		}
	}
	return nil
}

// String is the text that ParseFault reads.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(string(f.Action))
	if usual, takes := timed[f.Action]; takes && f.For != usual {
		b.WriteString(":" + f.For.String())
	}
	place := f.Glob
	if f.Method != "" {
		place = f.Method + ":" + f.Glob
	}
	if place != "" || f.First > 0 {
		b.WriteString("@" + place)
	}
	switch {
	case f.First == 0:
	case f.Last == f.First:
		fmt.Fprintf(&b, "#%d", f.First)
	case f.Last == 0:
		fmt.Fprintf(&b, "#%d-", f.First)
	default:
		fmt.Fprintf(&b, "#%d-%d", f.First, f.Last)
	}
	return b.String()
}

func (f Fault) fits(method, urlPath string) bool {
	return (f.Method == "" || f.Method == method) && globFits(f.Glob, urlPath)
}

// globFits matches segment by segment, from the end of the path.
func globFits(glob, urlPath string) bool {
	if glob == "" {
		return true
	}
	want, have := strings.Split(glob, "/"), strings.Split(strings.Trim(urlPath, "/"), "/")
	if want[len(want)-1] == "**" {
		for n := len(have); n > 0; n-- {
			if suffixFits(want[:len(want)-1], have[:n]) {
				return true
			}
		}
		return false
	}
	return suffixFits(want, have)
}

func suffixFits(want, have []string) bool {
	if len(want) > len(have) {
		return false
	}
	have = have[len(have)-len(want):]
	for i := range want {
		if ok, err := path.Match(want[i], have[i]); !ok || err != nil {
			return false
		}
	}
	return true
}

// armed is a fault and how many requests have fitted it.
type armed struct {
	Fault
	seen int
}

// AddFault makes requests from now on go wrong.
func (s *Server) AddFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &armed{Fault: f})
}

// ClearFaults makes everything go right again.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// strike counts the request and gives the first fault that it meets, or nil.
func (s *Server) strike(method, urlPath string) *Fault {
	var hit *Fault
	for _, f := range s.faults {
		if !f.fits(method, urlPath) {
			continue
		}
		f.seen++
		if hit == nil && f.seen >= max(f.First, 1) && (f.Last == 0 || f.seen <= f.Last) {
			hit = &f.Fault
		}
	}
	return hit
}

// instead is the answer to a request that the fault keeps from being executed,
// or nil.
func (s *Server) instead(f *Fault) *response {
	seconds := int((f.For + time.Second - 1) / time.Second)
	switch f.Action {
	case HTML500:
		return htmlPage(http.StatusInternalServerError, 0)
	case Bad502:
		return htmlPage(http.StatusBadGateway, seconds)
	case Down503:
		return htmlPage(http.StatusServiceUnavailable, seconds)
	case Limit429:
		return writeProblem(throttled(seconds))
	case Forbidden:
		return writeProblem(refuse(http.StatusForbidden, 9109, "Unauthorized to access requested resource"))
	case Blocked:
		s.blockAll(f.For)
	}
	return nil
}

// htmlPage is how failures of the edge look (API facts §0.2).
func htmlPage(status, retry int) *response {
	text := fmt.Sprintf("<!DOCTYPE html>\n<html><head><title>%d %s</title></head><body><h1>Error %[1]d</h1></body></html>\n", status, http.StatusText(status))
	r := newResponse(status, "text/html; charset=UTF-8", []byte(text))
	if retry > 0 {
		r.header.Set("Retry-After", strconv.Itoa(retry))
	}
	return r
}

// spoil is what the client gets of the answer to a request that was executed.
func (f *Fault) spoil(r *response) *response {
	switch f.Action {
	case Garbage:
		return newResponse(http.StatusOK, "application/json", []byte("upstream connect error or disconnect/reset before headers"))
	case After500:
		return htmlPage(http.StatusInternalServerError, 0)
	}
	return r
}

package render

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"trueup/planner"
	"trueup/schema"
)

var (
	//go:embed page/page.html
	pageTemplate string
	//go:embed page/page.css
	pageStyle string
	//go:embed page/page.js
	pageScript string
)

// HTML is the plan as one page that needs nothing else and reads without its
// script, which adds search and filters. Its own policy forbids every script and
// style but the two that are in it, and every request.
func HTML(p *planner.Plan, o Options) ([]byte, error) {
	var b bytes.Buffer
	err := writeHTML(&b, p, o)
	return b.Bytes(), err
}

// writeHTML writes it block by block.
func writeHTML(w io.Writer, p *planner.Plan, o Options) error {
	pg, err := newPage(w, o)
	if err != nil {
		return err
	}
	pg.p, pg.index = p, indexOf(p)
	pg.write()
	return pg.flush()
}

// page is written part by part; the first error stays.
type page struct {
	w     *bufio.Writer
	t     *template.Template
	p     *planner.Plan
	o     Options
	index index
	err   error
}

func newPage(w io.Writer, o Options) (*page, error) {
	t, err := template.New("page").Parse(pageTemplate)
	return &page{w: bufio.NewWriterSize(w, 1<<16), t: t, o: o}, err
}

func (pg *page) put(name string, data any) {
	if pg.err == nil {
		pg.err = pg.t.ExecuteTemplate(pg.w, name, data)
	}
}

func (pg *page) flush() error {
	if pg.err != nil {
		return pg.err
	}
	return pg.w.Flush()
}

// unfolded is how many blocks a page opens by itself.
const unfolded = 30

func (pg *page) write() {
	all := sections(pg.p)
	blocks := 0
	for _, s := range all {
		blocks += len(s.changes)
	}
	frame := pg.frame(all, blocks)
	pg.put("head", frame)
	for _, s := range all {
		pg.group(s, frame.Open)
	}
	pg.rest()
	pg.put("foot", frame)
}

// frame is what stands around the blocks.
type frame struct {
	Policy, Title, Line string
	Style               template.CSS
	Script              template.JS
	Headline, Foot      []string
	Counts              planner.Counts
	Changes, Open       bool
	Refusals            []shownRefusal
	Alerts              []shownAlert
	Warnings            []string
	Filters             []filterGroup
	Blocks              int
}

type (
	shownRefusal struct {
		Message, Who, Remedy string
		Moved                []shownLine
	}
	shownAlert struct {
		What, Addr, Text string
		Refused          bool
	}
	shownFilter struct{ By, Value, Label, Count string }
	filterGroup struct {
		Label   string
		Choices []shownFilter
	}
)

func (pg *page) frame(all []*section, blocks int) frame {
	n := pg.p.Counts()
	f := frame{
		Policy: policy(), Style: template.CSS(pageStyle), Script: template.JS(pageScript),
		Title: "trueup plan", Line: noChangesWords(pg.p), Headline: headline(pg.p, pg.o), Counts: n,
		Changes: pg.p.Outcome() != "none", Open: blocks <= unfolded, Blocks: blocks,
	}
	if f.Changes {
		f.Line = strings.TrimSuffix(planLine(n), ".")
	}
	if pg.o.Commit != "" {
		f.Foot = append(f.Foot, clean("plan of "+pg.o.Commit))
	}
	f.Foot = append(f.Foot, countWords(pg.p, n)...)
	switch {
	case len(pg.p.Refusals) > 0:
		f.Foot = append(f.Foot, refusedWords)
	case f.Changes:
		f.Foot = append(f.Foot, budgetWords(planner.Budget{Apply: pg.p.Budget.Apply, Seconds: pg.p.Budget.Seconds}))
	}
	for _, r := range pg.p.Refusals {
		f.Refusals = append(f.Refusals, shownRefusal{clean(r.Message), clean(concerned(r, "below")), clean(strings.Join(strings.Fields(r.Remedy), " ")), shownLines(pg.index.moved(r))})
	}
	for _, d := range pg.p.Warnings {
		f.Warnings = append(f.Warnings, clean(warned(d)))
	}
	f.Alerts, f.Filters = pg.alerts(), pg.filters(all)
	return f
}

// policy allows the page's own style and script, by what they are.
func policy() string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'", hash(pageStyle), hash(pageScript))
}

func (pg *page) alerts() []shownAlert {
	var out []shownAlert
	for _, c := range pg.p.Changes {
		if len(c.Gains) > 0 {
			out = append(out, shownAlert{What: "Privilege increase", Addr: clean(c.Addr.String()), Text: clean(strings.Join(c.Gains, "; "))})
		}
		if c.Refused != "" {
			out = append(out, shownAlert{What: "Refused", Addr: clean(c.Addr.String()), Text: clean(c.Refused), Refused: true})
		}
	}
	return out
}

var actionFilters = []struct {
	label   string
	actions []planner.Action
}{
	{"destroy", []planner.Action{planner.Delete}},
	{"replace", []planner.Action{planner.Replace, planner.CreateReplace}},
	{"update", []planner.Action{planner.Update, planner.Roll}},
	{"create", []planner.Action{planner.Create}},
	{"forget", []planner.Action{planner.Forget}},
}

// filters are those that there is something for, and more than one of.
func (pg *page) filters(all []*section) []filterGroup {
	actions, kinds := map[planner.Action]int{}, map[string]int{}
	for _, s := range all {
		for _, c := range s.changes {
			actions[c.Action]++
			kinds[c.Addr.Kind]++
		}
	}
	var byAction []shownFilter
	for _, f := range actionFilters {
		n := 0
		for _, a := range f.actions {
			n += actions[a]
		}
		if n > 0 {
			byAction = append(byAction, shownFilter{"action", f.label, f.label, Comma(n)})
		}
	}
	return choices(filterGroup{"Action", byAction}, filterGroup{"Kind", kindFilters(kinds)})
}

// kindFilters are the kinds that there are, in the order of the table.
func kindFilters(count map[string]int) []shownFilter {
	var out []shownFilter
	for _, k := range schema.Kinds {
		if n := count[k.Name]; n > 0 {
			out = append(out, shownFilter{"kind", k.Name, schema.Words(k.Name), Comma(n)})
		}
	}
	return out
}

// choices are the filters that leave a choice.
func choices(groups ...filterGroup) []filterGroup {
	return slices.DeleteFunc(groups, func(g filterGroup) bool { return len(g.Choices) < 2 })
}

func actionLabel(a planner.Action) string {
	for _, f := range actionFilters {
		for _, x := range f.actions {
			if x == a {
				return f.label
			}
		}
	}
	return string(a)
}

func (pg *page) group(s *section, open bool) {
	if len(s.changes) == 0 {
		return
	}
	pg.put("group", shownGroup{s.title, Comma(len(s.changes))})
	for _, c := range s.changes {
		pg.put("block", shownBlockOf(pg.index.build(c), open))
	}
	pg.put("groupEnd", nil)
}

type shownGroup struct{ Title, Count string }

type shownBlock struct {
	Action, Kind, Class, Symbol string
	Addr, Name, Verb, Reasons   string
	Digest, Alerts, Remarks     []string
	Lines                       []shownLine
	Open                        bool
}

type shownLine struct {
	Symbol, Class, Path string
	Word                string // the symbol for those who listen
	Old, New            []shownPiece
	HasOld, Sink        bool
	Forces              bool
	Note                string
}

type shownPiece struct{ Text, Mark string }

var symbolWords = map[string]string{"+": "added", "-": "removed", "~": "changed"}

var symbolClasses = map[string]string{"+": "add", "-": "del", "~": "chg", "-/+": "del", "+/-": "del"}

func shownBlockOf(b *block, open bool) shownBlock {
	return shownBlock{
		Action: actionLabel(b.change.Action), Kind: b.change.Addr.Kind, Class: symbolClasses[b.symbol], Symbol: b.symbol,
		Addr: b.addr, Name: b.name, Verb: b.verb, Reasons: strings.Join(b.reasons, "; "),
		Digest: b.digest(false), Alerts: b.alerts, Remarks: b.remarks, Lines: shownLines(b.lines), Open: open,
	}
}

func shownLines(ls []line) []shownLine {
	out := make([]shownLine, len(ls))
	for i, l := range ls {
		out[i] = shownLine{Symbol: l.symbol, Word: symbolWords[l.symbol], Class: symbolClasses[l.symbol], Path: l.path, Old: pieces(l.old), New: pieces(l.new),
			HasOld: l.old != nil, Sink: l.sink, Forces: l.forces, Note: l.note}
		if l.member != kept {
			out[i].New[0].Mark = string(l.member)
		}
	}
	return out
}

func pieces(c cell) []shownPiece {
	out := make([]shownPiece, len(c))
	for i, p := range c {
		out[i].Text = p.text
		if p.mark != kept {
			out[i].Mark = string(p.mark)
		}
	}
	return out
}

// rest is what happens without a request, and what does not happen.
func (pg *page) rest() {
	type drifted struct {
		Addr, By string
		Lines    []shownLine
	}
	var agreed []drifted
	for _, c := range pg.p.Changes {
		if c.Action == planner.NoOp && len(c.Drift) > 0 {
			agreed = append(agreed, drifted{clean(c.Addr.String()), eventWords(c.Event), shownLines(form{c.Names, pg.index}.drift(c))})
		}
	}
	if len(agreed) > 0 {
		pg.put("drift", agreed)
	}
	for _, l := range quietLists(pg.p) {
		if len(l.items) > 0 {
			pg.put("list", shownList{strings.TrimSuffix(l.title, ":"), l.items})
		}
	}
}

type shownList struct {
	Title string
	Items []string
}

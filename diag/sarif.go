package diag

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// Rule explains the code of diagnostics.
type Rule struct {
	Code  string
	Title string // one line
	Doc   string // a paragraph: what is reported and why
}

// uncoded is the rule of diagnostics that bear no code: SARIF wants one.
const uncoded = "configuration"

// sarifLimit is how many results of a run GitHub takes: it refuses a log with
// more.
const sarifLimit = 25_000

// SARIF is the list as a SARIF 2.1.0 log: same list, same bytes. rules explain
// codes; a code that none of them explains is listed by itself. Files are URIs
// relative to the directory that paths are given from. A diagnostic without a
// place is a notification of the run, since readers refuse a result that is
// nowhere. Results beyond the limit are counted in a notification.
func SARIF(l List, rules []Rule, version string) ([]byte, error) {
	l = slices.Clone(l)
	l.Sort()
	descriptors, index := describe(l, rules)
	run := sarifRun{
		Tool:       sarifTool{Driver: sarifDriver{Name: "trueup", Version: version, Rules: descriptors}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	var nowhere []sarifNotification
	left := 0
	for _, d := range l {
		code := codeOf(d)
		if !d.Range.Known() {
			nowhere = append(nowhere, sarifNotification{
				Rule: &sarifReference{ID: code, Index: index[code]}, Level: d.Severity.String(), Message: sarifMessage(d)})
			continue
		}
		if len(run.Results) == sarifLimit {
			left++
			continue
		}
		run.Results = append(run.Results, sarifResult{
			RuleID: code, RuleIndex: index[code], Level: d.Severity.String(), Message: sarifMessage(d),
			Locations: []sarifLocation{locate(d)},
		})
	}
	if left > 0 {
		nowhere = append(nowhere, sarifNotification{Level: Warning.String(), Message: sarifText{Plural(left, "more result") + ", left out here: readers take no longer log. Format json has them all."}})
	}
	if nowhere != nil {
		run.Invocations = []sarifInvocation{{ExecutionSuccessful: true, Notifications: nowhere}}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
	return SafeJSON(b.Bytes()), err
}

func codeOf(d Diagnostic) string {
	if d.Code == "" {
		return uncoded
	}
	return d.Code
}

// describe lists the rules as given, then the other codes of the list in
// order, and says where each stands. GitHub wants every text of a rule.
func describe(l List, rules []Rule) ([]sarifRule, map[string]int) {
	out, index := []sarifRule{}, map[string]int{}
	add := func(r Rule) {
		if _, twice := index[r.Code]; twice {
			return
		}
		index[r.Code] = len(out)
		title := cmp.Or(r.Title, strings.ReplaceAll(r.Code, "-", " "))
		doc := sarifText{cmp.Or(r.Doc, title)}
		out = append(out, sarifRule{ID: r.Code, Short: sarifText{title}, Full: doc, Help: doc})
	}
	for _, r := range rules {
		add(r)
	}
	var others []string
	for _, d := range l {
		others = append(others, codeOf(d))
	}
	slices.Sort(others)
	for _, code := range others {
		add(Rule{Code: code})
	}
	return out, index
}

// sarifMessage keeps `[…](…)`, a link in SARIF even in plain text, from being
// made of what a file says.
func sarifMessage(d Diagnostic) sarifText {
	return sarifText{strings.ReplaceAll(d.message(), "](", "] (")}
}

func locate(d Diagnostic) sarifLocation {
	loc := sarifLocation{Physical: sarifPhysical{Artifact: artifact(d.Range.File), Region: region(d.Range)}}
	if d.Address != "" {
		loc.Logical = []sarifLogical{{Name: Clean(d.Address), Kind: "resource"}}
	}
	return loc
}

func artifact(file string) sarifArtifact {
	path := slashPath(file)
	if !filepath.IsAbs(file) {
		return sarifArtifact{URI: (&url.URL{Path: path}).String(), Base: "%SRCROOT%"}
	}
	return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(path, "/")}).String()}
}

// region is the range; line 1 where none is known.
func region(r Range) sarifRegion {
	out := sarifRegion{StartLine: max(1, r.Start.Line), StartColumn: r.Start.Column}
	after := r.End.Line > r.Start.Line || r.End.Line == r.Start.Line && r.End.Column > r.Start.Column
	if r.Start.Line > 0 && r.Start.Column > 0 && after && r.End.Column > 0 {
		out.EndLine, out.EndColumn = r.End.Line, r.End.Column
	}
	return out
}

type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations,omitempty"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Short sarifText `json:"shortDescription"`
		Full  sarifText `json:"fullDescription"`
		Help  sarifText `json:"help"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		Notifications       []sarifNotification `json:"toolConfigurationNotifications"`
	}
	sarifNotification struct {
		Rule    *sarifReference `json:"associatedRule,omitempty"`
		Level   string          `json:"level"`
		Message sarifText       `json:"message"`
	}
	sarifReference struct {
		ID    string `json:"id"`
		Index int    `json:"index"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		StartLine   int32 `json:"startLine"`
		StartColumn int32 `json:"startColumn,omitempty"`
		EndLine     int32 `json:"endLine,omitempty"`
		EndColumn   int32 `json:"endColumn,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

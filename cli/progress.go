package cli

import (
	"errors"
	"fmt"
	"strings"

	"trueup/applier"
	"trueup/diag"
	"trueup/planner"
	"trueup/render"
	"trueup/schema"
)

// progress shows an apply: on a terminal a bar under the lines, in CI one line
// a step, with --format json one JSON object a line.
type progress struct {
	app    *app
	format string
}

func newProgress(a *app, plan *planner.Plan, format string) *progress {
	steps := 0
	for _, c := range plan.Changes {
		if c.Action != planner.NoOp && c.Refused == "" {
			steps++
		}
	}
	if format == "text" && steps > 1 {
		a.status.begin(steps)
	}
	return &progress{app: a, format: format}
}

func (p *progress) end() { p.app.status.rest() }

// on takes events, one at a time.
func (p *progress) on(e applier.Event) {
	if p.format == "json" {
		p.json(e)
		return
	}
	if (e.Type == applier.Done || e.Type == applier.Failed || e.Type == applier.NotTried) && e.Change.Action != planner.NoOp {
		p.app.status.step()
	}
	if line := line(e); line != "" {
		p.app.say("%s", diag.Clean(line))
	}
}

// line is an event in one line; "" for what is not worth one.
func line(e applier.Event) string {
	var b strings.Builder
	if e.Change != nil {
		b.WriteString(e.Change.Addr.String() + ": ")
	}
	switch e.Type {
	case applier.Done:
		b.WriteString(e.Op)
		if e.Elapsed > 0 {
			fmt.Fprintf(&b, " (%.1f s)", e.Elapsed.Seconds())
		}
		if e.ID != "" && (e.Op == "created" || e.Op == "replaced") {
			b.WriteString(" [id " + short(e.ID) + "]")
		}
		if e.Detail != "" {
			b.WriteString(", " + e.Detail)
		}
	case applier.Failed:
		fmt.Fprintf(&b, "failed: %s", e.Err)
	case applier.NotTried:
		b.WriteString("not tried, " + e.Detail)
	case applier.Warned:
		b.WriteString("warning: " + e.Detail)
	default:
		return ""
	}
	return b.String()
}

// short is an id as people recognise it.
func short(id string) string {
	if len(id) < 16 {
		return id
	}
	return id[:4] + "…" + id[len(id)-4:]
}

func (p *progress) json(e applier.Event) {
	if e.Type != applier.Started {
		_ = writeLine(p.app.Out, eventJSON(e)) // the last line of the run says whether it can be written
	}
}

// eventOutput is an event for machines: the API's own words, code and request
// id where it failed.
type eventOutput struct {
	Type    string       `json:"type"`
	Address string       `json:"address,omitempty"`
	Scope   string       `json:"scope,omitempty"`
	Op      string       `json:"op,omitempty"`
	ID      string       `json:"id,omitempty"`
	Detail  string       `json:"detail,omitempty"`
	Seconds float64      `json:"seconds,omitempty"` // of a wait
	Error   *faultOutput `json:"error,omitempty"`
}

type faultOutput struct {
	Message string `json:"message"`
	Status  int    `json:"status,omitempty"`
	Code    int    `json:"code,omitempty"`
	Ray     string `json:"ray,omitempty"`
}

var eventNames = map[applier.EventType]string{
	applier.Done: "done", applier.Failed: "failed", applier.NotTried: "not_tried", applier.Warned: "warning",
}

func eventJSON(e applier.Event) eventOutput {
	out := eventOutput{Type: eventNames[e.Type], Op: e.Op, ID: e.ID, Detail: e.Detail}
	if e.Change != nil {
		out.Address, out.Scope = e.Change.Addr.String(), e.Change.Scope.String()
	}
	if e.Err != nil {
		out.Error = &faultOutput{Message: e.Err.Error()}
		var f *schema.Fault
		if errors.As(e.Err, &f) {
			out.Error.Status, out.Error.Code, out.Error.Ray = f.Status, f.Code, f.Ray
		}
	}
	return out
}

// end says what came of a run, in words or in JSON, and gives its exit code.
func (r *run) end(plan *planner.Plan, res applier.Result, err error) error {
	outcome := outcomeOf(plan, res, err)
	r.hear(r.placed(render.Diagnostics(plan)))
	r.hear(r.placed(failures(res)))
	if res.Stopped {
		r.hear(diag.List{{Summary: r.cutShort().Error()}})
	}
	code := exitCode(exitDone)
	if outcome == outcomeFailed || outcome == outcomeRefused {
		code = exitError
	}
	if err != nil && !errors.Is(err, errRefused) {
		code = exitCode(r.failure(err))
	}
	if text, _ := r.verdict(plan, res, err); text != "" {
		r.summarizeReports(text, failures(res))
	}
	if r.format.Format == "json" {
		err = r.endJSON(outcome, res)
	} else {
		r.endText(plan, res, err)
		err = nil
	}
	if err != nil || code == exitDone {
		return err
	}
	return code
}

// outcomeOf is the word for what came of a run.
func outcomeOf(plan *planner.Plan, res applier.Result, err error) string {
	switch {
	case errors.Is(err, errRefused):
		return outcomeRefused
	case err != nil || incomplete(res):
		return outcomeFailed
	}
	return plan.Outcome() // refused: some change alone was
}

// incomplete reports whether something was not done that is not refused.
func incomplete(res applier.Result) bool {
	return len(res.Failed) > 0 || res.Stopped || refusedSteps(res) < len(res.NotTried)
}

func refusedSteps(res applier.Result) int {
	n := 0
	for _, e := range res.NotTried {
		if e.Change.Refused != "" {
			n++
		}
	}
	return n
}

// endText says in words what came of a run.
func (r *run) endText(plan *planner.Plan, res applier.Result, err error) {
	switch text, bad := r.verdict(plan, res, err); {
	case text == "":
	case bad:
		r.say("\n%s", text)
	default:
		fmt.Fprintf(r.Out, "\n%s\n", text)
	}
}

// verdict is the last line of a run, and whether it is about something that was
// not done. It is "" where an error has said it.
func (r *run) verdict(plan *planner.Plan, res applier.Result, err error) (text string, bad bool) {
	n, done, failed, left := plan.Counts(), len(res.Done), len(res.Failed), len(res.NotTried)
	switch {
	case err != nil && incomplete(res): // the state could not be kept
		return fmt.Sprintf("Apply incomplete: %d done, %d failed, %d not tried. Run it again when the cause is mended.", done, failed, left), true
	case err != nil: // said
		return "", true
	case res.Stopped:
		return fmt.Sprintf("%s: %d done, %d failed, %d left. State is saved; run it again to go on.", sentence(r.cutShort().Error()), done, failed, left), true
	case incomplete(res):
		return fmt.Sprintf("Apply incomplete: %d done, %d failed, %d not tried. State is saved; run it again when the cause is mended.", done, failed, left), true
	case left > 0: // refused, each by itself
		return fmt.Sprintf("Apply incomplete: %d done, %d refused.", done, left), true
	case plan.Destroy:
		return fmt.Sprintf("Destroy complete! Resources: %d destroyed.", n.Destroy), false
	}
	return fmt.Sprintf("Apply complete! Resources: %d added, %d changed, %d destroyed.", n.Add, n.Change, n.Destroy), false
}

// endOutput is the last line of a run for machines.
type endOutput struct {
	Type        string             `json:"type"`
	Trueup      ownOutput          `json:"trueup"`
	Done        int                `json:"done"`
	Failed      []eventOutput      `json:"failed"`
	NotTried    []eventOutput      `json:"not_tried"`
	Diagnostics []diagnosticOutput `json:"diagnostics"`
}

func ending(outcome string, said diag.List) endOutput {
	return endOutput{Type: "end", Trueup: ownOutput{outcome}, Failed: []eventOutput{}, NotTried: []eventOutput{}, Diagnostics: diagnosticsJSON(said)}
}

func (r *run) endJSON(outcome string, res applier.Result) error {
	r.said.Sort()
	out := ending(outcome, r.said)
	out.Done = len(res.Done)
	for _, e := range res.Failed {
		out.Failed = append(out.Failed, eventJSON(e))
	}
	for _, e := range res.NotTried {
		out.NotTried = append(out.NotTried, eventJSON(e))
	}
	return writeLine(r.Out, out)
}

// failures are the failed steps as diagnostics.
func failures(res applier.Result) diag.List {
	var out diag.List
	for _, e := range res.Failed {
		out.Add(diag.Diagnostic{Summary: diag.Clean(e.Err.Error()), Address: e.Change.Addr.String(), Code: "failed"})
	}
	return out
}

package render

import (
	"fmt"
	"slices"
	"strings"

	"trueup/planner"
	"trueup/schema"
)

// headline is what stands above a plan in every format, in parts.
func headline(p *planner.Plan, o Options) []string {
	var parts []string
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, clean(fmt.Sprintf(format, args...)))
		}
	}
	add(o.Source != "", "%s", o.Source)
	add(p.Destroy, "destroy")
	scopes := scopeWords(p)
	add(scopes != "", "%s", scopes)
	add(true, "%s", plural(p.Resources, "resource", "resources"))
	targets := textsOf(p.Targets)
	add(len(targets) > 0, "only %s and what it needs", strings.Join(targets, ", "))
	add(p.Budget.Read > 0, "read in %s", plural(p.Budget.Read, "request", "requests"))
	return parts
}

// scopeWords are whose objects a plan is about.
func scopeWords(p *planner.Plan) string {
	scopes := textsOf(p.Scopes)
	switch len(scopes) {
	case 0:
		return ""
	case 1:
		return clean("scope " + scopes[0])
	}
	return clean("scopes " + strings.Join(scopes, ", "))
}

type quietList struct {
	title string
	items []string // clean
}

func quietLists(p *planner.Plan) []quietList {
	var adopted, renamed, left []string
	for _, c := range p.Changes {
		if c.Action != planner.NoOp {
			continue
		}
		if c.Adopted {
			adopted = append(adopted, clean(c.Addr.String()))
		}
		if !c.RenamedFrom.IsZero() {
			renamed = append(renamed, clean(c.RenamedFrom.String()+" is now "+c.Addr.String()))
		}
	}
	for _, l := range p.LeftAlone {
		id := l.ID + ", "
		if l.Label == l.ID { // it has no name
			id = ""
		}
		left = append(left, clean(fmt.Sprintf("%s %s (%sscope %s): %s", schema.Words(l.Kind), l.Label, id, l.Scope, whyWords(l.Why))))
	}
	return []quietList{{"Adopted, and equal to the files:", adopted}, {"Renamed:", renamed}, {"Left alone:", left}}
}

const addrsShown = 3

// concerned names the addresses of a refusal, the first few of many; "" where
// its message has them. where is where the blocks stand: "above", "below".
func concerned(r planner.Refusal, where string) string {
	n := len(r.Addrs)
	switch {
	case n == 0, n == 1 && strings.Contains(r.Message, r.Addrs[0]):
		return ""
	case n <= addrsShown:
		return strings.Join(r.Addrs, ", ")
	}
	return fmt.Sprintf("The first: %s, … (%s in all, listed %s)", strings.Join(r.Addrs[:addrsShown], ", "), Comma(n), where)
}

// moved are the paths in which an object moved under a saved plan.
func (x index) moved(r planner.Refusal) []line {
	if r.Moved == nil {
		return nil
	}
	return form{r.Moved.Names, x}.lines(r.Moved)
}

const refusedWords = "The plan is refused: nothing of it is sent."

const noChanges = "No changes. Your Cloudflare configuration matches the files."

// noChangesWords say that there is nothing to do.
func noChangesWords(p *planner.Plan) string {
	switch {
	case p.Undo:
		return "No changes. There is nothing of the last apply to take back."
	case p.Destroy:
		return "No changes. There is nothing to delete that the state owns."
	}
	return noChanges
}

func planLine(n planner.Counts) string {
	return fmt.Sprintf("Plan: %d to add, %d to change, %d to destroy.", n.Add, n.Change, n.Destroy)
}

// countWords are what else there is to count.
func countWords(p *planner.Plan, n planner.Counts) []string {
	var out []string
	add := func(n int, word string) {
		if n > 0 {
			out = append(out, Comma(n)+" "+word)
		}
	}
	add(n.Refused, "refused")
	add(n.Adopt, "adopted")
	add(n.Rename, "renamed")
	add(n.Forget, "to forget")
	if len(p.LeftAlone) > 0 {
		out = append(out, fmt.Sprintf("%s left alone (%s)", Comma(len(p.LeftAlone)), strings.Join(whys(p.LeftAlone), ", ")))
	}
	add(p.Foreign, "of another scope, not touched")
	return out
}

// whys counts why objects are left alone, the most frequent first.
func whys(left []planner.LeftAlone) []string {
	count := map[string]int{}
	var order []string
	for _, l := range left {
		if count[l.Why] == 0 {
			order = append(order, l.Why)
		}
		count[l.Why]++
	}
	slices.SortFunc(order, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	if len(order) == 1 {
		return []string{clean(whyWords(order[0]))}
	}
	out := make([]string, len(order))
	for i, w := range order {
		out[i] = clean(Comma(count[w]) + " " + whyWords(w))
	}
	return out
}

func whyWords(why string) string {
	if strings.HasPrefix(why, "ignore rule") {
		return "by " + why
	}
	return why
}

// budgetWords is "Apply takes 7 requests, about 2 s; 1,188 of 1,200 left in
// this window.", without what is not known.
func budgetWords(b planner.Budget) string {
	if b.Apply == 0 {
		return "Apply takes no request."
	}
	text := "Apply takes " + plural(b.Apply, "request", "requests")
	if b.Seconds > 0 {
		text += ", " + about(b.Seconds)
	}
	if b.Limit > 0 && b.Remaining >= 0 {
		text += fmt.Sprintf("; %s of %s left in this window", Comma(b.Remaining), Comma(b.Limit))
	}
	return text + "."
}

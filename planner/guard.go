package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"trueup/schema"
)

// Codes of refusals.
const (
	codeLimits    = "limits"
	codeLockout   = "lock-out"
	codeInUse     = "in-use"
	codeNoSink    = "no-sink"
	codeStale     = "stale"
	codePrivilege = "privilege-increase"
	codeSensitive = "sensitive"
)

// guard finds what must not be done without an explicit word. Steps that are
// refused by themselves count for nothing else.
func (m *maker) guard() {
	m.guardDestroy()
	m.guardUsed()
	m.guardLimits()
	m.guardSinks()
	m.guardSelf()
	m.guardOwn()
	m.guardGains()
}

func (m *maker) refuse(code, message, remedy string, steps ...*step) {
	r := Refusal{Code: code, Message: message, Remedy: remedy}
	for _, s := range steps {
		r.Addrs = append(r.Addrs, s.Addr.String())
	}
	m.plan.Refusals = append(m.plan.Refusals, r)
}

// guardDestroy refuses steps that destroy what must not be, and those that
// need them.
func (m *maker) guardDestroy() {
	waiters := map[*step][]*step{}
	var refused []*step
	for _, s := range m.steps {
		for _, t := range s.needs {
			waiters[t] = append(waiters[t], s)
		}
		if s.PreventDestroy && s.destroys() {
			s.Refused = "prevent_destroy forbids it; set prevent_destroy to false and apply, if it is meant"
			refused = append(refused, s)
		}
	}
	for len(refused) > 0 {
		t := refused[0]
		refused = refused[1:]
		for _, s := range waiters[t] {
			if s.Refused == "" {
				s.Refused = fmt.Sprintf("it needs %s, which is refused", t.Addr)
				refused = append(refused, s)
			}
		}
	}
}

// carried reports whether the step is carried out.
func (s *step) carried() bool { return s.Acts() && s.Refused == "" }

// guardUsed refuses to delete what somebody still refers to.
func (m *maker) guardUsed() {
	for _, s := range m.steps {
		if s.Action != Delete && s.Action != Replace || s.Refused != "" {
			continue
		}
		if holders := m.holders(s); len(holders) > 0 {
			m.refuse(codeInUse,
				fmt.Sprintf("%s cannot be deleted, since %s", s.Addr, referring(holders)),
				"Take it out of what uses it first, or keep it.", s)
		}
	}
}

func referring(rs []schema.Referrer) string {
	verb := "still refers to it"
	if len(rs) > 1 {
		verb = "still refer to it"
	}
	texts := make([]string, 0, len(rs))
	for _, r := range rs {
		texts = append(texts, r.String())
	}
	return listed(texts) + " " + verb
}

// listed joins texts, the first few of them.
func listed(texts []string) string {
	if n := len(texts) - idsShown; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(texts[:idsShown], ", "), n)
	}
	return strings.Join(texts, ", ")
}

// freeDeletes is how many deletions of a kind in a scope never trip the
// percentage.
const freeDeletes = 3

// guardLimits refuses mass deletion. What is replaced, and what an apply that
// was cut off left of a replacement, is not deleted.
func (m *maker) guardLimits() {
	if m.in.Destroy {
		return
	}
	deletes := map[ListKey][]*step{}
	var all []*step
	for _, s := range m.steps {
		if s.Action == Delete && s.Refused == "" && !(s.entry != nil && s.entry.Deposed) {
			key := s.List()
			deletes[key] = append(deletes[key], s)
			all = append(all, s)
		}
	}
	if m.in.Options.AllowDeletes >= len(all) {
		return
	}
	limits, before := m.in.Want.Settings.Limits, len(m.plan.Refusals)
	command := "apply"
	if m.in.Undo {
		command = "undo"
	}
	remedy := fmt.Sprintf("If that is meant: trueup %s --allow-deletes %d", command, len(all))
	for _, g := range m.groups {
		if text := g.pastLimits(len(deletes[g.ListKey]), limits); text != "" {
			m.refuse(codeLimits, text, remedy, deletes[g.ListKey]...)
		}
	}
	if len(m.plan.Refusals) == before && len(all) > limits.MaxDeletes {
		m.refuse(codeLimits, fmt.Sprintf("this plan deletes %d objects (the limit is %d)", len(all), limits.MaxDeletes), remedy, all...)
	}
}

// pastLimits says how n deletions go past the limits, "" if they don't.
func (g *group) pastLimits(n int, limits schema.Limits) string {
	if n == 0 {
		return ""
	}
	live := len(g.objects)
	what := fmt.Sprintf("this plan deletes %d of %s in scope %s", n, counted(live, g.Kind), g.Scope)
	percent := 100 * float64(n) / float64(live)
	switch {
	case n > freeDeletes && percent > limits.MaxDeletePercent:
		return fmt.Sprintf("%s (%.0f %%, the limit is %s %%)", what, percent, schema.FormatNumber(schema.Number(limits.MaxDeletePercent)))
	case n > limits.MaxDeletes:
		return fmt.Sprintf("%s (the limit is %d)", what, limits.MaxDeletes)
	}
	return ""
}

// guardSinks refuses to make a secret that would reach nobody.
func (m *maker) guardSinks() {
	var without []*step
	for _, s := range m.steps {
		if s.carried() && s.MakesSecret() && s.Kind.Get(s.After, s.Kind.API.Sink) == nil {
			without = append(without, s)
		}
	}
	if len(without) == 0 {
		return
	}
	first := without[0]
	m.refuse(codeNoSink,
		listed(addrsOf(without))+": the secret would be made and reach nobody, since no sink is written",
		fmt.Sprintf("Say where it goes: %s: {file: secrets/%s}", first.Kind.API.Sink, first.Addr.Name), without...)
}

func addrsOf(steps []*step) []string {
	texts := make([]string, len(steps))
	for i, s := range steps {
		texts[i] = s.Addr.String()
	}
	return texts
}

const remedyLockout = "If that is meant: --allow-lockout"

// guardSelf refuses to take rights from the credential in use.
func (m *maker) guardSelf() {
	if m.in.Options.AllowLockout {
		return
	}
	for _, s := range m.steps {
		self := m.in.Self[s.Scope]
		if self == "" || s.ID != self || s.Kind.Narrows == nil || !s.carried() {
			continue
		}
		if loses := m.narrowed(s); len(loses) > 0 {
			remedy := "Use another credential for this. " + remedyLockout
			if s.Reason == ReasonRetiring {
				remedy = "Give the rotation a longer overlap, or use another credential. " + remedyLockout
			}
			m.refuse(codeLockout, fmt.Sprintf("lock-out. %s is the credential in use, and %s", s.Addr, strings.Join(loses, "; ")), remedy, s)
		}
	}
}

// nameOf is what an id that is looked up is called, or the id.
func (s *step) nameOf(id string) string { return cmp.Or(s.Names[id], id) }

func (m *maker) narrowed(s *step) []string {
	before, after := s.Kind.View(reveal(s.Before)), s.Kind.View(reveal(s.After))
	if s.destroys() {
		after.Row = nil
	}
	var loses []string
	if s.Action != Roll {
		loses = hush(s.Kind.Narrows(before, after, m.in.Now, s.nameOf), s.Before, s.After)
	}
	if s.Action == Roll || s.Roll {
		loses = append(loses, "gets a new secret, and the one in use stops working")
	}
	return loses
}

// guardOwn refuses to keep own addresses out. Only rules that are made or
// changed count, however they stood before: who changes such a rule is asked.
func (m *maker) guardOwn() {
	if m.in.Options.AllowLockout {
		return
	}
	for _, s := range m.steps {
		if s.Kind.Blocks == nil || !s.carried() || s.Action == Delete {
			continue
		}
		for _, own := range m.in.Own {
			if s.Kind.Blocks(s.Kind.View(reveal(s.After)), own) {
				m.refuse(codeLockout,
					fmt.Sprintf("lock-out. %s blocks %s, and this machine's requests come from %s", s.Addr, label(s.Kind, s.After, s.Addr.Name), own),
					remedyLockout, s)
				break
			}
		}
	}
}

// guardGains says what is permitted that was not, and refuses it where asked.
// A new object is no increase: the plan shows it whole.
func (m *maker) guardGains() {
	for _, s := range m.steps {
		if s.Kind.Gains == nil || !s.Acts() || s.After == nil || s.Deposed {
			continue
		}
		before := s.Before
		if s.Reason == ReasonRotation && s.want != nil && s.want.object != nil {
			before = s.want.object.Values
		}
		if before == nil {
			continue
		}
		s.Gains = hush(s.Kind.Gains(s.Kind.View(reveal(before)), s.Kind.View(reveal(s.After)), s.nameOf), s.Before, s.After)
	}
	m.plan.FailOn(m.in.Options.FailOn)
}

// FailOn refuses the plan for what it is not to do, as Options.FailOn does one
// that is made. Of a saved plan that is refused for it already, it says no more.
func (p *Plan) FailOn(kinds []string) {
	if !slices.Contains(kinds, codePrivilege) || slices.ContainsFunc(p.Refusals, func(r Refusal) bool { return r.Code == codePrivilege }) {
		return
	}
	var gaining []string
	for _, c := range p.Changes {
		if len(c.Gains) > 0 && c.Refused == "" {
			gaining = append(gaining, c.Addr.String())
		}
	}
	if len(gaining) > 0 {
		p.Refusals = append(p.Refusals, Refusal{Code: codePrivilege, Message: "privilege increase: " + listed(gaining),
			Remedy: "If that is meant: leave out --fail-on " + codePrivilege, Addrs: gaining})
	}
}

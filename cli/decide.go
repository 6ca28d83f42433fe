package cli

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"trueup/cfclient"
	"trueup/diag"
	"trueup/planner"
	"trueup/schema"
	"trueup/sink"
	"trueup/state"
)

// auditSpan is how far back the audit log is asked who changed something.
const auditSpan = 30 * 24 * time.Hour

// world reads what is there: the API, or a snapshot file.
type world interface {
	Read(ctx context.Context, k *schema.Kind, s schema.Scope) ([]*schema.Object, int, error)
	Get(ctx context.Context, k *schema.Kind, s schema.Scope, id string) (*schema.Object, error)
	Catalogue(ctx context.Context, s schema.Scope) (schema.Catalogue, error)
	Verify(ctx context.Context, s schema.Scope) (string, error)
	Referrers(ctx context.Context, k *schema.Kind, s schema.Scope, id string) ([]schema.Referrer, error)
	Events(ctx context.Context, s schema.Scope, since, before time.Time, ids []string) (map[string]cfclient.Event, error)
	OwnAddress(ctx context.Context) (netip.Addr, error)
	Missing(k *schema.Kind) string
	Requests() int
	Window() (limit, remaining int, known bool)
}

// decide plans what the files want; destroy: that nothing of ours stays.
func (a *app) decide(ctx context.Context, w world, g *schema.Graph, have *state.Snapshot, f guardFlags, destroy bool) (*planner.Plan, error) {
	targets, err := addresses("--target", f.Target)
	if err != nil {
		return nil, err
	}
	g, have = planner.Narrow(g, have, destroy, targets)
	in := planner.Input{Want: g, Have: have, Destroy: destroy, Targets: targets}
	return a.plan(ctx, w, in, planner.Needs(g, have, destroy), f)
}

// plan reads what a plan needs, makes it, asks what it would be better for
// knowing, and makes it again. The input says what is wanted and ours.
func (a *app) plan(ctx context.Context, w world, in planner.Input, reads planner.Reads, f guardFlags) (*planner.Plan, error) {
	g, have := in.Want, in.Have
	in.Now = a.now()
	in.Options = planner.Options{AllowDeletes: f.AllowDeletes, AllowLockout: f.AllowLockout, FailOn: f.FailOn}
	var err error
	if in.Own, err = a.ownAddresses(f.OwnAddress); err != nil {
		return nil, err
	}
	if err := missing(w, g, have, reads); err != nil {
		return nil, err
	}
	if err := a.read(ctx, w, reads, &in); err != nil {
		return nil, err
	}
	plan, err := a.made(in)
	if err != nil {
		return nil, err
	}
	came, err := answer(ctx, w, plan.Questions(), &in)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil { // what can do without an answer is not told from what was cut short
		return nil, err
	}
	if came {
		if plan, err = a.made(in); err != nil {
			return nil, err
		}
	}
	plan.Warnings = append(plan.Warnings, a.loaded...)
	plan.Warnings = append(plan.Warnings, sinkWarnings(plan, g)...)
	plan.Warnings = a.placed(plan.Warnings)
	plan.Warnings.Sort()
	limit, remaining, known := w.Window()
	if limit == 0 || !known {
		remaining = -1
	}
	plan.SetWindow(w.Requests(), limit, remaining)
	if a.sources != nil {
		plan.Files = a.sources.Digests()
	}
	return plan, nil
}

// made is the plan. Mistakes that only the live world shows are printed; then
// the error says only that.
func (a *app) made(in planner.Input) (*planner.Plan, error) {
	plan, ds := planner.Make(in)
	if ds.HasErrors() {
		a.diagnostics(ds)
		return nil, exitCode(exitError)
	}
	return plan, nil
}

// addresses are those that a flag names.
func addresses(flag string, texts []string) ([]schema.Addr, error) {
	var out []schema.Addr
	for _, t := range texts {
		addr, err := schema.ParseAddr(t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		out = append(out, addr)
	}
	return out, nil
}

// ownAddresses: --own-address, else TRUEUP_OWN_ADDRESS; several by comma.
func (a *app) ownAddresses(flags []string) ([]netip.Addr, error) {
	from := "--own-address"
	if len(flags) == 0 {
		v, _ := a.Env("TRUEUP_OWN_ADDRESS")
		from, flags = "TRUEUP_OWN_ADDRESS", strings.Split(v, ",")
	}
	var out []netip.Addr
	for _, f := range flags {
		for text := range strings.SplitSeq(f, ",") {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			ip, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %q is not an IP address", from, text)
			}
			out = append(out, ip)
		}
	}
	return out, nil
}

// missing says which resource needs a credential that is not set, before
// anything is sent.
func missing(w world, g *schema.Graph, have *state.Snapshot, reads planner.Reads) error {
	for _, l := range reads.Lists {
		needs := w.Missing(l.Kind)
		if needs == "" {
			continue
		}
		for _, r := range g.Resources {
			if r.Kind == l.Kind {
				return fmt.Errorf("%s needs %s: the API takes no other credential for %s", r.Addr, needs, l.Kind.Plural)
			}
		}
		for _, e := range have.Entries {
			if e.Addr.Kind == l.Kind.Name && e.Scope == l.Scope {
				return fmt.Errorf("%s, which the state owns, needs %s: the API takes no other credential for %s", e.Addr, needs, l.Kind.Plural)
			}
		}
		return fmt.Errorf("the %s of scope %s need %s", l.Kind.Plural, l.Scope, needs)
	}
	return nil
}

// read fills the input with lists and catalogues. Of what its state has, no
// list alone says that it is gone.
func (a *app) read(parent context.Context, w world, reads planner.Reads, in *planner.Input) error {
	in.Live = make([]planner.Listing, len(reads.Lists))
	in.Catalogues = map[schema.Scope]schema.Catalogue{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(parent)
	for i, l := range reads.Lists {
		group.Go(func() error {
			objects, foreign, err := w.Read(ctx, l.Kind, l.Scope)
			if err != nil {
				return fmt.Errorf("reading %s in scope %s: %w", l.Kind.Plural, l.Scope, err)
			}
			in.Live[i] = planner.Listing{Kind: l.Kind, Scope: l.Scope, Objects: objects, Foreign: foreign}
			return nil
		})
	}
	for _, s := range reads.Catalogues {
		group.Go(func() error {
			c, err := w.Catalogue(ctx, s)
			if err != nil {
				return fmt.Errorf("reading permission groups in scope %s: %w", s, err)
			}
			mu.Lock()
			defer mu.Unlock()
			in.Catalogues[s] = c
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return a.confirm(parent, w, in)
}

// answer asks what a plan would be better for knowing, and fills the input with
// it. What cannot be had is left out: the plan is right without it. Only which
// credential is in use must be known. It reports whether anything came.
func answer(ctx context.Context, w world, q planner.Questions, in *planner.Input) (came bool, err error) {
	in.Referrers, in.Audit, in.Self = map[planner.ObjectKey][]schema.Referrer{}, map[planner.ObjectKey]planner.Event{}, map[schema.Scope]string{}
	var mu sync.Mutex // of came and of what is in the input
	take := func(put func()) {
		mu.Lock()
		defer mu.Unlock()
		came = true
		put()
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, s := range q.Self {
		group.Go(func() error {
			id, err := w.Verify(ctx, s)
			if err != nil {
				return fmt.Errorf("asking which token is in use: %w", err)
			}
			if id != "" {
				take(func() { in.Self[s] = id })
			}
			return nil
		})
	}
	for _, o := range q.Referrers {
		group.Go(func() error {
			if rs, err := w.Referrers(ctx, schema.KindNamed(o.Kind), o.Scope, o.ID); err == nil && len(rs) > 0 {
				take(func() { in.Referrers[o] = rs })
			}
			return nil
		})
	}
	if q.Own && len(in.Own) == 0 {
		group.Go(func() error {
			if ip, err := w.OwnAddress(ctx); err == nil && ip.IsValid() {
				take(func() { in.Own = []netip.Addr{ip} })
			}
			return nil
		})
	}
	for _, objects := range byScope(q.Audit) {
		group.Go(func() error {
			for o, e := range audited(ctx, w, objects, in.Now) {
				take(func() { in.Audit[o] = e })
			}
			return nil
		})
	}
	err = group.Wait()
	return came, err
}

// byScope are the objects of each scope, in the order of the scopes.
func byScope(objects []planner.ObjectKey) [][]planner.ObjectKey {
	var out [][]planner.ObjectKey
	at := map[schema.Scope]int{}
	for _, o := range objects {
		i, known := at[o.Scope]
		if !known {
			i = len(out)
			at[o.Scope], out = i, append(out, nil)
		}
		out[i] = append(out[i], o)
	}
	return out
}

// audited is who changed the objects, all of one scope, last. Where the log
// cannot be had, it is empty.
func audited(ctx context.Context, w world, objects []planner.ObjectKey, now time.Time) map[planner.ObjectKey]planner.Event {
	ids := make([]string, len(objects))
	for i, o := range objects {
		ids[i] = o.ID
	}
	events, _ := w.Events(ctx, objects[0].Scope, now.Add(-auditSpan), now.Add(time.Second), ids)
	out := map[planner.ObjectKey]planner.Event{}
	for _, o := range objects {
		if e, ok := events[o.ID]; ok {
			out[o] = planner.Event{Actor: e.Actor, Interface: e.Interface, When: e.When}
		}
	}
	return out
}

// sinkWarnings says what would keep a secret that this plan makes from reaching
// its sinks. A warning, since the plan may be carried out on another machine.
func sinkWarnings(p *planner.Plan, g *schema.Graph) diag.List {
	var out diag.List
	for _, c := range p.Changes {
		if !c.MakesSecret() {
			continue
		}
		for _, problem := range sink.Check(c.Kind, c.After) {
			d := problem.Diagnostic
			d.Severity, d.Address = diag.Warning, c.Addr.String()
			if r := g.Find(c.Addr); r != nil {
				d.Range = r.RangeOf(c.Kind.API.Sink)
			}
			out.Add(d)
		}
	}
	return out
}

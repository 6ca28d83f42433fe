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
	return a.plan(ctx, w, planner.Input{Want: g, Have: have, Destroy: destroy}, planner.Needs(g, have, destroy), f)
}

// plan reads what a plan needs, makes it, asks what it would be better for
// knowing, and makes it again. The input says what is wanted and ours.
func (a *app) plan(ctx context.Context, w world, in planner.Input, reads planner.Reads, f guardFlags) (*planner.Plan, error) {
	g, have := in.Want, in.Have
	in.Now = a.now().UTC().Truncate(time.Second)
	in.Options = planner.Options{AllowDeletes: f.AllowDeletes, AllowLockout: f.AllowLockout, FailOn: f.FailOn}
	var err error
	if in.Targets, err = targets(f.Target); err != nil {
		return nil, err
	}
	if in.Own, err = a.ownAddresses(f.OwnAddress); err != nil {
		return nil, err
	}
	if err := missing(w, g, reads); err != nil {
		return nil, err
	}
	if err := read(ctx, w, reads, &in); err != nil {
		return nil, err
	}
	plan, ds := planner.Make(in)
	if ds.HasErrors() {
		a.diagnostics(ds)
		return nil, exitCode(exitError)
	}
	if answer(ctx, w, plan.Questions(), &in) {
		plan, ds = planner.Make(in)
	}
	if ds.HasErrors() {
		a.diagnostics(ds)
		return nil, exitCode(exitError)
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
	plan.Salt = have.Salt
	if a.sources != nil {
		plan.Files = a.sources.Digests()
	}
	return plan, nil
}

func targets(texts []string) ([]schema.Addr, error) {
	var out []schema.Addr
	for _, t := range texts {
		addr, err := schema.ParseAddr(t)
		if err != nil {
			return nil, fmt.Errorf("--target: %w", err)
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
func missing(w world, g *schema.Graph, reads planner.Reads) error {
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
		return fmt.Errorf("the %s that the state owns need %s", l.Kind.Plural, needs)
	}
	return nil
}

// read fills the input with lists, catalogues and the credential's own id.
func read(ctx context.Context, w world, reads planner.Reads, in *planner.Input) error {
	in.Live = make([]planner.Listing, len(reads.Lists))
	in.Catalogues, in.Self = map[schema.Scope]schema.Catalogue{}, map[schema.Scope]string{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
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
	for _, s := range reads.Self {
		group.Go(func() error {
			id, err := w.Verify(ctx, s)
			if err != nil {
				return fmt.Errorf("asking which token is in use: %w", err)
			}
			mu.Lock()
			defer mu.Unlock()
			in.Self[s] = id
			return nil
		})
	}
	return group.Wait()
}

// answer asks what the plan would be better for knowing. What cannot be had is
// left out: the plan is right without it. It reports whether anything came.
func answer(ctx context.Context, w world, q planner.Questions, in *planner.Input) bool {
	came := false
	in.Referrers, in.Audit = map[planner.ObjectKey][]schema.Referrer{}, map[planner.ObjectKey]planner.Event{}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(8)
	for _, o := range q.Referrers {
		group.Go(func() error {
			rs, err := w.Referrers(ctx, schema.KindNamed(o.Kind), o.Scope, o.ID)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && len(rs) > 0 {
				in.Referrers[o], came = rs, true
			}
			return nil
		})
	}
	_ = group.Wait()
	if q.Own && len(in.Own) == 0 {
		if ip, err := w.OwnAddress(ctx); err == nil && ip.IsValid() {
			in.Own, came = []netip.Addr{ip}, true
		}
	}
	var scopes []schema.Scope
	byScope := map[schema.Scope][]string{}
	for _, o := range q.Audit {
		if byScope[o.Scope] == nil {
			scopes = append(scopes, o.Scope)
		}
		byScope[o.Scope] = append(byScope[o.Scope], o.ID)
	}
	for _, s := range scopes {
		ids := byScope[s]
		events, err := w.Events(ctx, s, in.Now.Add(-auditSpan), in.Now.Add(time.Second), ids)
		if err != nil {
			continue
		}
		for _, o := range q.Audit {
			if e, ok := events[o.ID]; ok && o.Scope == s {
				in.Audit[o], came = planner.Event{Actor: e.Actor, Interface: e.Interface, When: e.When}, true
			}
		}
	}
	return came
}

// sinkWarnings says what would keep a secret that this plan makes from reaching
// its sinks. A warning, since the plan may be carried out on another machine.
func sinkWarnings(p *planner.Plan, g *schema.Graph) diag.List {
	declared := map[schema.Addr]*schema.Resource{}
	for _, r := range g.Resources {
		declared[r.Addr] = r
	}
	var out diag.List
	for _, c := range p.Changes {
		makes := c.Action == planner.Create || c.Action == planner.CreateReplace || c.Action == planner.Replace || c.Action == planner.Roll || c.Roll
		if !makes || !c.Kind.API.Secret {
			continue
		}
		for _, problem := range sink.Check(c.Kind, c.After) {
			d := problem.Diagnostic
			d.Severity, d.Address = diag.Warning, c.Addr.String()
			if r := declared[c.Addr]; r != nil {
				d.Range = r.RangeOf(c.Kind.API.Sink)
			}
			out.Add(d)
		}
	}
	return out
}

package planner

import (
	"cmp"
	"slices"

	"trueup/diag"
	"trueup/schema"
	"trueup/state"
)

// Make decides what has to be done. The order in which Live and its objects
// come makes no difference.
//
// The diagnostics are mistakes that only the live world shows: with an error
// among them the Plan is not to be carried out, and is given only so that the
// rest can be looked at. Warnings are in Plan.Warnings.
func Make(in Input) (*Plan, diag.List) {
	m := newMaker(in)
	m.gather()
	m.own()
	if !in.Destroy {
		m.lookup()
		m.match()
		m.decideAll()
		m.twins()
	}
	m.leftovers()
	m.newNames()
	m.connect()
	m.aim()
	m.sort()
	m.guard()
	m.finish()
	m.diags.Sort()
	m.plan.Warnings.Sort()
	return m.plan, m.diags
}

// maker is one run of Make.
type maker struct {
	in    Input
	now   string // canonical
	plan  *Plan
	diags diag.List

	groups []*group // in order of kind and scope
	byList map[ListKey]*group
	wants  map[schema.Addr]*wanted
	all    []*wanted // in order of address
	recent []*state.Entry
	meant  map[sameID]*wanted // nil where there is one scope

	steps []*step
	slab  []step                             // from which the next steps are taken
	users map[ObjectKey][]*object            // by the object that they refer to
	names map[schema.Scope]map[string]string // of catalogue entries by id
}

// group is everything of one kind in one scope.
type group struct {
	ListKey
	read      bool // it is among Input.Live
	exclusive bool
	objects   []*object // by id
	byID      map[string]*object
	byKey     map[string]*object // by natural key; more of one key in object.next
	wants     []*wanted
	entries   []*state.Entry
}

// object is a live object and what becomes of it.
type object struct {
	*schema.Object
	entry    *state.Entry // what makes it ours; nil if nothing does
	taker    *wanted      // the resource that means it
	step     *step
	ignored  int  // the number of the ignore rule that covers it, from 1
	retiring bool // the old one of a rotation
	next     *object
}

// wanted is a resource and the object that it means.
type wanted struct {
	*schema.Resource
	group   *group
	row     schema.Row   // Values, with names looked up and references to what stays resolved
	refs    []schema.Ref // in Values
	entry   *state.Entry // of the address in the scope, not deposed
	object  *object
	step    *step
	decided bool
	failed  bool // an error was reported
}

// step is a Change in the making.
type step struct {
	Change
	want   *wanted // nil if no file lists it
	object *object // nil if there is none
	entry  *state.Entry
	needs  []*step
	kept   bool // by the targets
	pos    int  // in the order of display
}

func newMaker(in Input) *maker {
	if in.Want == nil {
		in.Want = &schema.Graph{Settings: schema.Settings{Limits: schema.DefaultLimits}}
	}
	if in.Have == nil {
		in.Have = &state.Snapshot{}
	}
	p := &Plan{
		Paths: in.Want.Paths, Dir: in.Want.Dir, StatePath: in.Want.Settings.StatePath, Resources: len(in.Want.Resources), Destroy: in.Destroy, Undo: in.Undo,
		Targets: in.Targets, Salt: in.Have.Salt, Budget: Budget{Remaining: -1},
	}
	return &maker{
		in: in, now: instant(in.Now), plan: p,
		byList: map[ListKey]*group{}, wants: make(map[schema.Addr]*wanted, len(in.Want.Resources)),
		names: map[schema.Scope]map[string]string{},
	}
}

// gather sorts what is wanted, there and ours by kind and scope.
func (m *maker) gather() {
	for _, l := range m.in.Live {
		g := m.group(l.Key())
		g.read = true
		m.plan.Foreign += l.Foreign
		g.add(l.Objects)
	}
	m.gatherWants()
	for _, e := range m.in.Have.Entries {
		if k := schema.KindNamed(e.Addr.Kind); k != nil {
			g := m.group(ListKey{k, e.Scope})
			g.entries = append(g.entries, e)
		}
	}
	slices.SortFunc(m.groups, func(a, b *group) int { return a.compare(b.ListKey) })
	rules := compileRules(m.in.Want.Settings.Ignore)
	for _, g := range m.groups {
		g.exclusive = m.exclusive(g)
		g.index(rules)
		m.unread(g)
		m.plan.Scopes = append(m.plan.Scopes, g.Scope)
	}
	slices.SortFunc(m.plan.Scopes, compareScopes)
	m.plan.Scopes = slices.Compact(m.plan.Scopes)
}

func (m *maker) gatherWants() {
	list := slices.Clone(m.in.Want.Resources)
	byAddr := func(a, b *schema.Resource) int { return a.Addr.Compare(b.Addr) }
	if !slices.IsSortedFunc(list, byAddr) {
		slices.SortStableFunc(list, byAddr)
	}
	slab := make([]wanted, len(list))
	m.all = make([]*wanted, len(list))
	m.steps = make([]*step, 0, len(list))
	for i, r := range list {
		w := &slab[i]
		*w = wanted{Resource: r, row: r.Values}
		m.wants[r.Addr], m.all[i] = w, w
		if m.in.Destroy {
			continue
		}
		w.group = m.group(ListKey{r.Kind, r.Scope})
		w.group.wants = append(w.group.wants, w)
		if schema.AnyOf(w.row, isRef) {
			w.refs = schema.Refs(w.row)
		}
	}
}

// group is the group of the key, made where there is none yet.
func (m *maker) group(key ListKey) *group {
	g := m.byList[key]
	if g == nil {
		g = &group{ListKey: key}
		m.byList[key] = g
		m.groups = append(m.groups, g)
	}
	return g
}

// exclusive reports whether everything in the group that no file lists is to
// go. Exclusive ownership holds in the scopes in which files list resources of
// the kind, and in the default scope where they list none anywhere.
func (m *maker) exclusive(g *group) bool {
	if m.in.Destroy || g.Kind.Answer != nil || m.in.Want.Settings.Ownership[g.Kind.Name] != schema.Exclusive {
		return false
	}
	return slices.Contains(exclusiveScopes(m.in.Want, g.Kind), g.Scope)
}

// unread reports a list that is needed and missing, as it can be in a snapshot
// file that was made for other files.
func (m *maker) unread(g *group) {
	if g.read || len(g.wants) == 0 && len(g.entries) == 0 {
		return
	}
	d := diag.Diagnostic{
		Code:    "not-read",
		Summary: "the " + plural(g.Kind) + " of scope " + g.Scope.String() + " were not read, so nothing can be said about them",
		Detail:  "Where a snapshot file is used, make it again with these files.",
	}
	if len(g.wants) > 0 {
		d.Range = g.wants[0].Decl
	}
	m.diags.Add(d)
}

// add takes in live objects.
func (g *group) add(objects []*schema.Object) {
	slab := make([]object, len(objects))
	for i, o := range objects {
		slab[i].Object = o
		g.objects = append(g.objects, &slab[i])
	}
}

// index orders the objects and makes them findable.
func (g *group) index(rules []ignoreRule) {
	byID := func(a, b *object) int { return cmp.Compare(a.ID, b.ID) }
	if !slices.IsSortedFunc(g.objects, byID) {
		slices.SortFunc(g.objects, byID)
	}
	g.objects = slices.CompactFunc(g.objects, func(a, b *object) bool { return a.ID == b.ID })
	g.byID = make(map[string]*object, len(g.objects))
	g.byKey = make(map[string]*object, len(g.objects))
	for _, o := range slices.Backward(g.objects) { // so that chains are in order of id
		g.byID[o.ID] = o
		o.retiring = o.Object.Retiring()
		o.ignored = covered(rules, o.Object)
		if o.Kind.HasNaturalKey(o.Values) {
			key := o.Kind.NaturalKey(o.Values)
			o.next = g.byKey[key]
			g.byKey[key] = o
		}
	}
}

func (k ListKey) compare(l ListKey) int {
	return cmp.Or(cmp.Compare(kindOrder(k.Kind), kindOrder(l.Kind)), compareScopes(k.Scope, l.Scope))
}

func kindOrder(k *schema.Kind) int { return slices.Index(schema.Kinds, k) }

func compareScopes(a, b schema.Scope) int { return cmp.Compare(a.String(), b.String()) }

// newStep is a step of the kind and scope with nothing decided.
func (m *maker) newStep(g *group, addr schema.Addr, action Action, reason Reason) *step {
	if len(m.slab) == 0 {
		m.slab = make([]step, 256)
	}
	s := &m.slab[0]
	m.slab = m.slab[1:]
	s.Addr, s.Kind, s.Scope, s.Action, s.Reason = addr, g.Kind, g.Scope, action, reason
	m.steps = append(m.steps, s)
	return s
}

// own tells which objects are ours: those that the state has, and those that
// an apply made whose end was not recorded.
func (m *maker) own() {
	for _, g := range m.groups {
		for _, e := range g.entries {
			if w := m.wants[e.Addr]; w != nil && w.group == g && !e.Deposed {
				w.entry = e
			}
			if o := g.byID[e.ID]; o != nil && (o.entry == nil || o.entry.Deposed) {
				o.entry = e
			}
		}
	}
	for _, in := range m.in.Have.Open {
		m.recover(in)
	}
}

// recover takes a live object as made by a create of which no outcome is
// known: the only one that nobody owns, has the natural key that was sent and
// is not older than the create. Its secret, where the kind has one, is lost.
func (m *maker) recover(in state.Intent) {
	g := m.byList[ListKey{schema.KindNamed(in.Addr.Kind), in.Scope}]
	if in.Op != state.OpCreate || g == nil || !g.Kind.HasNaturalKey(in.Values) {
		return
	}
	var found *object
	for o := g.byKey[g.Kind.NaturalKey(in.Values)]; o != nil; o = o.next {
		if o.entry != nil || o.ignored > 0 || in.IsAfter(o.Object) {
			continue
		}
		if found != nil {
			return
		}
		found = o
	}
	if found == nil {
		return
	}
	e := &state.Entry{Addr: in.Addr, Scope: in.Scope, ID: found.ID, Origin: state.Created, Applied: in.Values}
	if g.Kind.API.Secret {
		e.Secret = state.Pending
	}
	found.entry = e
	m.recent = append(m.recent, e)
	if w := m.wants[in.Addr]; w != nil && w.group == g {
		w.entry = e
	}
}

package applier

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// world is an API in memory. Its hooks stand for what real servers do.
type world struct {
	mu      sync.Mutex
	now     func() time.Time
	objects map[string]*schema.Object // by id
	secrets map[string]string         // live secrets by id
	last    int
	log     []string // every request

	fault    func(n int, op string) fault                                    // by the number of the request, from 1
	loose    bool                                                            // names of pools are not unique after all (API facts §3)
	accept   func(op string, k *schema.Kind, sent, is schema.Row) schema.Row // what is kept of a write
	inUse    func(id string) bool
	lag      time.Duration // until a new object is listed or read
	born     map[string]time.Time
	executed map[string]int // creates by natural key that were executed
}

// fault is what goes wrong with a request.
type fault uint8

const (
	fine fault = iota
	refused
	taken // the natural key, as the server sees it
	lostBefore
	lostAfter
	dead // the process is: nothing is executed, nothing answered
)

func newWorld() *world {
	return &world{now: time.Now, objects: map[string]*schema.Object{}, secrets: map[string]string{}, born: map[string]time.Time{}, executed: map[string]int{}}
}

var (
	errRefused = &schema.Fault{Meaning: schema.Other, Status: 400, Code: 1, Message: "refused"}
	errTaken   = &schema.Fault{Meaning: schema.Duplicate, Status: 400, Code: 10009, Message: "duplicate"}
	errLost    = &schema.Fault{Meaning: schema.Unknown, Message: "connection reset"}
)

// begin counts a request and tells whether it is executed.
func (w *world) begin(op, what string) (fault, error) {
	w.log = append(w.log, op+" "+what)
	f := fine
	if w.fault != nil {
		f = w.fault(len(w.log), op)
	}
	switch f {
	case refused:
		return f, errRefused
	case taken:
		return f, errTaken
	case lostBefore, dead:
		return f, errLost
	}
	return f, nil
}

func end[T any](f fault, v T) (T, error) {
	if f == lostAfter {
		var zero T
		return zero, errLost
	}
	return v, nil
}

func notFound(id string) error {
	return &schema.Fault{Meaning: schema.NotFound, Status: 404, Message: "no " + id}
}

func (w *world) visible(o *schema.Object) bool { return w.now().Sub(w.born[o.ID]) >= w.lag }

func (w *world) List(_ context.Context, k *schema.Kind, s schema.Scope) ([]*schema.Object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, err := w.begin("list", k.Name)
	if err != nil {
		return nil, err
	}
	return end(f, w.list(k, s))
}

func (w *world) list(k *schema.Kind, s schema.Scope) []*schema.Object {
	var out []*schema.Object
	for _, id := range slices.Sorted(maps.Keys(w.objects)) {
		if o := w.objects[id]; o.Kind == k && o.Scope == s && w.visible(o) {
			out = append(out, o)
		}
	}
	return out
}

func (w *world) Get(_ context.Context, k *schema.Kind, s schema.Scope, id string) (*schema.Object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, err := w.begin("get", id)
	if err != nil {
		return nil, err
	}
	o := w.objects[id]
	if o == nil || !w.visible(o) {
		return nil, notFound(id)
	}
	return end(f, o)
}

func (w *world) Create(_ context.Context, k *schema.Kind, s schema.Scope, want schema.Row) (*schema.Object, schema.Secret, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, err := w.begin("create", k.Name+" "+k.NaturalKey(reveal(want)))
	if err != nil {
		return nil, schema.Secret{}, err
	}
	if k.Unique && !w.loose {
		for _, o := range w.objects {
			if o.Kind == k && o.Scope == s && k.NaturalKey(o.Values) == k.NaturalKey(reveal(want)) {
				return nil, schema.Secret{}, errTaken
			}
		}
	}
	o := w.add(k, s, want)
	w.executed[k.Name+" "+k.NaturalKey(o.Values)]++
	w.born[o.ID] = w.now()
	var secret schema.Secret
	if k.API.Secret {
		secret = schema.NewSecret(w.secrets[o.ID])
	}
	if f == lostAfter {
		return nil, schema.Secret{}, errLost
	}
	return o, secret, nil
}

// add puts an object there, as a POST of the row does.
func (w *world) add(k *schema.Kind, s schema.Scope, want schema.Row) *schema.Object {
	w.last++
	row := reveal(want)
	for i := range k.Attrs {
		a := &k.Attrs[i]
		switch {
		case !a.Sent() && a.Mode != schema.Fixed:
			row[i] = nil
		case a.AfterPost:
			row[i] = a.Default
		}
	}
	if w.accept != nil {
		row = w.accept("create", k, row, nil)
	}
	if k.Made != "" {
		row[k.Index(k.Made)] = schema.String(w.now().UTC().Format("2006-01-02T15:04:05Z"))
	}
	o := &schema.Object{Kind: k, Scope: s, ID: fmt.Sprintf("%032x", w.last), Values: row}
	w.objects[o.ID] = o
	if k.API.Secret {
		w.secrets[o.ID] = fmt.Sprintf("secret-%d", w.last)
	}
	return o
}

func reveal(row schema.Row) schema.Row {
	if row == nil {
		return nil
	}
	return schema.Reveal(row).(schema.Row)
}

func (w *world) Update(_ context.Context, live *schema.Object, want schema.Row, nulls bool) (*schema.Object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	op := "update"
	if nulls {
		op = "update with nulls"
	}
	f, err := w.begin(op, live.ID)
	if err != nil {
		return nil, err
	}
	o := w.objects[live.ID]
	if o == nil {
		return nil, notFound(live.ID)
	}
	row := reveal(want)
	for i := range o.Kind.Attrs {
		if a := &o.Kind.Attrs[i]; !a.Sent() || row[i] == nil && a.Mode == schema.Defaulted {
			row[i] = o.Values.At(i)
		}
	}
	if w.accept != nil {
		row = w.accept(op, o.Kind, row, o.Values)
	}
	n := *o
	n.Values = row
	w.objects[o.ID] = &n
	return end(f, &n)
}

func (w *world) Delete(_ context.Context, k *schema.Kind, s schema.Scope, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, err := w.begin("delete", id)
	if err != nil {
		return err
	}
	if w.inUse != nil && w.inUse(id) || w.referred(id) {
		return &schema.Fault{Meaning: schema.InUse, Status: 412, Code: 1005, Message: "referenced"}
	}
	delete(w.objects, id)
	delete(w.secrets, id)
	_, err = end(f, 0)
	return err
}

// referred reports whether another object holds the id in a reference.
func (w *world) referred(id string) bool {
	for _, o := range w.objects {
		for i := range o.Kind.Attrs {
			if o.Kind.Attrs[i].Refers != "" && schema.Text(o.Values[i]) == id {
				return true
			}
		}
	}
	return false
}

func (w *world) Roll(_ context.Context, k *schema.Kind, s schema.Scope, id string) (schema.Secret, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, err := w.begin("roll", id)
	if err != nil {
		return schema.Secret{}, err
	}
	if w.objects[id] == nil {
		return schema.Secret{}, notFound(id)
	}
	w.secrets[id] = fmt.Sprintf("%s+%d", w.secrets[id], len(w.log))
	return end(f, schema.NewSecret(w.secrets[id]))
}

// count is how many requests of the log start so.
func (w *world) count(prefix string) int {
	n := 0
	for _, l := range w.log {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

// one is the only object of the natural key; nil if there is none or several.
func (w *world) one(k *schema.Kind, key string) *schema.Object {
	var found *schema.Object
	for _, o := range w.objects {
		if o.Kind == k && k.NaturalKey(o.Values) == key {
			if found != nil {
				return nil
			}
			found = o
		}
	}
	return found
}

// vault is a sink in memory.
type vault struct {
	mu     sync.Mutex
	got    map[string]string
	broken func() error
	shut   error
}

func (v *vault) Check(*schema.Kind, schema.Row) error { return v.shut }

func (v *vault) Deliver(_ context.Context, addr schema.Addr, _ *schema.Kind, _ schema.Row, s schema.Secret) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.broken != nil {
		if err := v.broken(); err != nil {
			return "", err
		}
	}
	if v.got == nil {
		v.got = map[string]string{}
	}
	v.got[addr.String()] = s.Reveal()
	return "the vault", nil
}

// memory is a store in memory: what Append and Save were given is durable. It
// fails, and the process is dead, when fuse says so.
type memory struct {
	mu      sync.Mutex
	saved   *state.Snapshot
	journal []state.Record
	appends int
	saves   int
	fuse    func(op string, n int) (before, after bool) // the process dies before or after the n-th of the op
	died    bool
	broken  error
}

func (m *memory) Load(context.Context) (*state.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saved == nil {
		m.saved = &state.Snapshot{Salt: []byte("0123456789abcdef")}
	}
	l := state.NewLedger(m.saved)
	l.Apply(m.journal...)
	return l.Snapshot(), nil
}

var errDead = fmt.Errorf("the process is dead")

func (m *memory) die(op string, n int, do func()) error {
	var before, after bool
	if m.fuse != nil {
		before, after = m.fuse(op, n)
	}
	switch {
	case m.died || before:
		m.died = true
		return errDead
	case m.broken != nil:
		return m.broken
	}
	do()
	if after {
		m.died = true
		return errDead
	}
	return nil
}

func (m *memory) Append(_ context.Context, recs ...state.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range recs {
		if err := encodable(r); err != nil {
			return err
		}
	}
	m.appends++
	return m.die("append", m.appends, func() { m.journal = append(m.journal, recs...) })
}

// encodable fails where a record holds what must not be stored.
func encodable(r state.Record) error {
	if r.Outcome == nil || r.Outcome.Put == nil {
		return nil
	}
	_, err := schema.KindNamed(r.Outcome.Put.Addr.Kind).AppendRow(nil, r.Outcome.Put.Applied)
	return err
}

func (m *memory) Save(_ context.Context, s *state.Snapshot, prev uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saves++
	if m.saved != nil && m.saved.Serial != prev {
		return state.ErrStale
	}
	return m.die("save", m.saves, func() {
		s.Serial = prev + 1
		c := *s
		m.saved, m.journal = &c, nil
	})
}

func (m *memory) Lock(context.Context, state.Holder) (func() error, error) {
	return func() error { return nil }, nil
}

// row makes a canonical row: name, value, …
func row(t testing.TB, kind string, pairs ...any) schema.Row {
	t.Helper()
	k := schema.KindNamed(kind)
	raw := make(schema.Row, len(k.Attrs))
	for i := 0; i < len(pairs); i += 2 {
		n := k.Index(pairs[i].(string))
		if n < 0 {
			t.Fatalf("%s has no %s", kind, pairs[i])
		}
		switch v := pairs[i+1].(type) {
		case string:
			raw[n] = schema.String(v)
		case int:
			raw[n] = schema.Number(v)
		case bool:
			raw[n] = schema.Bool(v)
		case schema.Value:
			raw[n] = v
		}
	}
	out, err := k.CanonRow(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func rule(t testing.TB, ip, mode string) schema.Row {
	return row(t, "access_rule", "value", ip, "mode", mode)
}

func poolRow(t testing.TB, name string, monitor schema.Value, address string) schema.Row {
	origin := schema.Row{schema.String("app"), schema.String(address)}
	return row(t, "pool", "name", name, "monitor", monitor, "origins", schema.List{origin}, "check_regions", schema.Strings("WEU"))
}

func tokenRow(t testing.TB, name string, more ...any) schema.Row {
	policy := schema.Row{nil, schema.Strings(strings.Repeat("c", 32)), schema.Map{"com.cloudflare.api.account.*": schema.String("*")}}
	sink := schema.List{schema.Row{schema.String("secrets/" + name), nil, nil}}
	return row(t, "token", append([]any{"name", name, "policies", schema.List{policy}, "secret", sink}, more...)...)
}

func addr(text string) schema.Addr {
	a, err := schema.ParseAddr(text)
	if err != nil {
		panic(err)
	}
	return a
}

// change makes a change of a plan.
func change(action planner.Action, address string, before, after schema.Row, id string) *planner.Change {
	a := addr(address)
	return &planner.Change{Addr: a, Kind: schema.KindNamed(a.Kind), Scope: schema.UserScope, Action: action, ID: id, Before: before, After: after}
}

// rig is a run under test.
type rig struct {
	t      *testing.T
	world  *world
	store  *memory
	vault  *vault
	events []Event
	stop   chan struct{}
	o      Options
}

func newRig(t *testing.T) *rig {
	g := &rig{t: t, world: newWorld(), store: &memory{}, vault: &vault{}, stop: make(chan struct{})}
	g.o = Options{Sinks: g.vault, Stop: g.stop, On: func(e Event) { g.events = append(g.events, e) }}
	return g
}

func (g *rig) load() *state.Snapshot {
	g.t.Helper()
	s, err := g.store.Load(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	return s
}

func (g *rig) run(changes ...*planner.Change) (Result, error) {
	g.t.Helper()
	g.events = nil
	return Run(g.t.Context(), &planner.Plan{Changes: changes}, g.world, g.store, g.load(), g.o)
}

// must runs without failure.
func (g *rig) must(changes ...*planner.Change) Result {
	g.t.Helper()
	res, err := g.run(changes...)
	if err != nil || len(res.Failed)+len(res.NotTried) > 0 {
		g.t.Fatalf("%v, %+v", err, res)
	}
	return res
}

// fails runs one change and gives the text of its failure.
func (g *rig) fails(c ...*planner.Change) string {
	g.t.Helper()
	res, err := g.run(c...)
	if err != nil || len(res.Failed) != 1 {
		g.t.Fatalf("%v, %+v", err, res)
	}
	return res.Failed[0].Err.Error()
}

// entry is the current entry of the address; nil if there is none.
func (g *rig) entry(address string) *state.Entry {
	return g.load().Find(state.Key{Addr: addr(address), Scope: schema.UserScope})
}

package planner_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"trueup/planner"
	"trueup/schema"
)

const hidden = "s3cr3t-value"

func secret(text string) schema.Value { return schema.Sensitive{Value: schema.String(text)} }

// mixed is a world with something of everything.
func mixed() *world {
	m := live("monitor", id(1), attrs{"description": "m", "interval": 90, "header": attrs{"X-Key": []any{hidden}}})
	drifted := ours("monitor.m", live("monitor", id(1), attrs{"description": "m", "interval": 60, "header": attrs{"X-Key": []any{hidden}}}))
	drifted.Applied = m.Kind.Seal(want("monitor.m", attrs{"header": attrs{"X-Key": []any{secret(hidden)}}}).Values, salt)
	gone := live("monitor", id(2), attrs{"description": "gone", "header": attrs{"X-Key": []any{hidden}}})
	goes := ours("monitor.gone", gone)
	goes.Applied = gone.Kind.Seal(want("monitor.gone", attrs{"header": attrs{"X-Key": []any{secret(hidden)}}}).Values, salt)
	p := livePool(3, "p", id(1))
	old := liveToken(4, attrs{"issued_on": "2026-08-01T00:00:00Z"})
	r := live("access_rule", id(5), rule)
	w := newWorld(
		want("monitor.m", attrs{"interval": 30, "timeout": 4, "header": attrs{"X-Key": []any{secret("other")}}}),
		want("monitor.new", attrs{"description": secret("called " + hidden)}),
		want("pool.p", poolOf(ref("monitor.new"))), want("pool.q", poolOf(ref("monitor.m"))),
		want("token.t", token(attrs{"rotate": attrs{"every": "90d"}})),
		want("access_rule.a", attrs{"value": "192.0.2.2", "mode": "block", "notes": "a & b <c>"}),
		want("access_rule.kept", attrs{"value": "192.0.2.3", "mode": "block"}),
	).live(m, gone, p, old, r, live("access_rule", id(6), attrs{"value": "192.0.2.3", "mode": "block"}),
		live("access_rule", id(7), attrs{"value": "192.0.2.4", "mode": "block"}))
	return w.have(drifted, goes, ours("access_rule.a", r), ours("token.t", old))
}

func encode(t *testing.T, p *planner.Plan) []byte {
	t.Helper()
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDeterminism(t *testing.T) {
	w := mixed()
	first := encode(t, w.make(t))
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		rnd.Shuffle(len(w.in.Live), func(i, j int) { w.in.Live[i], w.in.Live[j] = w.in.Live[j], w.in.Live[i] })
		for _, l := range w.in.Live {
			rnd.Shuffle(len(l.Objects), func(i, j int) { l.Objects[i], l.Objects[j] = l.Objects[j], l.Objects[i] })
		}
		if again := encode(t, w.make(t)); !bytes.Equal(first, again) {
			t.Fatalf("another order of what is live, another plan:\n%s\n%s", first, again)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	p := mixed().make(t)
	data := encode(t, p)
	got, err := planner.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "plan", lines(got), lines(p))
	equal(t, "left", left(got), left(p))
	for i, c := range got.Changes {
		d := p.Changes[i]
		if !c.Kind.SameRow(c.After, d.After) || !c.Kind.SameRow(d.Before, c.Before) || c.Wave != d.Wave || c.Same != d.Same {
			t.Errorf("%s is not what was saved", c.Addr)
		}
		if c.Raw != nil {
			t.Errorf("%s: what is live is not saved", c.Addr)
		}
	}
	if again := encode(t, got); !bytes.Equal(data, again) {
		t.Errorf("saved again, it differs:\n%s\n%s", data, again)
	}
	if bytes.Contains(data, []byte(hidden)) {
		t.Errorf("a sensitive value was saved:\n%s", data)
	}

	for name, c := range map[string]struct{ from, to, err string }{
		"newer":   {`"trueup_plan":1`, `"trueup_plan":2`, "newer trueup"},
		"damaged": {"192.0.2.2", "192.0.2.9", "damaged"},
		"cut":     {"\"sha256\"", "", "not a saved plan"},
	} {
		_, err := planner.Decode(bytes.Replace(data, []byte(c.from), []byte(c.to), 1))
		if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "{}", "null", "[]", `{"trueup_plan":1}`, `{"trueup_plan":-1,"plan":{}}`} {
		if _, err := planner.Decode([]byte(text)); err == nil {
			t.Errorf("%q is no plan", text)
		}
	}
}

// TestSavedWhole: nothing of a plan but the items as they came is lost when it
// is saved. What a field holds does not matter here.
func TestSavedWhole(t *testing.T) {
	p := newWorld(want("monitor.m", attrs{}), want("pool.p", poolOf(ref("monitor.m")))).live(livePool(1, "p", nil)).make(t)
	p.Changes[1].Fields[0].Applied = schema.String("other")
	p.Changes[1].Drift = []planner.Field{{Path: "description", After: schema.String("x")}}
	fill(reflect.ValueOf(p.Changes[1]).Elem())
	fill(reflect.ValueOf(p).Elem())
	for i := range p.Changes[1].Fields {
		fill(reflect.ValueOf(&p.Changes[1].Fields[i]).Elem())
	}
	got, err := planner.Decode(encode(t, p))
	if err != nil {
		t.Fatal(err)
	}
	p.Changes[1].Raw = nil
	same(t, "plan", reflect.ValueOf(*p), reflect.ValueOf(*got))
	same(t, "change", reflect.ValueOf(*p.Changes[1]), reflect.ValueOf(*got.Changes[1]))
}

// fill sets every field that is not set.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		fillOne(v.Field(i))
	}
}

func fillOne(f reflect.Value) {
	switch {
	case !f.IsZero() || !f.CanSet():
	case f.Type() == reflect.TypeFor[schema.Addr]():
		f.Set(reflect.ValueOf(schema.Addr{Kind: "pool", Name: "p"}))
	case f.Type() == reflect.TypeFor[schema.Scope]():
		f.Set(reflect.ValueOf(schema.UserScope))
	case f.Type() == reflect.TypeFor[schema.Value]():
		f.Set(reflect.ValueOf(schema.String("x")))
	default:
		switch f.Kind() {
		case reflect.Bool:
			f.SetBool(true)
		case reflect.String:
			f.SetString("x")
		case reflect.Int:
			f.SetInt(1)
		case reflect.Uint8:
			f.SetUint(1)
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			switch e := f.Index(0); e.Interface().(type) {
			case schema.Addr, schema.Scope, planner.LeftAlone, string, int:
				fillOne(e)
			}
		case reflect.Map:
			f.Set(reflect.MakeMap(f.Type()))
			f.SetMapIndex(reflect.ValueOf("x"), reflect.ValueOf("y"))
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
			fill(f.Elem())
		case reflect.Struct:
			fill(f)
		}
	}
}

func same(t *testing.T, what string, x, y reflect.Value) {
	t.Helper()
	for i := range x.NumField() {
		name := x.Type().Field(i).Name
		if name != "Changes" && !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			t.Errorf("the %s has another %s once saved: %+v, not %+v", what, name, y.Field(i), x.Field(i))
		}
	}
}

func TestEncodeNeedsSalt(t *testing.T) {
	w := mixed()
	w.in.Have.Salt = nil
	if _, err := w.make(t).Encode(); err == nil {
		t.Error("sealed without salt")
	}
}

// TestMasked: a sensitive value is on no side of a plan, whoever said that it
// is sensitive: the files, or the state.
func TestMasked(t *testing.T) {
	p := mixed().make(t)
	seen := 0
	for _, c := range p.Changes {
		var vs []schema.Value
		vs = append(vs, c.Before, c.After)
		for _, f := range slices.Concat(c.Fields, c.Drift) {
			vs = append(vs, f.Before, f.After, f.Applied)
		}
		for _, v := range vs {
			if plainly(v, hidden) {
				t.Errorf("%s shows %s", c.Addr, show(v))
			}
			if schema.HasSensitive(v) {
				seen++
			}
		}
	}
	if seen < 6 {
		t.Errorf("only %d values are masked", seen)
	}
	o := live("pool", id(1), attrs{"name": "p", "origins": []any{attrs{"name": "a", "address": "192.0.2.1"}, attrs{"name": "old", "address": "192.0.2.66"}}})
	w := newWorld(want("pool.p", attrs{"origins": []any{attrs{"name": "a", "address": "192.0.2.1"}, attrs{"name": "new", "address": secret("192.0.2.66")}}})).live(o)
	for _, f := range w.make(t).Changes[0].Fields {
		if plainly(f.Before, "192.0.2.66") || plainly(f.After, "192.0.2.66") {
			t.Errorf("%s shows it under another key", f.Path)
		}
	}
	r := live("token", id(1), attrs{"name": "t", "policies": readOnly, "condition": attrs{"request_ip": attrs{"in": []any{"192.0.2.0/24"}}}})
	w = newWorld(want("token.t", token(attrs{"condition": attrs{"request_ip": attrs{"in": []any{secret("198.51.100.0/24")}}}}))).live(r)
	if text := strings.Join(w.make(t).Changes[0].Gains, " "); text != "may now be used from "+schema.Masked {
		t.Errorf("gains: %s", text)
	}
}

// plainly reports whether the text stands in v outside of anything sensitive.
func plainly(v schema.Value, text string) bool {
	found := false
	schema.Walk(v, func(v schema.Value) bool {
		s, ok := v.(schema.String)
		found = found || ok && strings.Contains(string(s), text)
		_, masked := v.(schema.Sensitive)
		return !masked
	})
	return found
}

func TestSensitiveNoLongerMarked(t *testing.T) {
	o := live("monitor", id(1), attrs{"description": "m", "header": attrs{"X": []any{"v"}}})
	e := ours("monitor.m", o)
	e.Applied = o.Kind.Seal(want("monitor.m", attrs{"header": attrs{"X": []any{secret("v")}}}).Values, salt)
	equal(t, "equal, sealed", lines(newWorld(want("monitor.m", attrs{"header": attrs{"X": []any{secret("v")}}})).live(o).have(e).make(t)), "no-op monitor.m #1")
	p := newWorld(want("monitor.m", attrs{"header": attrs{"X": []any{"v"}}})).live(o).have(e).make(t)
	equal(t, "the files show it", lines(p), "no-op monitor.m #1 record")
	if schema.HasSensitive(p.Changes[0].After) {
		t.Error("it is to be remembered as plain")
	}
}

func TestUnseal(t *testing.T) {
	w := mixed()
	reload := func() *planner.Plan {
		p, err := planner.Decode(encode(t, w.make(t)))
		if err != nil {
			t.Fatal(err)
		}
		if r := p.Stale(w.in.Live); len(r) > 0 {
			t.Fatal(r)
		}
		return p
	}
	p := reload()
	var lists []string
	for _, l := range p.Lists() {
		lists = append(lists, l.Kind.Name)
	}
	equal(t, "lists", strings.Join(lists, " "), "access_rule monitor pool token")
	if q := newWorld(want("access_rule.a", rule)).make(t); q.NeedsFiles() || !p.NeedsFiles() {
		t.Error("files are needed for sensitive values, and only then")
	}
	if err := p.Unseal(w.in.Want); err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Changes {
		if c.Action == planner.Delete || c.Action == planner.NoOp {
			continue
		}
		schema.Walk(c.After, func(v schema.Value) bool {
			if s, ok := v.(schema.Sensitive); ok && s.Value == nil {
				t.Errorf("%s is still sealed", c.Addr)
			}
			return true
		})
	}
	if got := schema.Text(p.Changes[slices.IndexFunc(p.Changes, func(c *planner.Change) bool { return c.Addr.Name == "new" })].After[1]); got != "called "+hidden {
		t.Errorf("description: %q", got)
	}

	w2 := mixed()
	w2.in.Want.Resources = slices.Clone(w.in.Want.Resources)
	for i, r := range w2.in.Want.Resources {
		if r.Addr.Name == "m" {
			w2.in.Want.Resources[i] = want("monitor.m", attrs{"interval": 30, "timeout": 4, "header": attrs{"X-Key": []any{secret("another")}}})
		}
	}
	err := reload().Unseal(w2.in.Want)
	var sealed *planner.SealError
	if !errors.As(err, &sealed) || sealed.Refusal.Code != "sensitive" || !slices.Contains(sealed.Refusal.Addrs, "monitor.m") {
		t.Fatalf("another value: %v", err)
	}
	equal(t, "message", err.Error(), `sensitive values are not those that were planned: monitor.m header["X-Key"]`)
	if err := reload().Unseal(nil); err == nil {
		t.Error("without files")
	}
}

// TestUnsealReference: a sensitive template is sealed with the id in it.
func TestUnsealReference(t *testing.T) {
	m := live("monitor", id(1), attrs{"description": "m"})
	r := want("pool.p", attrs{"origins": origins, "description": schema.Sensitive{Value: schema.Template{schema.String("by "), ref("monitor.m")}}})
	w := newWorld(want("monitor.m", attrs{}), r).live(m)
	p, err := planner.Decode(encode(t, w.make(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Unseal(w.in.Want); err != nil {
		t.Fatal(err)
	}
	if got := schema.Text(p.Changes[1].Kind.Get(p.Changes[1].After, "description")); got != "by "+id(1) {
		t.Errorf("description: %q", got)
	}
	w = newWorld(want("monitor.m", attrs{}), r)
	if p, err = planner.Decode(encode(t, w.make(t))); err != nil {
		t.Fatal(err)
	}
	if err := p.Unseal(w.in.Want); err != nil || len(schema.Refs(p.Changes[1].After)) != 1 {
		t.Errorf("an id that is not known yet: %v, %v", err, schema.Refs(p.Changes[1].After))
	}
}

// The expiry that retires a token is not the sensitive one of the files.
func TestUnsealRotation(t *testing.T) {
	values := token(attrs{"rotate": attrs{"every": "90d", "overlap": "48h"}, "expires_on": secret("2028-01-01T00:00:00Z")})
	w := newWorld(want("token.t", values)).live(liveToken(1, attrs{"issued_on": "2026-01-01T00:00:00Z", "expires_on": "2028-01-01T00:00:00Z"}))
	p, err := planner.Decode(encode(t, w.make(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Unseal(w.in.Want); err != nil {
		t.Error(err)
	}
}

func TestStale(t *testing.T) {
	stale := func(change func(w *world)) string {
		w := mixed()
		p, err := planner.Decode(encode(t, w.make(t)))
		if err != nil {
			t.Fatal(err)
		}
		change(w)
		var out []string
		for _, r := range p.Stale(w.in.Live) {
			if r.Code != "stale" || len(r.Addrs) != 1 || r.Remedy == "" {
				t.Errorf("%+v", r)
			}
			out = append(out, r.Message)
		}
		if len(out) == 0 {
			for _, c := range p.Changes {
				if c.Action == planner.Update && (c.Raw == nil || schema.HasSensitive(c.Before) && plainly(c.Before, hidden)) {
					t.Errorf("%s: the live item is not taken, or shown", c.Addr)
				}
			}
		}
		return strings.Join(out, "\n")
	}
	replace := func(w *world, o *schema.Object) {
		l := w.list(o.Kind, o.Scope)
		for i := range l.Objects {
			if l.Objects[i].ID == o.ID {
				l.Objects[i] = o
			}
		}
	}
	equal(t, "nothing moved", stale(func(*world) {}), "")
	equal(t, "what is not touched moved", stale(func(w *world) {
		replace(w, live("access_rule", id(7), attrs{"value": "192.0.2.4", "mode": "challenge"}))
	}), "")
	equal(t, "changed", stale(func(w *world) {
		replace(w, live("access_rule", id(5), attrs{"value": "192.0.2.1", "mode": "challenge", "notes": "x"}))
	}), "access_rule.a ("+id(5)+") was changed since the plan was made: mode, notes")
	equal(t, "adopted", stale(func(w *world) {
		replace(w, live("access_rule", id(6), attrs{"value": "192.0.2.3", "mode": "challenge"}))
	}), "access_rule.kept ("+id(6)+") was changed since the plan was made: mode")
	equal(t, "sensitive", stale(func(w *world) {
		replace(w, live("monitor", id(1), attrs{"description": "m", "interval": 90, "header": attrs{"X-Key": []any{"z"}}}))
	}), `monitor.m (`+id(1)+`) was changed since the plan was made: header["X-Key"]`)
	equal(t, "deleted", stale(func(w *world) {
		l := w.list(schema.KindNamed("pool"), schema.UserScope)
		l.Objects = nil
	}), "pool.p ("+id(3)+") was deleted since the plan was made")
	equal(t, "appeared", stale(func(w *world) {
		w.live(live("access_rule", id(20), attrs{"value": "192.0.2.2", "mode": "block"}), livePool(21, "q", nil))
	}), "access_rule.a would be created, but one like it ("+id(20)+") has appeared since the plan was made\n"+
		"pool.q would be created, but one like it ("+id(21)+") has appeared since the plan was made")
	equal(t, "not read", stale(func(w *world) {
		w.in.Live = slices.DeleteFunc(w.in.Live, func(l planner.Listing) bool { return l.Kind.Name == "pool" })
	}), "pool.p cannot be compared with what is there, which was not read\n"+
		"pool.q cannot be compared with what is there, which was not read")
}

// FuzzDecode: whatever a plan with a right checksum holds, it ends in an error
// or a plan that can be used.
func FuzzDecode(f *testing.F) {
	in := mixed().in
	p, _ := planner.Make(in)
	data, err := p.Encode()
	if err != nil {
		f.Fatal(err)
	}
	var saved struct{ Plan json.RawMessage }
	if err := json.Unmarshal(data, &saved); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(saved.Plan))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		p, err := planner.Decode(fmt.Appendf(nil, `{"trueup_plan":1,"sha256":"%x","plan":%s}`, sum, body))
		if err != nil {
			return
		}
		p.Stale(in.Live)
		p.Unseal(in.Want)
		p.Questions()
		p.Counts()
		p.Encode()
	})
}

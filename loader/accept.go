package loader

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/schema"
)

// DriftLeft is the code of a warning that something is not written.
const DriftLeft = "drift-left"

// Drift is what of one resource is to be written into the files as it is live.
type Drift struct {
	Addr   schema.Addr
	Fields []Drifted
}

// Drifted is one path that differs. The values are those of the plan: ids that
// have names are ids in them.
type Drifted struct {
	Path       string       // origins["app-1"].weight
	Live, Want schema.Value // what is there, what the files say; nil: nothing
}

// Accepted is what Accept made of the drift.
type Accepted struct {
	Files []Formatted // that change, in order
	Done  []Drift     // what was written
	Left  diag.List   // warnings: what was not, why, and what to write by hand; without place where only the resource's is known
}

// Accept writes live values into the files, in place: every byte but those of
// the values stays. What is not written out in the files, or belongs to others
// too, is left. It writes nothing to the disk. in is what NewDraft needs to
// name what is referred to, with the graph as Files; o is how the files were
// loaded, sources what that gave.
func Accept(ctx context.Context, o Options, sources *Sources, in ExportInput, drifts []Drift) (*Accepted, error) {
	a := &accepter{
		l: newLoader(ctx, o), o: o, g: in.Files, sources: sources, draft: NewDraft(in),
		changed: map[string]*source{}, live: map[string]map[schema.Addr]string{},
	}
	for _, d := range drifts {
		a.remember(d)
	}
	a.all(drifts)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &Accepted{Files: a.files(), Done: a.done, Left: a.warnings()}, nil
}

type accepter struct {
	l       *loader // for what needs one
	o       Options
	g       *schema.Graph
	sources *Sources
	draft   *Draft
	changed map[string]*source
	live    map[string]map[schema.Addr]string // of a path of a block: the live values by instance
	done    []Drift
	left    []leftOver
}

// leftOver is what was not written.
type leftOver struct {
	addr schema.Addr
	Drifted
	why string
}

// errLeft is why a value is not written, in words that follow "since".
type errLeft string

func (e errLeft) Error() string { return string(e) }

func blockPath(addr schema.Addr, path string) string {
	return addr.Kind + "." + addr.Name + " " + path
}

// remember notes the live values, by which instances of a for_each are known to
// agree.
func (a *accepter) remember(d Drift) {
	for _, f := range d.Fields {
		key := blockPath(d.Addr, f.Path)
		if a.live[key] == nil {
			a.live[key] = map[schema.Addr]string{}
		}
		a.live[key][d.Addr] = a.attr(d.Addr, f.Path).Fingerprint(f.Live)
	}
}

func (a *accepter) attr(addr schema.Addr, path string) *schema.Attr {
	return schema.KindNamed(addr.Kind).AttrAt(path)
}

// all writes the drifts. If what comes of it would mean something else than
// intended, they are written one by one, and those that do it are left.
func (a *accepter) all(drifts []Drift) {
	changed, done, left := maps.Clone(a.changed), len(a.done), len(a.left)
	for _, d := range drifts {
		a.drift(d)
	}
	err := a.check()
	if err == nil {
		return
	}
	a.changed, a.done, a.left = changed, a.done[:done], a.left[:left]
	if len(drifts) > 1 {
		for _, d := range drifts {
			a.all([]Drift{d})
		}
		return
	}
	for _, d := range drifts {
		for _, f := range d.Fields {
			a.left = append(a.left, leftOver{d.Addr, f, err.Error()})
		}
	}
}

// drift writes the fields of one resource: changes first, then what comes, then
// what goes from the end, so that places in lists stay good until the end.
func (a *accepter) drift(d Drift) {
	fields := slices.Clone(d.Fields)
	rank := func(f Drifted) int {
		switch {
		case f.Live == nil:
			return 2
		case f.Want == nil:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(fields, func(x, y Drifted) int { return rank(x) - rank(y) })
	if i := slices.IndexFunc(fields, func(f Drifted) bool { return rank(f) == 2 }); i >= 0 {
		slices.Reverse(fields[i:])
	}
	written := Drift{Addr: d.Addr}
	for _, f := range fields {
		var why errLeft
		switch err := a.field(d.Addr, f); {
		case err == nil:
			written.Fields = append(written.Fields, f)
		case errors.As(err, &why):
			a.left = append(a.left, leftOver{d.Addr, f, why.Error()})
		default:
			a.left = append(a.left, leftOver{d.Addr, f, "the file cannot be read: " + err.Error()})
		}
	}
	if len(written.Fields) > 0 {
		slices.SortFunc(written.Fields, func(x, y Drifted) int { return strings.Compare(x.Path, y.Path) })
		a.done = append(a.done, written)
	}
}

// field writes one value.
func (a *accepter) field(addr schema.Addr, f Drifted) error {
	r := a.g.Find(addr)
	switch attr := a.attr(addr, f.Path); {
	case r == nil || attr == nil:
		return errLeft("no file has it")
	case schema.HasSensitive(f.Live) || schema.HasSensitive(f.Want):
		return errLeft("it is sensitive")
	case addr.Each && !a.agreed(addr, f.Path):
		return errLeft(fmt.Sprintf("all instances of %s.%s share it", addr.Kind, addr.Name))
	case addr.Each && a.written(addr, f.Path):
		return nil // with another instance
	}
	src := a.source(r)
	if src == nil {
		return errLeft("no file has it")
	}
	edits, err := a.edits(src, r, f)
	if err != nil {
		return err
	}
	a.changed[src.name] = src.edited(edits...)
	return nil
}

// source is the file of the resource as it is now.
func (a *accepter) source(r *schema.Resource) *source {
	if src := a.changed[r.Decl.File]; src != nil {
		return src
	}
	return a.sources.get(r.Decl.File)
}

// agreed reports whether all instances of a for_each have the same live value
// at the path.
func (a *accepter) agreed(addr schema.Addr, path string) bool {
	live := a.live[blockPath(addr, path)]
	for _, r := range a.g.Resources {
		if other := r.Addr; other.Kind == addr.Kind && other.Name == addr.Name && live[other] != live[addr] {
			return false
		}
	}
	return live[addr] != ""
}

// written reports whether the path of the block has been written.
func (a *accepter) written(addr schema.Addr, path string) bool {
	return slices.ContainsFunc(a.done, func(d Drift) bool {
		return d.Addr.Kind == addr.Kind && d.Addr.Name == addr.Name && slices.ContainsFunc(d.Fields, func(f Drifted) bool { return f.Path == path })
	})
}

// check loads the files as they would be: nothing but what is accepted may have
// changed.
func (a *accepter) check() error {
	if len(a.changed) == 0 {
		return nil
	}
	o := a.o
	o.Paths, o.Text = a.g.Paths, maps.Clone(a.o.Text)
	if o.Text == nil {
		o.Text = map[string][]byte{}
	}
	for name, src := range a.changed {
		o.Text[name] = src.bytes()
	}
	g, _, ds := Load(a.l.ctx, o)
	if ds.HasErrors() {
		ds.Sort()
		return fmt.Errorf("the file would not be valid: %s", firstOf(ds))
	}
	_, err := sameMeaning(a.g, g, func(addr schema.Addr) bool {
		return slices.ContainsFunc(a.done, func(d Drift) bool {
			return d.Addr == addr || addr.Each && d.Addr.Kind == addr.Kind && d.Addr.Name == addr.Name
		})
	})
	return err
}

func firstOf(ds diag.List) string {
	for _, d := range ds {
		if d.Severity == diag.Error {
			return d.Summary
		}
	}
	return ""
}

func (a *accepter) files() []Formatted {
	var out []Formatted
	for _, name := range slices.Sorted(maps.Keys(a.changed)) {
		out = append(out, Formatted{Name: name, Old: a.sources.get(name).bytes(), New: a.changed[name].bytes()})
	}
	return out
}

// warnings say what was left, at its place in the files as they will be.
func (a *accepter) warnings() diag.List {
	var out diag.List
	for _, l := range a.left {
		d := diag.Diagnostic{Severity: diag.Warning, Code: DriftLeft, Address: l.addr.String(),
			Summary: fmt.Sprintf("the live %s is not written, since %s", l.Path, l.why)}
		r := a.g.Find(l.addr)
		if r == nil {
			out.Add(d)
			continue
		}
		if src := a.source(r); src != nil {
			d.Range = a.placeOf(src, r, l.Path)
			d.Detail = a.byHand(src, r, l)
		}
		out.Add(d)
	}
	return out
}

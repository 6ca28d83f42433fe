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
		outcome: outcome{changed: map[string]*source{}, wrote: map[string]bool{}},
		live:    map[string]map[schema.Addr]string{}, agree: map[string]bool{},
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
	live    map[string]map[schema.Addr]string // of a path of a block: the live values by instance
	agree   map[string]bool                   // of a path of a block, once it was asked: agreed
	outcome
}

// outcome is how far it got.
type outcome struct {
	changed map[string]*source // by name
	wrote   map[string]bool    // by block and path
	done    []Drift
	left    []leftOver
}

func (o outcome) clone() outcome {
	return outcome{maps.Clone(o.changed), maps.Clone(o.wrote), slices.Clone(o.done), slices.Clone(o.left)}
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

// blockPath names a path of the block of which the resource is an instance.
func blockPath(addr schema.Addr, path string) string { return addr.Stem().String() + " " + path }

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
// intended, each half is tried by itself, and what does it alone is left.
func (a *accepter) all(drifts []Drift) {
	before := a.outcome.clone()
	err := a.write(drifts)
	if err == nil {
		err = a.check()
	}
	if err == nil {
		return
	}
	a.outcome = before
	if n := len(drifts); n > 1 {
		a.all(drifts[:n/2])
		a.all(drifts[n/2:])
		return
	}
	for _, d := range drifts {
		for _, f := range d.Fields {
			a.left = append(a.left, leftOver{d.Addr, f, err.Error()})
		}
	}
}

// write writes the drifts. An edit needs the file as the one before it in the
// same block has left it, and to read a large file again takes long: so of each
// block one value is written, then of each the next.
func (a *accepter) write(drifts []Drift) error {
	type value struct {
		of int // in drifts
		Drifted
	}
	values, blocks := map[schema.Addr][]value{}, []schema.Addr{}
	for i, d := range drifts {
		for _, f := range inOrderOfWriting(d.Fields) {
			block := d.Addr.Stem()
			if values[block] == nil {
				blocks = append(blocks, block)
			}
			values[block] = append(values[block], value{i, f})
		}
	}
	done := make([]Drift, len(drifts))
	for len(blocks) > 0 {
		edits := map[*source][]edit{}
		for _, block := range blocks {
			f := values[block][0]
			values[block] = values[block][1:]
			addr := drifts[f.of].Addr
			src, es, err := a.field(addr, f.Drifted)
			if err != nil {
				a.left = append(a.left, leftOver{addr, f.Drifted, err.Error()})
				continue
			}
			done[f.of].Addr = addr
			done[f.of].Fields = append(done[f.of].Fields, f.Drifted)
			a.wrote[blockPath(addr, f.Path)] = true
			if len(es) > 0 {
				edits[src] = append(edits[src], es...)
			}
		}
		for src, es := range edits {
			if overlap(es) {
				return errors.New("two of what was accepted stand in one place")
			}
			a.changed[src.name] = src.edited(es...)
		}
		blocks = slices.DeleteFunc(blocks, func(block schema.Addr) bool { return len(values[block]) == 0 })
	}
	for _, d := range done {
		if len(d.Fields) > 0 {
			slices.SortFunc(d.Fields, func(x, y Drifted) int { return strings.Compare(x.Path, y.Path) })
			a.done = append(a.done, d)
		}
	}
	return nil
}

// inOrderOfWriting are the fields of a resource: changes first, then what
// comes, then what goes from the end, so that places in lists stay good until
// the end.
func inOrderOfWriting(fields []Drifted) []Drifted {
	fields = slices.Clone(fields)
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
	return fields
}

// field is how a value comes into its file: no edits where there is nothing to
// do. An error says why it is left.
func (a *accepter) field(addr schema.Addr, f Drifted) (*source, []edit, error) {
	r := a.g.Find(addr)
	switch attr := a.attr(addr, f.Path); {
	case r == nil || attr == nil:
		return nil, nil, errLeft("no file has it")
	case schema.HasSensitive(f.Live) || schema.HasSensitive(f.Want):
		return nil, nil, errLeft("it is sensitive")
	case addr.Each && !a.agreed(addr, f.Path):
		return nil, nil, errLeft(fmt.Sprintf("all instances of %s.%s share it", addr.Kind, addr.Name))
	case addr.Each && a.wrote[blockPath(addr, f.Path)]:
		return nil, nil, nil // with another instance
	}
	src := a.source(r)
	if src == nil {
		return nil, nil, errLeft("no file has it")
	}
	edits, err := a.edits(src, r, f)
	if why := errLeft(""); err != nil && !errors.As(err, &why) {
		err = fmt.Errorf("the file cannot be read: %w", err)
	}
	return src, edits, err
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
	key := blockPath(addr, path)
	agreed, known := a.agree[key]
	if !known {
		agreed = true
		for _, r := range a.g.Resources {
			agreed = agreed && (r.Addr.Stem() != addr.Stem() || a.live[key][r.Addr] == a.live[key][addr])
		}
		a.agree[key] = agreed
	}
	return agreed
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
	accepted := map[schema.Addr]bool{}
	for _, d := range a.done {
		accepted[d.Addr.Stem()] = true
	}
	_, err := sameMeaning(a.g, g, func(addr schema.Addr) bool { return accepted[addr.Stem()] })
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

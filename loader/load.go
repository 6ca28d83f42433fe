// Package loader turns files, YAML or HCL, into the graph of what is wanted.
//
// Both spellings go through one evaluation. A file is read into declarations
// (variables, locals, settings, resources) whose values stay as they are
// written; then everything is evaluated as far as it depends on each other, and
// put into rows by the table of kinds. Whatever a user can do wrong becomes a
// diagnostic with its place, and all of them are reported in one run.
//
// The package is the only home of hcl, cty and yaml: none of their types
// leaves it. It sends nothing and writes nothing; package cli calls it.
package loader

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/sync/errgroup"

	"trueup/diag"
	"trueup/schema"
)

// Options say what to load.
type Options struct {
	Paths    []string // files and directories; none: what is there under one of the default names
	Dir      string   // the working directory; "" is the process's
	Vars     []string // NAME=VALUE of --var; a later one wins
	VarFiles []string // --var-file: YAML, JSON or HCL by extension; a later one wins

	// Text is what files hold that are not, or not so, on the disk: by name as
	// in Paths, or as a directory in Paths and the name in it.
	Text map[string][]byte

	// Environ looks up an environment variable, for TRUEUP_VAR_name and env();
	// nil: nothing is set.
	Environ func(string) (string, bool)
}

// Load reads the files and evaluates them. The graph is nil if the list has
// errors. The list is sorted. The sources are never nil.
func Load(ctx context.Context, o Options) (*schema.Graph, *Sources, diag.List) {
	l := newLoader(ctx, o)
	found := l.find()
	if l.diags.HasErrors() {
		return l.finish(nil)
	}
	l.readAll(found.files)
	l.declare()
	if l.cancelled() {
		return l.finish(nil)
	}
	l.readVarFiles()
	g := &schema.Graph{Paths: found.paths, Dir: found.dir}
	l.scope = l.defaultScope()
	g.Scope = l.scope
	l.evaluateAll()
	g.Settings = l.readSettings()
	g.Resources = l.resources()
	l.check(g.Resources)
	g.Sensitive = l.sensitive.Load()
	return l.finish(g)
}

// Home is the configuration that Load would take, without its resources: its
// directory and its settings, for who asks only for what lies beside it. What
// else is wrong with the files does not matter. nil: there is none.
func Home(ctx context.Context, o Options) (*schema.Graph, error) {
	l := newLoader(ctx, o)
	found := l.find()
	if l.diags.HasErrors() {
		return nil, nil
	}
	l.readAll(found.files)
	l.declare()
	l.readVarFiles()
	l.evaluateAll()
	g := &schema.Graph{Paths: found.paths, Dir: found.dir, Settings: l.readSettings()}
	if l.settings["state"] != nil && g.Settings.StatePath == "" {
		return nil, errors.New("the files have a setting state that cannot be read: name the state with --state FILE")
	}
	return g, ctx.Err()
}

// loader holds one run.
type loader struct {
	ctx     context.Context
	opts    Options
	sources *Sources
	diags   diag.List

	files     []*file
	variables map[string]*variable
	locals    map[string]*local
	settings  map[string]*item
	blocks    map[blockKey]*block
	order     []*block // as declared
	scope     schema.Scope
	noScope   bool // the default scope could not be read
	hasLookup map[*schema.Kind]bool

	hints       int      // given so far; see near
	partial     bool     // part of a file could not be read: what is missing may be there, so nobody says it is not
	partialVars bool     // the same for a --var-file
	named       bool     // a file of variables is taken too, where a path names it
	running     []string // what is being evaluated, for the chain of a cycle
	refs        refs
	sensitive   atomic.Bool

	blankMu sync.Mutex
	blanks  diag.List // see blank

	cache     fileCache
	functions *hcl.EvalContext
	byDir     sync.Map // directory to *hcl.EvalContext with its file functions
	elems     sync.Map // *schema.Attr to the attribute of its elements
}

type blockKey struct {
	kind *schema.Kind
	name string
}

func newLoader(ctx context.Context, o Options) *loader {
	if o.Environ == nil {
		o.Environ = func(string) (string, bool) { return "", false }
	}
	l := &loader{
		ctx: ctx, opts: o, sources: &Sources{files: map[string]*source{}},
		variables: map[string]*variable{}, locals: map[string]*local{}, settings: map[string]*item{},
		hasLookup: map[*schema.Kind]bool{},
	}
	for _, k := range schema.Kinds {
		l.hasLookup[k] = slices.ContainsFunc(k.Attrs, looksUp)
	}
	l.functions = &hcl.EvalContext{Functions: l.commonFunctions()}
	return l
}

// looksUp reports whether names in the attribute are resolved after loading.
func looksUp(a schema.Attr) bool { return a.Lookup != "" || slices.ContainsFunc(a.Attrs, looksUp) }

// elem is a.Elem(), made once.
func (l *loader) elem(a *schema.Attr) *schema.Attr {
	if e, ok := l.elems.Load(a); ok {
		return e.(*schema.Attr)
	}
	e, _ := l.elems.LoadOrStore(a, a.Elem())
	return e.(*schema.Attr)
}

func (l *loader) cancelled() bool {
	if err := l.ctx.Err(); err != nil {
		l.diags.Errorf(diag.Range{}, "loading was cut off: %v", err)
		return true
	}
	return false
}

func (l *loader) finish(g *schema.Graph) (*schema.Graph, *Sources, diag.List) {
	if !l.diags.HasErrors() {
		l.diags.Add(l.blanks...)
	}
	for i := range l.diags {
		d := &l.diags[i]
		d.Summary, d.Detail, d.Hint = clip(d.Summary), clip(d.Detail), clip(d.Hint)
	}
	l.diags.Sort()
	if l.diags.HasErrors() {
		g = nil
	}
	return g, l.sources, l.diags
}

// clip keeps a message that quotes a huge value readable.
func clip(text string) string {
	const most = 600 // characters
	if len(text) <= most {
		return text
	}
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}

// readAll reads the files in parallel. Each keeps its own diagnostics; they are
// put together in the order of the files.
func (l *loader) readAll(found []foundFile) {
	l.files = make([]*file, len(found))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range found {
		group.Go(func() error {
			if l.ctx.Err() == nil {
				l.files[i] = l.read(f)
			}
			return nil
		})
	}
	_ = group.Wait()
	l.files = slices.DeleteFunc(l.files, func(f *file) bool { return f == nil })
	for _, f := range l.files {
		l.diags.Add(f.diags...)
	}
}

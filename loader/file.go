package loader

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"gopkg.in/yaml.v3"

	"trueup/diag"
	"trueup/schema"
)

// file is what one file declares.
type file struct {
	l       *loader
	src     *source
	diags   diag.List
	partial bool // part of it could not be read, so that something may be declared there all the same

	settings  []item
	variables []*variable
	locals    []*local
	blocks    []*block
	buffer    []item // for the items of the next resource: those of most are not kept
}

// item is an attribute as written: its name, its value, and what it refers to.
type item struct {
	name  string
	at    diag.Range // of the name
	value expr
	uses  []use

	attr int              // position among the kind's attributes; -1: a meta attribute
	ctx  *hcl.EvalContext // what it refers to, evaluated; made at first need
}

// settingNames are the top-level names that are no kinds.
var settingNames = []string{"scope", "ownership", "ignore", "limits", "state"}

// metaNames are what every resource takes beside its kind's attributes.
var metaNames = []string{"for_each", "scope", "id", "depends_on", "prevent_destroy", "ignore_changes"}

func (l *loader) read(found foundFile) *file {
	f := &file{l: l, src: &source{name: found.name, dir: found.dir(), templates: map[*yaml.Node]*template{}}}
	l.sources.put(f.src)
	text, err := l.text(found.name)
	if err != nil {
		f.diags.Add(diag.Diagnostic{Summary: reason(err), Code: "file", Range: diag.Range{File: found.name}})
		f.partial = true
		return f
	}
	f.src.text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	f.src.mark = len(text) > len(f.src.text)
	if filepath.Ext(found.name) == ".hcl" {
		f.readHCL()
	} else {
		f.readYAML()
	}
	f.src.blind = f.partial
	return f
}

// text is what the file holds, or is to be taken to hold.
func (l *loader) text(name string) ([]byte, error) {
	if text, ok := l.opts.Text[name]; ok {
		return text, nil
	}
	return readFile(l.at(name), maxFile)
}

func (f *file) error(r diag.Range, code, summary, remedy, hint string) {
	f.diags.Add(diag.Diagnostic{Summary: summary, Detail: remedy, Hint: hint, Code: code, Range: r})
}

// unknownTop reports a top-level name that means nothing, in either spelling.
func (f *file) unknownTop(name string, at diag.Range, known []string) {
	remedy, hint := elsewhereTop[name], ""
	if remedy == "" {
		remedy, hint = "One of: "+strings.Join(known, ", ")+".", didYouMean(name, known)
	}
	f.error(at, "unknown-key", fmt.Sprintf("unknown top-level name %q", name), remedy, hint)
}

func (f *file) addVariable(name string, at diag.Range, items []item) {
	if !f.validName("variable", name, at) {
		return
	}
	f.variables = append(f.variables, f.newVariable(name, at, items))
}

func (f *file) addLocal(it item) {
	if f.validName("local", it.name, it.at) {
		f.locals = append(f.locals, &local{item: it})
	}
}

func (f *file) validName(what, name string, at diag.Range) bool {
	if schema.ValidName(name) {
		return true
	}
	f.error(at, "bad-name", fmt.Sprintf("%s is no name for a %s", schema.Quote(name), what), "A name is made of letters (A to Z), digits, - and _, and does not begin with -.", "")
	return false
}

// addBlock takes a resource. Its items are the caller's again afterwards.
func (f *file) addBlock(kind *schema.Kind, name string, at diag.Range, items []item) {
	if !f.validName("resource", name, at) {
		return
	}
	b := &block{kind: kind, name: name, decl: at, src: f.src}
	items = f.known(b, items)
	f.blocks = append(f.blocks, b)
	if f.independent(items) {
		b.items = items
		f.l.expandEarly(b, &f.diags)
		b.items = nil
		return
	}
	b.items = slices.Clone(items)
}

// independent reports whether nothing of another file, and nothing else of
// this one, has a part in the resource, so that it can be built at once.
func (f *file) independent(items []item) bool {
	return !slices.ContainsFunc(items, func(it item) bool { return len(it.uses) > 0 || it.name == "for_each" })
}

// elsewhere is what stands in the place of words that other tools of this kind
// have.
var elsewhere = map[string]string{
	"count":         "Write for_each, with a set or a map: one resource for each of its elements.",
	"lifecycle":     "Write prevent_destroy and ignore_changes beside the other attributes.",
	"configuration": "Write value beside the other attributes; what it is follows from it.",
	"account_id":    "Write scope instead, for the file or for one resource: account:<id>.",
	"zone_id":       "Write scope instead, for the file or for one resource: zone:<id>.",
}

// elsewhereTop is the same for what stands at the top of a file.
var elsewhereTop = map[string]string{
	"terraform": "Leave it out: there are no providers to choose, and where the state lies is the setting state.",
	"provider":  "Leave it out: credentials come from the environment (CLOUDFLARE_API_TOKEN), and whose objects are meant is the setting scope.",
	"module":    "There are no modules: the files of a directory are one configuration, and for_each makes several of a resource.",
	"output":    "Leave it out: trueup show and trueup state show have the values.",
	"data":      "Write the id, or the name where a name will do, such as that of a permission group.",
	"import":    "Leave it out: what is there already is adopted. Where several could be meant, write id in the resource.",
	"moved":     "Leave it out: a new address for the same object is a rename. Where its name changes too, first: trueup state mv OLD NEW.",
	"removed":   "Leave it out. To let the object stay, first: trueup state rm ADDR.",
}

// known keeps the items that the kind has, and reports the others.
func (f *file) known(b *block, items []item) []item {
	kept := items[:0]
	for _, it := range items {
		it.attr = b.kind.Index(it.name)
		if it.name == "depends_on" || it.name == "ignore_changes" {
			it.uses = withoutBare(it)
		}
		switch {
		case it.attr < 0 && !slices.Contains(metaNames, it.name):
			d := decoder{l: f.l, src: f.src, addr: b.addr(""), out: &f.diags}
			if near := d.unknown(b.kind.Attrs, it.name, it.name, it.at, metaNames); near != "" {
				b.failed = append(b.failed, near)
			} else if why := elsewhere[it.name]; why != "" {
				f.diags[len(f.diags)-1].Detail = why
			}
			continue
		case it.attr >= 0 && !b.kind.Attrs[it.attr].Writable():
			f.diags.Add(diag.Diagnostic{Summary: it.name + " is set by the server", Detail: "Take it out.", Code: "computed-attribute",
				Address: b.addr("").String(), Range: it.at})
			continue
		}
		kept = append(kept, it)
	}
	return kept
}

// declare puts together what the files declare; what is declared twice is
// reported with both places.
func (l *loader) declare() {
	n := 0
	for _, f := range l.files {
		n += len(f.blocks)
		l.partial = l.partial || f.partial
	}
	l.blocks, l.order = make(map[blockKey]*block, n), make([]*block, 0, n)
	for _, f := range l.files {
		for i := range f.settings {
			it := &f.settings[i]
			if first := l.settings[it.name]; first != nil {
				l.twice(it.name+" is given twice", first.at, it.at)
				continue
			}
			l.settings[it.name] = it
		}
		for _, v := range f.variables {
			if first := l.variables[v.name]; first != nil {
				l.twice("the variable "+v.name+" is declared twice", first.at, v.at)
				continue
			}
			l.variables[v.name] = v
		}
		for _, x := range f.locals {
			if first := l.locals[x.name]; first != nil {
				l.twice("local."+x.name+" is defined twice", first.at, x.at)
				continue
			}
			l.locals[x.name] = x
		}
		l.declareBlocks(f)
	}
	if len(l.order) == 0 && !l.partial && !l.diags.HasErrors() {
		l.nothing()
	}
}

func (l *loader) declareBlocks(f *file) {
	for _, b := range f.blocks {
		key := blockKey{b.kind, b.name}
		if first := l.blocks[key]; first != nil {
			l.twice(b.addr("").String()+" is declared twice", first.decl, b.decl)
			continue
		}
		l.blocks[key] = b
		l.order = append(l.order, b)
	}
	f.blocks = nil
}

func (l *loader) nothing() {
	var at diag.Range
	if len(l.files) > 0 {
		at = l.files[0].src.at(0)
	}
	l.diags.Add(diag.Diagnostic{Summary: "no file names a resource", Code: "empty", Range: at,
		Detail: "Name at least one, for instance under access_rules. To delete everything that was applied: trueup destroy."})
}

func (l *loader) twice(summary string, first, second diag.Range) {
	l.diags.Add(again(summary, first, second))
}

// again says that something is declared twice.
func again(summary string, first, second diag.Range) diag.Diagnostic {
	return diag.Diagnostic{Summary: summary, Detail: fmt.Sprintf("The first is at %s.", first), Code: "duplicate", Range: second}
}

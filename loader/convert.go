package loader

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/schema"
)

// ConvertTo says what a conversion is to give.
type ConvertTo struct {
	Format Format
	Whole  bool   // several files become one
	Dir    string // the directory that it is written to; "" is not known
}

// Convert gives the files in the other spelling, in canonical form: one part
// for each file, or one for all. Nothing is evaluated and nothing written. A file
// that is in that spelling already comes along, unless it is the only one. The
// list has errors, and there are no parts, if anything would be lost. A name
// without extension is in the other spelling.
func Convert(ctx context.Context, o Options, to ConvertTo) ([]Part, *Sources, diag.List) {
	l := newLoader(ctx, o)
	l.named = true
	c := conversion{l: l, to: to, top: configAttr()}
	for _, f := range l.find().files {
		if l.cancelled() {
			break
		}
		c.add(f.name)
	}
	if !l.diags.HasErrors() && !slices.ContainsFunc(c.files, func(x converted) bool { return x.was != to.Format }) {
		l.problem(c.files[0].name, fmt.Sprintf("this is %s already", strings.ToUpper(string(to.Format))), "Name a file in the other spelling.")
	}
	if !l.diags.HasErrors() && to.Whole && len(c.files) > 1 {
		c.join()
	}
	var parts []Part
	for _, x := range c.files {
		parts = append(parts, Part{strings.TrimSuffix(filepath.Base(x.name), filepath.Ext(x.name)) + "." + string(to.Format), x.text})
	}
	c.collisions(parts)
	_, sources, ds := l.finish(nil)
	if ds.HasErrors() {
		return nil, sources, ds
	}
	return parts, sources, ds
}

// conversion is one run.
type conversion struct {
	l     *loader
	to    ConvertTo
	top   *schema.Attr // what types a file of configuration
	files []converted
}

// converted is one file.
type converted struct {
	name string
	was  Format
	tree *tree
	text []byte // in the spelling that is wanted
}

// add reads a file and writes it in the other spelling.
func (c *conversion) add(name string) {
	l := c.l
	f := &file{l: l, src: &source{name: name, dir: filepath.Dir(name), blind: true}}
	l.sources.put(f.src)
	defer func() {
		f.quiet()
		l.diags.Add(f.diags...)
	}()
	text, err := l.text(name)
	if err != nil {
		f.error(diag.Range{File: name}, "file", reason(err), "", "")
		return
	}
	f.src.text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	x := converted{name: name, was: c.spelling(name)}
	top := c.top
	if IsVars(name) || filepath.Ext(name) == ".json" {
		top = nil
	}
	if x.tree = f.tree(x.was, top); x.tree == nil || f.diags.HasErrors() {
		return
	}
	c.stranded(f, x.tree, top)
	if x.was == c.to.Format {
		x.text = f.format(f.src.text, x.was == HCL)
	} else {
		x.text = f.other(x.tree, top, c.to.Format)
	}
	c.files = append(c.files, x)
}

// spelling is that of the file.
func (c *conversion) spelling(name string) Format {
	switch ext := filepath.Ext(name); {
	case ext == ".hcl" || !slices.Contains(variableExtensions, ext) && c.to.Format == YAML:
		return HCL
	}
	return YAML
}

// tree reads the file; top types it, and is nil for a file of variables.
func (f *file) tree(was Format, top *schema.Attr) *tree {
	if was == HCL {
		t := f.treeHCL(top)
		if t != nil && top != nil {
			t.settle()
		}
		return t
	}
	literal := filepath.Ext(f.src.name) == ".json"
	if literal && !f.validJSON() {
		return nil
	}
	t := f.treeYAML(top, literal)
	if t == nil || top == nil {
		return t
	}
	for i := range t.items {
		if k := t.items[i].key; k.form != formText || !slices.Contains(yamlTop(), k.text) {
			f.unknownTop(k.text, k.at, yamlTop())
		}
	}
	t.settle()
	return t
}

// other writes the tree in the other spelling, reads that again, and refuses
// what does not say the same.
func (f *file) other(t *tree, top *schema.Attr, to Format) []byte {
	before := t.remarks()
	text := spell(t, top != nil, to, &f.diags)
	if f.diags.HasErrors() {
		return nil
	}
	back := &file{l: f.l, src: &source{name: string(to), dir: f.src.dir, text: text}}
	again := back.tree(to, top)
	at, differ := diag.Range{File: f.src.name}, again == nil || back.diags.HasErrors() || !slices.Equal(before, again.remarks())
	if !differ {
		at, differ = differs(t, again)
	}
	if differ {
		f.error(at, "convert", "this cannot be converted without a loss", "Write it in a simpler way.", "")
		return nil
	}
	return text
}

func spell(t *tree, config bool, to Format, out *diag.List) []byte {
	if to == HCL {
		return hclFile(t, config, out)
	}
	return yamlText(t)
}

// join makes one file of all.
func (c *conversion) join() {
	first := c.files[0]
	f := &file{l: c.l, src: &source{name: first.name}}
	for _, x := range c.files[1:] {
		first.tree.join(x.tree, &f.diags)
	}
	if !f.diags.HasErrors() {
		first.text = f.other(first.tree, c.top, c.to.Format)
	}
	c.l.diags.Add(f.diags...)
	c.files = []converted{first}
}

// join adds what stands in another file.
func (t *tree) join(other *tree, out *diag.List) {
	if len(other.items) > 0 {
		b := &other.items[0]
		b.above = slices.Concat(t.foot, b.above)
		t.foot = nil
	}
	for _, b := range other.items {
		have := t.branch(b.key.text)
		switch {
		case have == nil:
			b.blank = b.blank || len(b.above) == 0
			t.items = append(t.items, b)
		case isSetting(b.key.text):
			out.Add(again(b.key.text+" is given twice", have.key.at, b.key.at))
		case have.value.form == formNull:
			b.above = slices.Concat(have.above, b.above)
			*have = b
		default:
			have.value.more(b, out)
		}
	}
	t.foot = append(t.foot, other.foot...)
}

// collisions refuses files that would get one name.
func (c *conversion) collisions(parts []Part) {
	seen := map[string]string{}
	for i, p := range parts {
		if first, ok := seen[p.Name]; ok {
			c.l.problem(c.files[i].name, fmt.Sprintf("this and %s would both become %s", first, p.Name), "Rename one of them.")
		}
		seen[p.Name] = c.files[i].name
	}
}

// readsFile is a call of a function that takes the path of a file.
var readsFile = regexp.MustCompile(`\b(file\w*|templatefile)\(`)

// stranded warns of paths that will mean another file, since they are relative
// to the file that they stand in.
func (c *conversion) stranded(f *file, t *tree, top *schema.Attr) {
	if c.to.Dir == "" || c.l.real(c.to.Dir) == c.l.real(f.src.dir) {
		return
	}
	if at, found := (typed{c.l}).path(t, top); found {
		f.diags.Add(diag.Diagnostic{Severity: diag.Warning, Summary: "a path that is relative to this file", Code: "path", Range: at,
			Detail: fmt.Sprintf("In %s it means another file: bring what it names along.", c.to.Dir)})
	}
}

// path is where the first relative path of a tree stands.
func (t typed) path(x *tree, a *schema.Attr) (diag.Range, bool) {
	isPath := a != nil && a.Type == schema.TypePath && x.form == formText && !filepath.IsAbs(x.text)
	if isPath || (x.form == formCode || isTemplate(x.text)) && readsFile.MatchString(x.text) {
		return x.at, true
	}
	for i := range x.items {
		b := &x.items[i]
		of := t.elem(a)
		if x.form == formObject {
			of, _ = t.entry(a, &b.key)
		}
		if at, found := t.path(&b.value, of); found {
			return at, true
		}
	}
	return diag.Range{}, false
}

package loader

import (
	"bytes"
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"trueup/diag"
	"trueup/schema"
)

// hclTop are the names of blocks and attributes at the top of an HCL file.
func hclTop() []string {
	names := append([]string{"variable", "locals"}, settingNames...)
	return append(names, schema.KindNames()...)
}

// hclChunk is about how many bytes of an HCL file are parsed at once. The
// syntax tree takes many times as much, so a large file is read in pieces, and
// each tree dropped when what it declares has been taken over.
const hclChunk = 256 << 10

// readHCL reads the declarations of an HCL file.
func (f *file) readHCL() {
	cuts, ok := f.checkHCL()
	if !ok {
		f.partial = true
		return
	}
	bodies := make([]parsedHCL, runtime.GOMAXPROCS(0))
	for len(cuts) > 1 && f.l.ctx.Err() == nil {
		n := min(len(bodies), len(cuts)-1)
		var group sync.WaitGroup
		for i := range n {
			group.Go(func() { bodies[i] = f.parseHCL(cuts[i], cuts[i+1]) })
		}
		group.Wait()
		for i := range n {
			f.takeHCL(bodies[i])
			bodies[i] = parsedHCL{}
		}
		cuts = cuts[n:]
	}
}

// parsedHCL is a piece of a file. What could be parsed of one with mistakes is
// read all the same, so that its other mistakes are found too.
type parsedHCL struct {
	body  *hclsyntax.Body // may be nil
	diags hcl.Diagnostics
}

func (f *file) parseHCL(from, to int) (out parsedHCL) {
	start := hcl.Pos{Line: int(f.src.pos(from).Line), Column: 1, Byte: from}
	defer func() {
		if recover() != nil {
			out = parsedHCL{diags: panicked(hcl.Range{Filename: f.src.name, Start: start, End: start})}
		}
	}()
	parsed, diags := hclsyntax.ParseConfig(f.src.text[from:to], f.src.name, start)
	out.diags = diags
	if parsed != nil {
		out.body, _ = parsed.Body.(*hclsyntax.Body)
	}
	return out
}

// takeHCL takes over what a piece declares.
func (f *file) takeHCL(p parsedHCL) {
	f.diags.Add(translate(p.diags, f.src.place)...)
	f.partial = f.partial || p.diags.HasErrors()
	if p.body == nil {
		return
	}
	for _, a := range inOrder(p.body) {
		it := f.hclItem(a)
		if isSetting(a.Name) {
			f.settings = append(f.settings, it)
			continue
		}
		f.misplacedAttribute(a)
	}
	for _, b := range p.body.Blocks {
		f.topBlock(b)
	}
}

// checkHCL refuses text that the parser must not see, and gives the offsets
// between which it is parsed.
func (f *file) checkHCL() (cuts []int, ok bool) {
	if i := bytes.IndexByte(f.src.text, 0); i >= 0 {
		f.error(f.src.at(i), "encoding", "a NUL character", "Take it out: a text file has none.", "")
		return nil, false
	}
	if at := invalidUTF8(f.src.text); at >= 0 {
		f.error(f.src.at(at), "encoding", "this is not valid UTF-8", "Save the file as UTF-8.", "")
		return nil, false
	}
	cuts, at := scanHCL(f.src.text, hclChunk)
	if at >= 0 {
		f.error(f.src.at(at), "limit", "values nested too deeply", fmt.Sprintf("At most %d levels, and %d operators in one expression, are read.", maxDepth, maxSteps), "")
		return nil, false
	}
	return cuts, true
}

// inOrder are the attributes of a body in the order written.
func inOrder(body *hclsyntax.Body) []*hclsyntax.Attribute {
	out := make([]*hclsyntax.Attribute, 0, len(body.Attributes))
	for _, a := range body.Attributes {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *hclsyntax.Attribute) int {
		return cmp.Compare(a.NameRange.Start.Byte, b.NameRange.Start.Byte)
	})
	return out
}

func (f *file) misplacedAttribute(a *hclsyntax.Attribute) {
	at := f.src.place(a.NameRange)
	if k := schema.KindPlural(a.Name); k != nil || schema.KindNamed(a.Name) != nil || a.Name == "variables" || a.Name == "locals" {
		word := a.Name
		if k != nil {
			word = k.Name
		}
		f.error(at, "unknown-key", fmt.Sprintf("%s is no attribute in HCL", a.Name), fmt.Sprintf(`Write blocks: %s "name" { … }; locals { … }.`, word), "")
		return
	}
	f.unknownTop(a.Name, at, hclTop())
}

func (f *file) topBlock(b *hclsyntax.Block) {
	at := f.src.place(b.TypeRange)
	kind := schema.KindNamed(b.Type)
	switch {
	case kind != nil:
		if name, where, ok := f.label(b); ok {
			f.addBlock(kind, name, where, f.hclItems(b.Body, f.buffer[:0], kind.Attrs, metaNames))
		}
	case b.Type == "variable":
		if name, where, ok := f.label(b); ok {
			f.addVariable(name, where, f.hclItems(b.Body, nil, nil, varKeys))
		}
	case b.Type == "locals":
		if len(b.Labels) > 0 {
			f.error(f.src.place(b.LabelRanges[0]), "bad-name", "locals has no name", "Write locals { … }.", "")
		}
		for _, it := range f.hclItems(b.Body, nil, nil, nil) {
			f.addLocal(it)
		}
	case schema.KindPlural(b.Type) != nil:
		word := schema.KindPlural(b.Type).Name
		f.error(at, "unknown-key", fmt.Sprintf("unknown block %q", b.Type), fmt.Sprintf(`In HCL, each resource is a block of its own, named in the singular: %s "name" { … }.`, word), meant(word))
	case isSetting(b.Type):
		f.error(at, "unknown-key", fmt.Sprintf("%s is an attribute, not a block", b.Type), fmt.Sprintf("Write %s = …", b.Type), "")
	case b.Type == "variables":
		f.error(at, "unknown-key", `unknown block "variables"`, `In HCL, each variable is a block of its own: variable "name" { … }.`, meant("variable"))
	case b.Type == "resource":
		f.error(at, "unknown-key", `unknown block "resource"`, `The kind stands first: access_rule "name" { … }.`, "")
	default:
		f.unknownTop(b.Type, at, hclTop())
	}
}

// label is the one name that a block bears, and the range of its header.
func (f *file) label(b *hclsyntax.Block) (string, diag.Range, bool) {
	header := f.src.place(hcl.RangeBetween(b.TypeRange, lastOf(b)))
	if len(b.Labels) != 1 {
		f.error(header, "bad-name", fmt.Sprintf("%s takes one name", b.Type), fmt.Sprintf(`Write %s "name" { … }.`, b.Type), "")
		return "", header, false
	}
	return schema.NFC(b.Labels[0]), header, true
}

func lastOf(b *hclsyntax.Block) hcl.Range {
	if len(b.LabelRanges) > 0 {
		return b.LabelRanges[len(b.LabelRanges)-1]
	}
	return b.TypeRange
}

// hclItems adds the attributes of a body to items. Blocks are reported; each
// stands for the attribute that is meant, of attrs and more (both nil: any), with
// a value that could not be read.
func (f *file) hclItems(body *hclsyntax.Body, items []item, attrs []schema.Attr, more []string) []item {
	for _, b := range body.Blocks {
		if name := f.nestedBlock(b, append(schema.Writable(attrs), more...)); name != "" {
			items = append(items, item{name: name, at: f.src.place(b.TypeRange), value: expr{src: f.src}})
		}
	}
	for _, a := range inOrder(body) {
		items = append(items, f.hclItem(a))
	}
	if cap(items) > cap(f.buffer) && cap(items) <= 1024 {
		f.buffer = items
	}
	return items
}

// nestedBlock reports a block where only attributes can stand, and gives the
// name of the one that is meant, or "".
func (f *file) nestedBlock(b *hclsyntax.Block, names []string) string {
	at, name, hint := f.src.place(b.TypeRange), b.Type, ""
	if names != nil && !slices.Contains(names, name) {
		if name = diag.Suggest(b.Type, names); name == "" {
			f.error(at, "unknown-key", fmt.Sprintf("unknown block %q", b.Type), cmp.Or(elsewhere[b.Type], "One of: "+strings.Join(names, ", ")+"."), "")
			return ""
		}
		hint = meant(name)
	}
	f.error(at, "nested-block", fmt.Sprintf("%s is a block", b.Type), fmt.Sprintf("Nested values are attributes: write %s = { … }, or %s = [{ … }] for a list.", name, name), hint)
	return name
}

func (f *file) hclItem(a *hclsyntax.Attribute) item {
	it := item{name: schema.NFC(a.Name), at: f.src.place(a.NameRange), value: expr{src: f.src, code: a.Expr}}
	it.uses = prepare(a.Expr, f.src, &f.diags)
	return it
}

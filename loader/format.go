package loader

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
	"gopkg.in/yaml.v3"

	"trueup/diag"
)

// Formatted is a file that is not in canonical form.
type Formatted struct {
	Name     string // as it is shown
	Old, New []byte
}

// Canonical gives the canonical form of the files that differ from it. Beside
// configuration, a file of variables is taken where a path names it. A file
// that can't be read or parsed is in the list, and the others are formatted all
// the same. Nothing is evaluated and nothing written.
func Canonical(ctx context.Context, o Options) ([]Formatted, *Sources, diag.List) {
	l := newLoader(ctx, o)
	l.named = true
	found := l.find().files
	out, lists := make([]*Formatted, len(found)), make([]diag.List, len(found))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range found {
		group.Go(func() error {
			if ctx.Err() == nil {
				out[i], lists[i] = l.formatFile(f)
			}
			return nil
		})
	}
	_ = group.Wait()
	l.cancelled()
	for _, list := range lists {
		l.diags.Add(list...)
	}
	var changed []Formatted
	for _, f := range slices.DeleteFunc(out, func(f *Formatted) bool { return f == nil }) {
		changed = append(changed, *f)
	}
	_, sources, diags := l.finish(nil)
	return changed, sources, diags
}

func (l *loader) formatFile(found foundFile) (*Formatted, diag.List) {
	old, err := readFile(l.at(found.name), maxFile)
	if err != nil {
		return nil, diag.List{{Summary: reason(err), Code: "file", Range: diag.Range{File: found.name}}}
	}
	f := &file{l: l, src: &source{name: found.name, dir: found.dir(), blind: true}}
	text := f.format(old, filepath.Ext(found.name) == ".hcl")
	f.quiet()
	l.sources.put(f.src)
	if text == nil || bytes.Equal(text, old) {
		return nil, f.diags
	}
	return &Formatted{Name: found.name, Old: old, New: text}, f.diags
}

// hclBegin is how the first line of an HCL file begins.
var hclBegin = regexp.MustCompile(`^(?:\s*#.*\n|\s+)*(?:/[/*]|[A-Za-z_][\w-]*[ \t]*(?:[={"]|[A-Za-z_][\w-]*[ \t]*\{))`)

// CanonicalText is the canonical form of a text of which only the name that it is
// shown by is known: its first line tells the spelling. It is nil if the list
// has errors.
func CanonicalText(name string, old []byte) ([]byte, *Sources, diag.List) {
	l := newLoader(context.Background(), Options{})
	f := &file{l: l, src: &source{name: name, blind: true}}
	text := f.format(old, hclBegin.Match(bytes.TrimPrefix(old, utf8Mark)))
	l.sources.put(f.src)
	return text, l.sources, f.diags
}

// utf8Mark is the byte order mark that some editors put before a text.
var utf8Mark = []byte("\xef\xbb\xbf")

// format is the canonical form of a text, or nil if it can't be parsed. A text
// whose canonical form cannot be shown to mean the same stays as it is.
func (f *file) format(old []byte, isHCL bool) []byte {
	f.src.text = bytes.TrimPrefix(old, utf8Mark)
	form, same := f.canonYAML, sameYAML
	if isHCL {
		form, same = f.canonHCL, sameHCL
	}
	text := form()
	if f.diags.HasErrors() {
		return nil
	}
	if !same(f.src.text, text) {
		f.diags.Add(diag.Diagnostic{Severity: diag.Warning, Summary: "this file is left as it is", Code: "format", Range: diag.Range{File: f.src.name},
			Detail: "It is valid, but so written that trueup cannot be sure to format it without a loss. Write it in a simpler way."})
		return old
	}
	return append([]byte{}, text...) // not nil, even where nothing is left of blank lines
}

func (f *file) canonYAML() []byte {
	parseYAML(f.src, &f.diags)
	if f.diags.HasErrors() {
		return nil
	}
	return formatYAML(f.src.text)
}

// sameYAML reports whether two texts are one tree with the same comments.
func sameYAML(a, b []byte) bool {
	a = bytes.ReplaceAll(a, []byte("\r\n"), []byte("\n"))
	var ignored diag.List
	return slices.EqualFunc(scanYAML(a), scanYAML(b), func(x, y token) bool {
		return x.kind == y.kind && (x.kind != tokenComment || bytes.Equal(a[x.from:x.to], b[y.from:y.to]))
	}) && sameNode(parseYAML(&source{text: a}, &ignored), parseYAML(&source{text: b}, &ignored)) && len(ignored) == 0
}

// sameNode reports whether two nodes are the same but for their places. The
// comments that the parser attaches are left out: it loses some.
func sameNode(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Style != b.Style || a.Tag != b.Tag || a.Value != b.Value || a.Anchor != b.Anchor {
		return false
	}
	return slices.EqualFunc(a.Content, b.Content, sameNode)
}

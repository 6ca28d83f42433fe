package loader

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"trueup/schema"
)

// Random configurations, spelled by the YAML library in random styles, and with
// comments at random places.

type randomYAML struct {
	rt    *rapid.T
	notes int
}

func (r *randomYAML) pick(n int) int { return rapid.IntRange(0, n-1).Draw(r.rt, "pick") }

// text is a text with characters that mean something somewhere, and templates.
func (r *randomYAML) text() string {
	parts := []string{"a", "Zone", " ", "  ", "\n", "\n\n", "\t", `"`, "'", `\`, `\n`, "#", " # ", ": ", "- ", "$${", "%%{", "$", "%", "{", "}", "[", ",", "é", "\u00a0", "&", "*", "!", "|", ">", "no", "1e3", "0x1", "~", "//", "/*",
		"EOT\n", "${local.one}", "${upper(\"b}\\n\")}", "%{if true}y%{else}\nn%{endif}", "${ 1 + 2 }", "${~ local.one ~}", "${[for x in [1, 2] : \"${x}\"][0]}"}
	var b strings.Builder
	for range r.pick(5) {
		b.WriteString(parts[r.pick(len(parts))])
	}
	return b.String()
}

// comment is a comment that no other is like, or none.
func (r *randomYAML) comment() string {
	if r.pick(4) > 0 {
		return ""
	}
	r.notes++
	return fmt.Sprintf("# note %d ${", r.notes)
}

func (r *randomYAML) scalar(text string) *yaml.Node {
	style := []yaml.Style{0, 0, yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle, yaml.LiteralStyle, yaml.FoldedStyle}[r.pick(6)]
	n := &yaml.Node{}
	n.SetString(text)
	n.Style, n.LineComment = style, r.comment()
	return n
}

// plain is a scalar without quotes.
func (r *randomYAML) plain(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: text, LineComment: r.comment()}
}

func (r *randomYAML) style(n *yaml.Node) *yaml.Node {
	if r.pick(3) == 0 {
		n.Style = yaml.FlowStyle
	}
	return n
}

func (r *randomYAML) list(of ...*yaml.Node) *yaml.Node {
	return r.style(&yaml.Node{Kind: yaml.SequenceNode, Content: of})
}

func (r *randomYAML) object() *yaml.Node { return r.style(&yaml.Node{Kind: yaml.MappingNode}) }

func (r *randomYAML) put(m *yaml.Node, key string, v *yaml.Node) {
	k := &yaml.Node{}
	k.SetString(key)
	k.HeadComment, k.FootComment = r.comment(), r.comment()
	m.Content = append(m.Content, k, v)
}

// value is a value of a local.
func (r *randomYAML) value(depth int) *yaml.Node {
	words := []string{"1", "1e3", "-2.50", "0x1F", "+7", ".5", "true", "False", "null", "~", "", "no", "2030-01-01", "${local.one}", "${[1, {a = \"b\", (local.one) = [2]}]}", "${true ? \"x\" : null}", "${null}"}
	switch n := r.pick(8); {
	case n < 2 && depth > 0:
		l := r.list()
		for range r.pick(4) {
			e := r.value(depth - 1)
			e.HeadComment = r.comment()
			l.Content = append(l.Content, e)
		}
		return l
	case n < 4 && depth > 0:
		m := r.object()
		for i := range r.pick(4) {
			keys := []string{"k%d", "a b%d", "9k%d", "${local.one}%d", "no%d", "x: y%d", "\"q\" %d", "$${%d"}
			r.put(m, fmt.Sprintf(keys[r.pick(len(keys))], i), r.value(depth-1))
		}
		return m
	case n < 6:
		return r.plain(words[r.pick(len(words))])
	}
	return r.scalar(r.text())
}

// config is a configuration without mistakes.
func (r *randomYAML) config() *yaml.Node {
	root, locals, monitors, pools := &yaml.Node{Kind: yaml.MappingNode}, r.object(), r.object(), r.object()
	r.put(locals, "one", r.plain("one"))
	for i := range r.pick(4) {
		r.put(locals, fmt.Sprintf("l%d", i), r.value(2))
	}
	for i := range r.pick(3) {
		m := r.object()
		r.put(m, "description", r.scalar(fmt.Sprint(i, r.text())))
		r.put(m, "path", r.scalar("/"+strings.TrimSpace(r.text())))
		r.put(m, "interval", []*yaml.Node{r.plain("60"), r.scalar("70"), r.plain("${60 + 5}")}[r.pick(3)])
		header := r.object()
		r.put(header, "X-"+fmt.Sprint(i), r.list(r.scalar("v"+strings.ReplaceAll(strings.ReplaceAll(r.text(), "\n", ""), "\t", ""))))
		r.put(m, "header", header)
		r.put(monitors, []string{"m%d", "9m%d", "no-%d"}[r.pick(3)][:1]+fmt.Sprint(i), m)
	}
	origin := r.object()
	r.put(origin, "name", r.scalar("app"))
	r.put(origin, "address", r.plain("192.0.2.1"))
	r.put(origin, "weight", r.plain([]string{"1", "0.5", "1e-1"}[r.pick(3)]))
	p := r.object()
	r.put(p, "origins", r.list(origin))
	r.put(p, "prevent_destroy", r.plain([]string{"true", "false", "True"}[r.pick(3)]))
	r.put(p, "ignore_changes", r.list(r.scalar("description"), r.scalar(`origins["app"].weight`)))
	r.put(pools, "p", p)
	for _, i := range rapid.Permutation([]int{0, 1, 2}).Draw(r.rt, "order") {
		r.put(root, []string{"locals", "monitors", "pools"}[i], []*yaml.Node{locals, monitors, pools}[i])
	}
	return root
}

// TestConvertRandom: random configurations convert to the same graph, in both
// directions, and mean the same in canonical form.
func TestConvertRandom(t *testing.T) {
	loaded, tried := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		r := randomYAML{rt: rt}
		text := encodeYAML(r.config())
		tried++
		g := loadText(t, "a.yaml", text)
		if g == nil {
			return // such as a path with a blank in it
		}
		loaded++
		out := convertsTo(t, rt, "a.yaml", text, g)
		formatsTo(t, rt, "a.yaml", text, g)
		spoilt := r.spoilHCL(out)
		formatsTo(t, rt, "a.hcl", spoilt, g)
		if g = loadText(t, "a.hcl", spoilt); g == nil {
			rt.Fatalf("spoilt, it does not load:\n%s", spoilt)
		}
		convertsTo(t, rt, "a.hcl", spoilt, g)
	})
	if loaded*3 < tried {
		t.Errorf("only %d of %d could be loaded", loaded, tried)
	}
}

// convertsTo converts a text that means the graph.
func convertsTo(t *testing.T, rt *rapid.T, name string, text []byte, g *schema.Graph) []byte {
	out, s, ds := convertText(name, text)
	if out == nil {
		rt.Fatalf("%s\n%s", text, print(s, ds))
	}
	checkConverted(rt, name, text, out)
	other, _ := otherName(name)
	if d := cmp.Diff(g, loadText(t, other, out), same); d != "" {
		rt.Fatalf("the graph differs:\n%s\n%s\n%s", text, out, d)
	}
	return out
}

// formatsTo formats a text that means the graph.
func formatsTo(t *testing.T, rt *rapid.T, name string, text []byte, g *schema.Graph) {
	out, declined, ds := formatText(name, text)
	if declined || ds.HasErrors() {
		rt.Fatalf("%s\n%v", text, ds)
	}
	if a, b := commentsOf(name, text), commentsOf(name, out); !slices.Equal(a, b) {
		rt.Errorf("formatted, the comments differ:\n%s\n%s", cmp.Diff(a, b), out)
	}
	if again, _, _ := formatText(name, out); !bytes.Equal(again, out) {
		rt.Errorf("formatted twice:\n%s\n%s", text, cmp.Diff(string(out), string(again)))
	}
	if d := cmp.Diff(g, loadText(t, name, out), same); d != "" {
		rt.Fatalf("formatted, the graph differs:\n%s\n%s\n%s", text, out, d)
	}
}

// spoilHCL puts comments between tokens, where any can stand.
func (r *randomYAML) spoilHCL(text []byte) []byte {
	var b strings.Builder
	at, templates := 0, 0
	for _, k := range lexHCL(text) {
		b.Write(text[at:k.Range.Start.Byte])
		at = k.Range.End.Byte
		switch k.Type {
		case hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			templates++
		case hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			templates--
		}
		if k.Type == hclsyntax.TokenNewline && templates == 0 && r.pick(6) == 0 && !strings.HasSuffix(b.String(), "EOT") {
			r.notes++
			fmt.Fprintf(&b, []string{" # note %d", " // note %d", " /* note %d */", "\n# note %d", "\n/* note\n * %d */\n", "\n\n\n// note %d"}[r.pick(6)], r.notes)
		}
		b.Write(k.Bytes)
		if templates == 0 && k.Type == hclsyntax.TokenEqual && r.pick(10) == 0 {
			r.notes++
			fmt.Fprintf(&b, " /* note %d */ ", r.notes)
		}
	}
	return []byte(b.String())
}

package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"trueup/diag"
	"trueup/schema"
)

// collapseAbove is how many instances of one resource are drawn one by one;
// more are one node, with their number.
const collapseAbove = 20

// GraphFormats are what Graph can write.
var GraphFormats = []string{"dot", "mermaid"}

// Graph draws what depends on what: resources, the references in their values
// (solid, with the attribute's name) and depends_on (dashed), from what needs
// to what is needed. Where there are several scopes, each is a frame of its
// own. No value is shown, so no secret is.
func Graph(g *schema.Graph, format string) ([]byte, error) {
	d := drawGraph(g)
	switch format {
	case "dot":
		return d.dot(), nil
	case "mermaid":
		return d.mermaid(), nil
	}
	return nil, fmt.Errorf("unknown graph format %q: it is %s", format, strings.Join(GraphFormats, " or "))
}

// picture is a graph ready to be drawn: nodes by scope, and the edges between
// them. Nodes are named by number, so that no name can break the syntax.
type picture struct {
	frames []graphFrame
	edges  []graphEdge
}

type graphFrame struct {
	scope schema.Scope
	nodes []graphNode
}

type graphNode struct {
	id    string
	label string
}

// graphEdge goes from what needs to what is needed, by number of node.
type graphEdge struct {
	from, to int
	label    string
	order    bool // of depends_on
}

func (e graphEdge) compare(f graphEdge) int {
	return cmp.Or(cmp.Compare(e.from, f.from), cmp.Compare(e.to, f.to), cmp.Compare(e.label, f.label))
}

// bundle is the instances of one resource in one scope.
type bundle struct {
	scope      schema.Scope
	kind, name string
}

func bundleOf(r *schema.Resource) bundle { return bundle{r.Scope, r.Addr.Kind, r.Addr.Name} }

func drawGraph(g *schema.Graph) picture {
	rs := slices.Clone(g.Resources)
	slices.SortStableFunc(rs, func(a, b *schema.Resource) int {
		return cmp.Or(cmp.Compare(a.Scope.String(), b.Scope.String()), a.Addr.Compare(b.Addr))
	})
	sizes := map[bundle]int{}
	for _, r := range rs {
		sizes[bundleOf(r)]++
	}
	var p picture
	at, n := map[schema.Addr]int{}, 0 // the number of the node of each address; the last number
	whole := map[bundle]int{}         // and of each collapsed bundle
	for _, r := range rs {
		b := bundleOf(r)
		collapsed := r.Addr.Each && sizes[b] > collapseAbove
		if collapsed && whole[b] > 0 {
			at[r.Addr] = whole[b]
			continue
		}
		n++
		at[r.Addr] = n
		label := diag.Clean(r.Addr.String())
		if collapsed {
			whole[b] = n
			label = fmt.Sprintf("%s.%s (%d instances)", b.kind, b.name, sizes[b])
		}
		if len(p.frames) == 0 || p.frames[len(p.frames)-1].scope != r.Scope {
			p.frames = append(p.frames, graphFrame{scope: r.Scope})
		}
		f := &p.frames[len(p.frames)-1]
		f.nodes = append(f.nodes, graphNode{fmt.Sprintf("n%d", n), label})
	}
	p.edges = graphEdges(rs, at)
	return p
}

// graphEdges are in the order of the nodes, each once, none from a node to itself.
// What is needed and not in the graph is left out: the loader refuses it.
func graphEdges(rs []*schema.Resource, at map[schema.Addr]int) []graphEdge {
	all := map[schema.Addr][]int{} // the nodes of all instances, by the address without key
	for _, r := range rs {
		a := schema.Addr{Kind: r.Addr.Kind, Name: r.Addr.Name}
		if k := len(all[a]); k == 0 || all[a][k-1] != at[r.Addr] {
			all[a] = append(all[a], at[r.Addr])
		}
	}
	var out []graphEdge
	for _, r := range rs {
		from := at[r.Addr]
		for i := range min(len(r.Values), len(r.Kind.Attrs)) {
			for _, ref := range schema.Refs(r.Values[i]) {
				out = append(out, graphEdge{from: from, to: at[ref.Addr], label: r.Kind.Attrs[i].Name})
			}
		}
		for _, a := range r.DependsOn {
			to := []int{at[a]}
			if to[0] == 0 && !a.Each {
				to = all[a]
			}
			for _, n := range to {
				out = append(out, graphEdge{from: from, to: n, label: "depends_on", order: true})
			}
		}
	}
	out = slices.DeleteFunc(out, func(e graphEdge) bool { return e.to == 0 || e.to == e.from })
	slices.SortFunc(out, graphEdge.compare)
	return slices.Compact(out)
}

func (p picture) dot() []byte {
	var b strings.Builder
	b.WriteString("digraph trueup {\n  rankdir=LR;\n  node [shape=box];\n")
	for i, f := range p.frames {
		indent := "  "
		if len(p.frames) > 1 {
			fmt.Fprintf(&b, "  subgraph cluster_%d {\n    label=%s;\n", i+1, dotText(f.scope.String()))
			indent = "    "
		}
		for _, n := range f.nodes {
			fmt.Fprintf(&b, "%s%s [label=%s];\n", indent, n.id, dotText(n.label))
		}
		if len(p.frames) > 1 {
			b.WriteString("  }\n")
		}
	}
	for _, e := range p.edges {
		style := ""
		if e.order {
			style = ", style=dashed"
		}
		fmt.Fprintf(&b, "  n%d -> n%d [label=%s%s];\n", e.from, e.to, dotText(e.label), style)
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

// dotEscapes: a label knows escapes (\n, \N) and HTML entities.
var dotEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")

func dotText(s string) string { return `"` + dotEscapes.Replace(s) + `"` }

func (p picture) mermaid() []byte {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, f := range p.frames {
		indent := "  "
		if len(p.frames) > 1 {
			fmt.Fprintf(&b, "  subgraph s%d[%s]\n", i+1, mermaidText(f.scope.String()))
			indent = "    "
		}
		for _, n := range f.nodes {
			fmt.Fprintf(&b, "%s%s[%s]\n", indent, n.id, mermaidText(n.label))
		}
		if len(p.frames) > 1 {
			b.WriteString("  end\n")
		}
	}
	for _, e := range p.edges {
		arrow := "-->"
		if e.order {
			arrow = "-.->"
		}
		fmt.Fprintf(&b, "  n%d %s|%s| n%d\n", e.from, arrow, mermaidText(e.label), e.to)
	}
	return []byte(b.String())
}

// mermaidText writes all but what is surely plain as an entity: quotes end a
// label, backticks make it Markdown, %% starts a directive anywhere in the
// text, a colon can make it pass for a style, < is HTML.
func mermaidText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ._-/,[]()", r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "#%d;", r)
	}
	b.WriteByte('"')
	return b.String()
}

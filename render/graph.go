package render

import (
	"bytes"
	"cmp"
	"encoding/json"
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
var GraphFormats = []string{"dot", "mermaid", "json"}

// Graph draws what depends on what: resources, the references in their values
// (solid, with the attribute's name) and depends_on (dashed), from what needs
// to what is needed. Where there are several scopes, each is a frame of its
// own. No value is shown, so no secret is.
func Graph(g *schema.Graph, format string) ([]byte, error) {
	if format == "json" {
		return drawGraph(g).json()
	}
	x, ok := graphSyntaxes[format]
	if !ok {
		return nil, fmt.Errorf("unknown graph format %q: it is %s", format, strings.Join(GraphFormats, ", "))
	}
	return drawGraph(g).write(x), nil
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
		a := r.Addr.Stem()
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

// graphSyntax is how a format writes: frames take a number and a label, nodes
// an indent, an id and a label, edges two numbers and a label.
type graphSyntax struct {
	head, open, node, shut, edge, order, tail string
	text                                      func(string) string
}

var graphSyntaxes = map[string]graphSyntax{
	"dot": {
		head: "digraph trueup {\n  rankdir=LR;\n  node [shape=box];\n",
		open: "  subgraph cluster_%d {\n    label=%s;\n", node: "%s%s [label=%s];\n", shut: "  }\n",
		edge: "  n%d -> n%d [label=%s];\n", order: "  n%d -> n%d [label=%s, style=dashed];\n",
		tail: "}\n", text: dotText,
	},
	"mermaid": {
		head: "flowchart LR\n",
		open: "  subgraph s%d[%s]\n", node: "%s%s[%s]\n", shut: "  end\n",
		edge: "  n%[1]d -->|%[3]s| n%[2]d\n", order: "  n%[1]d -.->|%[3]s| n%[2]d\n",
		text: mermaidText,
	},
}

// json is the picture for machines: nodes and edges, which name nodes by id.
func (p picture) json() ([]byte, error) {
	type node struct {
		ID    string `json:"id"`
		Label string `json:"label"`
		Scope string `json:"scope"`
	}
	type edge struct {
		From  string `json:"from"`
		To    string `json:"to"`
		Label string `json:"label"`
	}
	nodes, edges := []node{}, []edge{}
	for _, f := range p.frames {
		for _, n := range f.nodes {
			nodes = append(nodes, node{n.id, n.label, f.scope.String()})
		}
	}
	for _, e := range p.edges {
		edges = append(edges, edge{fmt.Sprintf("n%d", e.from), fmt.Sprintf("n%d", e.to), e.label})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(struct {
		Nodes  []node            `json:"nodes"`
		Edges  []edge            `json:"edges"`
		Trueup map[string]string `json:"trueup"`
	}{nodes, edges, map[string]string{"outcome": "none"}})
	return b.Bytes(), err
}

func (p picture) write(x graphSyntax) []byte {
	var b bytes.Buffer
	b.WriteString(x.head)
	framed, indent := len(p.frames) > 1, "  "
	if framed {
		indent = "    "
	}
	for i, f := range p.frames {
		if framed {
			fmt.Fprintf(&b, x.open, i+1, x.text(f.scope.String()))
		}
		for _, n := range f.nodes {
			fmt.Fprintf(&b, x.node, indent, n.id, x.text(n.label))
		}
		if framed {
			b.WriteString(x.shut)
		}
	}
	for _, e := range p.edges {
		form := x.edge
		if e.order {
			form = x.order
		}
		fmt.Fprintf(&b, form, e.from, e.to, x.text(e.label))
	}
	b.WriteString(x.tail)
	return b.Bytes()
}

// dotEscapes: a label knows escapes (\n, \N) and HTML entities.
var dotEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")

func dotText(s string) string { return `"` + dotEscapes.Replace(s) + `"` }

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

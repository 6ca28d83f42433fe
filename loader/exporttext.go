package loader

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"trueup/schema"
)

// The two spellings of what Export has decided to write.

func (e *exporter) writeYAML(w io.Writer) error {
	doc := &yaml.Node{Kind: yaml.MappingNode}
	add(doc, "scope", node(e.scope().String(), true))
	for _, k := range schema.Kinds {
		list := &yaml.Node{Kind: yaml.MappingNode}
		for _, it := range e.items {
			if it.o.Kind == k {
				add(list, it.name, mapping(it.pairs))
			}
		}
		if len(list.Content) > 0 {
			add(doc, k.Plural, list)
		}
	}
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return err
	}
	return enc.Close()
}

func add(m *yaml.Node, key string, v *yaml.Node) {
	k := &yaml.Node{}
	k.SetString(key)
	m.Content = append(m.Content, k, v)
}

// mapping is the attributes of a resource, one a line.
func mapping(pairs []member) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode}
	for _, p := range pairs {
		add(m, p.key, node(p.val, false))
	}
	return m
}

func node(v any, literal bool) *yaml.Node {
	n := &yaml.Node{}
	switch x := v.(type) {
	case string:
		if !literal {
			x = escapeTemplate(x)
		}
		n.SetString(x)
		n.Style &^= yaml.LiteralStyle
		if strings.ContainsAny(x, "\n\r\u0085\u2028\u2029") {
			n.Style = yaml.DoubleQuotedStyle
		}
	case float64:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, "!!float", schema.FormatNumber(schema.Number(x))
		if x == float64(int64(x)) {
			n.Tag = "!!int"
		}
	case bool:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, "!!bool", strconv.FormatBool(x)
	case []any:
		n.Kind = yaml.SequenceNode
		n.Style = yaml.FlowStyle
		for _, e := range x {
			if _, nested := e.([]member); nested {
				n.Style = 0
			}
			n.Content = append(n.Content, node(e, false))
		}
	case []member:
		n = mapping(x)
	}
	return n
}

// escapeTemplate keeps text from being read as a template.
func escapeTemplate(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s)
}

func (e *exporter) writeHCL(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "scope = %s\n", quoteHCL(e.scope().String()))
	for _, k := range schema.Kinds {
		for _, it := range e.items {
			if it.o.Kind != k {
				continue
			}
			fmt.Fprintf(&b, "\n%s %s {\n", k.Name, quoteHCL(it.name))
			width := 0
			for _, p := range it.pairs {
				width = max(width, len(p.key))
			}
			for _, p := range it.pairs {
				fmt.Fprintf(&b, "  %-*s = %s\n", width, p.key, hclText(p.val, "  "))
			}
			b.WriteString("}\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var hclName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

func hclText(v any, indent string) string {
	switch x := v.(type) {
	case string:
		return quoteHCL(escapeTemplate(x))
	case float64:
		return schema.FormatNumber(schema.Number(x))
	case bool:
		return strconv.FormatBool(x)
	case []any:
		parts, long := make([]string, len(x)), false
		for i, e := range x {
			_, nested := e.([]member)
			long = long || nested
			parts[i] = hclText(e, indent+"  ")
		}
		if long {
			return "[\n" + indent + "  " + strings.Join(parts, ",\n"+indent+"  ") + ",\n" + indent + "]"
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []member:
		parts := make([]string, len(x))
		for i, p := range x {
			key := p.key
			if !hclName.MatchString(key) {
				key = quoteHCL(escapeTemplate(key))
			}
			parts[i] = key + " = " + hclText(p.val, indent)
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return "null"
}

// quoteHCL is text as an HCL string, its template marks as they are.
func quoteHCL(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f || r == 0xfeff || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

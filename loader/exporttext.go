package loader

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"gopkg.in/yaml.v3"

	"trueup/schema"
)

// The two spellings of a draft.

// Format names a spelling: "yaml" or "hcl".
type Format string

const (
	YAML Format = "yaml"
	HCL  Format = "hcl"
)

// Part is one of several files that are loaded together.
type Part struct {
	Name string // "access_rules.yaml"
	Text []byte
}

// Text is the draft as one file.
func (d *Draft) Text(f Format) []byte {
	var texts [][]byte
	if d.in.Files == nil {
		texts = append(texts, d.settings(f))
	}
	for _, k := range schema.Kinds {
		if text := d.kind(f, k); text != nil {
			texts = append(texts, text)
		}
	}
	return bytes.Join(texts, []byte("\n"))
}

// Split is the draft as one file for each kind, and one for the default scope
// where that is not the user.
func (d *Draft) Split(f Format) []Part {
	var out []Part
	if d.in.Files == nil && d.in.Scope != schema.UserScope && len(d.items) > 0 {
		out = append(out, Part{"settings." + string(f), d.settings(f)})
	}
	for _, k := range schema.Kinds {
		if text := d.kind(f, k); text != nil {
			out = append(out, Part{k.Plural + "." + string(f), text})
		}
	}
	return out
}

func (d *Draft) settings(f Format) []byte {
	if f == HCL {
		return fmt.Appendf(nil, "scope = %s\n", quoteHCL(d.in.Scope.String()))
	}
	return fmt.Appendf(nil, "scope: %s\n", d.in.Scope)
}

// kind is all resources of the kind, nil if there are none.
func (d *Draft) kind(f Format, k *schema.Kind) []byte {
	items := d.of(k)
	switch {
	case len(items) == 0:
		return nil
	case f == HCL:
		return append(remark(k), hclBlocks(items)...)
	}
	list := &yaml.Node{Kind: yaml.MappingNode}
	for _, it := range items {
		add(list, it.name, mapping(it.pairs))
	}
	doc := &yaml.Node{Kind: yaml.MappingNode}
	add(doc, k.Plural, list)
	return append(remark(k), encodeYAML(doc)...)
}

func (d *Draft) of(k *schema.Kind) []drafted {
	var out []drafted
	for _, it := range d.items {
		if it.kind == k {
			out = append(out, it)
		}
	}
	return out
}

// remark is the comment above a kind whose values cannot be had.
func remark(k *schema.Kind) []byte {
	if !k.API.Secret {
		return nil
	}
	return fmt.Appendf(nil, "# The values of these %s are not known: they are shown once, when they are made.\n# To have a new one delivered, write its %s and: trueup %s roll %s.NAME\n", k.Plural, k.API.Sink, k.Name, k.Name)
}

// encodeYAML is the text of a tree that was made here.
func encodeYAML(n *yaml.Node) []byte {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(n); err != nil {
		panic("loader: " + err.Error()) // a buffer takes everything, and the tree is whole
	}
	return b.Bytes()
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
		add(m, escapeTemplate(p.key), node(p.val))
	}
	return m
}

// oldBool is text that YAML 1.1 takes for true or false. We don't, but other
// readers of the file may.
var oldBool = regexp.MustCompile(`^(?i:y|yes|n|no|on|off)$`)

// flowWidth is how many characters a list may have to stand in one line.
const flowWidth = 80

func node(v any) *yaml.Node {
	n := &yaml.Node{}
	switch x := v.(type) {
	case string:
		x = escapeTemplate(x)
		n.SetString(x)
		n.Style &^= yaml.LiteralStyle
		if strings.ContainsAny(x, "\n\r\u0085\u2028\u2029") || oldBool.MatchString(x) {
			n.Style = yaml.DoubleQuotedStyle
		}
	case code:
		n.SetString("${" + string(x) + "}")
	case keySet:
		n.SetString("${" + hclText(x, "") + "}")
		n.Style = yaml.LiteralStyle
	case float64:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, "!!float", schema.FormatNumber(schema.Number(x))
		if x == float64(int64(x)) {
			n.Tag = "!!int"
		}
	case bool:
		n.Kind, n.Tag, n.Value = yaml.ScalarNode, "!!bool", strconv.FormatBool(x)
	case []any:
		n.Kind = yaml.SequenceNode
		if fitsLine(x) {
			n.Style = yaml.FlowStyle
		}
		for _, e := range x {
			n.Content = append(n.Content, node(e))
		}
	case []member:
		n = mapping(x)
	}
	return n
}

// fitsLine reports whether the list is short and has no objects in it.
func fitsLine(l []any) bool {
	width := 0
	for _, e := range l {
		if _, nested := e.([]member); nested {
			return false
		}
		width += len(hclText(e, "")) + 2
	}
	return width <= flowWidth
}

// escapeTemplate keeps text from being read as a template.
func escapeTemplate(s string) string {
	if !isTemplate(s) {
		return s
	}
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s)
}

// hclBlocks are the resources as blocks, in the form of fmt.
func hclBlocks(items []drafted) []byte {
	var b bytes.Buffer
	for i, it := range items {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s %s {\n", it.kind.Name, quoteHCL(it.name))
		for _, p := range it.pairs {
			fmt.Fprintf(&b, "  %s = %s\n", p.key, hclText(p.val, "  "))
		}
		b.WriteString("}\n")
	}
	return hclwrite.Format(b.Bytes())
}

var hclName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// hclText is a value in HCL; lines after its first begin with indent.
func hclText(v any, indent string) string {
	switch x := v.(type) {
	case string:
		return quoteHCL(escapeTemplate(x))
	case code:
		return string(x)
	case keySet:
		parts := make([]string, len(x))
		for i, key := range x {
			parts[i] = quoteHCL(escapeTemplate(key))
		}
		return "toset(" + tall(parts, indent) + ")"
	case float64:
		return schema.FormatNumber(schema.Number(x))
	case bool:
		return strconv.FormatBool(x)
	case []any:
		parts, wide := make([]string, len(x)), fitsLine(x)
		for i, e := range x {
			parts[i] = hclText(e, indent+"  ")
		}
		if !wide {
			return tall(parts, indent)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []member:
		return hclObject(x, indent)
	}
	return "null"
}

// tall is a list with an element a line.
func tall(parts []string, indent string) string {
	return "[\n" + indent + "  " + strings.Join(parts, ",\n"+indent+"  ") + ",\n" + indent + "]"
}

// hclObject is an object, in one line where it has room.
func hclObject(x []member, indent string) string {
	parts, width := make([]string, len(x)), 0
	for i, p := range x {
		parts[i] = hclKey(p.key) + " = " + hclText(p.val, indent+"  ")
		width += len(parts[i])
		if strings.Contains(parts[i], "\n") {
			width += flowWidth
		}
	}
	switch {
	case len(parts) == 0:
		return "{}"
	case width > flowWidth:
		return "{\n" + indent + "  " + strings.Join(parts, "\n"+indent+"  ") + "\n" + indent + "}"
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// hclKey is the key of an object, quoted where it has to be.
func hclKey(key string) string {
	if !hclName.MatchString(key) || key == "for" {
		return quoteHCL(escapeTemplate(key))
	}
	return key
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

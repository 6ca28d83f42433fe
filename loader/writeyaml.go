package loader

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"trueup/schema"
)

// yamlText is the tree of a file as YAML.
func yamlText(t *tree) []byte {
	w := yamlWriter{}
	w.root(t)
	return formatYAML([]byte(w.b.String()))
}

// yamlWriter writes trees.
type yamlWriter struct{ b strings.Builder }

// oneLine reports whether the tree stands in one line.
func (t *tree) oneLine() bool {
	if t.blockish() || strings.Contains(t.text, "\n") && t.form == formCode || !t.flat() {
		return false
	}
	return !slices.ContainsFunc(t.items, func(b branch) bool { return !b.value.oneLine() })
}

func (w *yamlWriter) root(t *tree) {
	w.entries(t, 0, true)
	for i, n := range t.foot {
		if (n.blank || i == 0) && w.b.Len() > 0 {
			w.b.WriteByte('\n')
		}
		w.b.WriteString(n.text + "\n")
	}
}

// entries writes the entries of an object, one or more lines each. Those that
// are spaced have an empty line between them unless both take only one.
func (w *yamlWriter) entries(t *tree, indent int, spaced bool) {
	for i := range t.items {
		b := &t.items[i]
		force := spaced && i > 0 && !(b.value.oneLine() && t.items[i-1].value.oneLine())
		w.lead(b, i == 0, force, indent)
		w.line(indent, yamlKey(&b.key)+":")
		group := indent == 0 && isGroup(b.key.text) && b.key.text != "locals"
		w.value(&b.value, b.side, indent, group)
	}
}

func (w *yamlWriter) line(indent int, text string) {
	w.b.WriteString(strings.Repeat(" ", indent) + text)
}

// lead writes what stands above a branch.
func (w *yamlWriter) lead(b *branch, first, force bool, indent int) {
	blank := func(yes bool) {
		if yes {
			w.b.WriteByte('\n')
		}
	}
	for i, n := range b.above {
		blank(n.blank && !(first && i == 0) || force && i == 0)
		w.line(indent, n.text+"\n")
	}
	if len(b.above) == 0 {
		blank((b.blank || force) && !first)
		return
	}
	blank(b.blank)
}

// value writes a value behind its key or dash, and the comment at the end of the line.
func (w *yamlWriter) value(t *tree, side string, indent int, spaced bool) {
	if side != "" {
		side = " " + side
	}
	collection := t.form == formList || t.form == formObject
	switch {
	case collection && len(t.items) == 0 && len(t.foot) > 0:
		brackets := map[form]string{formList: "[]", formObject: "{}"}[t.form]
		w.b.WriteString(" " + brackets[:1] + side + "\n")
		w.foot(t, indent+2)
		w.line(indent, brackets[1:]+"\n")
	case collection && (len(t.items) == 0 || t.oneLine()):
		w.b.WriteString(" " + yamlFlow(t) + side + "\n")
	case t.form == formObject:
		w.b.WriteString(side + "\n")
		w.entries(t, indent+2, spaced)
		w.foot(t, indent+2)
	case t.form == formList:
		w.b.WriteString(side + "\n")
		w.elements(t, indent+2)
	default:
		w.b.WriteString(" " + yamlScalar(t, side, indent+2) + "\n")
	}
}

func (w *yamlWriter) foot(t *tree, indent int) {
	for i, n := range t.foot {
		if n.blank && (i > 0 || len(t.items) > 0) {
			w.b.WriteByte('\n')
		}
		w.line(indent, n.text+"\n")
	}
}

// elements writes the elements of a list. What stands above the first entry of
// an element that is an object stands above its dash.
func (w *yamlWriter) elements(t *tree, indent int) {
	for i := range t.items {
		b := &t.items[i]
		b.hoist()
		w.lead(b, i == 0, false, indent)
		if v := &b.value; len(v.items) > 0 && !v.oneLine() {
			inner := yamlWriter{}
			if v.form == formObject {
				inner.entries(v, indent+2, false)
				inner.foot(v, indent+2)
			} else {
				inner.elements(v, indent+2)
			}
			text := inner.b.String()
			w.line(indent, "- "+text[indent+2:])
			continue
		}
		w.line(indent, "-")
		w.value(&b.value, b.side, indent, false)
	}
	w.foot(t, indent)
}

// hoist moves comments that have no place between a dash and what follows it
// above the dash.
func (b *branch) hoist() {
	v := &b.value
	if len(v.items) == 0 || v.oneLine() || v.form != formList && v.form != formObject {
		return
	}
	if b.side != "" {
		b.above = append(b.above, note{text: b.side, at: v.at})
		b.side = ""
	}
	first := &v.items[0]
	if v.form == formList {
		first.hoist()
	}
	b.above = append(b.above, first.above...)
	first.above, first.blank = nil, false
}

// yamlFlow is a value in one line.
func yamlFlow(t *tree) string {
	parts := make([]string, len(t.items))
	for i := range t.items {
		b := &t.items[i]
		parts[i] = yamlFlow(&b.value)
		if t.form == formObject {
			parts[i] = yamlKey(&b.key) + ": " + parts[i]
		}
	}
	switch t.form {
	case formList:
		return "[" + strings.Join(parts, ", ") + "]"
	case formObject:
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return yamlWord(t, true)
}

// yamlScalar is a scalar behind a key or dash, with the comment at the end of
// the line; further lines have the indent.
func yamlScalar(t *tree, side string, indent int) string {
	text := t.template()
	if t.blockish() || t.form == formCode && strings.Contains(text, "\n") {
		if header, ok := yamlBlock(text); ok {
			return header + side + "\n" + strings.TrimSuffix(blockLines(text, indent), "\n")
		}
	}
	return yamlWord(t, false) + side
}

// template is the text of a scalar in YAML.
func (t *tree) template() string {
	switch {
	case t.form == formNull:
		return "null"
	case t.form == formCode && isHeredoc(t.text):
		return "${" + t.text + "\n}"
	case t.form == formCode:
		return "${" + t.text + "}"
	}
	return t.text
}

func blockLines(text string, indent int) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSuffix(text, "\n") + "\n") {
		if line != "\n" {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(line)
	}
	return b.String()
}

// yamlBlock is the header of a block scalar for the text, if it can be one.
func yamlBlock(text string) (header string, ok bool) {
	header = "|-"
	if strings.HasSuffix(text, "\n") {
		header = "|"
	}
	if strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\n") {
		header = "|2" + header[1:]
	}
	if strings.HasSuffix(text, "\n\n") || !overLines(text) {
		return "", false
	}
	made := formatYAML([]byte("k: " + header + "\n" + blockLines(text, 2)))
	n := onlyValue(string(made))
	return header, n != nil && n.Value == text
}

// onlyValue is the value of k in a text that is an object with that one key.
func onlyValue(text string) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) != 1 {
		return nil
	}
	m := doc.Content[0]
	if m.Kind != yaml.MappingNode || len(m.Content) != 2 {
		return nil
	}
	return m.Content[1]
}

// yamlWord is a scalar in one line.
func yamlWord(t *tree, flow bool) string {
	switch t.form {
	case formNull, formBool, formNumber:
		return t.template()
	}
	text := t.template()
	if plainWord(text, flow) {
		return text
	}
	return quotedYAML(text)
}

func yamlKey(t *tree) string {
	text := t.template()
	if plainWord(text, true) && len(text) < 1000 && !strings.Contains(text, "? ") && text != "<<" {
		return text
	}
	return quotedYAML(text)
}

// easyWord is text that nobody takes for anything else, unless it is one of
// those below.
var easyWord = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./-]*$`)

var notText = regexp.MustCompile(`^(?i:y|yes|n|no|on|off|true|false|null)$`)

// plainWord reports whether text can stand without quotes and is read as text.
func plainWord(text string, flow bool) bool {
	switch {
	case notText.MatchString(text):
		return false
	case easyWord.MatchString(text):
		return true
	case text == "" || strings.ContainsFunc(text, func(r rune) bool { return r == '\n' || needsEscape(r) }):
		return false
	case flow && strings.ContainsAny(text, ",[]{}?"):
		return false
	}
	n := onlyValue("k: " + text + " # c\n")
	if n == nil || n.Kind != yaml.ScalarNode || n.Style != 0 || n.Value != text || n.Anchor != "" || n.LineComment != "# c" || n.Tag != "!!str" && n.Tag != "!!timestamp" {
		return false
	}
	_, isText := plain(n).(schema.String)
	return isText
}

// quotedYAML is text in the quotes that need fewer escapes.
func quotedYAML(text string) string {
	special := strings.ContainsFunc(text, func(r rune) bool { return r == '\n' || needsEscape(r) })
	if !special && strings.ContainsAny(text, `"\`) && !strings.Contains(text, "'") {
		return "'" + text + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case needsEscape(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

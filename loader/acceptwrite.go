package loader

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"trueup/diag"
	"trueup/schema"
)

// edits write one live value into the file.
func (a *accepter) edits(src *source, r *schema.Resource, f Drifted) ([]edit, error) {
	h, e, step, err := spot(src, r, f.Path)
	if err != nil {
		return nil, err
	}
	attr := r.Kind.AttrAt(f.Path)
	switch {
	case h.list && f.Want == nil:
		return h.insert("", a.draft.plain(r.Scope, attr, f.Live)), nil
	case e == nil && f.Live == nil && h.step("<<", false, "") != nil:
		return nil, ofAnchor
	case e == nil && f.Live == nil:
		return nil, nil // its default goes with another value that is accepted
	case e == nil:
		return h.insert(step, a.draft.plain(r.Scope, attr, f.Live)), nil
	case f.Live == nil:
		if !e.value.plain() && !e.value.refers(attr.Refers) {
			return nil, ofCode
		}
		return h.remove(e)
	}
	live, ok := f.Live.(schema.List)
	want, both := f.Want.(schema.List)
	if ok && both && attr.Nest == schema.SetOf && attr.Type != schema.TypeObject {
		return a.elements(e, r.Scope, attr, live, want)
	}
	if !e.value.plain() && !e.value.refers(attr.Refers) {
		return nil, ofCode
	}
	return []edit{h.replace(e, a.draft.plain(r.Scope, attr, f.Live))}, nil
}

// spot is what holds the last step of a path, and its entry; nil where it is
// not written.
func spot(src *source, r *schema.Resource, path string) (h *holder, e *entry, step string, err error) {
	if h, err = src.bodyOf(r); err != nil {
		return nil, nil, "", err
	}
	for done := ""; ; {
		step, quoted, rest, ok := splitPath(path)
		if !ok {
			return nil, nil, "", notWritten
		}
		key := ""
		if a := r.Kind.AttrAt(done); a != nil {
			key = a.Key
		}
		e = h.step(step, quoted, key)
		switch {
		case rest == "":
			return h, e, step, nil
		case e == nil:
			return nil, nil, "", notWritten
		}
		done = pathTo(path, rest, done)
		if h, err = e.value.holderOf(); err != nil {
			return nil, nil, "", err
		}
		path = rest
	}
}

// pathTo is the path so far, with the step before rest added.
func pathTo(path, rest, done string) string {
	step := strings.TrimSuffix(strings.TrimSuffix(path, rest), ".")
	if strings.HasPrefix(step, "[") {
		return done + step
	}
	return schema.Join(done, step)
}

// elements changes a set of plain values element by element, so that what stays
// keeps its comments and its spelling.
func (a *accepter) elements(e *entry, s schema.Scope, attr *schema.Attr, live, want schema.List) ([]edit, error) {
	h, err := e.value.holderOf()
	if err != nil {
		return nil, err
	}
	elem, unseen, rest := attr.Elem(), slices.Clone(want), slices.Clone(live)
	var gone []*entry
	for i := range h.entries {
		x := &h.entries[i]
		if !x.value.plain() {
			continue
		}
		here := func(v schema.Value) bool { return a.means(s, elem, x.text(), v) }
		unseen = slices.DeleteFunc(unseen, here)
		if !slices.ContainsFunc(live, here) {
			gone = append(gone, x)
		}
		rest = slices.DeleteFunc(rest, here)
	}
	for _, v := range unseen { // of expressions
		same := func(w schema.Value) bool { return elem.Equal(v, w) }
		if !slices.ContainsFunc(live, same) {
			return nil, ofCode
		}
		rest = slices.DeleteFunc(rest, same)
	}
	var edits []edit
	n := min(len(gone), len(rest))
	for i, x := range gone[:n] {
		edits = append(edits, h.replace(x, a.draft.plain(s, elem, rest[i])))
	}
	for _, x := range gone[n:] {
		more, err := h.remove(x, gone[n:]...)
		if err != nil {
			return nil, err
		}
		edits = append(edits, more...)
	}
	if rest = rest[n:]; len(rest) > 0 {
		return append(edits, h.insert("", a.draft.list(s, attr, rest).([]any)...)...), nil
	}
	return joined(edits), nil
}

// joined are edits that take something out, without what two of them take out.
func joined(edits []edit) []edit {
	slices.SortFunc(edits, func(x, y edit) int { return x.from - y.from })
	for i := 1; i < len(edits); i++ {
		edits[i].from = max(edits[i].from, min(edits[i-1].to, edits[i].to))
	}
	return edits
}

// means reports whether the text of an element, as a file writes it, is the
// live value.
func (a *accepter) means(s schema.Scope, elem *schema.Attr, text string, live schema.Value) bool {
	if elem.Lookup == "" {
		v, err := elem.Canon(schema.String(text))
		return err == nil && elem.Equal(v, live)
	}
	id := schema.Text(live)
	return text == id || slices.ContainsFunc(a.draft.in.Catalogues[s], func(e schema.Entry) bool {
		scope, named := strings.CutPrefix(text, e.Name+" @ ")
		return e.ID == id && (text == e.Name || named && slices.ContainsFunc(e.Scopes, func(x string) bool { return x == scope || strings.HasSuffix(x, "."+scope) }))
	})
}

// indent is how many blanks the line of the offset begins with.
func (s *source) indent(offset int) int {
	line := s.text[s.lineStart(offset):]
	return len(line) - len(bytes.TrimLeft(line, " "))
}

// alone reports whether only blanks are before the offset on its line.
func (s *source) alone(offset int) bool {
	return len(bytes.TrimSpace(s.text[s.lineStart(offset):offset])) == 0
}

// replace puts another value in the place of one.
func (h *holder) replace(e *entry, v any) edit {
	if h.hcl {
		return edit{e.at, e.to, hclText(v, strings.Repeat(" ", h.src.indent(e.at)))}
	}
	n := node(v)
	old := e.value.node
	_, text := v.(string)
	switch {
	case text && n.Style == 0:
		n.Style = old.Style & (yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle)
	case n.Kind != yaml.ScalarNode && old.Kind != yaml.ScalarNode && old.Style&yaml.FlowStyle == 0:
		n.Style = 0
		return edit{e.at, e.to, strings.TrimSpace(indented(string(encodeYAML(n)), old.Column-1))}
	}
	value := h.inline(n)
	if e.at == e.to { // nothing stands behind the colon
		value = " " + value
	}
	return edit{e.at, e.to, value}
}

// inline is a YAML value in one line.
func (h *holder) inline(n *yaml.Node) string {
	if h.closed < 0 && n.Kind == yaml.ScalarNode {
		m := &yaml.Node{Kind: yaml.MappingNode}
		add(m, "k", n)
		return strings.TrimSuffix(strings.TrimPrefix(string(encodeYAML(m)), "k: "), "\n")
	}
	text := flow(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}})
	return text[1 : len(text)-1]
}

// insert puts values behind the others; key is "" in a list, where there may be
// several.
func (h *holder) insert(key string, values ...any) []edit {
	if h.closed < 0 {
		return []edit{h.insertLines(key, values)}
	}
	last, multi := h.opened, false
	if n := len(h.entries); n > 0 {
		last = h.entries[n-1].to
		multi = bytes.IndexByte(h.src.text[last:h.closed], '\n') >= 0 && h.src.alone(h.closed)
	}
	if multi {
		return h.insertTall(last, key, values)
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = h.entryText(key, v, h.src.indent(h.closed))
	}
	text := strings.Join(texts, ", ")
	outer := strings.Repeat(" ", h.src.indent(h.opened))
	switch {
	case h.body && len(h.entries) == 0:
		return []edit{{h.opened, h.closed, "\n" + outer + "  " + text + "\n" + outer}}
	case h.body:
		return []edit{{h.opened, h.entries[0].from, "\n" + outer + "  "}, {last, h.closed, "\n" + outer + "  " + text + "\n" + outer}}
	case len(h.entries) > 0:
		return []edit{{last, last, ", " + text}}
	case h.hcl && !h.list:
		text = " " + text + " "
	}
	return []edit{{h.opened, h.closed, text}}
}

// insertTall puts values on lines of their own before that of the closing
// bracket.
func (h *holder) insertTall(last int, key string, values []any) []edit {
	s := h.src
	at, column := s.lineStart(h.closed), s.indent(h.entries[len(h.entries)-1].from)
	comma := bytes.HasPrefix(bytes.TrimLeft(s.text[last:h.closed], " \t\r\n"), []byte(","))
	var edits []edit
	if !comma && (h.list || !h.hcl) {
		edits = append(edits, edit{last, last, ","})
	}
	var b strings.Builder
	for i, v := range values {
		b.WriteString(strings.Repeat(" ", column) + h.entryText(key, v, column))
		if comma || i+1 < len(values) {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	return append(edits, edit{at, at, b.String()})
}

// entryText is a value with its key, in brackets; further lines begin with
// column blanks.
func (h *holder) entryText(key string, v any, column int) string {
	switch {
	case h.hcl && key != "":
		return h.padded(hclKey(key)) + " = " + hclText(v, strings.Repeat(" ", column))
	case h.hcl:
		return hclText(v, strings.Repeat(" ", column))
	case key == "":
		return h.inline(node(v))
	}
	text := flow(mapping([]member{{key, v}}))
	return text[1 : len(text)-1]
}

// padded is the key of an attribute with its = in the column of the last one's.
func (h *holder) padded(key string) string {
	if n := len(h.entries); n > 0 && h.src.alone(h.entries[n-1].from) {
		last := &h.entries[n-1]
		if sign := bytes.IndexByte(h.src.text[last.from:last.at], '='); sign > len(key)+1 {
			return key + strings.Repeat(" ", sign-1-len(key))
		}
	}
	return key
}

// insertLines puts values on lines of their own behind the others, by
// indentation.
func (h *holder) insertLines(key string, values []any) edit {
	at := h.line
	if n := len(h.entries); n > 0 {
		at = h.src.nextLine(h.entries[n-1].to)
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	if key != "" {
		n = mapping([]member{{key, values[0]}})
	} else {
		last := h.entries[len(h.entries)-1].value.node
		for _, v := range values {
			e := node(v)
			if e.Kind != yaml.ScalarNode {
				e.Style |= last.Style & yaml.FlowStyle
			}
			n.Content = append(n.Content, e)
		}
	}
	return h.src.atLine(at, indented(string(encodeYAML(n)), h.column))
}

// remove takes an entry out, one of those that go. Comments beside it stay.
func (h *holder) remove(e *entry, goes ...*entry) ([]edit, error) {
	s := h.src
	stays := func(x entry) bool {
		return x.from != e.from && !slices.ContainsFunc(goes, func(y *entry) bool { return x.from == y.from })
	}
	i := slices.IndexFunc(h.entries, func(x entry) bool { return x.from == e.from })
	to := e.to
	if rest := bytes.TrimLeft(s.text[to:], " \t"); h.closed >= 0 && len(rest) > 0 && rest[0] == ',' {
		to = len(s.text) - len(rest) + 1
	}
	rest := strings.TrimSpace(string(s.text[to:s.nextLine(to)]))
	switch {
	case s.alone(e.from) && rest == "":
		return []edit{{s.lineStart(e.from), s.nextLine(to), ""}}, nil
	case s.alone(e.from) && (rest[0] == '#' || strings.HasPrefix(rest, "//")):
		return []edit{{e.from, to + strings.Index(string(s.text[to:]), rest), ""}}, nil
	case slices.ContainsFunc(h.entries[i+1:], stays):
		return []edit{{e.from, h.entries[i+1].from, ""}}, nil
	case h.closed < 0:
		return nil, errLeft("it stands on a line with something else")
	}
	for ; i > 0; i-- {
		if stays(h.entries[i-1]) {
			return []edit{{h.entries[i-1].to, e.to, ""}}, nil
		}
	}
	return []edit{{e.from, to, ""}}, nil
}

// placeOf is where the path is written, or the attribute that holds it; not known
// where neither is.
func (a *accepter) placeOf(src *source, r *schema.Resource, path string) diag.Range {
	h, err := src.bodyOf(r)
	if err != nil {
		return diag.Range{}
	}
	var at diag.Range
	if i := slices.IndexFunc(h.entries, func(e entry) bool { return schema.Covers(e.key, path) }); i >= 0 {
		_, _, rest, _ := schema.SplitPath(path)
		at = h.entries[i].value.locate(rest)
	}
	if _, e, _, err := spot(src, r, path); err == nil && e != nil {
		at = e.value.place()
	}
	return at
}

// byHand says what to write.
func (a *accepter) byHand(src *source, r *schema.Resource, l leftOver) string {
	attr := r.Kind.AttrAt(l.Path)
	switch {
	case attr == nil || schema.HasSensitive(l.Live) || schema.HasSensitive(l.Want):
		return "Change it where it comes from."
	case l.Live == nil:
		return fmt.Sprintf("By hand: take %s out.", l.Path)
	}
	h := &holder{hcl: isHCLFile(src.name), closed: -1}
	v := a.draft.plain(r.Scope, attr, l.Live)
	text := hclText(v, "")
	if !h.hcl {
		text = flow(node(v))
		if node(v).Kind == yaml.ScalarNode {
			text = h.inline(node(v))
		}
	}
	return fmt.Sprintf("By hand: give %s the value %s, here or where it comes from.", l.Path, text)
}

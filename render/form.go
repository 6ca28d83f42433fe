package render

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"trueup/diag"
	"trueup/schema"
)

// form writes values as people read them: text in quotes, what is nested in
// the flow style of YAML. What it gives is clean and has no line break.
type form struct {
	names map[string]string // ids that have names or addresses
	index index
}

const afterApply = " (known after apply)"

// text is the value of the attribute by itself.
func (f form) text(a *schema.Attr, v schema.Value) string {
	if s, ok := v.(schema.String); ok {
		return f.name(a, string(s), quote)
	}
	return f.flow(a, v)
}

// name is an id by the name that a reader knows it by, or shown as it is.
func (f form) name(a *schema.Attr, s string, show func(string) string) string {
	if a.Refers != "" {
		if addr, ok := f.index.addr(a.Refers, s); ok {
			return clean(addr)
		}
	}
	switch n := f.names[s]; {
	case n == "":
	case a.Refers != "":
		return clean(n)
	case a.Lookup != "":
		s = n
	}
	return show(s)
}

// flow is the value as a part of another.
func (f form) flow(a *schema.Attr, v schema.Value) string {
	switch x := v.(type) {
	case nil:
		return "unset"
	case schema.String:
		return f.name(a, string(x), plain)
	case schema.Number:
		return schema.FormatNumber(x)
	case schema.Bool:
		return strconv.FormatBool(bool(x))
	case schema.Sensitive:
		return schema.Masked
	case schema.Ref:
		return clean(refName(x)) + afterApply
	case schema.Template:
		return f.template(x)
	case schema.List:
		return "[" + strings.Join(f.elems(a, x), ", ") + "]"
	case schema.Row:
		return f.object(a, x, "")
	case schema.Map:
		return f.mapping(a, x)
	}
	return schema.Masked
}

// refName is what a reference means to a reader: the resource, and the
// attribute where it is not the id.
func refName(r schema.Ref) string {
	if r.Attr == "id" {
		return r.Addr.String()
	}
	return r.String()
}

func (f form) template(t schema.Template) string {
	var b strings.Builder
	for _, part := range t {
		switch x := part.(type) {
		case schema.String:
			b.WriteString(string(x))
		case schema.Ref:
			b.WriteString("${" + x.String() + "}")
		default:
			return schema.Masked
		}
	}
	return quote(b.String()) + afterApply
}

// elems are the elements' texts; sets in order of text, since theirs means
// nothing.
func (f form) elems(a *schema.Attr, l schema.List) []string {
	elem, out := a.Elem(), make([]string, len(l))
	for i, e := range l {
		out[i] = f.flow(elem, e)
	}
	if a.Nest == schema.SetOf || a.Nest == schema.KeyedBy {
		slices.Sort(out)
	}
	return out
}

// object shows what differs from the defaults, without the attribute skip
// (the key, where the path names it) and without what the server computes.
func (f form) object(a *schema.Attr, row schema.Row, skip string) string {
	var parts []string
	for i := range min(len(row), len(a.Attrs)) {
		b := &a.Attrs[i]
		if b.Name == skip || !b.Writable() || atDefault(b, a.Attrs, row, row[i]) {
			continue
		}
		parts = append(parts, b.Name+": "+f.flow(b, row[i]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// atDefault reports whether showing the value would say nothing.
func atDefault(a *schema.Attr, attrs []schema.Attr, row schema.Row, v schema.Value) bool {
	return v == nil || a.Equal(v, a.DefaultIn(attrs, row))
}

func (f form) mapping(a *schema.Attr, m schema.Map) string {
	elem, parts := a.Elem(), make([]string, 0, len(m))
	for _, k := range m.Keys() {
		parts = append(parts, plain(k)+": "+f.flow(elem, m[k]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

var (
	numberRE = regexp.MustCompile(`^[-+.0-9][-+.0-9eExXo_:]*$`)
	wordRE   = regexp.MustCompile(`^(?i:true|false|null|yes|no|on|off|~|unset)$`)
)

// ordinary reports whether text is of letters, digits and punctuation that
// means nothing in YAML where it stands.
func ordinary(s string) bool {
	for i, r := range s {
		switch {
		case unicode.IsLetter(r), unicode.IsNumber(r), strings.ContainsRune("_./", r):
		case i > 0 && strings.ContainsRune(":@*+%=~ -", r):
		default:
			return false
		}
	}
	return s != ""
}

// plain is text as it may stand in a YAML flow: without quotes where nothing
// can be mistaken.
func plain(s string) string {
	bare := ordinary(s) && !wordRE.MatchString(s) && !strings.Contains(s, ": ") && !strings.HasSuffix(s, ":") &&
		!strings.HasSuffix(s, " ") && (!numberRE.MatchString(s) || strings.Count(s, ".") > 1 || strings.Contains(s, "::"))
	if bare {
		return clean(s)
	}
	return quote(s)
}

// quote is text between double quotes, on one line.
func quote(s string) string { return `"` + escape(s) + `"` }

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// escape is the inside of a quoted text.
func escape(s string) string { return clean(escaper.Replace(s)) }

// clean makes text harmless, on one line: see diag.Clean.
func clean(s string) string { return diag.Clean(s) }

package render

import (
	"bufio"
	"strconv"

	"trueup/diag"
	"trueup/schema"
)

// jsonWriter builds one item at a time in b. A comma is put wherever an item
// does not follow an opening bracket or a colon.
type jsonWriter struct {
	w     *bufio.Writer
	b     []byte
	index index
}

func (j *jsonWriter) raw(s string) { j.w.WriteString(s) }

func (j *jsonWriter) flush() {
	j.w.Write(diag.SafeJSON(j.b))
	j.b = j.b[:0]
}

// list writes a member of the document: n items, without those for which item
// says false.
func (j *jsonWriter) list(name string, n int, item func(i int) bool) {
	j.raw(",\n\"" + name + "\":[")
	sep := "\n"
	for i := range n {
		if j.b = j.b[:0]; item(i) {
			j.raw(sep)
			j.flush()
			sep = ",\n"
		}
	}
	if sep == ",\n" {
		j.raw("\n")
	}
	j.raw("]")
}

func (j *jsonWriter) Comma() {
	if n := len(j.b); n > 0 && j.b[n-1] != '{' && j.b[n-1] != '[' && j.b[n-1] != ':' {
		j.b = append(j.b, ',')
	}
}

func (j *jsonWriter) open(bracket byte) {
	j.Comma()
	j.b = append(j.b, bracket)
}

func (j *jsonWriter) shut(bracket byte) { j.b = append(j.b, bracket) }

func (j *jsonWriter) key(name string) {
	j.Comma()
	j.b = append(schema.AppendString(j.b, name), ':')
}

func (j *jsonWriter) str(name, text string) {
	j.key(name)
	j.b = schema.AppendString(j.b, text)
}

// opt is str where there is a text.
func (j *jsonWriter) opt(name, text string) {
	if text != "" {
		j.str(name, text)
	}
}

func (j *jsonWriter) num(name string, n int) {
	j.key(name)
	j.b = strconv.AppendInt(j.b, int64(n), 10)
}

// yes writes a true, and nothing for a false.
func (j *jsonWriter) yes(name string, is bool) {
	if is {
		j.key(name)
		j.b = append(j.b, "true"...)
	}
}

// strs writes texts where there are any.
func (j *jsonWriter) strs(name string, texts []string) {
	if len(texts) == 0 {
		return
	}
	j.key(name)
	j.texts(texts)
}

func (j *jsonWriter) texts(texts []string) {
	j.open('[')
	for _, t := range texts {
		j.Comma()
		j.b = schema.AppendString(j.b, t)
	}
	j.shut(']')
}

package loader

import (
	"math"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// The comments of YAML, which the parser loses or misplaces: they are taken
// from the tokens while the nodes are read.

// next goes to the next comment.
func (y *yamlReader) next() {
	i := slices.IndexFunc(y.comments, func(t token) bool { return t.kind == tokenComment })
	if i < 0 {
		i = len(y.comments)
	}
	y.comments = y.comments[i:]
}

func (y *yamlReader) take() note {
	t := y.comments[0]
	y.comments = y.comments[1:]
	y.next()
	return note{text: string(y.f.src.text[t.from:t.to]), blank: blankBefore(y.f.src.text, t.from), at: y.f.src.at(t.from)}
}

// before takes the comments before the offset.
func (y *yamlReader) before(at int) []note {
	var out []note
	for y.quiet == 0 && len(y.comments) > 0 && y.comments[0].from < at {
		out = append(out, y.take())
	}
	return out
}

// side takes the comment behind what was read last, on its line.
func (y *yamlReader) side() string {
	if !y.follows() || y.comments[0].first {
		return ""
	}
	return y.take().text
}

// follows reports whether no value stands between what was read last and the
// next comment.
func (y *yamlReader) follows() bool {
	if y.quiet > 0 || len(y.comments) == 0 {
		return false
	}
	i := len(y.tokens) - len(y.comments) - 1
	for i > 0 && strings.IndexByte(",:-?&!#t", byte(y.tokens[i].kind)) >= 0 {
		i--
	}
	return i >= 0 && y.tokens[i].from <= y.at
}

// read notes that the node has been read, or its token that is not a property.
func (y *yamlReader) read(n *yaml.Node) {
	if y.quiet > 0 || y.start(n) == math.MaxInt {
		return
	}
	i := y.tokenAt(y.start(n))
	for i < len(y.tokens)-1 && strings.IndexByte("&!#", byte(y.tokens[i].kind)) >= 0 {
		i++
	}
	if i < len(y.tokens) {
		y.at = max(y.at, y.tokens[i].from)
	}
}

// tokenAt is the index of the first token at or behind the offset.
func (y *yamlReader) tokenAt(at int) int {
	i, _ := slices.BinarySearchFunc(y.tokens, at, func(t token, at int) int { return t.from - at })
	return i
}

// start is where the node begins, or past everything where it is not written.
func (y *yamlReader) start(n *yaml.Node) int {
	if n.Kind == yaml.ScalarNode && n.Value == "" && n.Style == 0 && n.Anchor == "" {
		return math.MaxInt
	}
	return y.f.src.nodeOffset(n)
}

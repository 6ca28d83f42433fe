package loader

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// codeComment is a comment in HCL that has not been taken yet.
type codeComment struct {
	from, to int
	first    bool // nothing stands before it on its line
	last     bool // nothing stands behind it on its line
	rng      hcl.Range
}

// codeComments are the comments among the tokens of a text.
func codeComments(text []byte, tokens hclsyntax.Tokens) []codeComment {
	var out []codeComment
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenComment {
			continue
		}
		c := codeComment{from: t.Range.Start.Byte, to: t.Range.End.Byte, rng: t.Range}
		before := bytes.TrimRight(text[:c.from], " \t")
		c.first = len(before) == 0 || before[len(before)-1] == '\n'
		behind := bytes.TrimLeft(text[c.to:], " \t\r")
		c.last = isLineComment(t) || len(behind) == 0 || behind[0] == '\n'
		out = append(out, c)
	}
	return out
}

// notes are the lines of the comment, each with a #.
func (r *codeReader) notes(c codeComment) []note {
	text := strings.ReplaceAll(string(r.text[c.from:c.to]), "\r", "")
	at := r.src.place(c.rng)
	blank := blankBefore(r.text, c.from)
	if body, ok := strings.CutPrefix(text, "/*"); ok {
		var out []note
		lines := strings.Split(strings.TrimSuffix(body, "*/"), "\n")
		for i, line := range lines {
			line = strings.TrimSpace(line)
			if line == "" && len(lines) > 1 && (i == 0 || i == len(lines)-1) {
				continue
			}
			out = append(out, note{text: strings.TrimRight("# "+line, " "), blank: blank && len(out) == 0, at: at})
		}
		if len(out) == 0 {
			out = append(out, note{text: "#", blank: blank, at: at})
		}
		return out
	}
	text = strings.TrimRight(text, " \t\n")
	if rest, ok := strings.CutPrefix(text, "//"); ok {
		text = "#" + rest
	}
	return []note{{text: text, blank: blank, at: at}}
}

// blankBefore reports whether an empty line stands before the offset.
func blankBefore(text []byte, at int) bool {
	bare := bytes.TrimRight(text[:at], " \t\r\n")
	return len(bare) > 0 && bytes.Count(text[len(bare):at], []byte{'\n'}) > boolInt(bare[len(bare)-1] != '\n')
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// before takes the comments before the offset.
func (r *codeReader) before(at int) []note {
	var out []note
	for len(r.comments) > 0 && r.comments[0].from < at {
		out = append(out, r.notes(r.comments[0])...)
		r.comments = r.comments[1:]
	}
	return out
}

// drop leaves comments to the code that they stand in.
func (r *codeReader) drop(at int) {
	for len(r.comments) > 0 && r.comments[0].from < at {
		r.comments = r.comments[1:]
	}
}

// side takes the comment that ends the line of what ends at the offset, where
// nothing but what may be skipped stands between.
func (r *codeReader) side(at int, skip string) string {
	if len(r.comments) == 0 {
		return ""
	}
	c := r.comments[0]
	if c.first || !c.last || c.from < at || strings.Trim(string(r.text[at:c.from]), skip+" \t") != "" {
		return ""
	}
	notes := r.notes(c)
	if len(notes) > 1 {
		return ""
	}
	r.comments = r.comments[1:]
	return notes[0].text
}

package loader

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"gopkg.in/yaml.v3"

	"trueup/diag"
)

// Sources holds the text of every file that was read, so that a diagnostic can
// show its excerpt. It may be used by several goroutines.
type Sources struct {
	mu    sync.Mutex
	files map[string]*source
}

// Source is the text of the file that a range names, or nil. What stands
// there in place of a sensitive value is blotted out.
func (s *Sources) Source(file string) []byte {
	src := s.get(file)
	if src == nil || src.text == nil || src.mute {
		return nil
	}
	return src.shown()
}

// Files are the names of the files that were read, in order.
func (s *Sources) Files() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.files))
}

// Digests are the SHA-256 of the files that were read, by name. A file in which
// something sensitive stands is left out, since a digest could be guessed at.
func (s *Sources) Digests() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]string, len(s.files))
	for name, src := range s.files {
		if src.text != nil && !src.mute && len(src.concealed()) == 0 {
			out[name] = Digest(src.text)
		}
	}
	return out
}

// Digest is the SHA-256 of a file's text, in hex. A byte order mark does not
// count.
func Digest(text []byte) string {
	sum := sha256.Sum256(bytes.TrimPrefix(text, []byte("\ufeff")))
	return hex.EncodeToString(sum[:])
}

func (s *Sources) get(file string) *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[file]
}

func (s *Sources) put(src *source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[src.name] = src
}

// place is the range of a file that a range of hcl's means.
func (s *Sources) place(r hcl.Range) diag.Range {
	name, _, _ := strings.Cut(r.Filename, templateMark)
	if src := s.get(name); src != nil {
		return src.place(r)
	}
	return diag.Range{File: name}
}

// place is the range of this file that a range of hcl's means.
func (s *source) place(r hcl.Range) diag.Range {
	_, number, inTemplate := strings.Cut(r.Filename, templateMark)
	if !inTemplate {
		return diag.Range{File: s.name, Start: s.pos(r.Start.Byte), End: s.pos(r.End.Byte)}
	}
	i, _ := strconv.Atoi(number)
	node := s.scalars[i]
	return diag.Range{File: s.name, Start: s.within(node, r.Start.Byte), End: s.within(node, r.End.Byte)}
}

const byteOrderMark = "\xef\xbb\xbf"

// templateMark separates, in the file name that hcl is given for the text of a
// YAML scalar, the file's name from the scalar's number.
const templateMark = "\x00"

// source is one file that was read.
type source struct {
	name string // as it is shown
	dir  string // what paths written in it are relative to; "" is the working directory
	text []byte // without byte order mark
	mark bool   // it had one

	templates map[*yaml.Node]*template // of YAML scalars with ${ or %{
	scalars   []*yaml.Node             // the same scalars, by number

	once   sync.Once
	lines  []int        // the offset of each line
	hidden []diag.Range // what is not shown
	mute   bool         // nothing is shown
	blind  bool         // nobody found out which variables are sensitive

	root *yaml.Node      // once tree gave it
	body *hclsyntax.Body // once code gave it
}

// offsets are where the lines begin.
func (s *source) offsets() []int {
	s.once.Do(func() {
		s.lines = append(make([]int, 0, bytes.Count(s.text, []byte{'\n'})+1), 0)
		for i, c := range s.text {
			if c == '\n' {
				s.lines = append(s.lines, i+1)
			}
		}
	})
	return s.lines
}

// pos is the place of the byte at the offset.
func (s *source) pos(offset int) diag.Pos {
	offset = min(max(offset, 0), len(s.text))
	lines := s.offsets()
	n := sort.SearchInts(lines, offset+1)
	return diag.Pos{Line: int32(n), Column: int32(utf8.RuneCount(s.text[lines[n-1]:offset])) + 1}
}

// offset is where the character at a line and column begins.
func (s *source) offset(line, column int) int {
	lines := s.offsets()
	if line < 1 || line > len(lines) {
		return len(s.text)
	}
	at := lines[line-1]
	for ; column > 1 && at < len(s.text); column-- {
		_, size := utf8.DecodeRune(s.text[at:])
		at += size
	}
	return at
}

// at is the range of one character.
func (s *source) at(offset int) diag.Range {
	start := s.pos(offset)
	return diag.Range{File: s.name, Start: start, End: diag.Pos{Line: start.Line, Column: start.Column + 1}}
}

// hide keeps a stretch of the file out of excerpts.
func (s *source) hide(r diag.Range) {
	if r.File == s.name && r.Start.Line > 0 {
		s.hidden = append(s.hidden, r)
	}
}

// shown is the text with everything hidden blotted out, character by
// character, so that columns stay.
func (s *source) shown() []byte {
	hidden := s.concealed()
	if len(hidden) == 0 {
		return s.text
	}
	slices.SortFunc(hidden, func(a, b diag.Range) int {
		return cmp.Or(cmp.Compare(a.Start.Line, b.Start.Line), cmp.Compare(a.Start.Column, b.Start.Column))
	})
	var b bytes.Buffer
	pos, until := diag.Pos{Line: 1, Column: 1}, diag.Pos{} // until: the end of what is hidden so far
	for _, r := range string(s.text) {
		for len(hidden) > 0 && !before(pos, hidden[0].Start) {
			if before(until, hidden[0].End) {
				until = hidden[0].End
			}
			hidden = hidden[1:]
		}
		switch {
		case r == '\n':
			b.WriteRune(r)
			pos = diag.Pos{Line: pos.Line + 1}
		case before(pos, until):
			b.WriteRune('•')
		default:
			b.WriteRune(r)
		}
		pos.Column++
	}
	return b.Bytes()
}

func before(a, b diag.Pos) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
}

package diag

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// message is the diagnostic without its place, as text for machines: the
// headline, the hint and the remedy, a line each, and safe to show.
func (d Diagnostic) message() string {
	var lines []string
	for _, part := range []string{d.headline(), d.Hint, d.Detail} {
		for line := range strings.SplitSeq(part, "\n") {
			if line = Clean(strings.TrimSpace(line)); line != "" {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) == 0 {
		return d.Severity.String()
	}
	return strings.Join(lines, "\n")
}

// slashPath is a file's path as machines compare it: cleaned, with slashes.
func slashPath(file string) string { return filepath.ToSlash(filepath.Clean(file)) }

// SafeJSON is JSON that may be printed in a log: what Clean would not let
// through stands as an escape in its strings, which means the same. It gives b
// itself where all of it is plain ASCII.
func SafeJSON(b []byte) []byte {
	if plain := !slices.ContainsFunc(b, func(c byte) bool { return c >= 0x7f }); plain && !bytes.Contains(b, []byte("##")) {
		return b
	}
	out := make([]byte, 0, len(b)+64)
	last := rune(0)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '#' && last == '#':
			out = append(out, `\u0023`...)
		case escaped(r):
			for _, unit := range utf16.AppendRune(nil, r) {
				out = fmt.Appendf(out, "\\u%04x", unit)
			}
		default:
			out = append(out, b[:n]...)
		}
		last, b = r, b[n:]
	}
	return out
}

// escaped: blanks between the parts of a document stay.
func escaped(r rune) bool { return r >= 0x7f && unsafe(r) }

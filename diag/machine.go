package diag

import (
	"path/filepath"
	"strings"
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

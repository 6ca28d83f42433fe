package render

import (
	"slices"
	"strings"
)

const (
	digestPaths   = 3
	digestColumns = 40 // columns up to which a change is shown beside its path
)

// digest is what there is to say about a block in a few words: which paths
// change and, with values, from what to what, where that is short.
func (b *block) digest(values bool) []string {
	var out, paths, changes, forcing []string
	for _, l := range b.lines {
		if l.path == "" || slices.Contains(paths, l.path) {
			continue
		}
		paths, changes = append(paths, l.path), append(changes, l.path)
		if values && l.old != nil && l.width() <= digestColumns && !l.apart() {
			changes[len(changes)-1] += " " + l.String()
		}
		if l.forces {
			forcing = append(forcing, l.path)
		}
	}
	isUpdate := b.change.Before != nil && b.change.After != nil
	if which := b.subject(); which != "" {
		out = append(out, which)
	}
	switch {
	case len(forcing) > 0 && len(forcing) <= digestPaths:
		out = append(out, strings.Join(forcing, ", ")+either(len(forcing), " forces replacement", " force replacement"))
	case isUpdate && len(paths) > 0 && len(paths) <= digestPaths:
		out = append(out, strings.Join(changes, ", "))
	case isUpdate && len(paths) > 0:
		out = append(out, plural(len(paths), "change", "changes"))
	}
	out = append(out, b.reasons...)
	if len(b.change.Gains) > 0 {
		out = append(out, "⚠ privilege increase")
	}
	if b.change.Refused != "" {
		out = append(out, "⛔ refused")
	}
	for _, r := range b.remarks {
		if strings.HasPrefix(r, "used by ") {
			out = append(out, r)
		}
	}
	return out
}

// subject is the summary value where a block is folded: then its lines don't
// show it.
func (b *block) subject() string {
	c := b.change
	i := slices.IndexFunc(b.lines, func(l line) bool { return l.path == c.Kind.Summary })
	if i < 0 || c.Before != nil && c.After != nil {
		return b.summary
	}
	if text := strings.Trim(b.lines[i].new.String(), `"`); text != clean(c.Addr.Key) {
		return text
	}
	return ""
}

// either is the form of a word that goes with n.
func either(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

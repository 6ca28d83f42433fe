package schema

import (
	"strconv"
	"strings"
)

// Paths name a part of a resource: `mode`, `condition.request_ip.in`,
// `origins["app-1"].weight`, `policies[0].effect`. They are text, so that files,
// plans and people share one form.

func indexPath(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// KeyPath is the path of the element under key of a map or keyed list.
func KeyPath(path, key string) string { return path + "[" + Quote(key) + "]" }

// IndexPath is the path of the element at position i of a list.
func IndexPath(path string, i int) string { return indexPath(path, i) }

// Join is the path of the attribute name of the object at path.
func Join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// Covers reports whether path is whole, or a part of whole.
func Covers(whole, path string) bool {
	rest, ok := strings.CutPrefix(path, whole)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// SplitPath cuts the first step off a path: an attribute's name, a key (quoted
// is true) or a number between brackets. ok is false where the text is no path.
func SplitPath(path string) (step string, quoted bool, rest string, ok bool) {
	if strings.HasPrefix(path, "[") {
		end := strings.IndexByte(path, ']')
		if strings.HasPrefix(path, `["`) {
			end = closingQuote(path)
		}
		if end < 0 {
			return "", false, "", false
		}
		step, rest = path[1:end], strings.TrimPrefix(path[end+1:], ".")
		if key, isKey := unquote(step); isKey {
			return key, true, rest, true
		}
		return step, false, rest, step != ""
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		return path, false, "", path != ""
	}
	return path[:end], false, strings.TrimPrefix(path[end:], "."), end > 0
}

// closingQuote is the position of the ] after the quoted key that path starts
// with, or -1.
func closingQuote(path string) int {
	for i := 2; i < len(path); i++ {
		switch path[i] {
		case '\\':
			i++
		case '"':
			if i+1 < len(path) && path[i+1] == ']' {
				return i + 1
			}
			return -1
		}
	}
	return -1
}

// KeyOf is the text that an element of a keyed list goes by.
func (a *Attr) KeyOf(elem Value) string {
	return Text(a.Part(elem, a.Key))
}

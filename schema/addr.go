package schema

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// Addr is the address of a resource in the files: kind.name, or
// kind.name["key"] under for_each. Kind is the singular name.
type Addr struct {
	Kind, Name, Key string
	Each            bool // the resource has a for_each, so Key is meant even if empty
}

func (a Addr) String() string {
	if !a.Each {
		return a.Kind + "." + a.Name
	}
	return a.Kind + "." + a.Name + "[" + Quote(a.Key) + "]"
}

// Label is the address without its kind, which defaults what the API calls
// the object: `name`, or `name-key` under for_each.
func (a Addr) Label() string {
	if !a.Each {
		return a.Name
	}
	return a.Name + "-" + a.Key
}

// IsZero reports whether the address is empty.
func (a Addr) IsZero() bool { return a.Kind == "" }

// MarshalText and UnmarshalText make an address a JSON string.
func (a Addr) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

func (a *Addr) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Addr{}
		return nil
	}
	parsed, err := ParseAddr(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// Compare orders addresses by kind (in the table's order), name and key.
func (a Addr) Compare(b Addr) int {
	return cmp.Or(
		cmp.Compare(kindIndex(a.Kind), kindIndex(b.Kind)),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Key, b.Key))
}

const namePattern = `[A-Za-z0-9_][A-Za-z0-9_-]*`

var addrRE = regexp.MustCompile(`^([a-z_]+)\.(` + namePattern + `)(\[.*\])?$`)

// ValidName reports whether a resource may bear the name.
func ValidName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case isLetter(c), c >= '0' && c <= '9', c == '_', c == '-' && i > 0:
		default:
			return false
		}
	}
	return name != ""
}

// ParseAddr reads an address. A plural kind (access_rules.office) is an error
// that names the singular.
func ParseAddr(text string) (Addr, error) {
	m := addrRE.FindStringSubmatch(text)
	if m == nil {
		return Addr{}, fmt.Errorf(`%q is not an address: write kind.name or kind.name["key"]`, text)
	}
	if KindNamed(m[1]) == nil {
		if k := KindPlural(m[1]); k != nil {
			return Addr{}, fmt.Errorf("%q: kinds in addresses are singular: write %s.%s%s", text, k.Name, m[2], m[3])
		}
		return Addr{}, fmt.Errorf("%q: there is no kind %q; the kinds are %s", text, m[1], strings.Join(KindNames(), ", "))
	}
	a := Addr{Kind: m[1], Name: m[2]}
	if m[3] == "" {
		return a, nil
	}
	key, ok := unquote(m[3][1 : len(m[3])-1])
	if !ok {
		return Addr{}, fmt.Errorf(`%q: the key must be quoted: %s.%s["key"]`, text, a.Kind, a.Name)
	}
	a.Key, a.Each = key, true
	return a, nil
}

// unquote undoes Quote.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	var b strings.Builder
	for s = s[1 : len(s)-1]; s != ""; s = s[1:] {
		switch {
		case s[0] == '"':
			return "", false
		case s[0] != '\\':
			b.WriteByte(s[0])
			continue
		case len(s) == 1:
			return "", false
		}
		s = s[1:]
		switch s[0] {
		case 'n':
			b.WriteByte('\n')
		case '\\', '"':
			b.WriteByte(s[0])
		default:
			return "", false
		}
	}
	return b.String(), true
}

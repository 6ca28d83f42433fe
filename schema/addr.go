package schema

import (
	"cmp"
	"fmt"
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

// Means reports whether the address, as it is given by hand, means the other:
// itself or, without a key, all its instances.
func (a Addr) Means(b Addr) bool {
	return a.Kind == b.Kind && a.Name == b.Name && (!a.Each || b.Each && a.Key == b.Key)
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

// Stem is the address without its key.
func (a Addr) Stem() Addr { return Addr{Kind: a.Kind, Name: a.Name} }

// Compare orders addresses by kind (in the table's order), name and key.
func (a Addr) Compare(b Addr) int {
	return cmp.Or(
		cmp.Compare(kindIndex(a.Kind), kindIndex(b.Kind)),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Key, b.Key))
}

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
	kind, name, index, ok := cutAddr(text)
	if !ok {
		return Addr{}, fmt.Errorf(`%q is not an address: write kind.name or kind.name["key"]`, text)
	}
	if KindNamed(kind) == nil {
		if k := KindPlural(kind); k != nil {
			return Addr{}, fmt.Errorf("%q: kinds in addresses are singular: write %s.%s%s", text, k.Name, name, index)
		}
		return Addr{}, fmt.Errorf("%q: there is no kind %q; the kinds are %s", text, kind, strings.Join(KindNames(), ", "))
	}
	a := Addr{Kind: kind, Name: name}
	if index == "" {
		return a, nil
	}
	key, ok := unquote(index[1 : len(index)-1])
	if !ok {
		return Addr{}, fmt.Errorf(`%q: the key must be quoted: %s.%s["key"]`, text, a.Kind, a.Name)
	}
	a.Key, a.Each = key, true
	return a, nil
}

// cutAddr cuts an address into kind, name and what stands in brackets, with
// them. States hold many addresses, so it is done by hand.
func cutAddr(text string) (kind, name, index string, ok bool) {
	kind, rest, _ := strings.Cut(text, ".")
	name = rest
	if i := strings.IndexByte(rest, '['); i >= 0 {
		name, index = rest[:i], rest[i:]
	}
	ok = kind != "" && strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz_") == "" && ValidName(name) &&
		(index == "" || len(index) > 1 && index[len(index)-1] == ']' && !strings.Contains(index, "\n"))
	return kind, name, index, ok
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

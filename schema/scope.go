package schema

import (
	"fmt"
	"regexp"
	"strings"
)

// Level is what a scope is a scope of.
type Level string

const (
	User    Level = "user"
	Account Level = "account"
	Zone    Level = "zone"
)

// Scope is whose objects are meant: the user's own, one account's, one zone's.
// It is part of every object's identity. ID is empty for the user.
type Scope struct {
	Level Level
	ID    string
}

// UserScope is the default scope.
var UserScope = Scope{Level: User}

func (s Scope) String() string {
	if s.Level == User || s.Level == "" {
		return string(User)
	}
	return string(s.Level) + ":" + s.ID
}

// Path is the scope's part of a URL: "user", "accounts/ID" or "zones/ID".
func (s Scope) Path() string {
	if s.Level == User || s.Level == "" {
		return "user"
	}
	return string(s.Level) + "s/" + s.ID
}

var idRE = regexp.MustCompile(`^[0-9a-f]{32}$`)

// ValidID reports whether text has the form of an identifier of the API:
// 32 hexadecimal digits, lower case (API facts §1).
func ValidID(text string) bool { return idRE.MatchString(text) }

// ParseScope reads `user`, `account:<id>` or `zone:<id>`.
func ParseScope(text string) (Scope, error) {
	level, id, _ := strings.Cut(text, ":")
	switch {
	case text == string(User):
		return UserScope, nil
	case level != string(Account) && level != string(Zone):
		return Scope{}, fmt.Errorf("unknown scope %q: write user, account:<id> or zone:<id>", text)
	case !ValidID(id):
		return Scope{}, fmt.Errorf("scope %q: the id after %q must be 32 hexadecimal digits, lower case", text, level+":")
	}
	return Scope{Level: Level(level), ID: id}, nil
}

// MarshalText and UnmarshalText make a scope a JSON string.
func (s Scope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s *Scope) UnmarshalText(text []byte) error {
	parsed, err := ParseScope(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

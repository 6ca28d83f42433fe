package schema

import (
	"fmt"
	"strings"
)

// Meaning is what an answer of the API comes to, whatever its code.
type Meaning uint8

const (
	Other       Meaning = iota
	NotFound            // the object is not there
	Duplicate           // an object with this natural key is there
	InUse               // others refer to it, so it can't be deleted
	NotEntitled         // the plan of the account lacks it
	Denied              // the credential lacks the right
	Invalid             // the API refuses the values
	RateLimited         // not executed: too many requests
	Unknown             // no answer, or none that can be read: it may have been executed
	Unsent              // certainly not executed: nothing reached the API
)

// Fault is an error of the API, or of getting through to it.
type Fault struct {
	Meaning Meaning
	Status  int    // HTTP status; 0 if there was no answer
	Code    int    // the API's code, the innermost of a chain; 0 if none
	Message string // the API's own words, or what went wrong on the way
	Ray     string // cf-ray, the id of the request; "" if none
	Remedy  string // what the user can do; may be empty
	Err     error  // the cause on the way, if any
}

func (f *Fault) Error() string {
	var b strings.Builder
	if f.Status != 0 {
		fmt.Fprintf(&b, "%d ", f.Status)
	}
	b.WriteString(Quote(f.Message))
	var extra []string
	if f.Code != 0 {
		extra = append(extra, fmt.Sprintf("code %d", f.Code))
	}
	if f.Ray != "" {
		extra = append(extra, "ray "+f.Ray)
	}
	if len(extra) > 0 {
		b.WriteString(" (" + strings.Join(extra, ", ") + ")")
	}
	if f.Remedy != "" {
		b.WriteString(": " + f.Remedy)
	}
	return b.String()
}

func (f *Fault) Unwrap() error { return f.Err }

// Classify gives the meaning and remedy that the table has for an answer.
func (a API) Classify(status, code int, message string) (Meaning, string) {
	for _, c := range a.Codes {
		if (c.Status == 0 || c.Status == status) && (c.Code == 0 || c.Code == code) &&
			strings.Contains(strings.ToLower(message), strings.ToLower(c.Contains)) {
			return c.Meaning, c.Remedy
		}
	}
	return Other, ""
}

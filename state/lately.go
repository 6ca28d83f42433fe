package state

import (
	"time"

	"trueup/schema"
)

// Lag is how long lists are taken to lack what was made, and to show what was
// deleted. There is no report that they do (API facts §0.6), so that is on the
// safe side.
const Lag = time.Minute

// longestSend is how long after its start an intent may still have been sent:
// a request is tried several times, and each time a limit of the API is waited
// out, up to a quarter of an hour.
const longestSend = time.Hour

// MayLag reports whether lists may lack what the write has made.
func (in *Intent) MayLag(now time.Time) bool { return in.Start.After(now.Add(-longestSend - Lag)) }

// clockMargin is how far the server's clock may be behind ours.
const clockMargin = 5 * time.Minute

// IsAfter reports whether the object is certainly older than the write, and so
// none of its doing.
func (in *Intent) IsAfter(o *schema.Object) bool {
	made, err := time.Parse(time.RFC3339, schema.Text(o.Get(o.Kind.Made)))
	return err == nil && made.Before(in.Start.Add(-clockMargin))
}

// Lately are the creates and deletes of the last minute, by this state, in
// order: lists may not know of them yet.
func (s *Snapshot) Lately(now time.Time) []Undo { return lately(now, s.Recent, s.Last) }

// Gone reports whether the write was a deletion that was certainly done. Of one
// of which that is not known, the state still has the object.
func (s *Snapshot) Gone(u Undo) bool {
	if u.Op != OpDelete {
		return false
	}
	for _, e := range s.At(u.Addr) {
		if e.ID == u.ID && e.Scope == u.Scope {
			return false
		}
	}
	return true
}

func lately(now time.Time, writes ...[]Undo) []Undo {
	var out []Undo
	for _, us := range writes {
		for _, u := range us {
			if (u.Op == OpCreate || u.Op == OpDelete) && u.At.After(now.Add(-Lag)) {
				out = append(out, Undo{Op: u.Op, Addr: u.Addr, Scope: u.Scope, ID: u.ID, At: u.At})
			}
		}
	}
	return out
}

package sim

import (
	"fmt"
	"net/http"
	"time"
)

// window counts the requests of one user or account token (API facts §0.4).
type window struct {
	start time.Time
	count int
}

func (s *Server) limit() (requests int, length time.Duration) {
	requests, length = s.o.RateLimit.Requests, s.o.RateLimit.Window
	if requests == 0 {
		requests = 1200
	}
	if length == 0 {
		length = 5 * time.Minute
	}
	return requests, length
}

// admit counts a request, and sets the headers that say what is left. Past the
// limit everything is blocked for a whole window.
func (s *Server) admit(bucket string, now time.Time, h http.Header) *problem {
	if wait := s.blocked.Sub(now); wait > 0 {
		return throttled(int((wait + time.Second - 1) / time.Second))
	}
	requests, length := s.limit()
	if requests < 0 {
		return nil
	}
	w := s.windows[bucket]
	if w == nil || now.Sub(w.start) >= length {
		w = &window{start: now}
		s.windows[bucket] = w
	}
	w.count++
	left := max(requests-w.count, 0)
	h.Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, left, int(w.start.Add(length).Sub(now)/time.Second)))
	h.Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, requests, int(length/time.Second)))
	if w.count <= requests {
		return nil
	}
	if w.count == requests+1 {
		w.start = now // the block lasts a window from here
	}
	return throttled(int((w.start.Add(length).Sub(now) + time.Second - 1) / time.Second))
}

func (s *Server) blockAll(d time.Duration) { s.blocked = s.now().Add(d) }

func throttled(seconds int) *problem {
	p := refuse(http.StatusTooManyRequests, 971, "Please wait and consider throttling your request speed")
	p.retry = max(seconds, 1)
	return p
}

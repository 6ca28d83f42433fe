package sim

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Server is the API. It is safe for concurrent use.
type Server struct {
	o        Options
	products products
	routes   []route
	random   io.Reader

	mu       sync.Mutex // guards everything below but file's own parts
	world    *world
	file     *file // nil in memory
	broken   error // the file could not be written: nothing is answered any more
	faults   []*armed
	windows  map[string]*window
	blocked  time.Time            // everything is refused until then
	used     map[string]time.Time // when a token was last used, by id
	fresh    map[string]time.Time // when a token was last made, changed or rolled
	requests []Request
	count    uint64 // requests so far
	drawn    uint64 // random numbers so far
}

// Request is one request as it was answered.
type Request struct {
	Method, Path, Query string
	Status              int    // 0: no answer
	Fault               string // the fault that it met; "" is none
}

// New is a server in memory. There is one user, one account, one zone, one API
// token (see Credentials), the catalogue of permission groups and one pending
// invitation.
func New(o Options) *Server {
	if o.Rand == nil {
		o.Rand = mathrand.NewChaCha8([32]byte{1})
	}
	s := newServer(o)
	s.settle()
	return s
}

func newServer(o Options) *Server {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	s := &Server{
		o: o, products: newProducts(), random: o.Rand, world: newWorld(o),
		windows: map[string]*window{}, used: map[string]time.Time{}, fresh: map[string]time.Time{},
	}
	s.routes = s.table()
	return s
}

func (s *Server) now() time.Time { return s.o.Clock().UTC() }

// draw gives 32 random bytes. What has been kept so far is mixed in, so that a
// stream that starts anew over a file gives other numbers.
func (s *Server) draw() []byte {
	s.drawn++
	var buf [48]byte
	if _, err := io.ReadFull(s.random, buf[:32]); err != nil {
		s.broken = fmt.Errorf("sim: the source of randomness failed: %w", err)
	}
	binary.BigEndian.PutUint64(buf[32:], s.world.seq)
	binary.BigEndian.PutUint64(buf[40:], s.drawn)
	sum := sha256.Sum256(buf[:])
	return sum[:]
}

func (s *Server) newID() string { return hex.EncodeToString(s.draw()[:16]) }

// hash is how a secret is kept.
func (s *Server) hash(secret string) string {
	h := hmac.New(sha256.New, s.world.salt)
	h.Write([]byte(secret))
	return hex.EncodeToString(h.Sum(nil))
}

// outcome is what becomes of a request: an answer, and whether and how it is
// lost on the way.
type outcome struct {
	*response
	fault *Fault // nil: it arrives
}

// lost reports whether the client gets no answer at all.
func (o outcome) lost() bool {
	return o.fault != nil && (o.fault.Action == Refuse || o.fault.Action == CutBefore || o.fault.Action == CutAfter)
}

// exchange executes a request.
func (s *Server) exchange(r *http.Request) outcome {
	body, err := readBody(r)
	s.mu.Lock()
	s.count++
	ray := fmt.Sprintf("%016x-SIM", s.count)
	fault := s.strike(r.Method, r.URL.Path)
	out := outcome{fault: fault}
	if fault == nil || fault.Action != Refuse && fault.Action != CutBefore {
		out.response = s.execute(r, body, err, fault)
		out.header.Set("Cf-Ray", ray)
		out.header.Set("Server", "trueup-sim")
	}
	s.note(r, out)
	s.mu.Unlock()
	if s.file != nil && !s.file.sync() {
		out.response = htmlPage(http.StatusInternalServerError, 0)
	}
	return out
}

func (s *Server) execute(r *http.Request, body []byte, bodyErr error, fault *Fault) *response {
	if fault != nil {
		if resp := s.instead(fault); resp != nil {
			return resp
		}
	}
	if bodyErr != nil {
		return writeProblem(refuse(http.StatusBadRequest, 6007, "the request body could not be read"))
	}
	if s.broken != nil {
		return htmlPage(http.StatusInternalServerError, 0)
	}
	resp := s.answer(r, body)
	if fault != nil {
		return fault.spoil(resp)
	}
	return resp
}

// maxBody is the size of the largest body that is read.
const maxBody = 4 << 20

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = fmt.Errorf("the request body is larger than %d bytes", maxBody)
	}
	return bytes.TrimSpace(body), err
}

// maxRequests is how many requests are remembered.
const maxRequests = 1 << 18

var secretRE = regexp.MustCompile(`cf(ut|at|k)_[A-Za-z0-9_]+`)

func (s *Server) note(r *http.Request, out outcome) {
	hide := func(text string) string { return secretRE.ReplaceAllString(text, "cf${1}_redacted") }
	n := Request{Method: r.Method, Path: hide(r.URL.Path), Query: hide(r.URL.RawQuery)}
	if out.fault != nil {
		n.Fault = out.fault.String()
	}
	if !out.lost() {
		n.Status = out.status
	}
	if len(s.requests) >= maxRequests {
		s.requests = append([]Request(nil), s.requests[maxRequests/2:]...)
	}
	s.requests = append(s.requests, n)
	if s.o.Log != nil {
		target := n.Path
		if n.Query != "" {
			target += "?" + n.Query
		}
		fmt.Fprintln(s.o.Log, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", n.Method, target, n.Status, n.Fault)))
	}
}

// Requests are the requests so far, oldest first; of a great many, the latest.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

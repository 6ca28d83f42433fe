package sim

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"
)

// ServeHTTP answers over a network. A lost answer closes the connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := s.exchange(r)
	pause(r.Context(), out.fault)
	if out.lost() {
		hangUp(w, out.fault.Action == Refuse)
	}
	h := w.Header()
	for k, v := range out.header {
		h[k] = v
	}
	h.Set("Content-Length", strconv.Itoa(len(out.body)))
	w.WriteHeader(out.status)
	if out.fault != nil && out.fault.Action == Truncated {
		w.Write(out.body[:len(out.body)/2])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(out.body)
}

// hangUp closes the connection without an answer, with a reset if so asked. It
// doesn't return: http.Server knows the panic.
func hangUp(w http.ResponseWriter, reset bool) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok && reset {
			tcp.SetLinger(0)
		}
		conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// pause waits as long as the fault says, or until the client gives up.
func pause(ctx context.Context, f *Fault) {
	if f == nil || f.Action != Delay {
		return
	}
	t := time.NewTimer(f.For)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Transport answers without a network, and fails as one would.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Server }

// RoundTrip is http.RoundTripper's. A request that is given up while it waits
// for its answer has been executed.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	out := t.s.exchange(r)
	pause(ctx, out.fault)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if out.lost() {
		return nil, lostError(out.fault.Action)
	}
	body := &bodyReader{ctx: ctx, rest: bytes.NewReader(out.body)}
	if out.fault != nil && out.fault.Action == Truncated {
		body.rest, body.cut = bytes.NewReader(out.body[:len(out.body)/2]), true
	}
	return &http.Response{
		Status: strconv.Itoa(out.status) + " " + http.StatusText(out.status), StatusCode: out.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: body, ContentLength: int64(len(out.body)), Request: r,
	}, nil
}

func lostError(a Action) error {
	if a == Refuse {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return io.EOF
}

// bodyReader reads an answer until the request is given up.
type bodyReader struct {
	ctx  context.Context
	rest *bytes.Reader
	cut  bool
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.rest.Read(p)
	if err == io.EOF && b.cut {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (b *bodyReader) Close() error { return nil }

package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"

	"trueup/schema"
	"trueup/sim"
)

// serve is the API with n rules, until stdin ends. It prints its address and a
// credential.
func serve(n int) error {
	s := sim.New(sim.Options{RateLimit: sim.RateLimit{Requests: -1}})
	_, live := rules(n)
	for _, rule := range live {
		if _, err := s.Put(schema.UserScope, "access_rule", rule); err != nil {
			return err
		}
	}
	server := httptest.NewServer(&replay{api: s, answers: map[string]*httptest.ResponseRecorder{}})
	defer server.Close()
	token, _, _ := s.Credentials()
	fmt.Println(server.URL+"/client/v4", token)
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// replay answers what was asked before as it did then, so that a run does not
// pay for the simulator's thinking.
type replay struct {
	api     http.Handler
	mu      sync.Mutex
	answers map[string]*httptest.ResponseRecorder
}

func (r *replay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	answer := r.answer(req)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes()) //nolint:errcheck // the client will notice
}

func (r *replay) answer(req *http.Request) *httptest.ResponseRecorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	answer := r.answers[req.URL.String()]
	if answer == nil {
		answer = httptest.NewRecorder()
		r.api.ServeHTTP(answer, req)
		r.answers[req.URL.String()] = answer
	}
	return answer
}

package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
)

// doc is a JSON object.
type doc = map[string]any

// problem is a refusal: a status and what the envelope's errors say.
type problem struct {
	status  int
	code    int
	message string
	chain   []apiError // error_chain (API facts §0.2)
	more    []apiError
	retry   int // Retry-After in seconds; 0 is none
}

func (p *problem) Error() string { return fmt.Sprintf("%d: %s (code %d)", p.status, p.message, p.code) }

func refuse(status, code int, format string, args ...any) *problem {
	return &problem{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// apiError is one item of errors or messages.
type apiError struct {
	Code    int        `json:"code"`
	Message string     `json:"message"`
	Chain   []apiError `json:"error_chain,omitempty"`
}

// reply is what a handler answers when it succeeds.
type reply struct {
	result   any               // of one object; nil is null
	list     []json.RawMessage // of a list; result is nil then
	isList   bool
	info     *pageInfo
	messages []apiError
	noErrors bool   // errors is null, as the audit log has it (API facts §0.2)
	csv      []byte // not JSON at all
}

// pageInfo is result_info.
type pageInfo struct {
	Page       int   `json:"page"`
	PerPage    int64 `json:"per_page"`
	Count      int   `json:"count"`
	TotalCount int   `json:"total_count"`
	TotalPages int   `json:"total_pages"`
}

// unpaged is the result_info of lists of monitors and pools (API facts §0.2).
func unpaged(n int) *pageInfo {
	return &pageInfo{Page: 1, PerPage: math.MaxInt64, Count: n, TotalCount: n, TotalPages: 1}
}

// response is an answer as it goes over the wire.
type response struct {
	status int
	header http.Header
	body   []byte
}

func newResponse(status int, contentType string, body []byte) *response {
	h := http.Header{}
	h.Set("Content-Type", contentType)
	return &response{status: status, header: h, body: body}
}

// write puts a reply in its envelope.
func (s *Server) write(r *reply) *response {
	if r.csv != nil {
		return newResponse(http.StatusOK, "text/csv", r.csv)
	}
	var b bytes.Buffer
	b.WriteString(`{"result":`)
	switch {
	case !r.isList:
		b.Write(encode(r.result))
	case len(r.list) == 0 && s.o.NullLists:
		b.WriteString("null")
	default:
		b.WriteByte('[')
		b.Write(bytes.Join(raws(r.list), []byte(",")))
		b.WriteByte(']')
	}
	errs := []apiError{}
	if r.noErrors {
		errs = nil
	}
	b.WriteString(`,"success":true,"errors":`)
	b.Write(encode(errs))
	b.WriteString(`,"messages":`)
	b.Write(encode(append([]apiError{}, r.messages...)))
	if r.info != nil {
		b.WriteString(`,"result_info":`)
		b.Write(encode(r.info))
	}
	b.WriteByte('}')
	return newResponse(http.StatusOK, "application/json", b.Bytes())
}

func raws(list []json.RawMessage) [][]byte {
	out := make([][]byte, len(list))
	for i, r := range list {
		out[i] = r
	}
	return out
}

// writeProblem puts a refusal in its envelope.
func writeProblem(p *problem) *response {
	first := apiError{Code: p.code, Message: p.message, Chain: p.chain}
	body := encode(doc{
		"result": nil, "success": false, "messages": []any{},
		"errors": append([]apiError{first}, p.more...),
	})
	r := newResponse(p.status, "application/json", body)
	if p.retry > 0 {
		r.header.Set("Retry-After", strconv.Itoa(p.retry))
	}
	return r
}

// encode is the JSON of what is known to have one.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("sim: a value that is no JSON: " + err.Error())
	}
	return b
}

// decode reads a stored object.
func decode(raw []byte) doc {
	d := doc{}
	if err := json.Unmarshal(raw, &d); err != nil {
		return doc{}
	}
	return d
}

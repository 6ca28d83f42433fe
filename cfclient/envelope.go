package cfclient

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// envelope is what an answer has around its result (API facts §0.2). Every
// part may be missing, and be null, or of another shape.
type envelope struct {
	success  *bool // nil: not said
	result   bool  // there was one that is not null
	resulted bool  // there was one, perhaps null
	codes    []int // of the errors, the innermost of each chain first
	errors   string
	messages string
	info     resultInfo
}

// resultInfo is what a list says of its pages; 0 where it says nothing. Its
// per_page is not read: it has been seen to be what was asked for, or
// 2^63 - 1, and a page tells its size itself.
type resultInfo struct{ total, totalPages int64 }

// plausible is more objects than any list has; a larger number says nothing.
const plausible = 1 << 40

var errNoEnvelope = errors.New("the answer is no JSON object")

// readEnvelope reads an answer in one pass; result reads the value of "result"
// and may be nil. A body that is no envelope is the result itself.
func readEnvelope(body []byte, result func(body []byte, dec *jsontext.Decoder) error) (envelope, error) {
	var env envelope
	d := decoder{dec: jsontext.NewDecoder(bytes.NewBuffer(body), tolerant...)}
	if d.dec.PeekKind() != '{' {
		return env, unreadable(d.dec, errNoEnvelope)
	}
	err := d.members(func(name []byte) error {
		switch string(name) {
		case "success":
			return env.readSuccess(&d)
		case "errors":
			raw, err := d.dec.ReadValue()
			env.errors = strings.Join(env.faults(raw), "; ")
			return err
		case "messages":
			raw, err := d.dec.ReadValue()
			var ignored envelope
			env.messages = strings.Join(ignored.faults(raw), "; ")
			return err
		case "result_info":
			raw, err := d.dec.ReadValue()
			env.info = readInfo(raw)
			return err
		case "result":
			env.resulted, env.result = true, d.dec.PeekKind() != 'n'
			if result != nil && env.result {
				return result(body, d.dec)
			}
		}
		return d.dec.SkipValue()
	})
	if err == nil && len(bytes.TrimSpace(body[d.dec.InputOffset():])) > 0 {
		err = errors.New("the answer goes on after its end")
	}
	if err != nil || env.resulted || env.success != nil || result == nil || env.errors != "" {
		return env, err
	}
	env.resulted, env.result = true, true
	return env, result(body, jsontext.NewDecoder(bytes.NewBuffer(body), tolerant...))
}

func (env *envelope) readSuccess(d *decoder) error {
	kind := d.dec.PeekKind()
	if kind == 't' || kind == 'f' {
		yes := kind == 't'
		env.success = &yes
	}
	return d.dec.SkipValue()
}

// succeeded is false only where the answer says so, or says nothing but errors.
func (env *envelope) succeeded() bool {
	if env.success == nil {
		return env.errors == ""
	}
	return *env.success
}

// faults gives the texts of errors: an array of them, one object, text, or
// null. A chain is one text; its codes are noted, innermost first.
func (env *envelope) faults(raw []byte) []string {
	if len(raw) == 0 {
		return nil
	}
	switch raw[0] {
	case '[':
		var out []string
		for _, e := range elements(raw) {
			out = append(out, env.faults(e)...)
		}
		return out
	case '{':
		texts, codes := chain(members(raw), 0)
		env.codes = append(env.codes, codes...)
		if len(texts) == 0 {
			return nil
		}
		return []string{strings.Join(texts, ": ")}
	case '"':
		return []string{string(new(decoder).unquote(raw))}
	}
	return nil
}

// maxChain bounds how deep a chain of errors is followed.
const maxChain = 16

// chain gives the texts of an error and of those inside it, outermost first,
// and their codes, innermost first.
func chain(e memberList, depth int) (texts []string, codes []int) {
	if raw := e.get("message"); len(raw) > 0 && raw[0] == '"' {
		texts = append(texts, string(new(decoder).unquote(raw)))
	}
	if depth < maxChain {
		for _, inner := range elements(e.get("error_chain")) {
			t, c := chain(members(inner), depth+1)
			texts, codes = append(texts, t...), append(codes, c...)
		}
	}
	if n := integer(e.get("code")); n != 0 {
		codes = append(codes, int(min(n, math.MaxInt32)))
	}
	return texts, codes
}

func readInfo(raw []byte) resultInfo {
	number := func(name string) int64 {
		n := integer(members(raw).get(name))
		if n > plausible {
			return 0
		}
		return n
	}
	return resultInfo{total: number("total_count"), totalPages: number("total_pages")}
}

// integer is a whole number, also one written as text or as a fraction; 0
// where there is none.
func integer(raw []byte) int64 {
	text := strings.Trim(string(raw), `"`)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return max(n, 0)
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || !(f > 0):
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	}
	return int64(f)
}

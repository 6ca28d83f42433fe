package state

import (
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"trueup/schema"
)

// reader reads what writer wrote from a stream, without an intermediate form.
// Names that it does not know are skipped.
type reader struct {
	dec    *jsontext.Decoder
	rows   *schema.RowReader
	scopes map[string]schema.Scope // those seen, by their text
}

func newReader(r io.Reader) *reader {
	dec := jsontext.NewDecoder(r, jsontext.AllowDuplicateNames(true))
	return &reader{dec: dec, rows: schema.NewRowReader(dec), scopes: map[string]schema.Scope{}}
}

// object reads an object; member reads the value of the member whose name it
// is given, and says false where it does not know the name.
func (r *reader) object(member func(name []byte) (known bool, err error)) error {
	if err := r.expect('{'); err != nil {
		return err
	}
	for r.dec.PeekKind() == '"' {
		quoted, err := r.dec.ReadValue()
		if err != nil {
			return err
		}
		known, err := member(quoted[1 : len(quoted)-1])
		if err == nil && !known {
			err = r.dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

func (r *reader) expect(kind jsontext.Kind) error {
	tok, err := r.dec.ReadToken()
	if err == nil && tok.Kind() != kind {
		err = fmt.Errorf("%s is wanted, not %s", kind, tok.Kind())
	}
	return err
}

func (r *reader) array(elem func() error) error {
	if err := r.expect('['); err != nil {
		return err
	}
	for {
		switch r.dec.PeekKind() {
		case ']':
			_, err := r.dec.ReadToken()
			return err
		case 0:
			_, err := r.dec.ReadToken()
			return err
		}
		if err := elem(); err != nil {
			return err
		}
	}
}

func (r *reader) text() (string, error) {
	tok, err := r.dec.ReadToken()
	if err != nil {
		return "", err
	}
	if tok.Kind() != '"' {
		return "", fmt.Errorf("text is wanted, not %s", tok.Kind())
	}
	return tok.String(), nil
}

func (r *reader) truth() (bool, error) {
	tok, err := r.dec.ReadToken()
	return err == nil && tok.Kind() == 't', err
}

func (r *reader) number() (uint64, error) {
	tok, err := r.dec.ReadToken()
	if err != nil {
		return 0, err
	}
	if tok.Kind() != '0' {
		return 0, fmt.Errorf("a number is wanted, not %s", tok.Kind())
	}
	return tok.Uint()
}

func (r *reader) instant() (time.Time, error) {
	text, err := r.text()
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, text)
}

func (r *reader) addr() (schema.Addr, error) {
	text, err := r.text()
	if err != nil {
		return schema.Addr{}, err
	}
	return schema.ParseAddr(text)
}

func (r *reader) scope() (schema.Scope, error) {
	text, err := r.text()
	if err != nil {
		return schema.Scope{}, err
	}
	if s, ok := r.scopes[text]; ok {
		return s, nil
	}
	s, err := schema.ParseScope(text)
	if err == nil && len(r.scopes) < 1000 {
		r.scopes[text] = s
	}
	return s, err
}

func (r *reader) row(addr schema.Addr) (schema.Row, error) {
	k := schema.KindNamed(addr.Kind)
	if k == nil {
		return nil, fmt.Errorf("values without the address of their kind")
	}
	return r.rows.Read(k)
}

package state

import (
	"encoding/hex"
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

func (r *reader) entry() (*Entry, error) {
	e := &Entry{}
	err := r.object(func(name []byte) (bool, error) {
		var err error
		var text string
		switch string(name) {
		case "addr":
			e.Addr, err = r.addr()
		case "scope":
			e.Scope, err = r.scope()
		case "id":
			e.ID, err = r.text()
		case "origin":
			text, err = r.text()
			e.Origin = originOf(text)
		case "deposed":
			e.Deposed, err = r.truth()
		case "prevent_destroy":
			e.PreventDestroy, err = r.truth()
		case "depends_on":
			err = r.array(func() error {
				a, err := r.addr()
				e.DependsOn = append(e.DependsOn, a)
				return err
			})
		case "secret":
			text, err = r.text()
			e.Secret = SecretState(text)
		case "applied":
			e.Applied, err = r.row(e.Addr)
		default:
			return false, nil
		}
		return true, err
	})
	return e, err
}

// originOf shares the text of the two words that there are.
func originOf(text string) Origin {
	switch Origin(text) {
	case Created:
		return Created
	case Adopted:
		return Adopted
	}
	return Origin(text)
}

func (r *reader) intent() (in Intent, err error) {
	err = r.object(func(name []byte) (bool, error) {
		var err error
		var text string
		switch string(name) {
		case "seq":
			in.Seq, err = r.number()
		case "op":
			text, err = r.text()
			in.Op = Op(text)
		case "addr":
			in.Addr, err = r.addr()
		case "scope":
			in.Scope, err = r.scope()
		case "id":
			in.ID, err = r.text()
		case "deposed":
			in.Deposed, err = r.truth()
		case "start":
			in.Start, err = r.instant()
		case "values":
			in.Values, err = r.row(in.Addr)
		default:
			return false, nil
		}
		return true, err
	})
	return in, err
}

func (r *reader) undo() (u Undo, err error) {
	err = r.object(func(name []byte) (bool, error) {
		var err error
		var text string
		switch string(name) {
		case "op":
			text, err = r.text()
			u.Op = Op(text)
		case "addr":
			u.Addr, err = r.addr()
		case "scope":
			u.Scope, err = r.scope()
		case "id":
			u.ID, err = r.text()
		case "before":
			u.Before, err = r.row(u.Addr)
		case "after":
			u.After, err = r.row(u.Addr)
		default:
			return false, nil
		}
		return true, err
	})
	return u, err
}

func (r *reader) key() (k Key, err error) {
	err = r.object(func(name []byte) (bool, error) {
		var err error
		switch string(name) {
		case "addr":
			k.Addr, err = r.addr()
		case "scope":
			k.Scope, err = r.scope()
		case "deposed":
			k.Deposed, err = r.text()
		default:
			return false, nil
		}
		return true, err
	})
	return k, err
}

func (r *reader) outcome() (*Outcome, error) {
	o := &Outcome{}
	err := r.object(func(name []byte) (bool, error) {
		var err error
		switch string(name) {
		case "seq":
			o.Seq, err = r.number()
		case "failed":
			o.Failed, err = r.truth()
		case "put":
			o.Put, err = r.entry()
		case "drop":
			o.Drop = &Key{}
			*o.Drop, err = r.key()
		case "undo":
			o.Undo = &Undo{}
			*o.Undo, err = r.undo()
		default:
			return false, nil
		}
		return true, err
	})
	return o, err
}

func (r *reader) record() (rec Record, err error) {
	err = r.object(func(name []byte) (bool, error) {
		switch string(name) {
		case "begin":
			at, err := r.instant()
			rec.Begin = &at
			return true, err
		case "intent":
			in, err := r.intent()
			rec.Intent = &in
			return true, err
		case "outcome":
			o, err := r.outcome()
			rec.Outcome = o
			return true, err
		}
		return false, nil
	})
	return rec, err
}

// snapshot reads all that writeSnapshot wrote, after a brace.
func (r *reader) snapshot() (*Snapshot, error) {
	s := &Snapshot{}
	err := r.object(func(name []byte) (bool, error) {
		switch string(name) {
		case "salt":
			text, err := r.text()
			if err == nil {
				s.Salt, err = hex.DecodeString(text)
			}
			return true, err
		case "entries":
			return true, r.array(func() error {
				e, err := r.entry()
				s.Entries = append(s.Entries, e)
				return err
			})
		case "open":
			return true, r.array(func() error {
				in, err := r.intent()
				s.Open = append(s.Open, in)
				return err
			})
		case "last":
			return true, r.array(func() error {
				u, err := r.undo()
				s.Last = append(s.Last, u)
				return err
			})
		}
		return false, nil
	})
	return s, err
}

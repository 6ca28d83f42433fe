package state

import (
	"encoding/hex"
)

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
		case "from":
			u.From, err = r.addr()
		case "before":
			u.Before, err = r.row(u.Addr)
		case "after":
			u.After, err = r.row(u.Addr)
		case "at":
			u.At, err = r.instant()
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
		case "world":
			text, err := r.text()
			s.World = World(text)
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
		case "recent":
			return true, r.array(func() error {
				u, err := r.undo()
				s.Recent = append(s.Recent, u)
				return err
			})
		}
		return false, nil
	})
	return s, err
}

package state

import (
	"encoding/hex"
	"strconv"
	"time"

	"trueup/schema"
)

// The encoding of state and journal: JSON in a fixed order, unset left out. An
// address always comes before the rows of its kind.

// writer appends JSON. The first error sticks.
type writer struct {
	b   []byte
	err error
}

func (w *writer) raw(s string) { w.b = append(w.b, s...) }

// name starts a member; the comma before it is left out after a bracket.
func (w *writer) name(n string) {
	if last := w.b[len(w.b)-1]; last != '{' && last != '[' {
		w.b = append(w.b, ',')
	}
	w.b = append(append(append(w.b, '"'), n...), '"', ':')
}

func (w *writer) text(n, v string) {
	if v != "" {
		w.name(n)
		w.b = schema.AppendString(w.b, v)
	}
}

func (w *writer) number(n string, v uint64) {
	if v != 0 {
		w.name(n)
		w.b = strconv.AppendUint(w.b, v, 10)
	}
}

func (w *writer) truth(n string, v bool) {
	if v {
		w.name(n)
		w.raw("true")
	}
}

func (w *writer) instant(n string, v time.Time) {
	w.name(n)
	w.b = append(v.UTC().AppendFormat(append(w.b, '"'), time.RFC3339Nano), '"')
}

// row writes a row of the address's kind; nil rows are left out.
func (w *writer) row(n string, addr schema.Addr, row schema.Row) {
	k := schema.KindNamed(addr.Kind)
	if row == nil || k == nil || w.err != nil {
		return
	}
	w.name(n)
	b, err := k.AppendRow(w.b, row)
	if err != nil {
		w.err = err
		return
	}
	w.b = b
}

func (w *writer) place(addr schema.Addr, scope schema.Scope) {
	w.text("addr", addr.String())
	w.text("scope", scope.String())
}

func (w *writer) entry(e *Entry) {
	w.raw("{")
	w.place(e.Addr, e.Scope)
	w.text("id", e.ID)
	w.text("origin", string(e.Origin))
	w.truth("deposed", e.Deposed)
	w.truth("prevent_destroy", e.PreventDestroy)
	if len(e.DependsOn) > 0 {
		w.name("depends_on")
		w.raw("[")
		for i, a := range e.DependsOn {
			if i > 0 {
				w.raw(",")
			}
			w.b = schema.AppendString(w.b, a.String())
		}
		w.raw("]")
	}
	w.text("secret", string(e.Secret))
	w.row("applied", e.Addr, e.Applied)
	w.raw("}")
}

func (w *writer) intent(in *Intent) {
	w.raw("{")
	w.number("seq", in.Seq)
	w.text("op", string(in.Op))
	w.place(in.Addr, in.Scope)
	w.text("id", in.ID)
	w.truth("deposed", in.Deposed)
	w.instant("start", in.Start)
	w.row("values", in.Addr, in.Values)
	w.raw("}")
}

func (w *writer) undo(u *Undo) {
	w.raw("{")
	w.text("op", string(u.Op))
	w.place(u.Addr, u.Scope)
	w.text("id", u.ID)
	if !u.From.IsZero() {
		w.text("from", u.From.String())
	}
	w.row("before", u.Addr, u.Before)
	w.row("after", u.Addr, u.After)
	if !u.At.IsZero() {
		w.instant("at", u.At)
	}
	w.raw("}")
}

func (w *writer) outcome(o *Outcome) {
	w.raw("{")
	w.number("seq", o.Seq)
	w.truth("failed", o.Failed)
	if o.Put != nil {
		w.name("put")
		w.entry(o.Put)
	}
	if o.Drop != nil {
		w.name("drop")
		w.raw("{")
		w.place(o.Drop.Addr, o.Drop.Scope)
		w.text("deposed", o.Drop.Deposed)
		w.raw("}")
	}
	if o.Undo != nil {
		w.name("undo")
		w.undo(o.Undo)
	}
	w.raw("}")
}

func (w *writer) record(r *Record) {
	w.raw("{")
	switch {
	case r.Begin != nil:
		w.instant("begin", *r.Begin)
	case r.Intent != nil:
		w.name("intent")
		w.intent(r.Intent)
	case r.Outcome != nil:
		w.name("outcome")
		w.outcome(r.Outcome)
	}
	w.raw("}")
}

// flushAt is how much is encoded before it is handed on.
const flushAt = 64 << 10

// writeSnapshot gives the members of a snapshot in pieces: all but version,
// serial and checksum, from the first name to the last brace.
func writeSnapshot(s *Snapshot, write func([]byte) error) error {
	w := &writer{b: make([]byte, 0, flushAt+4096)}
	w.raw(`"salt":"` + hex.EncodeToString(s.Salt) + `"`)
	w.text("world", string(s.World))
	err := writeLines(w, "entries", len(s.Entries), func(i int) { w.entry(s.Entries[i]) }, write)
	if err == nil {
		err = writeLines(w, "open", len(s.Open), func(i int) { w.intent(&s.Open[i]) }, write)
	}
	if err == nil {
		err = writeLines(w, "last", len(s.Last), func(i int) { w.undo(&s.Last[i]) }, write)
	}
	if err == nil && len(s.Recent) > 0 {
		err = writeLines(w, "recent", len(s.Recent), func(i int) { w.undo(&s.Recent[i]) }, write)
	}
	if err != nil {
		return err
	}
	w.raw("}\n")
	return write(w.b)
}

// writeLines writes an array with one element a line.
func writeLines(w *writer, name string, n int, elem func(int), write func([]byte) error) error {
	w.raw(",\n\"" + name + `":[`)
	for i := range n {
		if i > 0 {
			w.raw(",")
		}
		w.raw("\n")
		elem(i)
		if w.err != nil {
			return w.err
		}
		if len(w.b) >= flushAt {
			if err := write(w.b); err != nil {
				return err
			}
			w.b = w.b[:0]
		}
	}
	w.raw("]")
	return nil
}

package state

import (
	"maps"
	"slices"
)

// Ledger is a Snapshot that records are applied to, at a cost that does not
// grow with the number of entries. It is not safe for concurrent use.
type Ledger struct {
	base    *Snapshot
	changed map[Key]*Entry // over base.Entries; nil: dropped
	open    map[uint64]Intent
	last    []Undo
	recent  []Undo
}

// NewLedger starts from the snapshot, which is not changed.
func NewLedger(s *Snapshot) *Ledger {
	l := &Ledger{base: s, changed: map[Key]*Entry{}, open: map[uint64]Intent{}, last: slices.Clip(s.Last), recent: s.Recent}
	for _, in := range s.Open {
		l.open[in.Seq] = in
	}
	return l
}

// Apply applies records in order.
func (l *Ledger) Apply(recs ...Record) {
	for _, r := range recs {
		switch {
		case r.Begin != nil:
			l.recent, l.last = lately(*r.Begin, l.recent, l.last), nil
		case r.Intent != nil:
			l.open[r.Intent.Seq] = *r.Intent
		case r.Outcome != nil:
			l.outcome(r.Outcome)
		}
	}
}

func (l *Ledger) outcome(o *Outcome) {
	delete(l.open, o.Seq)
	if o.Put != nil {
		l.changed[o.Put.Key()] = o.Put
	}
	if o.Drop != nil {
		l.changed[*o.Drop] = nil
	}
	if o.Undo != nil {
		l.last = append(l.last, *o.Undo)
	}
}

// Find is the entry with the key, or nil.
func (l *Ledger) Find(k Key) *Entry {
	if e, ok := l.changed[k]; ok {
		return e
	}
	return l.base.Find(k)
}

// NextSeq is a number that no open intent has, nor any smaller one.
func (l *Ledger) NextSeq() uint64 {
	var top uint64
	for seq := range l.open {
		top = max(top, seq)
	}
	return top + 1
}

// Snapshot is the state after the records. Entries are shared, not copied.
func (l *Ledger) Snapshot() *Snapshot {
	s := &Snapshot{Serial: l.base.Serial, Salt: l.base.Salt, World: l.base.World, Last: l.last, Recent: l.recent}
	for _, e := range l.base.Entries {
		if _, ok := l.changed[e.Key()]; !ok {
			s.Entries = append(s.Entries, e)
		}
	}
	for _, e := range l.changed {
		if e != nil {
			s.Entries = append(s.Entries, e)
		}
	}
	slices.SortFunc(s.Entries, (*Entry).Compare)
	for _, seq := range slices.Sorted(maps.Keys(l.open)) {
		s.Open = append(s.Open, l.open[seq])
	}
	return s
}

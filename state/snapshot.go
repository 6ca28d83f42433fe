package state

import (
	"fmt"
	"slices"

	"trueup/schema"
)

// At are the entries of the address in every scope, deposed ones too.
func (s *Snapshot) At(addr schema.Addr) []*Entry {
	from, _ := slices.BinarySearchFunc(s.Entries, addr, func(e *Entry, a schema.Addr) int { return e.Addr.Compare(a) })
	to := from
	for to < len(s.Entries) && s.Entries[to].Addr == addr {
		to++
	}
	return slices.Clone(s.Entries[from:to])
}

// Remove forgets every entry of the address and gives their number.
func (s *Snapshot) Remove(addr schema.Addr) int {
	before := len(s.Entries)
	s.Entries = slices.DeleteFunc(s.Entries, func(e *Entry) bool { return e.Addr == addr })
	return before - len(s.Entries)
}

// Move gives every entry of one address another, and mends the dependencies
// that name it. Entries are replaced, not changed.
func (s *Snapshot) Move(from, to schema.Addr) error {
	switch {
	case len(s.At(from)) == 0:
		return fmt.Errorf("the state has no %s", from)
	case from.Kind != to.Kind:
		return fmt.Errorf("%s is of another kind than %s", to, from)
	case len(s.At(to)) > 0:
		return fmt.Errorf("the state has %s already", to)
	}
	for i, e := range s.Entries {
		if e.Addr != from && !slices.Contains(e.DependsOn, from) {
			continue
		}
		moved := *e
		if e.Addr == from {
			moved.Addr = to
		}
		moved.DependsOn = slices.Clone(e.DependsOn)
		for n, d := range moved.DependsOn {
			if d == from {
				moved.DependsOn[n] = to
			}
		}
		s.Entries[i] = &moved
	}
	slices.SortFunc(s.Entries, (*Entry).Compare)
	return nil
}

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

// Instances are the addresses that one given by hand means, in order: itself
// or, where the state has it only with keys, all its instances.
func (s *Snapshot) Instances(addr schema.Addr) []schema.Addr {
	if len(s.At(addr)) > 0 {
		return []schema.Addr{addr}
	}
	var out []schema.Addr
	for _, e := range s.Entries {
		if addr.Means(e.Addr) && (len(out) == 0 || out[len(out)-1] != e.Addr) {
			out = append(out, e.Addr)
		}
	}
	return out
}

// Remove forgets every entry of the address and gives their number.
func (s *Snapshot) Remove(addr schema.Addr) int {
	before := len(s.Entries)
	s.Entries = slices.DeleteFunc(s.Entries, func(e *Entry) bool { return e.Addr == addr })
	return before - len(s.Entries)
}

// Move gives every entry of one address another, and mends the dependencies
// that name it; without a key, those of all its instances, which keep theirs.
// Entries are replaced, not changed.
func (s *Snapshot) Move(from, to schema.Addr) error {
	if from.Kind != to.Kind {
		return fmt.Errorf("%s is of another kind than %s", to, from)
	}
	moves := map[schema.Addr]schema.Addr{}
	for _, one := range s.Instances(from) {
		target := to
		if one != from {
			target.Key, target.Each = one.Key, true
		}
		if len(s.At(target)) > 0 {
			return fmt.Errorf("the state has %s already", target)
		}
		moves[one] = target
	}
	switch {
	case len(moves) == 0:
		return fmt.Errorf("the state has no %s", from)
	case to.Each && moves[from] != to:
		return fmt.Errorf("%s stands for several: leave out the key of %s", from, to)
	}
	for i, e := range s.Entries {
		target, moved := moves[e.Addr]
		names := slices.ContainsFunc(e.DependsOn, func(a schema.Addr) bool { _, named := moves[a]; return named })
		if !moved && !names {
			continue
		}
		next := *e
		if moved {
			next.Addr = target
		}
		next.DependsOn = slices.Clone(e.DependsOn)
		for n, d := range next.DependsOn {
			if target, named := moves[d]; named {
				next.DependsOn[n] = target
			}
		}
		s.Entries[i] = &next
	}
	slices.SortFunc(s.Entries, (*Entry).Compare)
	return nil
}

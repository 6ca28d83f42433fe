package planner

import "slices"

// waves orders changes of one kind and scope by Kind.Rank: what is made or
// changed in ascending order, then what is deleted in descending order. Where
// that contradicts Needs, the kind has no waves in this plan.
func (m *maker) waves() {
	ranked := map[ListKey][]*step{}
	for _, s := range m.steps {
		if s.Acts() && s.Kind.Rank != nil {
			key := s.List()
			ranked[key] = append(ranked[key], s)
		}
	}
	for _, g := range m.groups {
		rank(ranked[g.ListKey])
	}
	for len(ranked) > 0 {
		stuck := m.contradictions(ranked)
		if len(stuck) == 0 {
			return
		}
		for _, s := range stuck {
			key := s.List()
			for _, t := range ranked[key] {
				t.Wave = 0
			}
			delete(ranked, key)
		}
	}
}

// rank numbers the waves of steps of one kind and scope.
func rank(steps []*step) {
	top := 0
	rankOf := func(s *step) int {
		row := s.After
		if s.Action == Delete {
			row = s.Before
		}
		return s.Kind.Rank(s.Kind.View(reveal(row)))
	}
	for _, s := range steps {
		s.Wave = rankOf(s)
		top = max(top, s.Wave)
	}
	for _, s := range steps {
		if s.Action == Delete {
			s.Wave = top + 1 + top - s.Wave
		}
	}
}

// contradictions are the ranked steps that can never be done if waves are kept.
func (m *maker) contradictions(ranked map[ListKey][]*step) []*step {
	gates := map[ListKey]map[int]*step{} // before each wave, after all smaller ones
	steps := slices.DeleteFunc(slices.Clone(m.steps), func(s *step) bool { return !s.Acts() })
	for _, g := range m.groups {
		if members := ranked[g.ListKey]; len(members) > 0 {
			gates[g.ListKey] = gatesOf(members)
			for _, wave := range sortedWaves(gates[g.ListKey]) {
				steps = append(steps, gates[g.ListKey][wave])
			}
		}
	}
	_, stuck := order(steps, func(s *step) []*step {
		if gate := gates[s.List()][s.Wave]; gate != nil {
			return append(slices.Clone(s.needs), gate)
		}
		return s.needs
	})
	return slices.DeleteFunc(stuck, func(s *step) bool { return ranked[s.List()] == nil })
}

// gatesOf makes a step for every wave, which needs all of the wave before it
// and that one's gate.
func gatesOf(members []*step) map[int]*step {
	byWave := map[int][]*step{}
	for _, s := range members {
		byWave[s.Wave] = append(byWave[s.Wave], s)
	}
	gates, before := map[int]*step{}, []*step(nil)
	for _, wave := range sortedWaves(byWave) {
		gate := &step{needs: before}
		gates[wave] = gate
		before = append(slices.Clone(byWave[wave]), gate)
	}
	return gates
}

func sortedWaves[V any](m map[int]V) []int {
	out := make([]int, 0, len(m))
	for w := range m {
		out = append(out, w)
	}
	slices.Sort(out)
	return out
}

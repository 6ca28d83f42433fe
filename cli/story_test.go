package cli

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"trueup/sim"
)

// story is what a seed decides: the API's behaviour, a few configurations one
// after another, what people do by hand between them, and how the applies go.
type story struct {
	seed    uint64
	options sim.Options
	cast    cast
	acts    []act
	foreign map[slot]bool // made by hand
}

// act is one configuration and what comes before it.
type act struct {
	files
	hands   []byHand
	runs    []mishap // applies that don't go well
	ends    bool     // with an apply that goes well
	forgets bool     // the state is lost before
}

// mishap is how an apply goes.
type mishap struct {
	parallel       int
	faults, broken float64
	dark           int           // the request from which on nothing arrives; 0: none
	end            int64         // the moment at which it is killed; 0: it lives
	stop, cancel   time.Duration // when it is interrupted, gently or not; 0: it is not
	pause          time.Duration // before the next
}

func drawStory(seed uint64) story {
	r := rand.New(rand.NewPCG(seed, 1))
	s := story{seed: seed, cast: drawCast(r), foreign: map[slot]bool{}}
	s.options.TokenQuota = -1
	for _, name := range sim.Switches() {
		if on := r.Float64() < .07; on && !slices.Contains(refusing, name) && name != "TokenNullRefused" { // with PutKeeps… nothing could be taken away
			_ = s.options.Set(name, true)
		}
	}
	for _, lag := range []*time.Duration{&s.options.ListLag, &s.options.DeletedStillListed, &s.options.InUseLag, &s.options.FreshTokenLag} {
		if r.Float64() < .4 {
			*lag = time.Duration(r.IntN(5)+1) * time.Second
		}
	}
	s.options.RateLimit = [...]sim.RateLimit{{Requests: -1}, {}, {Requests: 60, Window: time.Minute}}[r.IntN(3)]
	known := map[slot]bool{}
	for range 1 + r.IntN(3) {
		s.acts = append(s.acts, s.drawAct(r, known))
	}
	// What nobody owns any more may keep a later act from deleting what it
	// uses, rightly; so the state is lost in the last one.
	if n := len(s.acts) - 1; n > 0 && s.acts[n-1].ends {
		s.acts[n].forgets = r.Float64() < .2
	}
	return s
}

func (s *story) drawAct(r *rand.Rand, known map[slot]bool) act {
	a := act{files: s.cast.drawFiles(r), ends: s.cast.rotates || r.Float64() < .5}
	// What is changed by hand between a crash and the next run can no longer be
	// told to be ours, and is left alone (API facts §0.5).
	settled := len(s.acts) > 0 && s.acts[len(s.acts)-1].ends
	for _, slot := range s.cast.slots() {
		if h, ok := drawHand(r, slot, !known[slot]); ok && (settled || h.do != "edit") {
			a.hands, known[slot] = append(a.hands, h), true
			s.foreign[slot] = s.foreign[slot] || h.do == "put"
		}
		known[slot] = known[slot] || a.lists[slot]
	}
	for slot := range a.lists {
		a.ends = a.ends || s.foreign[slot]
	}
	for range 1 + r.IntN(2) {
		a.runs = append(a.runs, drawMishap(r))
	}
	return a
}

func drawMishap(r *rand.Rand) mishap {
	m := mishap{parallel: [...]int{1, 2, 4, 10}[r.IntN(4)], pause: time.Duration(r.IntN(8)) * time.Second}
	m.faults = [...]float64{0, .02, .1, .3}[r.IntN(4)]
	if r.Float64() < .15 {
		m.broken = .05
	}
	switch x := r.Float64(); {
	case x < .35:
		m.end = 1 + r.Int64N(120)
	case x < .5:
		m.dark = 1 + r.IntN(50)
	case x < .6:
		m.stop = time.Duration(r.Int64N(int64(6 * time.Second)))
	case x < .7:
		m.cancel = time.Duration(r.Int64N(int64(6 * time.Second)))
	}
	return m
}

// play goes through the story, disturbed or not.
func (st story) play(t *testing.T, s *site, disturbed bool) *site {
	s.t, s.dir = t, quickDir(t)
	o := st.options
	if !disturbed {
		o.ListLag, o.DeletedStillListed, o.InUseLag, o.FreshTokenLag, o.RateLimit = 0, 0, 0, 0, sim.RateLimit{Requests: -1}
	}
	s.api = sim.New(o)
	if disturbed {
		s.chance = newChance(st.seed)
	}
	start := time.Now()
	for i, a := range st.acts {
		if s.chance != nil {
			s.chance.note("act %d: %+v forgets %v\n%s", i, a.hands, a.forgets, a.yaml)
		}
		if a.forgets {
			_ = os.Remove(filepath.Join(s.dir, "state.json"))
			_ = os.Remove(filepath.Join(s.dir, "state.json.journal"))
		}
		for _, h := range a.hands {
			if err := s.hand(h); err != nil {
				t.Fatalf("by hand: %s %s %s: %v", h.do, h.kind, h.key, err)
			}
		}
		time.Sleep(10 * time.Second) // what others do shows in the lists
		if disturbed {
			for _, m := range a.runs {
				s.suffer(a.yaml, m)
			}
		}
		if last := i == len(st.acts)-1; a.ends || last || !disturbed {
			if err := s.calm().apply(a.yaml); err != nil {
				t.Errorf("act %d, an apply without faults: %v", i, err)
			}
		}
		if len(st.acts) > i+1 {
			time.Sleep(time.Until(start.AddDate(0, 0, 100*(i+1))))
		}
	}
	return s
}

// calm makes everything go well from here on.
func (s *site) calm() *site {
	if c := s.chance; c != nil {
		c.faults, c.broken, c.dark, c.stop, c.parallel, s.life = 0, 0, 0, nil, 4, nil
		c.note("calm")
	}
	return s
}

// suffer is an apply that does not go well.
func (s *site) suffer(yaml string, m mishap) {
	c := s.chance
	c.note("an apply: %+v", m)
	c.parallel, c.faults, c.broken, c.dark, c.sent, c.stop = m.parallel, m.faults, m.broken, m.dark, 0, nil
	s.life = nil
	if m.end > 0 {
		s.life = &life{end: m.end}
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	if m.cancel > 0 {
		t := time.AfterFunc(m.cancel, cancel)
		defer t.Stop()
	}
	if m.stop > 0 {
		stop := make(chan struct{})
		c.stop = stop
		t := time.AfterFunc(m.stop, func() { close(stop) })
		defer t.Stop()
	}
	c.note("ended: %v", s.applyUntil(ctx, yaml))
	time.Sleep(m.pause)
}

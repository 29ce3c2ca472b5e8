package sim

import (
	"math/rand/v2"
	"strings"
)

// Walk takes random ways from the start, each of so many steps, and shortens
// the story of the first breach. Equal seeds walk equal ways.
func Walk(o Options, seed uint64, ways, steps int) Result {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // that it repeats is the point
	seen, rests := newVisited(), newVisited()
	r := Result{Actions: map[string]int{}}
	for range ways {
		if o.Stop != nil && o.Stop() {
			r.Cut = true
			break
		}
		if len(rests.hashes) > maxRests {
			rests = newVisited()
		}
		w := o.start()
		var story []string
		for depth := range steps {
			s, ok := choose(random, w.Steps())
			if !ok {
				break
			}
			story = append(story, s.String())
			r.count(s)
			w = s.to
			seen.add(w)
			r.Depth = max(r.Depth, depth+1)
			if o.breaks(w, rests) == "" {
				continue
			}
			r.States = len(seen.hashes)
			r.Story = o.shorten(story)
			r.Counterexample = o.Tell(r.Story)
			return r
		}
	}
	r.States = len(seen.hashes)
	return r
}

// maxRests bounds what a long exploration remembers.
const maxRests = 20_000_000

// choose picks a step: mostly what an ordinary day brings.
func choose(random *rand.Rand, all []Step) (Step, bool) {
	var usual, chances, faults, wishes []Step
	for _, s := range all {
		switch {
		case s.verb >= decides || s.verb < podIsCollected:
			usual = append(usual, s)
		case s.verb < crashes:
			chances = append(chances, s)
		case s.verb < scales:
			faults = append(faults, s)
		default:
			wishes = append(wishes, s)
		}
	}
	from := usual
	switch dice := random.IntN(100); {
	case dice < 7 && len(faults) > 0:
		from = faults
	case dice < 10 && len(wishes) > 0:
		from = wishes
	case dice < 20 && len(chances) > 0 || len(from) == 0:
		from = chances
	}
	for _, others := range [][]Step{wishes, faults} {
		if len(from) == 0 {
			from = others
		}
	}
	if len(from) == 0 {
		return Step{}, false
	}
	return from[random.IntN(len(from))], true
}

// breaks says which promise a world breaks, or will.
func (o Options) breaks(w World, rests visited) string {
	if w.broken != "" {
		return string(w.broken)
	}
	broken, _ := w.comesToRest(rests)
	for _, known := range o.known {
		if strings.Contains(broken, known) {
			return ""
		}
	}
	return broken
}

// shorten leaves out of a story what its end does not need.
func (o Options) shorten(story []string) []string {
	rests := newVisited()
	for size := len(story) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(story); {
			without := append(append([]string(nil), story[:at]...), story[at+size:]...)
			if shorter, ok := o.play(without, rests); ok {
				story = shorter
			} else {
				at += size
			}
		}
	}
	return story
}

// play goes through a story, leaving out what cannot happen, up to a breach.
func (o Options) play(story []string, rests visited) (played []string, broken bool) {
	w := o.start()
	for _, line := range story {
		s, ok := w.find(line)
		if !ok {
			continue
		}
		played = append(played, line)
		w = s.to
		if o.breaks(w, rests) != "" {
			return played, true
		}
	}
	return nil, false
}

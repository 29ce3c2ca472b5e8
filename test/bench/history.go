package main

import (
	"cmp"
	"slices"
	"time"
)

// attempt is one operation of the writer's history: test/e2e/client says more.
// Its clock is this machine's.
type attempt struct {
	Kind   string `json:"kind"`
	Write  int    `json:"write"` // number of the write that this is an attempt of
	Call   int64  `json:"call"`
	Return int64  `json:"return"`
	Error  string `json:"error"`
}

// history is all that a writer did.
type history struct {
	Skipped    int       `json:"skipped"`
	Operations []attempt `json:"operations"`
}

// window is the time of which a figure speaks.
type window struct{ from, to time.Time }

func (w window) holds(at int64) bool { return at >= w.from.UnixNano() && at < w.to.UnixNano() }

// tally is what a window of a history comes to.
type tally struct {
	gap      time.Duration // longest between two successful writes
	gapAt    time.Time
	writes   int            // begun
	lost     int            // begun or due, and given up
	attempts map[string]int // single attempts that failed, by error
}

// failedAttempts is how many single attempts failed.
func (t tally) failedAttempts() (n int) {
	for _, count := range t.attempts {
		n += count
	}
	return n
}

// count counts what began in a window. A write whose number is missing among
// those that began was due and never came to be: it counts as lost.
func (h history) count(w window) tally {
	t := tally{attempts: map[string]int{}}
	first, last := map[int]int64{}, 0
	done := map[int]bool{}
	for _, a := range h.Operations {
		if a.Kind != "put" {
			continue
		}
		if at, found := first[a.Write]; !found || a.Call < at {
			first[a.Write] = a.Call
		}
		last = max(last, a.Write)
		if a.Error == "" {
			done[a.Write] = true
		} else if w.holds(a.Call) {
			t.attempts[a.Error]++
		}
	}
	within := false
	for n := 1; n <= last; n++ {
		if at, found := first[n]; found {
			within = w.holds(at)
			if within {
				t.writes++
			}
		}
		if within && !done[n] {
			t.lost++
		}
	}
	t.gap, t.gapAt = h.longestGap(w)
	return t
}

// longestGap looks at every pause between two successful writes that reaches
// into the window. Without a success before it, or after it, the pause begins
// or ends with the window: a history without any is one gap.
func (h history) longestGap(w window) (longest time.Duration, at time.Time) {
	var successes []int64
	for _, a := range h.Operations {
		if a.Kind == "put" && a.Error == "" {
			successes = append(successes, a.Return)
		}
	}
	slices.SortFunc(successes, cmp.Compare)
	from, to := w.from.UnixNano(), w.to.UnixNano()
	before := from
	for _, s := range append(successes, to) {
		if s < from {
			before = s
			continue
		}
		if gap := time.Duration(s - before); gap > longest {
			longest, at = gap, time.Unix(0, before)
		}
		before = s
		if s >= to {
			break
		}
	}
	return longest, at
}

package main

import (
	"math"
	"slices"
	"time"
)

// latencies are how long the writes took that were begun in a window, from the
// first attempt until one was acknowledged. One that never was counts as the
// writer's whole patience.
func (h history) latencies(w window) []time.Duration {
	first, done := map[int]int64{}, map[int]int64{}
	for _, a := range h.Operations {
		if a.Kind != "put" {
			continue
		}
		if at, found := first[a.Write]; !found || a.Call < at {
			first[a.Write] = a.Call
		}
		if at, found := done[a.Write]; a.Error == "" && (!found || a.Return < at) {
			done[a.Write] = a.Return
		}
	}
	var all []time.Duration
	for write, begun := range first {
		if !w.holds(begun) {
			continue
		}
		took := writerPatience
		if end, found := done[write]; found {
			took = time.Duration(end - begun)
		}
		all = append(all, took)
	}
	slices.Sort(all)
	return all
}

// quantile of sorted values: the least that so great a part of them does not
// exceed. Zero of none.
func quantile(sorted []time.Duration, part float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(part*float64(len(sorted))))-1)]
}

package main

import (
	"testing"
	"time"
)

// TestLatencies: a write takes from its first attempt to its first success; the
// moment of the first attempt decides to which window it belongs; one that was
// given up is the worst, and no read counts.
func TestLatencies(t *testing.T) {
	h := history{Operations: []attempt{
		put(1, 90, 99, ""),
		put(3, 110, 117, ""),
		put(2, 150, 152, ""), put(2, 100, 140, "timeout"),
		{Kind: "get", Write: 9, Call: ms(120), Return: ms(180)},
		put(4, 120, 130, "timeout"), put(4, 140, 150, "no leader"),
		put(5, 199, 300, ""),
		put(6, 200, 201, ""),
	}}
	got := h.latencies(during(100, 200))
	want := []time.Duration{7 * time.Millisecond, 52 * time.Millisecond, 101 * time.Millisecond, writerPatience}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

func TestQuantile(t *testing.T) {
	var hundred []time.Duration
	for n := range 100 {
		hundred = append(hundred, time.Duration(n+1))
	}
	for _, c := range []struct {
		values []time.Duration
		part   float64
		want   time.Duration
	}{
		{hundred, 0.99, 99}, {hundred, 1, 100}, {hundred, 0.5, 50}, {hundred, 0, 1},
		{hundred[:10], 0.99, 10}, {hundred[:1], 0.99, 1}, {nil, 0.99, 0},
	} {
		if got := quantile(c.values, c.part); got != c.want {
			t.Errorf("%v of %d values: %d, want %d", c.part, len(c.values), got, c.want)
		}
	}
}

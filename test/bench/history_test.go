package main

import (
	"testing"
	"time"
)

// ms is a time of the tests' clock.
func ms(n int64) int64 { return n * int64(time.Millisecond) }

func during(from, to int64) window { return window{time.Unix(0, ms(from)), time.Unix(0, ms(to))} }

func put(write int, call, back int64, err string) attempt {
	return attempt{Kind: "put", Write: write, Call: ms(call), Return: ms(back), Error: err}
}

// TestLongestGap: a gap is measured between the moments of success, in
// whatever order the attempts were recorded, and one that only reaches into
// the window counts in full.
func TestLongestGap(t *testing.T) {
	h := history{Operations: []attempt{
		put(3, 120, 190, ""), put(1, 100, 101, ""), put(2, 110, 140, ""),
		{Kind: "get", Call: ms(150), Return: ms(151)}, put(4, 130, 160, "cancelled"),
		put(5, 200, 201, ""), put(6, 400, 401, ""), put(7, 410, 411, ""),
	}}
	for _, c := range []struct {
		name   string
		window window
		gap    int64
	}{
		{"between successes only", during(102, 195), 50},
		{"reaching out of the window", during(300, 301), 200},
		{"reaching in at the beginning", during(150, 160), 50},
		{"after the last", during(405, 500), 89},
		{"before the first", during(0, 100), 101},
		{"nothing ever", during(600, 700), 289},
	} {
		gap, _ := h.longestGap(c.window)
		if gap.Milliseconds() != c.gap {
			t.Errorf("%s: %v, want %d ms", c.name, gap, c.gap)
		}
	}
	if gap, _ := (history{}).longestGap(during(10, 60)); gap.Milliseconds() != 50 {
		t.Errorf("without any success: %v, want the whole window", gap)
	}
}

// TestCount: a write is lost when none of its attempts succeeded, or when it
// never began; an attempt that failed counts even where its write came through.
func TestCount(t *testing.T) {
	h := history{Operations: []attempt{
		put(1, 90, 91, ""),
		put(2, 100, 140, "timeout"), put(2, 150, 152, ""),
		put(3, 110, 115, "timeout"), put(3, 140, 145, "no leader"),
		put(5, 130, 131, ""), // 4 never began
		put(6, 300, 310, "timeout"),
	}}
	got := h.count(during(100, 200))
	if got.writes != 3 || got.lost != 2 || got.failedAttempts() != 3 || got.attempts["timeout"] != 2 {
		t.Errorf("%+v: want 3 writes, 2 lost, 3 failed attempts of which 2 timeouts", got)
	}
	if got := h.count(during(200, 400)); got.writes != 1 || got.lost != 1 || got.failedAttempts() != 1 {
		t.Errorf("%+v: want 1 write, lost in 1 attempt", got)
	}
}

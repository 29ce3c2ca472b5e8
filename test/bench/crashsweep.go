package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// sweep is what TestCrashSweep leaves behind.
type sweep struct {
	Writes   int    `json:"crashsweep.writes"`
	Runs     int    `json:"crashsweep.runs"`
	Missed   int    `json:"crashsweep.missed"`
	Failures int    `json:"crashsweep.failures"`
	Seed     uint64 `json:"crashsweep.seed"`
}

// ways are the ways in which each write is disturbed.
const ways = 3

// measureSweep tells the figures of the last crash sweep: make sees to it that
// there is one of the operator as it was built last.
func (b *bench) measureSweep(context.Context) error {
	text, err := os.ReadFile(b.options.sweep)
	if err != nil {
		return fmt.Errorf("no crash sweep came to its end: %w\nType: make e2e RUN=TestCrashSweep", err)
	}
	info, err := os.Stat(b.options.sweep)
	if err != nil {
		return err
	}
	s := sweep{Runs: -1}
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("read %s: %w", b.options.sweep, err)
	}
	if s.Writes < 1 || s.Runs < 1 {
		return fmt.Errorf("%s tells of no sweep: %s", b.options.sweep, text)
	}
	note("crash sweep of %s: %d of %d disturbances were run (each write failed, its reply lost, the operator's last), drawn by seed %d; in %d the write did not come",
		info.ModTime().UTC().Format(time.RFC3339), s.Runs, ways*s.Writes, s.Seed, s.Missed)
	figure("crashsweep.writes", float64(s.Writes), "writes", goal{})
	figure("crashsweep.runs", float64(s.Runs), "runs", goal{})
	figure("crashsweep.failures", float64(s.Failures), "runs", atMost(0))
	return nil
}

package main

import (
	"strings"
	"testing"
	"time"
)

// TestStagedAt: the moment is the agent's own, whatever stands around it.
func TestStagedAt(t *testing.T) {
	log := strings.Join([]string{
		"not JSON at all",
		`{"level":"info","ts":"2026-11-28T12:00:01.5Z","msg":"a snapshot has arrived"}`,
		`{"level":"info","ts":"2026-11-28T12:00:02.25Z","msg":"a snapshot is staged","sha256":"ab"}`,
		`{"level":"info","ts":1,"msg":"another form"}`,
		`{"level":"info","ts":"2026-11-28T12:00:09Z","msg":"serving"}`,
	}, "\n")
	at, err := stagedAt(log)
	if want := time.Date(2026, 11, 28, 12, 0, 2, 250_000_000, time.UTC); err != nil || !at.Equal(want) {
		t.Errorf("%v, %v; want %v", at, err, want)
	}
	if at, err := stagedAt(strings.ReplaceAll(log, "is staged", "is not")); err == nil {
		t.Errorf("a log without it gives %v", at)
	}
}

// TestReadByHand: what was not measured is an error and no figure.
func TestReadByHand(t *testing.T) {
	got, err := readByHand(`{"from":1000000000,"to":3000000000,"bytes":4194304}` + "\n")
	if err != nil || got.duration() != 2*time.Second || got.rate() != 2 || got.window() != during(1000, 3000) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{"", "peer: no", `{"from":5,"to":5,"bytes":1}`, `{"from":1,"to":2}`} {
		if got, err := readByHand(text); err == nil {
			t.Errorf("%q gives %+v", text, got)
		}
	}
}

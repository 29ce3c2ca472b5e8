package daemon

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func sleeper(t *testing.T, s Set) Spec {
	t.Helper()
	return Spec{Name: "sleeper", Argv: []string{"sleep", "60"}, Log: filepath.Join(s.Dir, "sleeper.log")}
}

func TestStartIsIdempotentAndStopEnds(t *testing.T) {
	s := Set{Dir: t.TempDir()}
	if err := s.Start(sleeper(t, s)); err != nil {
		t.Fatal(err)
	}
	pid := s.PID("sleeper")
	if err := s.Start(sleeper(t, s)); err != nil || s.PID("sleeper") != pid || pid == 0 {
		t.Fatalf("started again: %d, then %d, %v", pid, s.PID("sleeper"), err)
	}
	if err := s.Stop(context.Background(), "sleeper", time.Second); err != nil {
		t.Fatal(err)
	}
	if s.Alive("sleeper") || len(s.Names()) != 0 {
		t.Fatal("it still runs or is still recorded")
	}
}

// A pid that was given to another program since must not be touched.
func TestAnotherProgramsPidIsLeftAlone(t *testing.T) {
	s := Set{Dir: t.TempDir()}
	if err := s.Start(sleeper(t, s)); err != nil {
		t.Fatal(err)
	}
	victim, err := s.load("sleeper")
	if err != nil {
		t.Fatal(err)
	}
	defer victim.wait(context.Background(), time.Second)
	defer func() { _ = s.Stop(context.Background(), "sleeper", 0) }()
	stale := victim
	stale.Started--
	text, _ := json.Marshal(stale)
	if err := os.WriteFile(s.file("stale"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(context.Background(), "stale", 0); err != nil {
		t.Fatal(err)
	}
	if !victim.alive() {
		t.Fatal("a program that another record does not name was ended")
	}
}

func TestParseStat(t *testing.T) {
	line := "42 (a (b) c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 123456 1 1"
	if started, zombie, err := parseStat([]byte(line)); started != 123456 || zombie || err != nil {
		t.Errorf("%d, %t, %v", started, zombie, err)
	}
	if _, zombie, _ := parseStat([]byte("42 (a) Z 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 7 1 1")); !zombie {
		t.Error("a zombie was taken for alive")
	}
	if _, _, err := parseStat([]byte("42 (a) S 1")); err == nil {
		t.Error("a short line was accepted")
	}
}

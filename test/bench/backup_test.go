package main

import (
	"testing"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
)

// TestSaved: rates are of the database's size over the part that they speak of,
// and the parts of a backup follow each other without a hole.
func TestSaved(t *testing.T) {
	s := saved{Manifest: snapshot.Manifest{
		CreatedAt: time.Unix(100, 0), DurationMillis: 10_000, SavedMillis: 4000, ReadBackMillis: 5000,
		Plain: snapshot.Content{Size: 20 * mebibyte},
	}}
	if s.rate() != 5 || s.whole() != 2 {
		t.Errorf("%v MiB/s, %v MiB/s as a whole; want 5 and 2", s.rate(), s.whole())
	}
	at, parts := s.CreatedAt, []time.Duration{time.Second, 4 * time.Second, 5 * time.Second}
	for i, p := range s.phases() {
		if !p.from.Equal(at) || p.to.Sub(p.from) != parts[i] {
			t.Errorf("it %s from %v to %v, want %v from %v on", p.what, p.from, p.to, parts[i], at)
		}
		at = p.to
	}
	if !at.Equal(s.window().to) {
		t.Errorf("the parts end at %v, the backup at %v", at, s.window().to)
	}
}

package job

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// The manifest tells the time to save from the time to read back, and neither
// holds what the store takes for the manifest. The clock is the test's: what only
// computes takes no time.
func TestSavePhases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &damaging{
			Store: newStore(t),
			before: func(call, key string) error {
				if key == snapshot.ManifestName("b1") {
					<-time.After(7 * time.Second)
				} else if call == "put" {
					<-time.After(3 * time.Second)
				}
				return nil
			},
			damage: func(_ string, b []byte) []byte {
				<-time.After(2 * time.Second)
				return b
			},
		}
		saved, err := Save(t.Context(), threeMembers(), slow, saving("b1"))
		if err != nil {
			t.Fatal(err)
		}
		if m := saved.Manifest; m.Saved() != 3*time.Second || m.ReadBack() != 2*time.Second || m.Duration() != 5*time.Second {
			t.Errorf("saved in %v, read back in %v, of %v", m.Saved(), m.ReadBack(), m.Duration())
		}
		o := saving("b2")
		o.Verification = snapshot.VerificationNone
		saved, err = Save(t.Context(), threeMembers(), slow, o)
		if err != nil || saved.Manifest.ReadBackMillis != 0 || saved.Manifest.Saved() != 3*time.Second {
			t.Errorf("without reading back: %+v, %v", saved.Manifest, err)
		}
	})
}

// The bound is kept while the member is read, and again while what was stored is.
func TestSavePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := threeMembers()
		source.content = taken(1, 4<<20)
		o := saving("b1")
		o.Stream.Compression, o.Pace = snapshot.CompressionNone, stream.NewPace(1<<20)
		saved, err := Save(t.Context(), source, newStore(t), o)
		if err != nil {
			t.Fatal(err)
		}
		// The first quarter of a MiB waits for nobody.
		for what, took := range map[string]time.Duration{"saving": saved.Manifest.Saved(), "reading back": saved.Manifest.ReadBack()} {
			if took < 3700*time.Millisecond || took > 4300*time.Millisecond {
				t.Errorf("4 MiB at 1 MiB/s: %s took %v", what, took)
			}
		}
	})
}

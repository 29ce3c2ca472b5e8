package job

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
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

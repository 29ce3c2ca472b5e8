package agent

import (
	"errors"
	"testing"

	"github.com/quorate/quorate/internal/control"
)

// A volume's record is believed only where it can be one: with both IDs, and
// without a token only for a learner of a formed cluster.
func TestVolumeRecordIsChecked(t *testing.T) {
	t.Parallel()
	const id = "3b0f1d8e-5f0e-4d53-8d5c-0e5a3f8a7c11"
	for name, c := range map[string]struct {
		record volumeRecord
		good   bool
	}{
		"new":                       {volumeRecord{ID: id}, true},
		"no ID":                     {volumeRecord{}, false},
		"birth":                     {volumeRecord{ID: id, Admission: admitted(false)}, true},
		"formed":                    {volumeRecord{ID: id, Admission: admitted(true), Born: true}, true},
		"birth without a token":     {volumeRecord{ID: id, Admission: &control.Admission{ClusterID: 1, MemberID: 2}}, false},
		"learner":                   {volumeRecord{ID: id, Admission: learns()}, true},
		"learner of no cluster":     {volumeRecord{ID: id, Admission: &control.Admission{MemberID: 2, Formed: true}}, false},
		"learner without an ID":     {volumeRecord{ID: id, Admission: &control.Admission{ClusterID: 1, Formed: true}}, false},
		"birth without a member ID": {volumeRecord{ID: id, Admission: &control.Admission{Token: "t", ClusterID: 1}}, false},
	} {
		l := layout(t.TempDir())
		must(t, c.record.write(l))
		_, err := readVolume(l)
		if (err == nil) != c.good || (err != nil && !errors.Is(err, errVolumeRecord)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

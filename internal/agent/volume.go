package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/google/uuid"

	"github.com/quorate/quorate/internal/control"
)

// volumeRecord is the content of volume.json: who this volume is and under
// which identity it may start. It lies beside the data, never in it, and is
// synced before the first start.
type volumeRecord struct {
	ID        string             `json:"id"`
	Admission *control.Admission `json:"admission,omitempty"`
	// Born says that data with a hard state was put in place under this
	// admission. From then on the member may have voted: without its data it
	// must never begin anew, formed or not.
	Born bool `json:"born,omitempty"`
	// Removed says that the cluster removed this member. A removed ID never
	// comes back, so this outlives every restart.
	Removed bool `json:"removed,omitempty"`
	// Halted is the grant under which etcd must not start; empty when it may.
	Halted string `json:"halted,omitempty"`
	// Survival is under way: the member becomes a cluster of its own before etcd starts.
	Survival *survival `json:"survival,omitempty"`
	// Survived is the last grant of that kind that is done, and must not be again.
	Survived string `json:"survived,omitempty"`
}

// errVolumeRecord marks a volume.json that is there and cannot be understood.
var errVolumeRecord = errors.New("volume.json is damaged")

// readVolume returns nil and no error when there is no volume.json.
func readVolume(l layout) (*volumeRecord, error) {
	content, err := os.ReadFile(l.volumeFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read volume.json: %w", err)
	}
	var v volumeRecord
	if err := json.Unmarshal(content, &v); err != nil {
		return nil, fmt.Errorf("%w: %w", errVolumeRecord, err)
	}
	if err := v.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", errVolumeRecord, err)
	}
	return &v, nil
}

func (v volumeRecord) check() error {
	if _, err := uuid.Parse(v.ID); err != nil {
		return fmt.Errorf("id %q: %w", v.ID, err)
	}
	a := v.Admission
	switch {
	case a == nil:
		return nil
	case a.ClusterID == 0 || a.MemberID == 0:
		return errors.New("the admission lacks its IDs")
	case a.Token == "" && !a.Formed: // a formed cluster's learner has none
		return errors.New("the admission to a birth lacks its token")
	default:
		return nil
	}
}

func (v volumeRecord) write(l layout) error {
	content, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode volume.json: %w", err)
	}
	return writeDurable(l.volumeFile(), append(content, '\n'))
}

// mintVolume gives a volume that was never seen its identity.
func mintVolume(l layout) (volumeRecord, error) {
	v := volumeRecord{ID: uuid.NewString()}
	return v, v.write(l)
}

package agent

import (
	"context"
	"os"
	"sync"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// staging is what of a snapshot lies on the volume. It arrives beside the tasks,
// for that may take minutes; its beginning and its end are tasks.
type staging struct {
	mu       sync.Mutex
	snapshot *control.Snapshot // nil: nothing
	received string            // the SHA-256 of the last one that this process has received whole
}

func (s *staging) look() *control.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snapshot == nil {
		return nil
	}
	snapshot := *s.snapshot
	return &snapshot
}

func (s *staging) settle(snapshot *control.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshot, s.received = snapshot, ""
}

// receive settles what this process has received whole.
func (s *staging) receive(snapshot control.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshot, s.received = &snapshot, snapshot.SHA256
}

func (s *staging) receivedHere(sha256 string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received == sha256
}

// change alters what there is.
func (s *staging) change(f func(*control.Snapshot)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snapshot != nil {
		f(s.snapshot)
	}
}

// Write counts what arrives.
func (s *staging) Write(p []byte) (int, error) {
	s.change(func(snapshot *control.Snapshot) { snapshot.Received += int64(len(p)) })
	return len(p), nil
}

// beginStaging makes way for a snapshot. It returns what is there already, if
// that is the same; then nothing needs to arrive.
func (a *Agent) beginStaging(ctx context.Context, req control.SnapshotRequest) (already *control.Snapshot, err error) {
	_, err = a.do(ctx, func(answer func(control.Report, error)) error {
		have := a.staging.look()
		refused := refuseSnapshot(a.look(), have, req)
		switch {
		case refused != nil:
		case have != nil && have.SHA256 == req.SHA256:
			already = have
		default:
			if refused = a.layout.makeWay(req.Size); refused == nil {
				a.staging.settle(&control.Snapshot{SHA256: req.SHA256, Size: req.Size, State: control.SnapshotReceiving})
			}
		}
		if refused != nil {
			answer(control.Report{}, refused)
			return nil
		}
		answer(control.Report{}, nil)
		return nil
	})
	return already, err
}

// refuseSnapshot returns why not; nil when the volume may be, or already is, given
// this snapshot.
func refuseSnapshot(v view, have *control.Snapshot, req control.SnapshotRequest) *control.Refusal {
	admitted := v.volume.Admission
	if refused := refuseVolume(v, req.VolumeID); refused != nil {
		return refused
	}
	switch {
	case v.state != control.StateWaiting:
		return refusal("", "The volume is in use, and a snapshot is only put on one that waits empty.")
	case admitted != nil && (admitted.Restored == nil || admitted.Restored.SHA256 != req.SHA256):
		return refusal("", "The volume was admitted to cluster %s without this snapshot. Discard that birth first.", admitted.ClusterID)
	case have != nil && have.State == control.SnapshotReceiving:
		return refusal("", "A snapshot is arriving already, %d of %d MiB are there. Ask again when that has ended.",
			have.Received>>20, have.Size>>20)
	case !isSnapshotSize(req.Size):
		return refusal(control.ReasonCorruptSnapshot, "A file of %d bytes is no snapshot of etcd: that is a whole number of pages, and a SHA-256 behind them.", req.Size)
	default:
		return nil
	}
}

// makeWay deletes what was staged before, and looks whether there is room for the
// snapshot, which becomes the database.
func (l layout) makeWay(size int64) *control.Refusal {
	err := l.forgetSnapshots()
	if err == nil {
		err = os.RemoveAll(l.birthDir())
	}
	if err != nil {
		return refusal(control.ReasonVolumeUnusable, "The volume cannot be cleared for a snapshot: %v. Mend the volume.", err)
	}
	if err := l.roomFor(size); err != nil {
		return refusal(control.ReasonNoRoom, "There is no room for the snapshot, which becomes the database, and for a log: %v.", err)
	}
	return nil
}

// endStaging puts a snapshot that arrived whole in place, unless the agent has
// come to something else meanwhile.
func (a *Agent) endStaging(ctx context.Context, req control.SnapshotRequest, facts snapshotFacts) (control.Snapshot, error) {
	staged := facts.describe(req.SHA256, req.Size)
	_, err := a.do(ctx, func(answer func(control.Report, error)) error {
		if v := a.look(); v.stopping || v.state != control.StateWaiting || v.volume.ID != req.VolumeID {
			answer(control.Report{}, refusal("", "The volume does not wait any more."))
			return nil
		}
		if err := a.layout.putSnapshotInPlace(req.SHA256); err != nil {
			answer(control.Report{}, refusal(control.ReasonVolumeUnusable, "The snapshot cannot be put in place: %v. Mend the volume.", err))
			return nil
		}
		a.staging.receive(staged)
		a.log.Info("a snapshot is staged", zap.String("sha256", req.SHA256), zap.Int64("size", req.Size), zap.Int64("revision", staged.Revision))
		answer(control.Report{}, nil)
		return nil
	})
	return staged, err
}

// foundSnapshot remembers what the process before has left: a whole snapshot that
// waits, or nothing. Beside data it has served its purpose.
func (a *Agent) foundSnapshot(contents control.Contents) {
	sha256 := a.layout.stagedSnapshot()
	var found *control.Snapshot
	if sha256 != "" && contents != control.ContentsData {
		facts, err := readSnapshot(a.layout.stagedFile(sha256))
		if err == nil {
			snapshot := facts.describe(sha256, facts.size)
			found = &snapshot
		} else {
			a.log.Warn("a staged snapshot cannot be read and is deleted", zap.Error(err))
		}
	}
	a.staging.settle(found)
	err := removeDurable(a.layout.arrivingSnapshot())
	if err == nil && found == nil {
		err = a.layout.forgetSnapshots()
	}
	if err == nil {
		err = os.RemoveAll(a.layout.birthDir()) // of one that was cut short; the next begins anew, and needs the room
	}
	if err != nil {
		a.log.Warn("what is left of a snapshot cannot be deleted", zap.Error(err))
	}
}

// forgetSnapshot deletes what was staged and will not be used.
func (a *Agent) forgetSnapshot() {
	a.staging.settle(nil)
	if err := a.layout.forgetSnapshots(); err != nil {
		a.log.Warn("a staged snapshot cannot be deleted", zap.Error(err))
	}
}

// forgetTaken deletes what a birth that is discarded has made of a snapshot.
func (a *Agent) forgetTaken() error {
	have := a.staging.look()
	if have != nil && a.layout.stagedFile(have.SHA256) == a.layout.takenFile(have.SHA256) {
		a.staging.settle(nil)
	}
	return a.layout.forgetTaken()
}

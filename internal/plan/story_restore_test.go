package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

const storySHA256 = "5aa2560000000000"

func (l *lab) tellOrigin(key, value string) error {
	o := l.seen.Origin
	switch key {
	case "sending":
		o.Sending = Sending(value)
	case "failure":
		o.Failure = value
	case "trouble":
		o.Trouble = value
	case "missing":
		o.Missing = nil
		if value != "" {
			o.Missing = &Trouble{Reason: ReasonBackupMissing, Message: value}
		}
	case "exactly":
		l.desired.Exactly = true
	case "version":
		o.Version = value
	case "lost":
		delete(l.staged, etcd.MemberName(value))
	case "receiving":
		l.receiving = etcd.MemberName(value)
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return nil
}

// performRestore does what a Job does at once: it brings the snapshot.
func (l *lab) performRestore(a Action) {
	switch a := a.(type) {
	case Send:
		l.seen.Origin.Sending, l.seen.Origin.SHA256 = SendingDone, storySHA256
		for _, m := range a.Members {
			l.staged[m.Name] = storySHA256
		}
	case StopSending:
		l.seen.Origin.Sending, l.seen.Origin.SHA256 = "", ""
	}
}

// snapshot is what an agent reports of the one on its volume.
func (l *lab) snapshot(name etcd.MemberName) *control.Snapshot {
	if l.staged[name] == "" {
		return nil
	}
	s := &control.Snapshot{SHA256: l.staged[name], State: control.SnapshotStaged, Size: 100 << 20, Received: 100 << 20}
	if name == l.receiving {
		s.State, s.Received = control.SnapshotReceiving, 90<<20
	}
	return s
}

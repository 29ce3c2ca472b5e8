package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// Origin is the backup that a new cluster begins with, and the Job that brings it.
type Origin struct {
	// Where is the backup for people; empty while it is not known.
	Where string
	// Missing says what is wanted and not there: the backup itself, or a Secret.
	Missing *Trouble
	// Sending is how far the Job is; Trouble is why its pod does not start, Failure
	// why it failed.
	Sending          Sending
	Trouble, Failure string
	// SHA256, Version and Revision are of the snapshot that the Job has brought to
	// every volume, once it has; Version is the etcd release that it is from and
	// Revision its last, where they are known.
	SHA256, Version string
	Revision        int64
}

// Sending is how far a Job is that brings a snapshot to the members.
type Sending string

// The states of a Job; it is absent where nothing else is said.
const (
	SendingRuns   Sending = "Runs"
	SendingDone   Sending = "Done"
	SendingFailed Sending = "Failed"
)

// Send starts the Job that brings the snapshot to these volumes.
type Send struct{ Members []BirthMember }

// StopSending deletes that Job.
type StopSending struct{}

func (Send) action()        {}
func (StopSending) action() {}

func (a Send) String() string      { return "Send " + volumes(a.Members) }
func (StopSending) String() string { return "StopSending" }

// bumpRevisions is how far a restored cluster's first revision lies above the
// backup's: no cluster that the backup was made of has come so far since.
const bumpRevisions = 1_000_000_000

// bump is by how much the revisions rise. Where the cluster that clients know was
// seen, it is counted from what that had last: the same backup restored twice then
// shows no revision twice.
func (w *world) bump() int64 {
	rec := w.Record.Restore
	if !rec.active() {
		return bumpRevisions
	}
	return bumpRevisions + max(0, rec.LastRevision-w.Origin.Revision)
}

// wayBack is how a restore in place is taken back; empty for a new cluster.
func (w *world) wayBack() string {
	if rec := w.Record.Restore; rec.active() {
		return fmt.Sprintf(" To go back to the data that the cluster had, delete EtcdRestore %s.", rec.Name)
	}
	return ""
}

// bringing sees to it that the same snapshot lies on every volume before anything is
// granted; nil once it does. Nothing starts from anything else.
func bringing(w *world, candidates []Member) *Decision {
	src := w.Origin
	if src == nil {
		return wait(ReasonRestoring, "The backup to begin with is not known yet.")
	}
	staged := stagedEverywhere(candidates, src.SHA256)
	switch {
	case src.Sending == SendingDone && staged:
		return unfitting(w, src)
	case src.Sending == SendingDone && slices.ContainsFunc(candidates, receives):
		return wait(ReasonRestoring, fmt.Sprintf("The backup %s is brought to the members%s.", src.Where, progress(candidates)))
	case src.Sending == SendingDone:
		return act(StopSending{}, ReasonRestoring, fmt.Sprintf("The snapshot does not lie on every volume any more (%s); it is brought once more.", lacking(candidates, src.SHA256)))
	case src.Sending == SendingFailed:
		return blocked(ReasonRestoreFailed, fmt.Sprintf("The backup %s cannot be restored: %s. No volume was touched. Mend the cause and delete the Job that has failed: it is then tried again.", src.Where, strings.TrimSuffix(src.Failure, "."))+w.wayBack())
	case src.Sending == SendingRuns && src.Trouble != "":
		return blocked(ReasonRestoreFailed, fmt.Sprintf("The pod that brings the backup %s to the members does not start: %s.", src.Where, strings.TrimSuffix(src.Trouble, "."))+w.wayBack())
	case src.Sending == SendingRuns:
		return wait(ReasonRestoring, fmt.Sprintf("The backup %s is brought to the members%s.", src.Where, progress(candidates)))
	case src.Missing != nil:
		return blocked(src.Missing.Reason, src.Missing.Message+w.wayBack())
	}
	return act(Send{birthMembers(candidates)}, ReasonRestoring, fmt.Sprintf("A Job brings the backup %s to the members, before any of them starts.", src.Where))
}

// restore is what the grant says of the snapshot; nil where the cluster begins empty.
func (w *world) restore() *control.Restore {
	if !w.Restores {
		return nil
	}
	if w.Exactly {
		return &control.Restore{SHA256: w.Origin.SHA256}
	}
	return &control.Restore{SHA256: w.Origin.SHA256, BumpRevisions: w.bump(), MarkCompacted: true}
}

// unfitting refuses data that the release asked for cannot read; agents refuse it too.
func unfitting(w *world, src *Origin) *Decision {
	from, err := etcd.ParseVersion(src.Version)
	to, ok := w.supportedVersion()
	if err != nil || !ok || from.Minor == to.Minor || from.Minor+1 == to.Minor {
		return nil
	}
	return blocked(ReasonVersionStep, fmt.Sprintf("The backup %s is of etcd %s, which etcd %s cannot read. Set spec.version to a release of %s or the line after it.", src.Where, src.Version, w.Version, from.Line()))
}

func stagedEverywhere(candidates []Member, sha256 string) bool {
	return lacking(candidates, sha256) == ""
}

// hasSnapshot reports whether a snapshot lies on a volume, be it that it is restored.
func hasSnapshot(m Member, sha256 string) bool {
	s := m.Agent.Snapshot
	return s != nil && s.State != control.SnapshotReceiving && s.SHA256 == sha256
}

// receives: a member was asked before the last of the snapshot came, and the Job after.
func receives(m Member) bool {
	return m.Agent.Snapshot != nil && m.Agent.Snapshot.State == control.SnapshotReceiving
}

// lacking names the members on whose volumes the snapshot does not lie.
func lacking(candidates []Member, sha256 string) string {
	without := keep(candidates, func(m Member) bool {
		s := m.Agent.Snapshot
		return sha256 == "" || s == nil || s.State != control.SnapshotStaged || s.SHA256 != sha256
	})
	return join(memberNames(without))
}

// progress says how much has arrived where least has.
func progress(candidates []Member) string {
	least, size := int64(-1), int64(0)
	for _, m := range candidates {
		if s := m.Agent.Snapshot; s != nil && s.Size > 0 && (least < 0 || s.Received < least) {
			least, size = s.Received, s.Size
		}
	}
	if size == 0 {
		return ""
	}
	return fmt.Sprintf(": %d%% of %d MiB", least*100/size, size>>20)
}

package plan

import (
	"fmt"
	"strings"

	"github.com/quorate/quorate/internal/etcd"
)

// Request is an EtcdRestore that is carried out, or wants to be.
type Request struct {
	Name, UID string
	// Survivor: the data is that of a member; otherwise that of Origin.
	Survivor bool
	// Lost are the members that a person declares lost, for a survivor.
	Lost []etcd.MemberID
	// Origin is the backup, and how far the Job is that brings it.
	Origin Origin
	// Proof is how far the Job is that reads it through beforehand.
	Proof Proof
}

// Proof is how far a backup was read through before a cluster is stopped for it.
type Proof struct {
	State Sending
	// Trouble is why the Job's pod does not start, Failure why it failed.
	Trouble, Failure string
	// Revision is the backup's; zero where nobody knows. Version is the etcd release
	// that it is from.
	Revision int64
	Version  string
	// Size is that of the database in bytes; zero where nobody knows.
	Size int64
}

// Restoration is what the record says of the EtcdRestore that is carried out, or
// was the last one.
type Restoration struct {
	Name, UID string
	Survivor  bool
	// Epoch is that of the new volumes, FormerEpoch that of the old ones.
	Epoch, FormerEpoch int
	FormerClusterID    etcd.ClusterID
	// LastRevision is the highest one that the former cluster was seen to have.
	LastRevision int64
	// Chosen is the member that was told to survive, or zero.
	Chosen etcd.MemberID
	// Completed: the cluster was Ready again.
	Completed bool
}

// active reports whether a restore is under way.
func (r *Restoration) active() bool { return r != nil && !r.Completed }

// Volume is a claim of another epoch than the cluster's.
type Volume struct {
	Claim string
	Epoch int
	// Formed is the cluster that lives or lived on it, or zero.
	Formed etcd.ClusterID
	// Superseded is the epoch that came in its place, by the EtcdRestore of that
	// UID; zero where none did.
	Superseded   int
	SupersededBy string
	// Kept: it is marked until when it is kept. Due: until then and no longer.
	Kept, Due bool
	Deleting  bool
}

// BeginRestore records that a restore is carried out from now on.
type BeginRestore struct {
	Name, UID string
	Epoch     int
}

// Supersede marks the claims of the present epoch: another one comes in their place.
type Supersede struct {
	Claims []string
	Epoch  int
	By     string // UID of the EtcdRestore
}

// SwitchEpoch makes new volumes those of the cluster, which is not formed then.
type SwitchEpoch struct{ From, To int }

// RecordEpoch records the epoch that volumes remember and the object does not.
type RecordEpoch struct{ Epoch int }

// TakeBack goes back to the former volumes, and forgets the restore.
type TakeBack struct{ To int }

// CompleteRestore records that the cluster is Ready again, and until when its former
// volumes are kept.
type CompleteRestore struct{ Name string }

// ProveBackup starts the Job that reads a backup through.
type ProveBackup struct{ Restore string }

// DropVolumes deletes claims of other epochs whose time has passed.
type DropVolumes struct{ Claims []string }

func (BeginRestore) action()    {}
func (Supersede) action()       {}
func (SwitchEpoch) action()     {}
func (RecordEpoch) action()     {}
func (TakeBack) action()        {}
func (CompleteRestore) action() {}
func (ProveBackup) action()     {}
func (DropVolumes) action()     {}

func (a BeginRestore) String() string {
	return fmt.Sprintf("BeginRestore %s with epoch %d", a.Name, a.Epoch)
}

func (a Supersede) String() string {
	return fmt.Sprintf("Supersede %s by epoch %d", strings.Join(a.Claims, ", "), a.Epoch)
}
func (a SwitchEpoch) String() string     { return fmt.Sprintf("SwitchEpoch from %d to %d", a.From, a.To) }
func (a RecordEpoch) String() string     { return fmt.Sprintf("RecordEpoch %d", a.Epoch) }
func (a TakeBack) String() string        { return fmt.Sprintf("TakeBack to epoch %d", a.To) }
func (a CompleteRestore) String() string { return "CompleteRestore " + a.Name }
func (a ProveBackup) String() string     { return "ProveBackup of " + a.Restore }
func (a DropVolumes) String() string     { return "DropVolumes " + strings.Join(a.Claims, ", ") }

package plan

import "github.com/quorate/quorate/internal/etcd"

// Desired is what the user asks for, as far as a decision depends on it.
type Desired struct {
	// Replicas is how many voters the cluster shall have.
	Replicas int
	// Version is spec.version as written: validated by its pattern only.
	Version string
	// Restores: the cluster begins with the data of a backup.
	Restores bool
	// Exactly: with its very revisions and history. Whoever watched the cluster that
	// was backed up must never be sent to it: it is there to be compared.
	Exactly bool
	// Ephemeral: members have no volumes.
	Ephemeral bool
	// Paused stops every action.
	Paused bool
	// Operator names the operator that shall act, "namespace/name"; empty for
	// whichever comes first.
	Operator string
	// TLSDisabled is spec.tls.disabled.
	TLSDisabled bool
	// Hibernated: no pods, volumes kept.
	Hibernated bool
	// Supervised: no member that serves is restarted before a person approves.
	Supervised bool
	// Approved is the restart that a person approved: see approval.
	Approved string
	// Replace is the member that a person declared lost, or zero.
	Replace etcd.MemberID
	// StorageClass is spec.storage.storageClassName; empty when it is not set,
	// and then the class of a claim does not matter.
	StorageClass string
	// StorageSize is spec.storage.size in bytes; zero when it is not set.
	StorageSize int64
	// Defragmentation is spec.maintenance.defragmentation, at this moment.
	Defragmentation Defragmentation
	// CompactOnNoSpace: the history of all keys may go once a database is full.
	CompactOnNoSpace bool
}

// supportedVersion returns the version, or the reason why it cannot be run.
func (d Desired) supportedVersion() (etcd.Version, bool) {
	v, err := etcd.ParseVersion(d.Version)
	return v, err == nil && v.Supported()
}

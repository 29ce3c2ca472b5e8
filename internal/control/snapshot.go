package control

// PathSnapshot takes a snapshot of etcd's database by PUT, the SnapshotRequest in
// the query (volume, size, sha256) and the whole plain file in the body, and
// answers with a Snapshot. Idempotent. It is the one request that is also taken
// from RestoreCommonName.
const PathSnapshot = "/v1/snapshot"

// RestoreCommonName is the common name, under the cluster's control CA, of the
// certificate that a restore's Job bears. An agent takes PathSnapshot from it and
// nothing else: it can put a file onto a volume that waits empty, and neither
// read a report nor make anybody restore it.
const RestoreCommonName = "quorate-restore"

// ReasonNoRoom is of a volume that is too small for what should be put on it.
const ReasonNoRoom Reason = "NoRoom"

// ReasonCorruptSnapshot is of a snapshot that is not what was announced, or that is
// none of etcd's.
const ReasonCorruptSnapshot Reason = "CorruptSnapshot"

// SnapshotRequest announces a snapshot. The agent takes it only while its volume
// is empty and waits, and refuses one that its etcd cannot read or for which
// there is no room. What is cut short leaves nothing; the same file again changes
// nothing, and another one takes its place.
type SnapshotRequest struct {
	VolumeID string
	Size     int64  // bytes of the whole file, as `etcdctl snapshot save` writes it
	SHA256   string // of the whole file, in lower-case hexadecimal digits
}

// Snapshot is what of a snapshot lies on a volume.
type Snapshot struct {
	SHA256 string        `json:"sha256"` // of the whole file, in lower-case hexadecimal digits
	Size   int64         `json:"size"`   // bytes of the whole file
	State  SnapshotState `json:"state"`
	// Received is how many bytes have arrived.
	Received int64 `json:"received"`
	// Revision is the last one in the snapshot, Etcd the release line that wrote it;
	// zero and empty until it is staged, or where it does not tell.
	Revision int64  `json:"revision,omitempty"`
	Etcd     string `json:"etcd,omitempty"`
}

// SnapshotState is a state of a snapshot on a volume.
type SnapshotState string

const (
	// SnapshotReceiving: it is arriving.
	SnapshotReceiving SnapshotState = "Receiving"
	// SnapshotStaged: all of it is there, synced, and has the SHA-256 that was
	// announced. It waits for an admission that names it.
	SnapshotStaged SnapshotState = "Staged"
	// SnapshotRestoring: it is being restored under an admission.
	SnapshotRestoring SnapshotState = "Restoring"
)

// Restore says that a birth begins with the data of a snapshot. All members of
// the birth have the same.
type Restore struct {
	// SHA256 is that of the snapshot that lies on every volume.
	SHA256 string `json:"sha256"`
	// BumpRevisions is by how much the restored cluster's first revision lies above
	// the snapshot's last, so that no client sees revisions go backwards. Zero or
	// MarkCompacted: etcd knows one only with the other.
	BumpRevisions int64 `json:"bumpRevisions,omitempty"`
	// MarkCompacted makes all of the snapshot's history count as compacted: who
	// watches from a revision of it is told so.
	MarkCompacted bool `json:"markCompacted,omitempty"`
}

package snapshot

import (
	"time"
)

// FormatVersion is the form of the manifests that this build writes and reads.
const FormatVersion = 1

// Compression says how the data of a backup is compressed.
type Compression string

// The ways to compress.
const (
	CompressionZstd Compression = "zstd"
	CompressionNone Compression = "none"
)

// Verification says how far a backup has been proven.
type Verification string

const (
	// VerificationNone: written, and nothing read back.
	VerificationNone Verification = "None"
	// VerificationHash: all of it read back from the store and compared.
	VerificationHash Verification = "Hash"
	// VerificationRestore: read back, restored and started; its HashKV is the
	// one that the cluster had.
	VerificationRestore Verification = "Restore"
)

// EncryptionAge is the only way to encrypt: https://age-encryption.org/v1.
const EncryptionAge = "age"

// Manifest describes one backup. It holds no secret.
type Manifest struct {
	// FormatVersion is FormatVersion.
	FormatVersion int `json:"formatVersion"`
	// Name is the backup's name in the store. A manifest under another name
	// is another backup's.
	Name    string  `json:"name"`
	Cluster Cluster `json:"cluster"`
	// EtcdVersion is that of the member that was read, such as "3.7.3".
	EtcdVersion string `json:"etcdVersion"`
	Member      Member `json:"member"`
	// Revision is that of HashKV: the snapshot holds every write up to it,
	// and may hold later ones.
	Revision  int64  `json:"revision"`
	RaftIndex uint64 `json:"raftIndex"`
	RaftTerm  uint64 `json:"raftTerm"`
	HashKV    HashKV `json:"hashKV"`
	// Plain is the file that etcdctl snapshot save would have written; Stored
	// is what lies in the store.
	Plain       Content     `json:"plain"`
	Stored      Content     `json:"stored"`
	Compression Compression `json:"compression"`
	// Encryption is nil where the data is not encrypted.
	Encryption *Encryption `json:"encryption,omitempty"`
	// CreatedAt is when the snapshot was begun.
	CreatedAt time.Time `json:"createdAt"`
	// DurationMillis is how long it took until the manifest was written.
	DurationMillis int64 `json:"durationMillis"`
	// SavedMillis is how long of that the snapshot took on its way from the member
	// until the store had all of it, and ReadBackMillis how long it took to read
	// all of it back and compare; zero where nothing was read back.
	SavedMillis    int64        `json:"savedMillis,omitempty"`
	ReadBackMillis int64        `json:"readBackMillis,omitempty"`
	Verification   Verification `json:"verification"`
	// ToolVersion is the release of Quorate that wrote it.
	ToolVersion string `json:"toolVersion"`
}

// Cluster says whose backup it is.
type Cluster struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// UID is that of the EtcdCluster.
	UID string `json:"uid"`
	// ID is etcd's own, in hexadecimal.
	ID string `json:"id"`
}

// Member is the one that was read.
type Member struct {
	Name string `json:"name"`
	// ID is etcd's own, in hexadecimal.
	ID string `json:"id"`
}

// HashKV is etcd's hash over all keys up to a revision, taken on the member
// before the snapshot. A restored database gives the same hash at the same
// revision, if its compact revision is the same.
type HashKV struct {
	Revision        int64  `json:"revision"`
	CompactRevision int64  `json:"compactRevision"`
	Hash            uint32 `json:"hash"`
}

// Content is a run of bytes.
type Content struct {
	// Size is in bytes.
	Size int64 `json:"size"`
	// SHA256 is in lower-case hexadecimal.
	SHA256 string `json:"sha256"`
}

// Encryption says who can read the data.
type Encryption struct {
	// Type is EncryptionAge.
	Type string `json:"type"`
	// Recipients are public keys. Identities are never written down.
	Recipients []string `json:"recipients"`
}

// Duration is DurationMillis.
func (m Manifest) Duration() time.Duration { return time.Duration(m.DurationMillis) * time.Millisecond }

// Saved is SavedMillis.
func (m Manifest) Saved() time.Duration { return time.Duration(m.SavedMillis) * time.Millisecond }

// ReadBack is ReadBackMillis.
func (m Manifest) ReadBack() time.Duration { return time.Duration(m.ReadBackMillis) * time.Millisecond }

// Data is the name in the store, below its prefix, of the backup's data.
func (m Manifest) Data() string { return DataName(m.Name, m.Compression, m.Encryption != nil) }

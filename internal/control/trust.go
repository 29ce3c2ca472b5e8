package control

import (
	"crypto/sha256"
	"encoding/hex"
)

// Trust is whom a member trusts and what it shows, as digests: TrustDigest.
type Trust struct {
	// OnDisk is what its mounted Secret holds by now, Loaded what etcd has read as
	// it started; empty while etcd does not run.
	OnDisk string `json:"onDisk"`
	Loaded string `json:"loaded,omitempty"`
	// Control is what the control port goes by, which reads it at each handshake.
	Control string `json:"control"`
	// Leaves are the member's own certificates on its disk, which are read at each
	// handshake.
	Leaves string `json:"leaves"`
}

// TrustDigest names the contents of files. One that is not there counts as empty.
func TrustDigest(contents ...[]byte) string {
	h := sha256.New()
	for _, b := range contents {
		sum := sha256.Sum256(b)
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

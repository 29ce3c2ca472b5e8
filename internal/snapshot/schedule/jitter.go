package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Offset is how long after each slot a schedule begins: from zero up to jitter
// but not that long, in whole seconds, always the same for one UID and spread
// evenly over many. So it is known beforehand, and slots keep their distance.
func Offset(uid string, jitter time.Duration) time.Duration {
	seconds := uint64(max(jitter, 0) / time.Second)
	if seconds == 0 {
		return 0
	}
	hash := sha256.Sum256([]byte(uid))
	return time.Duration(binary.BigEndian.Uint64(hash[:])%seconds) * time.Second
}

package schedule

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// The longest names: of an EtcdBackup, after which Jobs and their pods are named;
// of a drill, which is an EtcdCluster's.
const (
	MaxName      = 52
	MaxDrillName = 52
)

const stamp = "200601021504"

// Name is the backup's that a schedule makes in a slot: <schedule>-<slot>, the
// slot as yyyymmddhhmm in UTC. The same slot always has the same name, another
// has another. It is one label of a DNS name, of at most MaxName characters:
// a schedule's name that is too long or has dots is cut and bears a hash of
// the whole.
func Name(schedule string, slot time.Time) string {
	return Before(schedule) + slot.UTC().Format(stamp)
}

// Before is what all names of a schedule's backups begin with; the slot follows.
func Before(schedule string) string { return stem(schedule, MaxName-1-len(stamp)) + "-" }

// DrillName is the same for a drill: drill-<schedule>-<slot>, of at most
// MaxDrillName characters. It begins with a letter, as a Service's must.
func DrillName(schedule string, slot time.Time) string {
	const before = "drill-"
	return before + stem(schedule, MaxDrillName-len(before)-1-len(stamp)) + "-" + slot.UTC().Format(stamp)
}

// SlotOf is the slot that Name gave the name for; false if it never gives it.
// State.Made is found so from the backups that exist.
func SlotOf(schedule, name string) (slot time.Time, ok bool) {
	slot, ok = slotOf(name)
	return slot, ok && name == Name(schedule, slot)
}

// DrillSlotOf is the same for DrillName.
func DrillSlotOf(schedule, name string) (slot time.Time, ok bool) {
	slot, ok = slotOf(name)
	return slot, ok && name == DrillName(schedule, slot)
}

func slotOf(name string) (time.Time, bool) {
	if len(name) < len(stamp) {
		return time.Time{}, false
	}
	slot, err := time.ParseInLocation(stamp, name[len(name)-len(stamp):], time.UTC)
	return slot, err == nil
}

func stem(schedule string, size int) string {
	if len(schedule) <= size && !strings.Contains(schedule, ".") {
		return schedule
	}
	const digits = 8
	hash := sha256.Sum256([]byte(schedule))
	cut := strings.ReplaceAll(schedule, ".", "-")
	cut = strings.TrimRight(cut[:min(len(cut), size-1-digits)], "-")
	return cut + "-" + hex.EncodeToString(hash[:])[:digits]
}

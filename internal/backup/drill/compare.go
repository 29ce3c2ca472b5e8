package drill

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Hash is etcd's hash over all keys and their history up to a revision. It covers
// what was not compacted away: only hashes with one compact revision can be compared.
type Hash struct {
	Revision, CompactRevision int64
	Hash                      uint32
}

// Data is what is known of the data of a cluster that was restored exactly as it was
// backed up: without a bump of its revisions, and with its history.
type Data struct {
	// Promised is what the backed up cluster said of its keys as they were read; nil
	// where that was not kept.
	Promised *Hash
	// BackedUp and Restored are the SHA-256 of the snapshot that was backed up, and
	// of the one that every member began with; empty where that is not known.
	BackedUp, Restored string
	// Members are the hashes that the members give, at that revision; none where
	// nothing is promised.
	Members map[string]Hash
	// Behind: the last revision of a member is below the promised one. What was
	// promised is not all there.
	Behind bool
	// Compacted: the history of a member begins only after the promised revision.
	Compacted bool
}

// judge compares. A member that compacted more than the cluster had when it was
// hashed says nothing of the data: so does whoever was not asked.
func (d Data) judge(backup string, took time.Duration) (Result, string) {
	served := fmt.Sprintf("EtcdBackup %s was restored into a cluster that served after %s", backup, took)
	distrust := fmt.Sprintf("Do not rely on EtcdBackup %s: make another, and find out who wrote into the store.", backup)
	switch {
	case d.BackedUp != "" && d.Restored != "" && d.BackedUp != d.Restored:
		return Different, fmt.Sprintf("%s, but from another snapshot: its SHA-256 is %s, and %s was backed up. %s", served, d.Restored, d.BackedUp, distrust)
	case d.Promised == nil:
		return NotComparable, served + ". What the backed up cluster said of its keys is not known, because the EtcdBackup is gone or was made by an earlier release of Quorate: there is nothing to compare with. The next drill tries the newest backup then."
	case d.Behind:
		return Different, fmt.Sprintf("%s, but its data does not reach revision %d, up to which everything was backed up. %s", served, d.Promised.Revision, distrust)
	case d.Compacted:
		return NotComparable, fmt.Sprintf("%s. Its history begins only after revision %d, at which the keys of the backed up cluster were hashed: it was compacted just then, and nothing can be compared. The next drill tries the newest backup then.", served, d.Promised.Revision)
	case len(d.Members) == 0:
		return NotComparable, served + ". No member said anything of its keys."
	}
	for _, name := range sorted(d.Members) {
		has := d.Members[name]
		switch {
		case has.CompactRevision != d.Promised.CompactRevision:
			return NotComparable, fmt.Sprintf("%s. Its history begins at revision %d, and that of the backed up cluster began at %d as its keys were hashed: it was compacted just then, and nothing can be compared. The next drill tries the newest backup then.", served, has.CompactRevision, d.Promised.CompactRevision)
		case has != *d.Promised:
			return Different, fmt.Sprintf("%s, but with other data: up to revision %d the hash of its keys and their history is %d on member %s, and was %d in the cluster that was backed up. %s", served, d.Promised.Revision, has.Hash, name, d.Promised.Hash, distrust)
		}
	}
	return Equal, fmt.Sprintf("%s, and up to revision %d its keys and their history are those that were backed up.", served, d.Promised.Revision)
}

func sorted(members map[string]Hash) []string { return slices.Sorted(maps.Keys(members)) }

package snapshot

import (
	"slices"
	"strings"
	"time"
)

// Backup is one that exists in a store: its manifest has been read.
type Backup struct {
	Manifest Manifest `json:"manifest"`
}

// Orphan is data without a manifest: an attempt that was broken off, or one
// that still runs.
type Orphan struct {
	// Key is the object's name in the store, below its prefix.
	Key string `json:"key"`
	// Name is that of the backup that it was to be.
	Name string `json:"name"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// ModTime is when the store got it.
	ModTime time.Time `json:"modTime"`
}

// Broken is a manifest that cannot be relied on.
type Broken struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

// Listing is what lies in a store.
type Listing struct {
	// Backups come newest first.
	Backups []Backup `json:"backups"`
	Orphans []Orphan `json:"orphans,omitempty"`
	Broken  []Broken `json:"broken,omitempty"`
}

// Sort puts the newest first, and what is equally old in the order of names.
func (l *Listing) Sort() {
	slices.SortFunc(l.Backups, func(a, b Backup) int {
		if c := b.Manifest.CreatedAt.Compare(a.Manifest.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.Manifest.Name, b.Manifest.Name)
	})
	slices.SortFunc(l.Orphans, func(a, b Orphan) int { return strings.Compare(a.Key, b.Key) })
	slices.SortFunc(l.Broken, func(a, b Broken) int { return strings.Compare(a.Name, b.Name) })
}

// Latest is the newest backup that was begun at or before a time, of one
// cluster, or of any where namespace and name are empty. A zero time is now.
func (l Listing) Latest(namespace, name string, at time.Time) (Backup, bool) {
	var latest Backup
	found := false
	for _, b := range l.Backups {
		of := b.Manifest.Cluster
		if namespace != "" && of.Namespace != namespace || name != "" && of.Name != name {
			continue
		}
		if !at.IsZero() && b.Manifest.CreatedAt.After(at) {
			continue
		}
		if !found || b.Manifest.CreatedAt.After(latest.Manifest.CreatedAt) {
			latest, found = b, true
		}
	}
	return latest, found
}

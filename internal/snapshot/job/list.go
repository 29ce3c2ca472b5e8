package job

import (
	"context"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/store"
)

// List reads the manifests in a store, newest first, and finds the data without
// one that the store got before a time: an attempt that still runs has younger
// ones. With a series it is of the backups of one schedule alone.
func List(ctx context.Context, st Store, of snapshot.Series, orphansBefore time.Time) (snapshot.Listing, error) {
	var listing snapshot.Listing
	var names []string
	var data []snapshot.Orphan
	err := st.List(ctx, string(of), func(o store.Object) bool {
		switch is := snapshot.ParseObject(o.Key); {
		case !of.Has(is.Name):
		case is.Kind == snapshot.KindManifest:
			names = append(names, is.Name)
		case is.Kind == snapshot.KindData:
			data = append(data, snapshot.Orphan{Key: o.Key, Name: is.Name, Size: o.Size, ModTime: o.ModTime})
		}
		return true
	})
	if err != nil {
		return listing, err
	}
	owned := map[string]bool{}
	for _, name := range names {
		m, err := Manifest(ctx, st, name)
		switch ReasonOf(err) {
		case BrokenManifest:
			listing.Broken = append(listing.Broken, snapshot.Broken{Name: name, Message: err.Error()})
			// Whose data are its own nobody can say: none is an orphan.
			for _, key := range snapshot.DataNames(name) {
				owned[key] = true
			}
			continue
		case NoBackup: // deleted meanwhile
			continue
		}
		if err != nil {
			return listing, err
		}
		owned[m.Data()] = true
		listing.Backups = append(listing.Backups, snapshot.Backup{Manifest: m})
	}
	for _, d := range data {
		if !owned[d.Key] && d.ModTime.Before(orphansBefore) {
			listing.Orphans = append(listing.Orphans, d)
		}
	}
	listing.Sort()
	return listing, nil
}

// Delete removes a backup: the manifest first, so that it never exists without
// its data. What is not there is no error.
func Delete(ctx context.Context, st Store, name string) error {
	if err := snapshot.CheckName(name); err != nil {
		return fail(BadRequest, err, "delete")
	}
	for _, key := range append([]string{snapshot.ManifestName(name)}, snapshot.DataNames(name)...) {
		if err := st.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// Clean deletes the orphans that List finds, unless a manifest has come since,
// and ends the uploads that were begun before the same time. It says how many of both.
func Clean(ctx context.Context, st Store, of snapshot.Series, before time.Time) (int, error) {
	listing, err := List(ctx, st, of, before)
	if err != nil {
		return 0, err
	}
	cleaned := 0
	for _, orphan := range listing.Orphans {
		if m, err := Manifest(ctx, st, orphan.Name); err == nil && m.Data() == orphan.Key {
			continue
		} else if err != nil && ReasonOf(err) != NoBackup {
			return cleaned, err
		}
		if err := st.Delete(ctx, orphan.Key); err != nil {
			return cleaned, err
		}
		cleaned++
	}
	swept, err := st.Sweep(ctx, of.Folder(), before)
	return cleaned + swept, err
}

// Missing says which of some backups are not in the store any more, by their places: the
// manifest is gone, or the data that it names. One whose manifest cannot be read is
// there.
func Missing(ctx context.Context, st Store, names []string) ([]int, error) {
	var missing []int
	for i, name := range names {
		m, err := Manifest(ctx, st, name)
		if err == nil {
			_, err = st.Stat(ctx, m.Data())
		}
		if err == nil {
			continue
		}
		switch ReasonOf(err) {
		case NoBackup, snapshot.NotFound:
			missing = append(missing, i)
		case BrokenManifest:
		default:
			return nil, err
		}
	}
	return missing, nil
}

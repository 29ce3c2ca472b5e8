package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/store"
)

// Manifest reads the manifest of a backup. NoBackup and BrokenManifest are its
// own reasons; others are the store's.
func Manifest(ctx context.Context, st Store, name string) (snapshot.Manifest, error) {
	if err := snapshot.CheckName(name); err != nil {
		return snapshot.Manifest{}, fail(BadRequest, err, "read the manifest")
	}
	key := snapshot.ManifestName(name)
	text, err := st.GetBytes(ctx, key, snapshot.MaxManifestSize)
	if store.ReasonOf(err) == store.NotFound {
		return snapshot.Manifest{}, fail(NoBackup, nil, "there is no backup %s", st.Where(name))
	}
	if err != nil {
		return snapshot.Manifest{}, err
	}
	m, err := snapshot.Decode(text)
	if err != nil {
		return snapshot.Manifest{}, fail(BrokenManifest, err, "%s cannot be relied on: restore it from a copy, or delete the backup", st.Where(key))
	}
	if m.Name != name {
		return snapshot.Manifest{}, fail(BrokenManifest, nil, "%s is the manifest of %s: it was copied, and its data may not have been", st.Where(key), m.Name)
	}
	return m, nil
}

// Commit writes the manifest of what Save has read back, and looks that both
// objects are what they are to be. It can be repeated. verification says how
// far the backup was proven.
func Commit(ctx context.Context, st Store, saved Saved, verification snapshot.Verification) (Saved, error) {
	m := saved.Manifest
	m.Verification = verification
	m.DurationMillis = max(m.DurationMillis, time.Since(m.CreatedAt).Milliseconds())
	if there, err := Manifest(ctx, st, m.Name); err == nil {
		return again(st, there, m, saved.Tag)
	} else if ReasonOf(err) != NoBackup {
		return Saved{}, err
	}
	text, err := snapshot.Encode(m)
	if err != nil {
		return Saved{}, fail(BadRequest, err, "commit %s", m.Name)
	}
	if err := unchanged(ctx, st, saved); err != nil {
		return Saved{}, err
	}
	key := snapshot.ManifestName(m.Name)
	if err := st.PutBytes(ctx, key, true, text); err != nil && store.ReasonOf(err) != store.Exists {
		return Saved{}, fmt.Errorf("commit %s: %w", m.Name, err)
	}
	// Exists may be an answer to our own write, tried twice.
	written, err := st.GetBytes(ctx, key, snapshot.MaxManifestSize)
	if err != nil {
		return Saved{}, fmt.Errorf("read the manifest of %s back: %w", m.Name, err)
	}
	if !bytes.Equal(written, text) {
		return Saved{}, fail(NameTaken, nil, "another Job has written %s meanwhile", st.Where(key))
	}
	if err := unchanged(ctx, st, saved); err != nil {
		// A manifest without its data would be a backup that is none.
		return Saved{}, errors.Join(err, st.Delete(ctx, key))
	}
	saved.Manifest = m
	return saved, nil
}

// again is a commit that was made before: the same backup, or another's name.
func again(st Store, there, m snapshot.Manifest, tag string) (Saved, error) {
	if there.Stored != m.Stored || there.Cluster != m.Cluster {
		return Saved{}, fail(NameTaken, nil, "%s is another backup, of %s: choose another name", st.Where(m.Name), there.CreatedAt.Format(time.RFC3339))
	}
	return Saved{Manifest: there, Tag: tag, Existing: true}, nil
}

// unchanged looks that the data are those that were read back.
func unchanged(ctx context.Context, st Store, saved Saved) error {
	data, err := st.Stat(ctx, saved.Manifest.Data())
	if err != nil {
		return fmt.Errorf("commit %s: %w", saved.Manifest.Name, err)
	}
	if data.Tag != saved.Tag || data.Size != saved.Manifest.Stored.Size {
		return fail(store.Exists, nil, "%s was replaced after it was read back", st.Where(saved.Manifest.Data()))
	}
	return nil
}

// tagSuffix names the file beside a draft that has the store's tag.
const tagSuffix = ".tag"

// WriteDraft keeps what Save has done for Commit: the manifest to be in the
// file, and the store's tag beside it.
func WriteDraft(path string, saved Saved) error {
	text, err := snapshot.Encode(saved.Manifest)
	if err != nil {
		return fail(Failed, err, "write the manifest to be")
	}
	if err := keep(path+tagSuffix, strings.NewReader(saved.Tag)); err != nil {
		return err
	}
	return keep(path, bytes.NewReader(text))
}

// ReadDraft reads what WriteDraft wrote.
func ReadDraft(path string) (Saved, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Saved{}, fail(DiskFailed, err, "read the manifest to be")
	}
	m, err := snapshot.Decode(text)
	if err != nil {
		return Saved{}, fail(BadRequest, err, "read the manifest to be, %s", path)
	}
	tag, err := os.ReadFile(path + tagSuffix)
	if err != nil {
		return Saved{}, fail(DiskFailed, err, "read the store's tag for the data")
	}
	return Saved{Manifest: m, Tag: string(tag)}, nil
}

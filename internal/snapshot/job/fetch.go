package job

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/store"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// Which says which backup is meant: by Name; by Key, a file in the store that
// etcdctl snapshot save wrote; or, where both are empty, the newest.
type Which struct {
	Name string
	Key  string
	// Namespace and Cluster narrow the newest down to those of one cluster,
	// and At to those begun no later.
	Namespace, Cluster string
	At                 time.Time
}

// Fetched is what Open or Fetch has found.
type Fetched struct {
	// Manifest is nil for a file that has none.
	Manifest *snapshot.Manifest
	// Key is the object that was read.
	Key string
	// Plain is known of a file without manifest only at its end.
	Plain snapshot.Content
}

// Fetch writes the plain snapshot of a backup into a file, which is there only
// when every byte was proven.
func Fetch(ctx context.Context, st Store, which Which, ids stream.Identities, to string) (Fetched, error) {
	from, fetched, err := Open(ctx, st, which, ids)
	if err != nil {
		return Fetched{}, err
	}
	defer func() { _ = from.Close() }()
	if err := keep(to, from); err != nil {
		return Fetched{}, fmt.Errorf("fetch %s: %w", fetched.Key, err)
	}
	fetched.Plain = from.Sums().Plain
	return fetched, nil
}

// Plain is a plain snapshot on its way from the store. Only io.EOF proves it.
type Plain struct {
	*stream.Reader
	from io.Closer
}

// Close frees what both ends hold.
func (p *Plain) Close() error {
	p.Reader.Close()
	return p.from.Close()
}

// Open begins to read the plain snapshot of a backup.
func Open(ctx context.Context, st Store, which Which, ids stream.Identities) (*Plain, Fetched, error) {
	if which.Key != "" {
		from, _, err := st.Get(ctx, which.Key)
		if err != nil {
			return nil, Fetched{}, err
		}
		return &Plain{stream.NewPlainReader(from), from}, Fetched{Key: which.Key}, nil
	}
	m, err := which.manifest(ctx, st)
	if err != nil {
		return nil, Fetched{}, err
	}
	from, data, err := st.Get(ctx, m.Data())
	if store.ReasonOf(err) == store.NotFound {
		return nil, Fetched{}, fail(NoBackup, err, "backup %s has a manifest and no data: somebody has deleted them; delete the backup", st.Where(m.Name))
	}
	if err != nil {
		return nil, Fetched{}, err
	}
	fetched := Fetched{Manifest: &m, Key: m.Data(), Plain: m.Plain}
	err = sized(st, m, data)
	if err == nil {
		var reader *stream.Reader
		if reader, err = stream.NewReader(from, m, ids); err == nil {
			return &Plain{reader, from}, fetched, nil
		}
	}
	_ = from.Close()
	return nil, Fetched{}, fmt.Errorf("open %s: %w", m.Name, err)
}

func (w Which) manifest(ctx context.Context, st Store) (snapshot.Manifest, error) {
	if w.Name != "" {
		return Manifest(ctx, st, w.Name)
	}
	listing, err := List(ctx, st, "", time.Time{})
	if err != nil {
		return snapshot.Manifest{}, err
	}
	latest, ok := listing.Latest(w.Namespace, w.Cluster, w.At)
	if !ok {
		return snapshot.Manifest{}, fail(NoBackup, nil, "none of the %d backups in %s is of the cluster and the time asked for", len(listing.Backups), st.Where(""))
	}
	return latest.Manifest, nil
}

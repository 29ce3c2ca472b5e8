package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// hashTime bounds a member's hash over all its keys.
const hashTime = 5 * time.Minute

// upload streams a member's snapshot into the store and describes it.
func upload(ctx context.Context, source Source, st Store, o SaveOptions) (snapshot.Manifest, error) {
	begun := time.Now().UTC()
	member, err := choose(ctx, source, o.Cluster.ID, o.Survivor)
	if err != nil {
		return snapshot.Manifest{}, err
	}
	chosen := time.Now()
	hashing, cancel := context.WithTimeout(ctx, hashTime)
	defer cancel()
	hash, err := source.HashKV(hashing, member.Endpoint, member.Revision)
	if err != nil {
		return snapshot.Manifest{}, fail(SnapshotFailed, err, "hash the keys of member %s", member.ID)
	}
	m := snapshot.Manifest{
		FormatVersion: snapshot.FormatVersion, Name: o.Name, Cluster: o.Cluster, EtcdVersion: member.Version,
		Member:   snapshot.Member{Name: string(member.Name), ID: member.ID.String()},
		Revision: member.Revision, RaftIndex: member.Applied, RaftTerm: member.Term,
		HashKV:      snapshot.HashKV{Revision: hash.Revision, CompactRevision: hash.CompactRevision, Hash: hash.Hash},
		Compression: o.Stream.Compression, CreatedAt: begun, ToolVersion: o.ToolVersion, Verification: snapshot.VerificationNone,
	}
	m.Cluster.ID = member.ClusterID.String()
	if o.Stream.Encrypted() {
		m.Encryption = &snapshot.Encryption{Type: snapshot.EncryptionAge, Recipients: o.Stream.Recipients.Names()}
	}
	o.Log.Info("streams the snapshot", "member", member.ID.String(), "name", member.Name, "revision", m.Revision, "to", st.Where(m.Data()),
		"chosenIn", chosen.Sub(begun).String(), "hashedIn", time.Since(chosen).String())
	// Only what is not there yet is written: another Job of this name, on a
	// node that was thought lost, must not replace what this one reads back.
	saving := time.Now()
	err = st.Put(ctx, m.Data(), true, func(w io.Writer) error {
		from, err := open(ctx, source, member.Endpoint, o.Stall)
		if err != nil {
			return fail(SnapshotFailed, err, "snapshot of member %s", member.ID)
		}
		defer func() { _ = from.Close() }()
		sums, err := stream.Encode(w, o.Pace.Of(ctx, from), o.Stream)
		m.Plain, m.Stored = sums.Plain, sums.Stored
		return err
	})
	if err != nil {
		return snapshot.Manifest{}, fmt.Errorf("save %s: %w", o.Name, err)
	}
	m.SavedMillis, m.DurationMillis = time.Since(saving).Milliseconds(), time.Since(begun).Milliseconds()
	return m, nil
}

var errStalled = errors.New("the member has sent nothing for too long")

// watched ends a stream on which nothing comes.
type watched struct {
	io.ReadCloser
	timer   *time.Timer
	stall   time.Duration
	stalled atomic.Bool
	cancel  context.CancelFunc
}

func open(ctx context.Context, source Source, endpoint string, stall time.Duration) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &watched{stall: stall, cancel: cancel}
	w.timer = time.AfterFunc(stall, func() {
		w.stalled.Store(true)
		cancel()
	})
	from, err := source.Snapshot(ctx, endpoint)
	if err != nil {
		w.end()
		return nil, w.told(err)
	}
	w.timer.Stop()
	w.ReadCloser = from
	return stream.Ahead(w), nil
}

// Read implements io.Reader. Only reading counts as waiting: the store may be slow.
func (w *watched) Read(p []byte) (int, error) {
	w.timer.Reset(w.stall)
	n, err := w.ReadCloser.Read(p)
	w.timer.Stop()
	return n, w.told(err)
}

func (w *watched) told(err error) error {
	if err != nil && w.stalled.Load() {
		return errStalled
	}
	return err
}

func (w *watched) end() {
	w.timer.Stop()
	w.cancel()
}

// Close implements io.Closer.
func (w *watched) Close() error {
	w.end()
	return w.ReadCloser.Close()
}

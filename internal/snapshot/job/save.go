package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/store"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// SaveOptions say what is saved, under which name, and how.
type SaveOptions struct {
	// Name is the backup's name in the store.
	Name string
	// Cluster is whose backup it is. Its ID is that of whoever answers, where
	// it is empty; otherwise another one is refused.
	Cluster snapshot.Cluster
	Stream  stream.Options
	// Identities, where there are any, have what was encrypted opened again.
	Identities stream.Identities
	// Verification is Hash, or None: then nothing is read back.
	Verification snapshot.Verification
	// Keep is a file that gets the plain snapshot as it is read back. The
	// manifest is then not written: Commit does, when the file was proven.
	Keep string
	// Pace bounds how fast the member is read, and what was stored after it.
	Pace stream.Pace
	// Survivor allows to read a member of a cluster without quorum.
	Survivor bool
	// Attempts is how often a save is begun at most, 5 by default, and Backoff
	// how long it waits before the second, 1 s by default, twice as long each
	// time. The context bounds it all.
	Attempts int
	Backoff  time.Duration
	// Stall is how long the member may send nothing; one minute by default.
	Stall time.Duration
	// ToolVersion is written into the manifest.
	ToolVersion string
	Log         *slog.Logger
}

func (o *SaveOptions) check() error {
	if err := snapshot.CheckName(o.Name); err != nil {
		return fail(BadRequest, err, "save")
	}
	if o.Keep != "" && o.Stream.Encrypted() && o.Identities.Empty() {
		return fail(BadRequest, nil, "save %s: to prove an encrypted backup by restoring it, the Secret must have identities as well as recipients", o.Name)
	}
	if o.Verification == "" || o.Keep != "" {
		o.Verification = snapshot.VerificationHash
	}
	if o.Attempts == 0 {
		o.Attempts = 5
	}
	if o.Backoff == 0 {
		o.Backoff = time.Second
	}
	if o.Stall == 0 {
		o.Stall = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Saved is what Save has done.
type Saved struct {
	Manifest snapshot.Manifest
	// Tag is the store's own for the data that was read back.
	Tag string
	// Existing is true where an earlier attempt had done it all.
	Existing bool
}

// Save takes a snapshot into a store, reads it back, compares, and writes the
// manifest. What a killed attempt of the same name has left is used if it is
// complete, and replaced if it is not. With Keep the manifest is left to
// Commit.
func Save(ctx context.Context, source Source, st Store, o SaveOptions) (Saved, error) {
	if err := o.check(); err != nil {
		return Saved{}, err
	}
	if err := st.Check(ctx); err != nil && !passing(err) {
		return Saved{}, err
	}
	wait := o.Backoff
	for attempt := 1; ; attempt++ {
		saved, err := saveOnce(ctx, source, st, o)
		if err == nil {
			return saved, nil
		}
		if ctx.Err() != nil {
			return Saved{}, ended(ctx, err)
		}
		if attempt == o.Attempts || !passing(err) {
			return Saved{}, err
		}
		o.Log.Warn("attempt failed, another follows", "attempt", attempt, "wait", wait.String(), "reason", ReasonOf(err), "error", err.Error())
		select {
		case <-ctx.Done():
			return Saved{}, ended(ctx, err)
		case <-time.After(wait):
		}
		wait = min(2*wait, time.Minute)
	}
}

// ended tells the time that is over from what happened in it last.
func ended(ctx context.Context, last error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fail(TimedOut, last, "the time for the Job is over")
	}
	return last
}

// saveOnce is one attempt, from the start.
func saveOnce(ctx context.Context, source Source, st Store, o SaveOptions) (Saved, error) {
	existing, err := earlier(ctx, st, o)
	if err != nil || existing.Existing {
		return existing, err
	}
	if err := clean(ctx, st, o.Name); err != nil {
		return Saved{}, err
	}
	m, err := upload(ctx, source, st, o)
	if err != nil {
		return Saved{}, err
	}
	reading := time.Now()
	tag, err := prove(ctx, st, m, o)
	if err != nil {
		return Saved{}, err
	}
	if o.Verification != snapshot.VerificationNone {
		m.ReadBackMillis = time.Since(reading).Milliseconds()
	}
	m.Verification = o.Verification
	saved := Saved{Manifest: m, Tag: tag}
	if o.Keep != "" {
		return saved, nil
	}
	return Commit(ctx, st, saved, o.Verification)
}

// earlier finds what an earlier attempt has completed.
func earlier(ctx context.Context, st Store, o SaveOptions) (Saved, error) {
	m, err := Manifest(ctx, st, o.Name)
	if ReasonOf(err) == NoBackup {
		return Saved{}, nil
	}
	if err != nil {
		return Saved{}, err
	}
	if m.Cluster.UID != o.Cluster.UID || m.Cluster.Namespace != o.Cluster.Namespace || m.Cluster.Name != o.Cluster.Name {
		return Saved{}, fail(NameTaken, nil, "%s is a backup of cluster %s/%s with UID %s: choose another name or prefix", st.Where(o.Name), m.Cluster.Namespace, m.Cluster.Name, m.Cluster.UID)
	}
	data, err := st.Stat(ctx, m.Data())
	if err != nil {
		return Saved{}, err
	}
	if o.Keep != "" {
		if _, err := prove(ctx, st, m, o); err != nil {
			return Saved{}, err
		}
	}
	return Saved{Manifest: m, Tag: data.Tag, Existing: true}, nil
}

// clean removes data that has no manifest.
func clean(ctx context.Context, st Store, name string) error {
	for _, key := range snapshot.DataNames(name) {
		_, err := st.Stat(ctx, key)
		if store.ReasonOf(err) == store.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		// Another Job of this name may have become complete in between.
		if _, err := Manifest(ctx, st, name); ReasonOf(err) != NoBackup {
			return fail(store.Exists, err, "another Job has written %s meanwhile", st.Where(name))
		}
		if err := st.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove what an earlier attempt has left: %w", err)
		}
	}
	return nil
}

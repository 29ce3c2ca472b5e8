package main

import (
	"context"
	"time"

	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/job"
	"github.com/quorate/quorate/internal/snapshot/store"
	"github.com/quorate/quorate/internal/snapshot/stream"
	"github.com/quorate/quorate/internal/version"
)

// with opens the store for one command.
func (o *options) with(ctx context.Context, result *snapshot.Result, do func(*store.Store) error) error {
	st, err := store.Open(ctx, o.store)
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }()
	result.Location = st.Where("")
	return do(st)
}

func save(ctx context.Context, o *options, result *snapshot.Result) error {
	recipients, identities, err := o.keys(true)
	if err != nil {
		return err
	}
	o.save.Stream.Recipients, o.save.Identities = recipients, identities
	o.save.Log, o.save.ToolVersion = o.log, version.Version
	target, err := o.target()
	if err != nil {
		return err
	}
	source, err := etcdclient.NewReader(target)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	return o.with(ctx, result, func(st *store.Store) error {
		saved, err := job.Save(ctx, source, st, o.save)
		if err != nil {
			return err
		}
		result.Manifest, result.Existing, result.Location = &saved.Manifest, saved.Existing, st.Where(saved.Manifest.Data())
		if o.save.Keep == "" {
			return nil
		}
		return job.WriteDraft(o.draft, saved)
	})
}

func commit(ctx context.Context, o *options, result *snapshot.Result) error {
	draft, err := job.ReadDraft(o.draft)
	if err != nil {
		return err
	}
	if draft.Manifest.Name != o.which.Name {
		return &job.Error{Reason: job.BadRequest, Message: "commit " + o.which.Name + ": " + o.draft + " is the manifest of " + draft.Manifest.Name}
	}
	return o.with(ctx, result, func(st *store.Store) error {
		saved, err := job.Commit(ctx, st, draft, snapshot.VerificationRestore)
		if err != nil {
			return err
		}
		result.Manifest, result.Existing, result.Location = &saved.Manifest, saved.Existing, st.Where(saved.Manifest.Data())
		return nil
	})
}

func read(ctx context.Context, o *options, result *snapshot.Result) error {
	return o.got(ctx, result, func(st *store.Store, identities stream.Identities) (job.Fetched, error) {
		return job.Read(ctx, st, o.which, identities)
	})
}

func fetch(ctx context.Context, o *options, result *snapshot.Result) error {
	return o.got(ctx, result, func(st *store.Store, identities stream.Identities) (job.Fetched, error) {
		return job.Fetch(ctx, st, o.which, identities, o.to)
	})
}

// got reads a backup in one way or another, and tells of it.
func (o *options) got(ctx context.Context, result *snapshot.Result, get func(*store.Store, stream.Identities) (job.Fetched, error)) error {
	_, identities, err := o.keys(false)
	if err != nil {
		return err
	}
	return o.with(ctx, result, func(st *store.Store) error {
		fetched, err := get(st, identities)
		if err != nil {
			return err
		}
		result.Manifest, result.Key, result.Plain, result.Location = fetched.Manifest, fetched.Key, &fetched.Plain, st.Where(fetched.Key)
		return nil
	})
}

func remove(ctx context.Context, o *options, result *snapshot.Result) error {
	return o.with(ctx, result, func(st *store.Store) error {
		result.Location = st.Where(o.which.Name)
		return job.Delete(ctx, st, o.which.Name)
	})
}

func list(ctx context.Context, o *options, result *snapshot.Result) error {
	return o.with(ctx, result, func(st *store.Store) error {
		listing, err := job.List(ctx, st, o.series, time.Now().Add(-o.orphansOf))
		if err != nil {
			return err
		}
		result.Fill(listing)
		if result.Missing, err = job.Missing(ctx, st, o.expected); err != nil {
			return err
		}
		if o.cleanBefore > 0 {
			result.Cleaned, err = job.Clean(ctx, st, o.series, time.Now().Add(-o.cleanBefore))
		}
		return err
	})
}

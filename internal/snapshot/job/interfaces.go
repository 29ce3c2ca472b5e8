package job

import (
	"context"
	"io"
	"time"

	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/snapshot/store"
)

// Source is the cluster that is read; etcdclient.Reader is one.
type Source interface {
	// Members is linearizable: that it comes shows a quorum.
	Members(ctx context.Context) (etcdclient.MemberList, error)
	// Statuses are those of the members that answer.
	Statuses(ctx context.Context) ([]etcdclient.MemberStatus, error)
	HashKV(ctx context.Context, endpoint string, revision int64) (etcdclient.HashKV, error)
	// Snapshot ends with the SHA-256 of what came before.
	Snapshot(ctx context.Context, endpoint string) (io.ReadCloser, error)
}

// Store is where backups are; store.Store is one.
type Store interface {
	Check(ctx context.Context) error
	Put(ctx context.Context, key string, absent bool, write func(io.Writer) error) error
	PutBytes(ctx context.Context, key string, absent bool, text []byte) error
	Get(ctx context.Context, key string) (io.ReadCloser, store.Object, error)
	GetBytes(ctx context.Context, key string, limit int64) ([]byte, error)
	Stat(ctx context.Context, key string) (store.Object, error)
	List(ctx context.Context, prefix string, yield func(store.Object) bool) error
	Delete(ctx context.Context, key string) error
	Sweep(ctx context.Context, prefix string, before time.Time) (int, error)
	Where(key string) string
}

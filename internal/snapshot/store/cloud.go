package store

import (
	"context"
	"io"
	"time"

	"gocloud.dev/blob"
)

// How much an upload holds: parts of this size, this many at once. 8 MiB times
// the 10,000 parts that S3 allows is 80 GiB.
const (
	partSize = 8 << 20
	parallel = 2
)

// cloud is a store behind gocloud.dev.
type cloud struct {
	bucket *blob.Bucket
	// sweeper ends unfinished uploads, where they stay.
	sweeper func(ctx context.Context, prefix string, before time.Time) (int, error)
	// closer frees what the bucket does not own.
	closer func()
	// prepare adjusts an upload before it begins.
	prepare func(as func(any) bool) error
	// cancelled is set where a reader's failure alone does not end an upload.
	cancelled bool
}

func (c *cloud) put(ctx context.Context, key string, absent bool, from io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if c.cancelled {
		from = whole{from, cancel}
	}
	// Upload, not NewWriter: Azure's writer can panic when its last block fails.
	return c.bucket.Upload(ctx, key, from, &blob.WriterOptions{
		ContentType:    "application/octet-stream",
		BufferSize:     partSize,
		MaxConcurrency: parallel,
		IfNotExist:     absent,
		BeforeWrite:    c.prepare,
	})
}

func (c *cloud) open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	return c.bucket.NewRangeReader(ctx, key, offset, length, nil)
}

func (c *cloud) stat(ctx context.Context, key string) (Object, error) {
	a, err := c.bucket.Attributes(ctx, key)
	if err != nil {
		return Object{}, err
	}
	return Object{Key: key, Size: a.Size, ModTime: a.ModTime, Tag: a.ETag}, nil
}

func (c *cloud) list(ctx context.Context, prefix string, page int, yield func(Object) bool) error {
	token := blob.FirstPageToken
	for len(token) > 0 {
		objects, next, err := c.bucket.ListPage(ctx, token, page, &blob.ListOptions{Prefix: prefix})
		if err != nil {
			// io.EOF is no end of the list here, but a connection that was lost.
			return err
		}
		for _, o := range objects {
			if !yield(Object{Key: o.Key, Size: o.Size, ModTime: o.ModTime}) {
				return nil
			}
		}
		token = next
	}
	return nil
}

func (c *cloud) remove(ctx context.Context, key string) error { return c.bucket.Delete(ctx, key) }

func (c *cloud) sweep(ctx context.Context, prefix string, before time.Time) (int, error) {
	if c.sweeper == nil {
		return 0, nil
	}
	return c.sweeper(ctx, prefix, before)
}

func (c *cloud) close() error {
	if c.closer != nil {
		c.closer()
	}
	return c.bucket.Close()
}

package store

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"sync/atomic"
	"time"
)

// Object is one that lies in a store.
type Object struct {
	// Key is its name below the store's prefix.
	Key     string
	Size    int64
	ModTime time.Time
	// Tag is another whenever the object is another; empty in listings.
	Tag string
}

// Store is a place for objects.
type Store struct {
	at      location
	backend backend
	redact  *strings.Replacer
	stall   time.Duration
	// moved counts the bytes that went over the network.
	moved atomic.Int64
}

// backend is one kind of store. Keys are whole, with the prefix; errors are the
// SDK's own.
type backend interface {
	// put writes all of from, or nothing. It calls abandon before from fails.
	put(ctx context.Context, key string, absent bool, from io.Reader) error
	// open reads length bytes from offset on, all where length is negative.
	open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	stat(ctx context.Context, key string) (Object, error)
	// list calls yield for what begins with prefix, until it gives false.
	list(ctx context.Context, prefix string, page int, yield func(Object) bool) error
	// remove fails where there is no such object.
	remove(ctx context.Context, key string) error
	// sweep ends uploads below prefix that began before a time, and counts them.
	sweep(ctx context.Context, prefix string, before time.Time) (int, error)
	close() error
}

// Open makes the client of a store. It does not ask the store anything: Check does.
func Open(ctx context.Context, o Options) (*Store, error) {
	at, err := parse(o)
	if err != nil {
		return nil, err
	}
	if o.Stall <= 0 {
		o.Stall = defaultStall
	}
	creds, err := readCredentials(o.Credentials)
	if err != nil {
		return nil, err
	}
	s := &Store{at: at, redact: creds.redactor(), stall: o.Stall}
	if at.scheme == schemeFile {
		s.backend, err = openDirectory(at.bucket)
		return s, s.told("open", "", err)
	}
	client, err := newClient(o, creds, &s.moved)
	if err != nil {
		return nil, err
	}
	switch at.scheme {
	case schemeS3:
		s.backend, err = openS3(ctx, o, at, creds, client)
	case schemeGCS:
		s.backend, err = openGCS(ctx, at, creds, client, o.Stall)
	case schemeAzure:
		s.backend, err = openAzure(ctx, at, creds, client)
	}
	if err != nil {
		return nil, s.told("open", "", err)
	}
	return s, nil
}

// Close frees the store's connections.
func (s *Store) Close() error { return s.told("close", "", s.backend.close()) }

// Where names an object, or the store where the key is empty, in messages.
func (s *Store) Where(key string) string {
	l := s.at
	text := strings.TrimSuffix(location{scheme: l.scheme, bucket: l.bucket, prefix: l.prefix}.String(), "/")
	if key != "" {
		text += "/" + key
	}
	if l.endpoint != "" {
		text += " at " + l.endpoint
	}
	return text
}

// Check asks the store for one object: bucket, credentials and certificate are
// then known to be good for reading.
func (s *Store) Check(ctx context.Context) error {
	return s.told("reach", "", s.brief(ctx, func(ctx context.Context) error { return s.check(ctx) }))
}

func (s *Store) check(ctx context.Context) error {
	return s.backend.list(ctx, s.at.prefix, 1, func(Object) bool { return false })
}

// Stat describes an object.
func (s *Store) Stat(ctx context.Context, key string) (Object, error) {
	full, err := s.full(key)
	if err != nil {
		return Object{}, err
	}
	var o Object
	err = s.brief(ctx, func(ctx context.Context) (err error) {
		o, err = s.backend.stat(ctx, full)
		return err
	})
	o.Key = key
	return o, s.missing(ctx, "look at", key, err)
}

// List calls yield for the objects whose key begins with prefix, in any order,
// until it gives false.
func (s *Store) List(ctx context.Context, prefix string, yield func(Object) bool) error {
	err := s.backend.list(ctx, s.at.prefix+prefix, listPage, func(o Object) bool {
		o.Key = strings.TrimPrefix(o.Key, s.at.prefix)
		return yield(o)
	})
	return s.told("list", prefix, err)
}

// listPage is how many objects are asked for at a time.
const listPage = 1000

// Delete removes an object. One that is not there is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	full, err := s.full(key)
	if err != nil {
		return err
	}
	err = s.missing(ctx, "delete", key, s.brief(ctx, func(ctx context.Context) error { return s.backend.remove(ctx, full) }))
	if ReasonOf(err) == NotFound {
		return nil
	}
	return err
}

// Sweep ends uploads below a prefix that were begun before a time and never finished,
// and says how many. The prefix is empty, or ends with a slash. Google and Azure
// forget them by themselves after a week.
func (s *Store) Sweep(ctx context.Context, prefix string, before time.Time) (int, error) {
	n, err := s.backend.sweep(ctx, s.at.prefix+prefix, before)
	return n, s.told("sweep", "", err)
}

// full is an object's whole key.
func (s *Store) full(key string) (string, error) {
	if key == "" || strings.HasPrefix(key, "/") || path.Clean(key) != key || key == "." || key == ".." || strings.HasPrefix(key, "../") {
		return "", badLocation(fmt.Sprintf("%q is no name of an object: want one without empty parts, dots as parts, and a slash at either end", key))
	}
	return s.at.prefix + key, nil
}

// brief bounds a call that moves next to nothing: the SDKs try again by
// themselves, and some of them for ever.
func (s *Store) brief(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 3*s.stall, errStalled)
	defer cancel()
	if err := call(ctx); err != nil {
		return withCause(ctx, err)
	}
	return nil
}

// missing finds out what is the matter where an answer does not say: not every
// store tells an absent object from an absent bucket, and S3 gives no code for
// what it refuses to describe.
func (s *Store) missing(ctx context.Context, what, key string, err error) error {
	told := s.told(what, key, err)
	switch ReasonOf(told) {
	case NotFound, AccessDenied, Unknown:
		if told == nil {
			return nil
		}
	default:
		return told
	}
	if err := s.Check(ctx); err != nil {
		return err
	}
	return told
}

// Package stream turns a snapshot into what lies in a store, and back: SHA-256
// of the plain bytes, zstd, age, SHA-256 of the stored bytes. It holds the same
// few MiB whatever the size. What it reads back is proven at its end, and only
// then: a reader gives io.EOF after every hash and size was right, and never
// before.
//
// It imports snapshot, zstd and age.
package stream

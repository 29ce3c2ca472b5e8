package store

import (
	"errors"
	"io"
	"os"
)

// How much is written at a time, and how much is written before the disk is told to
// take it.
const (
	writeSize = 256 << 10
	flushSize = 1 << 20
)

// spill writes all of from. The disk works while the rest comes: left to the last
// sync it would do so afterwards, all at once, and every other user of it would wait.
//
// It has to be a sync. Under a virtual disk, a loop device or a network there is a
// cache that writes out when it likes to, half a minute's worth at once, and only a
// sync reaches through it.
func spill(f *os.File, from io.Reader) error {
	flushing := flush(f)
	err := write(f, from, flushing.begin)
	// Who is told of a failed write by one sync is not told again by the next.
	return errors.Join(err, flushing.end())
}

func write(f *os.File, from io.Reader, flush func()) error {
	buffer := make([]byte, writeSize)
	unflushed := 0
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := f.Write(buffer[:n]); err != nil {
				return err
			}
			unflushed += n
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if unflushed >= flushSize {
			flush()
			unflushed = 0
		}
	}
}

// flusher syncs a file beside whoever writes it.
type flusher struct {
	wanted chan struct{}
	ended  chan error
}

func flush(f *os.File) flusher {
	s := flusher{make(chan struct{}, 1), make(chan error, 1)}
	go func() {
		var err error
		for range s.wanted {
			err = errors.Join(err, f.Sync())
		}
		s.ended <- err
	}()
	return s
}

// begin never waits: a sync that is to come takes along what was written meanwhile.
func (s flusher) begin() {
	select {
	case s.wanted <- struct{}{}:
	default:
	}
}

// end waits for the syncs that have begun, and returns what went wrong with any.
func (s flusher) end() error {
	close(s.wanted)
	return <-s.ended
}

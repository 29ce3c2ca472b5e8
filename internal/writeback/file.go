package writeback

import (
	"io"
	"sync"
)

// flushSize is how many bytes are written before the disk is told to take them.
const flushSize = 4 << 20

// File writes a file from its beginning to its end. The disk works while the rest
// comes: left to the last sync it would do so afterwards, all at once, and every other
// user of it would wait.
//
// It has to be a sync. Under a virtual disk, a loop device or a network lies a cache
// that writes out when it likes to, half a minute's worth at once, and only a sync
// reaches through it.
type File struct {
	file      disk
	unflushed int
	wanted    chan struct{}
	ended     chan struct{}

	mu     sync.Mutex
	failed error // of the first sync that has
}

// disk is what an *os.File is.
type disk interface {
	io.Writer
	Sync() error
}

// New begins; Finish has to be called. The file stays the caller's to close.
func New(file disk) *File {
	f := &File{file: file, wanted: make(chan struct{}, 1), ended: make(chan struct{})}
	go f.flush()
	return f
}

func (f *File) flush() {
	defer close(f.ended)
	for range f.wanted {
		if err := f.file.Sync(); err != nil {
			f.mu.Lock()
			f.failed = err
			f.mu.Unlock()
			return
		}
	}
}

func (f *File) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// Write implements io.Writer. It does not wait for the disk: a sync that is to come
// takes along what was written meanwhile. It fails once a sync has.
func (f *File) Write(p []byte) (int, error) {
	if err := f.failure(); err != nil {
		return 0, err
	}
	n, err := f.file.Write(p)
	if f.unflushed += n; f.unflushed >= flushSize {
		f.unflushed = 0
		select {
		case f.wanted <- struct{}{}:
		default:
		}
	}
	return n, err
}

// Finish waits until all that was written is on the disk. It returns what went wrong
// with a sync: who was told of a failed write by one is not told again by the next.
func (f *File) Finish() error {
	close(f.wanted)
	<-f.ended
	if err := f.failure(); err != nil {
		return err
	}
	return f.file.Sync()
}

package stream

import (
	"io"
	"sync"
)

// aheadChunks are how many buffers of bufferSize are read before they are asked for.
const aheadChunks = 4

// Ahead reads from src while what came before is hashed and stored: what comes
// from etcd in small pieces is given in large ones. It closes src, and has ended
// reading from it once Close returns. An error of src comes after all bytes before
// it.
func Ahead(src io.ReadCloser) io.ReadCloser {
	a := &ahead{src: src, full: make(chan chunk, aheadChunks), done: make(chan struct{})}
	a.free.New = func() any { return new([bufferSize]byte) }
	a.reading.Go(a.fill)
	return a
}

// chunk is what was read, and what reading ended with.
type chunk struct {
	buffer *[bufferSize]byte
	n      int
	err    error
}

type ahead struct {
	src     io.ReadCloser
	full    chan chunk
	done    chan struct{}
	closing sync.Once
	reading sync.WaitGroup
	free    sync.Pool

	// have is what is given next, from at on.
	have chunk
	at   int
}

// fill ends with the first error, or when nobody wants more.
func (a *ahead) fill() {
	for {
		c := chunk{buffer: a.free.Get().(*[bufferSize]byte)}
		for c.n < bufferSize && c.err == nil {
			var n int
			n, c.err = a.src.Read(c.buffer[c.n:])
			c.n += n
		}
		select {
		case a.full <- c:
		case <-a.done:
			return
		}
		if c.err != nil {
			return
		}
	}
}

// Read implements io.Reader.
func (a *ahead) Read(p []byte) (int, error) {
	for a.at == a.have.n {
		if a.have.err != nil {
			return 0, a.have.err
		}
		if a.have.buffer != nil {
			a.free.Put(a.have.buffer)
		}
		a.have, a.at = <-a.full, 0
	}
	n := copy(p, a.have.buffer[a.at:a.have.n])
	a.at += n
	return n, nil
}

// Close implements io.Closer. Nothing may be read after.
func (a *ahead) Close() error {
	a.closing.Do(func() { close(a.done) })
	err := a.src.Close()
	a.reading.Wait()
	return err
}

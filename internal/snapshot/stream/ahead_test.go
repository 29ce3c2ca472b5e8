package stream

import (
	"bytes"
	"errors"
	"io"
	"math/rand"
	"testing"
	"testing/iotest"
)

// closing counts how often it is closed, and gives nothing after.
type closing struct {
	io.Reader
	closed chan struct{}
}

func (c closing) Close() error {
	close(c.closed)
	return nil
}

// Every byte comes, in order, whatever the pieces are in which it is read and asked
// for; and then what reading ended with, again and again.
func TestAhead(t *testing.T) {
	content := make([]byte, 5*bufferSize+123)
	_, _ = rand.New(rand.NewSource(1)).Read(content)
	broken := errors.New("broken")
	for name, src := range map[string]io.Reader{
		"whole":          bytes.NewReader(content),
		"in halves":      iotest.HalfReader(bytes.NewReader(content)),
		"data and error": iotest.DataErrReader(bytes.NewReader(content)),
		"broken":         io.MultiReader(bytes.NewReader(content), iotest.ErrReader(broken)),
	} {
		t.Run(name, func(t *testing.T) {
			from := closing{src, make(chan struct{})}
			a := Ahead(from)
			got, err := io.ReadAll(iotest.HalfReader(a))
			if !bytes.Equal(got, content) {
				t.Errorf("%d other bytes, want %d", len(got), len(content))
			}
			if want := name == "broken"; want != errors.Is(err, broken) || !want && err != nil {
				t.Errorf("it ends with %v", err)
			}
			if n, err := a.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("after the end come %d bytes and %v", n, err)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			<-from.closed
		})
	}
}

// Who reads no more is not waited for, and what is read does not wait either: the
// source is closed, and its reader has ended.
func TestAheadClosedEarly(t *testing.T) {
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := writer.Write(make([]byte, 1000)); err != nil {
				ended <- err
				return
			}
		}
	}()
	a := Ahead(reader)
	if _, err := io.ReadFull(a, make([]byte, 2*bufferSize)); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

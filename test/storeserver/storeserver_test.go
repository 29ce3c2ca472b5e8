package storeserver_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/bits"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/quorate/quorate/test/storeserver"
)

// TestObjects: what is written is listed and read, until it is deleted; what
// was written stays when the server is killed.
func TestObjects(t *testing.T) {
	l := newLoopback(t)
	c, content := l.client(), pattern(1<<20)
	must(t, c.CreateBucket(t.Context())) // again
	must(t, c.Write(t.Context(), "daily/a.db", pattern(10)))
	must(t, c.Write(t.Context(), "daily/a.db", content))
	must(t, c.Write(t.Context(), "daily/a.json", nil))
	must(t, c.Write(t.Context(), "other", content))
	l.restart(func(*storeserver.Options) {})
	c = l.client()
	if got := keys(t, c, "daily/"); !slices.Equal(got, []string{"daily/a.db", "daily/a.json"}) {
		t.Errorf("listed %q", got)
	}
	if got, err := c.Read(t.Context(), "daily/a.db"); err != nil || !bytes.Equal(got, content) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	must(t, c.Delete(t.Context(), "daily/a.db"))
	must(t, c.Delete(t.Context(), "daily/a.db")) // again
	if got := keys(t, c, ""); !slices.Equal(got, []string{"daily/a.json", "other"}) {
		t.Errorf("listed %q", got)
	}
	if _, err := c.Read(t.Context(), "daily/a.db"); storeserver.Code(err) != "NoSuchKey" {
		t.Errorf("read what was deleted: %v", err)
	}
}

// TestFlipBit: nothing that the server tells gives the damage away.
func TestFlipBit(t *testing.T) {
	l := newLoopback(t)
	c, content := l.client(), pattern(1<<20)
	must(t, c.Write(t.Context(), "a.db", content))
	before, err := c.List(t.Context(), "")
	must(t, err)
	must(t, l.folder.FlipBit(bucket, "a.db", 1<<19, 3))
	after, err := c.List(t.Context(), "")
	must(t, err)
	if !slices.Equal(before, after) {
		t.Errorf("listed %v, before the damage %v", after, before)
	}
	got, err := c.Read(t.Context(), "a.db")
	must(t, err)
	if n := differingBits(t, got, content); n != 1 || got[1<<19] != content[1<<19]^8 {
		t.Errorf("%d bits differ", n)
	}
	if err := l.folder.FlipBit(bucket, "a.db", 1<<20, 0); err == nil {
		t.Error("a bit beyond the end was flipped")
	}
}

// TestTamper: what somebody with the keys has changed looks as good as new.
func TestTamper(t *testing.T) {
	l := newLoopback(t)
	c, content := l.client(), pattern(1000)
	must(t, c.Write(t.Context(), "a.db", content))
	must(t, c.Tamper(t.Context(), "a.db", 999, 0))
	got, err := c.Read(t.Context(), "a.db")
	must(t, err)
	if n := differingBits(t, got, content); n != 1 || got[999] != content[999]^1 {
		t.Errorf("%d bits differ", n)
	}
	if err := c.Tamper(t.Context(), "a.db", 1000, 0); err == nil {
		t.Error("a bit beyond the end was flipped")
	}
}

// TestRefused: each way in which a server can refuse, as clients see it.
func TestRefused(t *testing.T) {
	l := newLoopback(t)
	must(t, l.client().Write(t.Context(), "kept", pattern(10)))
	stranger, err := storeserver.NewCertificate("127.0.0.1")
	must(t, err)
	write := func(change func(*storeserver.Access)) error {
		return l.client(change).Write(t.Context(), "new", pattern(10))
	}
	for name, c := range map[string]struct {
		change func(*storeserver.Access)
		code   string
	}{
		"wrong secret":  {func(a *storeserver.Access) { a.SecretAccessKey = "wrong" }, "SignatureDoesNotMatch"},
		"unknown key":   {func(a *storeserver.Access) { a.AccessKeyID = "NOBODY" }, "XAdminUserNotFound"}, // AWS: InvalidAccessKeyId
		"other bucket":  {func(a *storeserver.Access) { a.Bucket = "elsewhere" }, "NoSuchBucket"},
		"nobody trusts": {func(a *storeserver.Access) { a.CA = stranger.CA }, ""},
	} {
		if err := write(c.change); err == nil || storeserver.Code(err) != c.code {
			t.Errorf("%s: code %q: %v", name, storeserver.Code(err), err)
		} else if strings.Contains(err.Error(), secretKey) {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
	err = write(func(a *storeserver.Access) { a.CA = stranger.CA })
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("a stranger's certificate: %v", err)
	}
	err = write(func(a *storeserver.Access) { a.Endpoint = strings.Replace(a.Endpoint, "https", "http", 1) })
	if err == nil {
		t.Error("the server takes plain text")
	}
	if got := keys(t, l.client(), ""); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("there are %q", got)
	}
}

// TestReadOnly: reading goes on, all else is refused.
func TestReadOnly(t *testing.T) {
	l := newLoopback(t)
	must(t, l.client().Write(t.Context(), "kept", pattern(10)))
	l.restart(func(o *storeserver.Options) { o.ReadOnly = true })
	c := l.client()
	_, begun := c.BeginUpload(t.Context(), "kept")
	for what, err := range map[string]error{
		"write": c.Write(t.Context(), "kept", nil), "delete": c.Delete(t.Context(), "kept"), "begin an upload": begun,
	} {
		if storeserver.Code(err) != "AccessDenied" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, err := c.Read(t.Context(), "kept"); err != nil || !bytes.Equal(got, pattern(10)) {
		t.Errorf("read %q, %v", got, err)
	}
	l.restart(func(o *storeserver.Options) { o.ReadOnly = false })
	must(t, l.client().Write(t.Context(), "kept", nil))
}

// TestGone: a server that is not there is an error of the connection, and its
// health is asked for without credentials.
func TestGone(t *testing.T) {
	l := newLoopback(t)
	if status, err := l.health(); err != nil || status != http.StatusOK {
		t.Errorf("health: %d, %v", status, err)
	}
	l.stop()
	if err := l.client().Write(t.Context(), "new", nil); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("write: %v", err)
	}
	if status, err := l.health(); err == nil {
		t.Errorf("health of what is gone: %d", status)
	}
}

// TestCut: a write that is cut off leaves the old object and no part of the
// new one; a multipart upload leaves the parts that had been sent, unlisted,
// until somebody aborts it.
func TestCut(t *testing.T) {
	l := newLoopback(t)
	c, old := l.client(), pattern(100)
	must(t, c.Write(t.Context(), "single", old))
	if err := l.dying(4<<20).Write(t.Context(), "single", pattern(8<<20)); err == nil {
		t.Error("a write that was cut off has no error")
	}
	if got, err := c.Read(t.Context(), "single"); err != nil || !bytes.Equal(got, old) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	id, err := l.dying(8<<20).BeginUpload(t.Context(), "large", pattern(6<<20), pattern(6<<20))
	if err == nil || id == "" {
		t.Errorf("an upload that was cut off: %q, %v", id, err)
	}
	if err := l.dyingWith(l.stop, 2<<20).Write(t.Context(), "killed", pattern(8<<20)); err == nil {
		t.Error("a write to a server that was killed in the middle has no error")
	}
	l.restart(func(*storeserver.Options) {})
	c = l.client()
	if got := keys(t, c, ""); !slices.Equal(got, []string{"single"}) {
		t.Errorf("listed %q", got)
	}
	left, err := c.Uploads(t.Context())
	must(t, err)
	if len(left) != 1 || left[0].Key != "large" || left[0].ID != id || !slices.Equal(left[0].Parts, []int64{6 << 20}) {
		t.Fatalf("left over: %+v", left)
	}
	must(t, c.AbortUpload(t.Context(), "large", id))
	if left, err := c.Uploads(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("left over after the abort: %+v, %v", left, err)
	}
	if size := l.used(); size > 1<<20 {
		t.Errorf("the folder still holds %d bytes", size)
	}
}

// TestCompleteUpload: an upload that was completed is an object of all parts.
func TestCompleteUpload(t *testing.T) {
	l := newLoopback(t)
	c, first, second := l.client(), pattern(5<<20), pattern(77)
	id, err := c.BeginUpload(t.Context(), "large", first, second)
	must(t, err)
	must(t, c.CompleteUpload(t.Context(), "large", id))
	got, err := c.Read(t.Context(), "large")
	if err != nil || !bytes.Equal(got, slices.Concat(first, second)) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if left, err := c.Uploads(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("left over: %+v, %v", left, err)
	}
}

// TestFill: so much room is left, and comes back.
func TestFill(t *testing.T) {
	folder := storeserver.Folder(t.TempDir())
	const take = 64 << 20
	free, err := folder.Free()
	must(t, err)
	must(t, folder.Fill(free-take))
	filled, err := folder.Free()
	must(t, err)
	if taken := free - filled; taken < take/2 || taken > 2*take { // others use the disk too
		t.Errorf("%d bytes are taken, not %d", taken, take)
	}
	must(t, folder.Fill(filled+take)) // there is less already
	must(t, folder.Release())
	must(t, folder.Release()) // again
	if left, err := os.ReadDir(string(folder)); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func keys(t *testing.T, c *storeserver.Client, prefix string) []string {
	t.Helper()
	objects, err := c.List(t.Context(), prefix)
	must(t, err)
	var found []string
	for _, o := range objects {
		found = append(found, o.Key)
	}
	return found
}

func differingBits(t *testing.T, a, b []byte) int {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%d bytes and %d bytes", len(a), len(b))
	}
	n := 0
	for i := range a {
		n += bits.OnesCount8(a[i] ^ b[i])
	}
	return n
}

// health asks the server without credentials whether it serves.
func (l *loopback) health() (int, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.certificate.CA)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get("https://" + l.options.Listen + storeserver.HealthPath)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// used is the size of all files in the folder.
func (l *loopback) used() int64 {
	var size int64
	err := filepath.Walk(string(l.folder), func(_ string, i os.FileInfo, err error) error {
		if err == nil && i.Mode().IsRegular() {
			size += i.Size()
		}
		return err
	})
	must(l.t, err)
	return size
}

// dying is a client that is cut off when it has sent so many bytes.
func (l *loopback) dying(after int) *storeserver.Client { return l.dyingWith(func() {}, after) }

// dyingWith has that happen first.
func (l *loopback) dyingWith(first func(), after int) *storeserver.Client {
	return l.client(func(a *storeserver.Access) {
		a.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if after <= 0 {
				return nil, net.ErrClosed
			}
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &dyingConn{c.(*net.TCPConn), &after, first}, nil
		}
	})
}

type dyingConn struct {
	*net.TCPConn
	left  *int
	first func()
}

func (c *dyingConn) Write(b []byte) (int, error) {
	n, err := c.TCPConn.Write(b[:min(len(b), *c.left)])
	if *c.left -= n; *c.left <= 0 && err == nil {
		c.first()
		_ = c.SetLinger(0)
		_ = c.Close()
		err = net.ErrClosed
	}
	return n, err
}

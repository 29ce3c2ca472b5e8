//go:build stores

package store

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
)

// wrong has what every server must refuse: another authority, another bucket.
func wrong(t *testing.T, p place) {
	t.Run("untrusted certificate", func(t *testing.T) {
		o := p.options
		files := map[string]string{}
		entries, err := os.ReadDir(o.Credentials)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			text, err := os.ReadFile(filepath.Join(o.Credentials, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			files[e.Name()] = strings.TrimSpace(string(text))
		}
		files[fileCA] = newAuthority(t).pem
		o.Credentials = secretDir(t, files)
		whileTrying(t, o, UntrustedCertificate)
	})
	t.Run("certificate of another host", func(t *testing.T) {
		o := p.options
		o.Endpoint = strings.Replace(o.Endpoint, "127.0.0.1", "localhost", 1)
		whileTrying(t, o, UntrustedCertificate)
	})
	t.Run("wrong bucket", func(t *testing.T) {
		o := p.options
		o.URL = strings.Replace(o.URL, "bucket", "not-there", 1)
		whileTrying(t, o, WrongBucket)
	})
	t.Run("TLS for plain text", func(t *testing.T) {
		o := p.options
		o.Endpoint = strings.Replace(o.Endpoint, "https", "http", 1)
		s := p.opened(t, func(to *Options) { to.Endpoint = o.Endpoint })
		if err := s.Check(t.Context()); err == nil {
			t.Error("no error")
		}
	})
}

func versitygw(t *testing.T, root, tmpfs string, a *authority, flags ...string) place {
	t.Helper()
	port := freePort(t)
	args := append([]string{built(t, "versitygw"), "--port", "127.0.0.1:" + port, "--quiet"}, flags...)
	scheme, ca := "http", ""
	if a != nil {
		certificate, key := a.leaf(t)
		scheme, ca = "https", a.pem
		args = append(args, "--cert", certificate, "--key", key)
	}
	run(t, port, tmpfs, []string{"ROOT_ACCESS_KEY_ID=" + canaryKey, "ROOT_SECRET_ACCESS_KEY=" + canarySecret}, append(args, "posix", root)...)
	return place{
		options:  Options{URL: "s3://bucket/deep/prefix", Endpoint: scheme + "://127.0.0.1:" + port, PathStyle: true, Credentials: secretDir(t, s3Files(ca))},
		canaries: canaries,
	}
}

func s3Root(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "bucket"), 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestS3(t *testing.T) {
	root := s3Root(t)
	p := versitygw(t, root, "", newAuthority(t))
	conform(t, p)
	wrong(t, p)
	t.Run("plain text", func(t *testing.T) {
		p := versitygw(t, root, "", nil)
		for name, test := range map[string]func(*testing.T, place){"objects": testObjects, "large": testLarge, "overwrite": testOverwrite, "interrupted": testInterrupted} {
			t.Run(name, func(t *testing.T) { test(t, p) })
		}
		t.Run("TLS", func(t *testing.T) {
			o := p.options
			o.Endpoint = strings.Replace(o.Endpoint, "http", "https", 1)
			whileTrying(t, o, Unreachable)
		})
	})
	t.Run("wrong key", func(t *testing.T) {
		o := p.options
		o.Credentials = secretDir(t, map[string]string{fileAccessKey: canaryKey, fileSecretKey: canarySecret + "x", fileCA: caOf(t, p)})
		whileTrying(t, o, BadCredentials, AccessDenied)
		o.Credentials = secretDir(t, map[string]string{fileAccessKey: "AKNOBODY", fileSecretKey: canarySecret, fileCA: caOf(t, p)})
		whileTrying(t, o, BadCredentials, AccessDenied)
		s := place{options: o, canaries: canaries}.opened(t)
		p.refuses(t, s.Check(t.Context()), BadCredentials)
	})
	t.Run("read only", func(t *testing.T) {
		q := versitygw(t, root, "", newAuthority(t), "--readonly")
		s := q.opened(t)
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
		for _, size := range []int{10, 3 * partSize} {
			q.refuses(t, s.PutBytes(t.Context(), "a", true, make([]byte, size)), AccessDenied, ReadOnly)
		}
	})
	t.Run("full", func(t *testing.T) {
		dir := t.TempDir()
		q := versitygw(t, dir, dir+"=24m", newAuthority(t))
		full(t, q, 40<<20, StoreFull, Interrupted)
	})
}

func caOf(t *testing.T, p place) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.options.Credentials, fileCA))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// full writes more than there is room for, and then what fits.
func full(t *testing.T, p place, size int, want ...Reason) {
	t.Helper()
	s := p.opened(t)
	p.refuses(t, s.PutBytes(t.Context(), "large", true, content(1, size)), want...)
	_, err := s.Stat(t.Context(), "large")
	p.refuses(t, err, NotFound)
	if _, err := s.Sweep(t.Context(), "", time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if err := s.PutBytes(t.Context(), "small", true, content(2, 1<<20)); err != nil {
		t.Errorf("what was broken off takes the room: %v", err)
	}
}

func TestGoogle(t *testing.T) {
	a := newAuthority(t)
	certificate, key := a.leaf(t)
	port := freePort(t)
	endpoint := "https://127.0.0.1:" + port
	run(t, port, "", nil, built(t, "fake-gcs-server"), "-scheme", "https", "-host", "127.0.0.1", "-port", port, "-public-host", "127.0.0.1:"+port, "-external-url", endpoint,
		"-cert-location", certificate, "-private-key-location", key, "-filesystem-root", t.TempDir(), "-log-level", "warn")
	p := place{
		options: Options{
			URL: "gs://bucket/deep/prefix", Endpoint: endpoint,
			Credentials: secretDir(t, map[string]string{fileGCS: serviceAccount(t, tokens(t, a, false)), fileCA: a.pem}),
		},
		canaries: canaries,
	}
	creds, err := readCredentials(p.options.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	client, err := newClient(Options{Stall: time.Minute}, creds, &(&Store{}).moved)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Post(endpoint+"/storage/v1/b?project=test", "application/json", strings.NewReader(`{"name":"bucket"}`))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("make the bucket: %v", err)
	}
	_ = resp.Body.Close()
	conform(t, p)
	wrong(t, p)
	t.Run("wrong account", func(t *testing.T) {
		o := p.options
		o.Credentials = secretDir(t, map[string]string{fileGCS: serviceAccount(t, tokens(t, a, true)), fileCA: a.pem})
		whileTrying(t, o, BadCredentials)
	})
}

func TestAzure(t *testing.T) {
	a := newAuthority(t)
	certificate, key := a.leaf(t)
	port := freePort(t)
	run(t, port, "", []string{"AZURITE_ACCOUNTS=" + azureAccount + ":" + canaryAzure}, "node", built(t, "azurite/node_modules/azurite/dist/src/blob/main.js"),
		"--blobHost", "127.0.0.1", "--blobPort", port, "--location", t.TempDir(), "--silent", "--skipApiVersionCheck", "--disableTelemetry", "--disableProductStyleUrl", "--cert", certificate, "--key", key)
	p := place{
		options: Options{
			URL: "azblob://bucket/deep/prefix", Endpoint: "https://127.0.0.1:" + port + "/" + azureAccount,
			Credentials: secretDir(t, map[string]string{fileAccountName: azureAccount, fileAccountKey: canaryAzure, fileCA: a.pem}),
		},
		canaries: canaries,
	}
	made := azureContainer(t, p)
	conform(t, p)
	wrong(t, p)
	t.Run("wrong key", func(t *testing.T) {
		o := p.options
		o.Credentials = secretDir(t, map[string]string{fileAccountName: azureAccount, fileAccountKey: strings.ToUpper(canaryAzure), fileCA: a.pem})
		whileTrying(t, o, BadCredentials, AccessDenied)
	})
	for name, permissions := range map[string]sas.ContainerPermissions{
		"read only": {Read: true, List: true},
		"all":       {Read: true, List: true, Create: true, Write: true, Delete: true},
	} {
		t.Run("signature that allows "+name, func(t *testing.T) {
			signed, err := made.GetSASURL(permissions, time.Now().Add(time.Hour), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, token, _ := strings.Cut(signed, "?")
			q := p
			q.options.Credentials = secretDir(t, map[string]string{fileSAS: token, fileCA: a.pem})
			_, signature, _ := strings.Cut(token, "sig=")
			q.canaries = append([]string{signature}, canaries...)
			if permissions.Write {
				testObjects(t, q)
				testLarge(t, q)
				return
			}
			s := q.opened(t)
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
			q.refuses(t, s.PutBytes(t.Context(), "a", true, []byte("x")), AccessDenied)
		})
	}
}

func azureContainer(t *testing.T, p place) *container.Client {
	t.Helper()
	creds, err := readCredentials(p.options.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	client, err := newClient(Options{Stall: time.Minute}, creds, &(&Store{}).moved)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := azblob.NewSharedKeyCredential(azureAccount, canaryAzure)
	if err != nil {
		t.Fatal(err)
	}
	made, err := container.NewClientWithSharedKeyCredential(p.options.Endpoint+"/bucket", shared, &container.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: client}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := made.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return made
}

// TestServerGoes has the line to a server cut in the middle of an upload, and of a download.
func TestServerGoes(t *testing.T) {
	p := versitygw(t, s3Root(t), "", nil)
	relay := cutAfter(t, strings.TrimPrefix(p.options.Endpoint, "http://"), 12<<20)
	q := p
	q.options.Endpoint = "http://" + relay
	prefix := func(o *Options) { o.Prefix = "gone" }
	s := q.opened(t, prefix)
	p.refuses(t, s.PutBytes(t.Context(), "large", true, content(1, 40<<20)), Interrupted, Unreachable)
	direct := p.opened(t, prefix)
	_, err := direct.Stat(t.Context(), "large")
	p.refuses(t, err, NotFound)
	put(t, direct, "large", content(1, 40<<20))
	q.options.Endpoint = "http://" + cutAfter(t, strings.TrimPrefix(p.options.Endpoint, "http://"), 12<<20)
	s = q.opened(t, prefix)
	r, _, err := s.Get(t.Context(), "large")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	_, err = io.Copy(io.Discard, r)
	p.refuses(t, err, Interrupted, Unreachable)
}

// cutAfter relays to an address until so many bytes have gone through; then it is gone.
func cutAfter(t *testing.T, address string, bytes int64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	var mu sync.Mutex
	left := bytes
	copyTo := func(to, from net.Conn) {
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			mu.Lock()
			left -= int64(n)
			over := left < 0
			mu.Unlock()
			if over {
				cancel()
			}
			if _, werr := to.Write(buffer[:n]); over || errors.Join(err, werr) != nil {
				_ = from.Close()
				_ = to.Close()
				return
			}
		}
	}
	go func() {
		<-ctx.Done()
		_ = l.Close()
	}()
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", address)
			if err != nil {
				_ = from.Close()
				continue
			}
			go copyTo(to, from)
			go copyTo(from, to)
		}
	}()
	return l.Addr().String()
}

package storeserver_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/quorate/quorate/test/storeserver"
)

const bucket = "backups"

// program is what `make dist/versitygw` builds.
func program(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../dist/versitygw")
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%v\nType: make dist/versitygw", err)
	}
	return path
}

// loopback is a server on 127.0.0.1, which a test may end and start anew.
type loopback struct {
	t           *testing.T
	folder      storeserver.Folder
	options     storeserver.Options
	certificate *storeserver.Certificate
	stop        func()
}

const accessKey, secretKey = "TESTACCESS", "a secret that is not in the arguments"

func newLoopback(t *testing.T) *loopback {
	t.Helper()
	made, err := storeserver.NewCertificate("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	l := &loopback{t: t, folder: storeserver.Folder(filepath.Join(dir, "data")), certificate: made}
	l.options = storeserver.Options{
		Listen: freeAddress(t), Folder: string(l.folder),
		CertFile: filepath.Join(dir, "tls.crt"), KeyFile: filepath.Join(dir, "tls.key"),
	}
	for path, content := range map[string][]byte{l.options.CertFile: made.Cert, l.options.KeyFile: made.Key} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(string(l.folder), 0o755); err != nil {
		t.Fatal(err)
	}
	l.start()
	if err := l.client().CreateBucket(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

// start starts the server with the options as they are now.
func (l *loopback) start() {
	l.t.Helper()
	var said bytes.Buffer
	command := exec.Command(program(l.t), l.options.Args()...)
	command.Env = []string{storeserver.AccessKeyVariable + "=" + accessKey, storeserver.SecretKeyVariable + "=" + secretKey}
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.stop = func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}
	l.t.Cleanup(func() {
		l.stop()
		if l.t.Failed() {
			l.t.Logf("the server said:\n%s", said.String())
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; {
		conn, err := net.Dial("tcp", l.options.Listen)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("the server does not listen: %v\n%s", err, said.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (l *loopback) restart(change func(*storeserver.Options)) {
	l.t.Helper()
	l.stop()
	change(&l.options)
	l.start()
}

func (l *loopback) access() storeserver.Access {
	return storeserver.Access{
		Endpoint: "https://" + l.options.Listen, Bucket: bucket,
		AccessKeyID: accessKey, SecretAccessKey: secretKey, CA: l.certificate.CA,
	}
}

func (l *loopback) client(changes ...func(*storeserver.Access)) *storeserver.Client {
	l.t.Helper()
	a := l.access()
	for _, change := range changes {
		change(&a)
	}
	c, err := storeserver.NewClient(a)
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func pattern(n int) []byte {
	content := make([]byte, n)
	for i := range content {
		content[i] = byte(i * 7)
	}
	return content
}

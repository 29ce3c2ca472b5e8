package pki

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

func TestIssuedCertificatesVerify(t *testing.T) {
	dir := t.TempDir()
	ca, err := OpenAuthority(filepath.Join(dir, "ca"), "test")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "server")
	r := Request{CommonName: "server", Groups: []string{"g"}, Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}
	if err := ca.Issue(path, r); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(path+".crt", path+".key")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.CertPEM)
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		_, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}, DNSName: "127.0.0.1"})
		if err != nil {
			t.Errorf("usage %v: %v", usage, err)
		}
	}
	if got := pair.Leaf.Subject.Organization; len(got) != 1 || got[0] != "g" {
		t.Errorf("groups: %v", got)
	}
}

func TestWhatExistsIsKept(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		ca, err := OpenAuthority(filepath.Join(dir, "ca"), "test")
		if err != nil {
			t.Fatal(err)
		}
		if err := ca.Issue(filepath.Join(dir, "leaf"), Request{CommonName: "leaf"}); err != nil {
			t.Fatal(err)
		}
		if err := ServiceAccountKey(filepath.Join(dir, "sa")); err != nil {
			t.Fatal(err)
		}
		copyOnce(t, dir)
	}
	for _, name := range []string{"ca.crt", "ca.key", "leaf.crt", "leaf.key", "sa.key", "sa.pub"} {
		now, _ := os.ReadFile(filepath.Join(dir, name))
		first, _ := os.ReadFile(filepath.Join(dir, name+".first"))
		if len(now) == 0 || string(now) != string(first) {
			t.Errorf("%s was made again", name)
		}
	}
}

// copyOnce keeps what was made the first time.
func copyOnce(t *testing.T, dir string) {
	t.Helper()
	for _, pattern := range []string{"*.crt", "*.key", "*.pub"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, f := range files {
			if _, err := os.Stat(f + ".first"); err == nil {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(f+".first", text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestKubeconfigLoads(t *testing.T) {
	dir := t.TempDir()
	ca, err := OpenAuthority(filepath.Join(dir, "ca"), "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := ca.Issue(filepath.Join(dir, "admin"), Request{CommonName: "admin"}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "kubeconfig")
	if err := ca.WriteKubeconfig(path, "https://127.0.0.1:1", "admin", filepath.Join(dir, "admin")); err != nil {
		t.Fatal(err)
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil || cfg.Host != "https://127.0.0.1:1" || len(cfg.KeyData) == 0 {
		t.Fatalf("%+v, %v", cfg, err)
	}
}

package store

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Credentials that no message and no log may hold.
const (
	canaryKey    = "AKCANARYACCESSKEYID0"
	canarySecret = "skcanarysecret/access+key0"
	canaryToken  = "tokencanary.of.the.session"
	canaryAzure  = "Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5MA==" // base64
	canarySAS    = "c2lnbmF0dXJlY2FuYXJ5MA%3D%3D"
	azureAccount = "quorate"
)

func init() { pause = 10 * time.Millisecond }

var canaries = []string{canaryKey, canarySecret, canaryToken, canaryAzure, strings.TrimRight(canaryAzure, "="), canarySAS, "c2lnbmF0dXJlY2FuYXJ5MA", "PRIVATE KEY", "skcanarysecret", "tokencanary"}

// secretDir is a mounted Secret.
func secretDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		// As people write them: with a newline at the end.
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// authority signs the servers' certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{certificate, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// leaf writes tls.crt and tls.key for 127.0.0.1.
func (a *authority) leaf(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for name, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: text}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// tokens is the server at which Google's service accounts get their tokens.
func tokens(t *testing.T, a *authority, refuse bool) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if refuse {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"Invalid JWT Signature, and what was sent: `+r.FormValue("assertion")+`"}`)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"`+canaryToken+`","token_type":"Bearer","expires_in":3600}`)
	}))
	certificate, key := a.leaf(t)
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL + "/token"
}

// serviceAccount is the JSON that Google hands out.
func serviceAccount(t *testing.T, tokenURI string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "test", "private_key_id": canaryKey, "client_email": "backup@test.iam.gserviceaccount.com", "token_uri": tokenURI,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func s3Files(ca string) map[string]string {
	files := map[string]string{fileAccessKey: canaryKey, fileSecretKey: canarySecret}
	if ca != "" {
		files[fileCA] = ca
	}
	return files
}

// clouds are the three kinds of stores behind an endpoint of the test's own.
func clouds(t *testing.T, a *authority, endpoint string) map[string]Options {
	t.Helper()
	sas := "sv=2024-11-04&ss=b&srt=sco&sp=rwdlac&se=2099-01-01T00:00:00Z&sig=" + canarySAS
	session := s3Files(a.pem)
	session[fileSessionToken] = canaryToken
	return map[string]Options{
		"s3":         {URL: "s3://bucket/prefix", PathStyle: true, Endpoint: endpoint, Credentials: secretDir(t, s3Files(a.pem))},
		"s3 session": {URL: "s3://bucket", PathStyle: true, Endpoint: endpoint, Credentials: secretDir(t, session)},
		"gs":         {URL: "gs://bucket/prefix", Endpoint: endpoint, Credentials: secretDir(t, map[string]string{fileGCS: serviceAccount(t, tokens(t, a, false)), fileCA: a.pem})},
		"azblob":     {URL: "azblob://bucket/prefix", Endpoint: endpoint + "/" + azureAccount, Credentials: secretDir(t, map[string]string{fileAccountName: azureAccount, fileAccountKey: canaryAzure})},
		"azblob sas": {URL: "azblob://bucket", Endpoint: endpoint + "/" + azureAccount, Credentials: secretDir(t, map[string]string{fileSAS: sas})},
	}
}

// everyCall does each thing once and gives the errors.
func everyCall(ctx context.Context, s *Store) map[string]error {
	errs := map[string]error{}
	errs["check"] = s.Check(ctx)
	errs["put"] = s.PutBytes(ctx, "a/b", false, []byte("text"))
	errs["put absent"] = s.PutBytes(ctx, "a/b", true, []byte("text"))
	errs["put large"] = s.Put(ctx, "a/b", true, func(w io.Writer) error {
		_, err := w.Write(make([]byte, 3*partSize))
		return err
	})
	_, errs["stat"] = s.Stat(ctx, "a/b")
	_, _, errs["get"] = s.Get(ctx, "a/b")
	_, errs["range"] = s.GetRange(ctx, "a/b", 0, 1)
	errs["list"] = s.List(ctx, "a", func(Object) bool { return true })
	errs["delete"] = s.Delete(ctx, "a/b")
	return errs
}

// whileTrying has a store fail in every call, for one of some reasons.
func whileTrying(t *testing.T, o Options, want ...Reason) {
	t.Helper()
	p := place{options: o, canaries: canaries}
	s := p.opened(t)
	for call, err := range everyCall(t.Context(), s) {
		if err == nil {
			t.Errorf("%s: no error", call)
			continue
		}
		p.refuses(t, err, want...)
		if !strings.Contains(err.Error(), s.Where("")[:12]) {
			t.Errorf("%s: %v does not say where", call, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	a := newAuthority(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	for name, o := range clouds(t, a, "http://"+address) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Stall = time.Second
			whileTrying(t, o, Unreachable)
		})
	}
}

func TestNoSuchHost(t *testing.T) {
	for name, o := range clouds(t, newAuthority(t), "https://store.quorate.invalid") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Stall = time.Second
			whileTrying(t, o, Unreachable, Interrupted)
		})
	}
}

// TestSilent has a server that takes everything and never answers: every call
// ends, in a small multiple of the time without progress.
func TestSilent(t *testing.T) {
	a := newAuthority(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}()
		}
	}()
	const stall = 200 * time.Millisecond
	for name, o := range clouds(t, a, "http://"+listener.Addr().String()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Stall = stall
			p := place{options: o, canaries: canaries}
			s := p.opened(t)
			begun := time.Now()
			for call, err := range everyCall(t.Context(), s) {
				if err == nil || ReasonOf(err) != Interrupted {
					t.Errorf("%s: %v", call, err)
				} else {
					p.refuses(t, err, Interrupted)
				}
			}
			// Nine calls, each tried a few times with pauses between.
			if took := time.Since(begun); took > 60*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestAnswers has a server say no in each way that stores do.
func TestAnswers(t *testing.T) {
	a := newAuthority(t)
	for _, c := range []struct {
		of     string
		status int
		code   string
		want   Reason
	}{
		{"s3", 403, "AccessDenied", AccessDenied}, {"s3", 403, "InvalidAccessKeyId", BadCredentials}, {"s3", 403, "SignatureDoesNotMatch", BadCredentials},
		{"s3", 400, "ExpiredToken", BadCredentials}, {"s3", 404, "NoSuchBucket", WrongBucket}, {"s3", 301, "PermanentRedirect", WrongBucket},
		{"s3", 507, "InsufficientStorage", StoreFull}, {"s3", 403, "QuotaExceeded", StoreFull}, {"s3", 503, "SlowDown", Interrupted},
		{"gs", 403, "forbidden", AccessDenied}, {"gs", 401, "authError", BadCredentials}, {"gs", 503, "backendError", Interrupted},
		{"azblob", 403, "AuthenticationFailed", BadCredentials}, {"azblob", 403, "AuthorizationPermissionMismatch", AccessDenied}, {"azblob", 404, "ContainerNotFound", WrongBucket},
		{"azblob sas", 403, "AuthenticationFailed", BadCredentials}, {"azblob sas", 403, "AuthorizationFailure", AccessDenied}, {"azblob", 503, "ServerBusy", Interrupted},
	} {
		t.Run(fmt.Sprintf("%s %d %s", c.of, c.status, c.code), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				// Everything that the server knows of the caller comes back, as some do it.
				said := r.URL.String() + r.Header.Get("Authorization") + canarySecret + canaryAzure
				w.Header().Set("x-ms-error-code", c.code)
				switch c.of {
				case "gs":
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(c.status)
					text, _ := json.Marshal(map[string]any{"error": map[string]any{"code": c.status, "message": said, "errors": []map[string]string{{"reason": c.code, "message": said}}}})
					_, _ = w.Write(text)
				default:
					w.Header().Set("Content-Type", "application/xml")
					w.WriteHeader(c.status)
					_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", c.code, strings.ReplaceAll(said, "&", "&amp;"))
				}
			}))
			t.Cleanup(server.Close)
			o := clouds(t, a, server.URL)[c.of]
			// A HEAD has no body to say more in.
			p := place{options: o, canaries: canaries}
			s := p.opened(t)
			p.refuses(t, s.Check(t.Context()), c.want)
			p.refuses(t, s.PutBytes(t.Context(), "a/b", true, []byte("text")), c.want)
			for _, err := range everyCall(t.Context(), s) {
				if err == nil {
					t.Error("no error")
					continue
				}
				p.refuses(t, err, c.want, AccessDenied, WrongBucket)
			}
		})
	}
}

func TestGoogleRefusesTheAccount(t *testing.T) {
	a := newAuthority(t)
	whileTrying(t, Options{URL: "gs://bucket", Endpoint: "http://127.0.0.1:1", Credentials: secretDir(t, map[string]string{fileGCS: serviceAccount(t, tokens(t, a, true)), fileCA: a.pem})}, BadCredentials)
}

func TestCredentialsRefused(t *testing.T) {
	p := place{canaries: canaries}
	for name, c := range map[string]struct {
		url   string
		files map[string]string
		want  Reason
	}{
		"half a key":           {"s3://b", map[string]string{fileAccessKey: canaryKey}, BadCredentials},
		"the other half":       {"s3://b", map[string]string{fileSecretKey: canarySecret}, BadCredentials},
		"empty":                {"s3://b", map[string]string{fileAccessKey: " ", fileSecretKey: canarySecret}, BadCredentials},
		"no JSON":              {"gs://b", map[string]string{fileGCS: "-----BEGIN PRIVATE KEY-----" + canarySecret}, BadCredentials},
		"a file with programs": {"gs://b", map[string]string{fileGCS: `{"type":"external_account","credential_source":{"executable":{"command":"/bin/true"}}}`}, BadCredentials},
		"a key in plain text":  {"azblob://b", map[string]string{fileAccountName: "a", fileAccountKey: canarySecret}, BadCredentials},
		"a key of nobody":      {"azblob://b", map[string]string{fileAccountKey: canaryAzure}, BadLocation},
		"a CA that is none":    {"s3://b", map[string]string{fileAccessKey: canaryKey, fileSecretKey: canarySecret, fileCA: canarySecret}, BadLocation},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), Options{URL: c.url, Credentials: secretDir(t, c.files)})
			p.refuses(t, err, c.want)
		})
	}
}

func TestLocationRefused(t *testing.T) {
	p := place{canaries: canaries}
	for _, o := range []Options{
		{}, {URL: "bucket"}, {URL: "ftp://bucket"}, {URL: "s3://"}, {URL: "s3:///prefix"}, {URL: "file://relative/path"}, {URL: "file:///"}, {URL: "s3://b/../c"},
		{URL: "s3://" + canaryKey + ":" + canaryToken + "@bucket"}, {URL: "azblob://b?sig=" + canarySAS}, {URL: "s3://b/%zz" + canarySecret},
		{URL: "s3://b", Prefix: "a/../../b"}, {URL: "s3://b", Endpoint: "minio:9000"}, {URL: "s3://b", Endpoint: "https://" + canaryKey + ":" + canaryToken + "@minio"},
		{URL: "azblob://b", Endpoint: "https://a.blob.core.windows.net/?sig=" + canarySAS}, {URL: "s3://b", CABundle: "/quorate-not-there"},
	} {
		_, err := Open(t.Context(), o)
		p.refuses(t, err, BadLocation)
	}
}

func TestWhere(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{URL: "s3://b/p/q", Prefix: "/r//s/", Endpoint: "https://minio:9000/"}, "s3://b/p/q/r/s/a/x.db at https://minio:9000"},
		{Options{URL: "gs://b"}, "gs://b/a/x.db"}, {Options{URL: "file:///tmp//quorate-p"}, "file:///tmp/quorate-p/a/x.db"},
	} {
		at, err := parse(c.o)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&Store{at: at}).Where("a/x.db"); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

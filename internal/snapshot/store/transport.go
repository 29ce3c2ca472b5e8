package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// pause is the longest that SDKs wait before they try again; tests cannot.
var pause = 5 * time.Second

// newClient makes what all SDKs speak through: it trusts the system's
// authorities and the given ones, and ends what makes no progress.
func newClient(o Options, c secret, moved *atomic.Int64) (*http.Client, error) {
	roots, err := trusted(o.CABundle, c.files[fileCA])
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: min(o.Stall, 10*time.Second), KeepAlive: 15 * time.Second}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &stalling{Conn: conn, limit: o.Stall, moved: moved}, nil
		},
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout: min(o.Stall, 10*time.Second),
		IdleConnTimeout:     o.Stall,
		MaxIdleConnsPerHost: 4,
		WriteBufferSize:     64 << 10,
		ReadBufferSize:      64 << 10,
		// Bytes are to come as they lie there.
		DisableCompression: true,
	}
	return &http.Client{Transport: transport, CheckRedirect: redirect}, nil
}

// redirect follows only what keeps method and body: anything else would make
// a write a read.
func redirect(r *http.Request, via []*http.Request) error {
	switch r.Response.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if len(via) < 4 {
			return nil
		}
	}
	return http.ErrUseLastResponse
}

// trusted is nil, the system's own, where no certificates are given.
func trusted(file string, more []byte) (*x509.CertPool, error) {
	if file == "" && len(more) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, badLocation(fmt.Sprintf("read the CA bundle: %v", err))
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, badLocation(fmt.Sprintf("the CA bundle %s holds no certificate in PEM", file))
		}
	}
	if len(more) > 0 && !pool.AppendCertsFromPEM(more) {
		return nil, badLocation("ca.crt among the credentials holds no certificate in PEM")
	}
	return pool, nil
}

// stalling ends a connection on which nothing moves, in either direction, for
// a time. Only reading and writing count as waiting: a caller may be slow.
type stalling struct {
	net.Conn
	limit time.Duration
	moved *atomic.Int64
}

// Read implements net.Conn.
func (s *stalling) Read(p []byte) (int, error) {
	if err := s.SetReadDeadline(time.Now().Add(s.limit)); err != nil {
		return 0, err
	}
	n, err := s.Conn.Read(p)
	s.moved.Add(int64(n))
	return n, err
}

// Write implements net.Conn, a piece at a time. What is sent is progress for
// whoever waits for the answer.
func (s *stalling) Write(p []byte) (written int, err error) {
	const piece = 64 << 10
	for {
		if err := s.SetDeadline(time.Now().Add(s.limit)); err != nil {
			return written, err
		}
		n, err := s.Conn.Write(p[:min(piece, len(p))])
		written += n
		s.moved.Add(int64(n))
		if p = p[n:]; err != nil || len(p) == 0 {
			// The wait for the answer begins now.
			_ = s.SetReadDeadline(time.Now().Add(s.limit))
			return written, err
		}
	}
}

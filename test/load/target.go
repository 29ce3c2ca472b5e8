package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

const (
	dialTimeout = 5 * time.Second
	callTimeout = 10 * time.Second
)

// target is a cluster and the credentials to speak to it.
type target struct {
	endpoints string
	folder    string
}

// connect returns a client that has reached the cluster's first answer.
func (t target) connect() (*clientv3.Client, error) {
	if t.endpoints == "" {
		return nil, errors.New("no endpoints given")
	}
	config, err := t.tls()
	if err != nil {
		return nil, err
	}
	c, err := clientv3.New(clientv3.Config{
		Endpoints:   strings.Split(t.endpoints, ","),
		TLS:         config,
		DialTimeout: dialTimeout,
		Logger:      zap.NewNop(),
	})
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", t.endpoints, err)
	}
	return c, nil
}

// do runs one bounded call on a client of its own.
func (t target) do(ctx context.Context, call func(context.Context, *clientv3.Client) error) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return call(ctx, c)
}

func (t target) tls() (*tls.Config, error) {
	if t.folder == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(t.folder, "tls.crt"), filepath.Join(t.folder, "tls.key"))
	if err != nil {
		return nil, fmt.Errorf("client certificate: %w", err)
	}
	bundle, err := os.ReadFile(filepath.Join(t.folder, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("%s/ca.crt holds no certificate", t.folder)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, RootCAs: roots}, nil
}

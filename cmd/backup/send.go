package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/control/dial"
	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/job"
	"github.com/quorate/quorate/internal/snapshot/store"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// askTimeout bounds what is asked of an agent beside the snapshot itself.
const askTimeout = 10 * time.Second

// volume is one volume of a member.
type volume struct {
	host, id string
	client   *dial.Client
}

// Name implements job.Target.
func (v volume) Name() string { return v.host }

// Put implements job.Target.
func (v volume) Put(ctx context.Context, plain snapshot.Content, body io.Reader) error {
	_, err := v.client.PutSnapshot(ctx, control.SnapshotRequest{VolumeID: v.id, Size: plain.Size, SHA256: plain.SHA256}, body)
	return err
}

func send(ctx context.Context, o *options, result *snapshot.Result) error {
	config, err := controlTLS(o.controlTLS)
	if err != nil {
		return &job.Error{Reason: job.BadRequest, Message: err.Error()}
	}
	var targets []job.Target
	for _, t := range o.volumes {
		t.client = dial.New(t.host, t.host, config, askTimeout)
		defer t.client.Close()
		targets = append(targets, t)
	}
	return o.got(ctx, result, func(st *store.Store, identities stream.Identities) (job.Fetched, error) {
		return job.Send(ctx, st, o.which, identities, targets)
	})
}

// parseVolumes reads HOST:PORT=VOLUME,... The port is the one that agents have.
func parseVolumes(text string) ([]volume, error) {
	var all []volume
	for entry := range strings.SplitSeq(text, ",") {
		address, id, ok := strings.Cut(entry, "=")
		host, port, err := net.SplitHostPort(address)
		if !ok || id == "" || err != nil || port != strconv.Itoa(control.Port) {
			return nil, fmt.Errorf("want HOST:%d=VOLUME, with commas between, not %q", control.Port, entry)
		}
		all = append(all, volume{host: host, id: id})
	}
	return all, nil
}

// controlTLS reads what the agents' control port asks for.
func controlTLS(dir string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "restore.crt"), filepath.Join(dir, "restore.key"))
	if err != nil {
		return nil, fmt.Errorf("read the certificate for the control port: %w", err)
	}
	bundle, err := os.ReadFile(filepath.Join(dir, "control-ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("read the authority of the control port: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("control-ca.crt holds no certificate")
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: roots}, nil
}

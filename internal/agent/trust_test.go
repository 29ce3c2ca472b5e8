package agent

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A member tells whom it is to trust, and whom etcd has loaded, which takes a
// restart: until then a client of the new authority is refused, as it says.
func TestTrustIsReported(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1)[0]
	form(t, []*pod{p})
	first := *p.report().Trust
	if first.Loaded == "" || first.Loaded != first.OnDisk {
		t.Fatalf("at first: %+v", first)
	}
	next := newAuthority(t, "next")
	bundle := append(p.as.client.pem(), next.pem()...)
	must(t, os.WriteFile(filepath.Join(p.config.TLSDir, "client-ca.crt"), bundle, 0o600))
	told := *p.report().Trust
	if told.OnDisk == first.OnDisk || told.Loaded != first.Loaded || told.Control != first.Control || told.Leaves != first.Leaves {
		t.Errorf("with a larger bundle: %+v, before %+v", told, first)
	}
	if p.takes(next) {
		t.Error("etcd takes the new authority before it says so: then no restart was needed")
	}
	must(t, p.stop())
	p.start()
	waitFor(t, "readiness", p.ready)
	if now := *p.report().Trust; now.Loaded != told.OnDisk || now.OnDisk != told.OnDisk {
		t.Errorf("after the restart: %+v", now)
	}
	if !p.takes(next) {
		t.Error("etcd has loaded the new authority and does not take its clients")
	}
}

// takes reports whether etcd answers a client that another authority has signed.
func (p *pod) takes(signer authority) bool {
	p.t.Helper()
	as := p.as
	as.client = signer
	config := as.client.client("user")
	config.RootCAs = p.as.client.client("any").RootCAs
	client := etcdClientWith(p.t, config, p)
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Second)
	defer cancel()
	_, err := client.Get(ctx, "any")
	return err == nil
}

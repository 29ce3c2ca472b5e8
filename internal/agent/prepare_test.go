package agent

import (
	"bytes"
	"crypto/sha256"
	"os"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/quorate/quorate/internal/control"
)

// prepareFor has a member prepared, as far as it goes.
func (p *pod) prepareFor(to string) (control.PrepareRequest, control.Report) {
	p.t.Helper()
	e := p.report().Etcd
	req := control.PrepareRequest{ClusterID: e.ClusterID, MemberID: e.MemberID, To: to}
	r, err := p.control().Prepare(p.t.Context(), req)
	must(p.t, err)
	waitFor(p.t, "the preparation", func() bool { r = p.report(); return r.Step != nil && r.Step.State != control.StepWorking })
	return req, r
}

// What is kept before a step is what `etcdctl snapshot save` would have written.
// It outlives the agent, and goes when the step is over.
func TestPrepare(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain)[0]
	form(t, []*pod{p})
	fill(t, p, 20, 100)
	req, r := p.prepareFor("3.9")
	if r.Step.State != control.StepReady || r.Volume.Kept != "3.9" {
		t.Fatalf("it reports %+v, kept before %q", r.Step, r.Volume.Kept)
	}
	path := p.layout().keptFile("3.9")
	content, err := os.ReadFile(path)
	must(t, err)
	database, sum := content[:len(content)-sha256.Size], content[len(content)-sha256.Size:]
	if want := sha256.Sum256(database); !bytes.Equal(sum, want[:]) || len(database)%512 != 0 {
		t.Errorf("its %d bytes do not end in their hash", len(content))
	}
	must(t, os.WriteFile(path+".copy", database, 0o600))
	db, err := bbolt.Open(path+".copy", 0o600, &bbolt.Options{ReadOnly: true})
	must(t, err)
	must(t, db.View(func(tx *bbolt.Tx) error {
		if n := tx.Bucket([]byte("key")).Stats().KeyN; n < 20 {
			t.Errorf("it holds %d revisions", n)
		}
		return nil
	}))
	must(t, db.Close())
	must(t, os.Remove(path+".copy"))

	must(t, p.stop())
	must(t, os.WriteFile(p.layout().keptFile("3.9")+".tmp", []byte("cut short"), 0o600))
	p.start()
	waitFor(t, "readiness", p.ready)
	if r := p.report(); r.Step != nil || r.Volume.Kept != "3.9" {
		t.Errorf("after a restart it reports %+v, kept before %q", r.Step, r.Volume.Kept)
	}
	for what, other := range map[string]control.PrepareRequest{
		"This is member":   {ClusterID: req.ClusterID, MemberID: req.MemberID + 1, To: "3.9"},
		"no release line":  {ClusterID: req.ClusterID, MemberID: req.MemberID, To: "../3.9"},
		"This is member a": {ClusterID: req.ClusterID + 1, MemberID: req.MemberID},
	} {
		_, err := p.control().Prepare(t.Context(), other)
		refusedWith(t, err, strings.TrimSuffix(what, " a"))
	}
	_, r = p.prepareFor("3.8") // another step: one snapshot at most
	if r.Volume.Kept != "3.8" {
		t.Errorf("for another step it keeps %q", r.Volume.Kept)
	}
	req.To = ""
	for range 2 {
		r, err = p.control().Prepare(t.Context(), req)
		must(t, err)
		if r.Step != nil || r.Volume.Kept != "" || p.layout().kept() != "" {
			t.Errorf("at the end it reports %+v, kept before %q", r.Step, r.Volume.Kept)
		}
	}
	left, err := os.ReadDir(p.config.Dir)
	must(t, err)
	for _, f := range left {
		if strings.HasPrefix(f.Name(), keptPrefix) {
			t.Errorf("%s is left", f.Name())
		}
	}
}

// A snapshot is only kept where the volume has room for it.
func TestNoRoomToKeep(t *testing.T) {
	t.Parallel()
	l := layout(t.TempDir())
	must(t, l.roomFor(0))
	err := l.roomFor(1 << 60)
	if err == nil || !strings.Contains(err.Error(), "raise spec.storage.size") {
		t.Errorf("an exabyte: %v", err)
	}
}

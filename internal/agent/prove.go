package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// Prove restores a snapshot into a directory of its own below Dir, starts etcd on
// it, compares, and deletes it again. etcd serves nobody: it has no client port, and
// its peer port is on the loopback.
type Prove struct {
	Snapshot string // path of the plain file
	SHA256   string // of the whole file, in lower-case hexadecimal digits
	Dir      string // an existing directory with room for the database
	Expected Expected
	Patience time.Duration // that etcd has to start; zero: two minutes
}

// Expected is what HashKV said of the cluster before the snapshot was taken. A
// Revision of zero: nobody has asked, and only the sums and the start count.
type Expected struct {
	Revision        int64
	CompactRevision int64
	Hash            uint32
}

// Proof is what came out. It fits into a termination message.
type Proof struct {
	// Proven: the file has its SHA-256, etcd starts on it, and nothing that could be
	// compared differs.
	Proven bool `json:"proven"`
	// Compared is the last thing that was compared, each after the one before.
	Compared Compared `json:"compared,omitempty"`
	// Reason and Message say why it is not proven, or why HashKV was not compared.
	Reason  control.Reason `json:"reason,omitempty"`
	Message string         `json:"message,omitempty"`
	// Revision is the last one in the snapshot, TotalKeys how many keys there are at it.
	Revision  int64 `json:"revision,omitempty"`
	TotalKeys int   `json:"totalKeys"`
	// HashRevision, CompactRevision and Hash are what HashKV says of the restored data.
	HashRevision    int64  `json:"hashRevision,omitempty"`
	CompactRevision int64  `json:"compactRevision,omitempty"`
	Hash            uint32 `json:"hash,omitempty"`
	Size            int64  `json:"size,omitempty"` // bytes of the file
	Etcd            string `json:"etcd"`           // the release that restored it
	Seconds         struct {
		Restore float64 `json:"restore"`
		Total   float64 `json:"total"`
	} `json:"seconds"`
}

// Compared is a step of a proof.
type Compared string

const (
	// ComparedSHA256: the file is the one that was announced.
	ComparedSHA256 Compared = "SHA256"
	// ComparedRevision: etcd has started on it, and it reaches the revision.
	ComparedRevision Compared = "Revision"
	// ComparedHashKV: its keys and their history are those of the cluster.
	ComparedHashKV Compared = "HashKV"
)

// The reasons for which a snapshot is not proven, beside those of package control.
const (
	ReasonDifferent     control.Reason = "Different"     // it holds other data than the cluster
	ReasonDoesNotStart  control.Reason = "DoesNotStart"  // etcd does not start on it
	ReasonNotComparable control.Reason = "NotComparable" // the history was compacted meanwhile: HashKV was not compared
)

// unwritable tells a directory that is to blame from a snapshot that is.
func unwritable(err error) bool {
	for _, blame := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EACCES, syscall.EPERM} {
		if errors.Is(err, blame) {
			return true
		}
	}
	return false
}

// unproven is why a snapshot is not proven; any other error is why that could not
// be found out.
type unproven struct {
	reason  control.Reason
	message string
}

func (u *unproven) Error() string { return u.message }

// Run returns an error where nothing was found out about the snapshot.
func (p Prove) Run(ctx context.Context, log *zap.Logger) (Proof, error) {
	began := time.Now()
	proof := Proof{Etcd: BinaryVersion().String()}
	err := p.run(ctx, &proof, log)
	proof.Seconds.Total = time.Since(began).Seconds()
	var bad *unproven
	var refused *control.Refusal
	switch {
	case errors.As(err, &bad):
		proof.Reason, proof.Message = bad.reason, clip(bad.message)
	case errors.As(err, &refused):
		proof.Reason, proof.Message = refused.Reason, refused.Message
	case err != nil:
		return Proof{}, err
	default:
		proof.Proven = true
	}
	return proof, nil
}

func (p Prove) run(ctx context.Context, proof *Proof, log *zap.Logger) (err error) {
	l := layout(filepath.Join(p.Dir, "prove"))
	if err := os.RemoveAll(l.root()); err != nil { // what one that was killed has left
		return fmt.Errorf("clear the directory to restore into: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(l.root())) }()
	if err := p.checkFile(proof); err != nil {
		return err
	}
	facts, err := readSnapshot(p.Snapshot)
	if err != nil {
		return &unproven{control.ReasonCorruptSnapshot, fmt.Sprintf("The snapshot cannot be read: %v.", err)}
	}
	if r := facts.refuse(BinaryVersion()); r != nil {
		return r
	}
	proof.Revision = facts.revision
	if err := os.Mkdir(l.root(), 0o700); err != nil {
		return fmt.Errorf("make a directory to restore into: %w", err)
	}
	if err := freeFor(l.root(), facts.size); err != nil {
		return fmt.Errorf("restore into %s: %w", p.Dir, err)
	}
	began := time.Now()
	err = p.restore(l, log)
	proof.Seconds.Restore = time.Since(began).Seconds()
	if err != nil {
		return err
	}
	return p.compare(ctx, l, facts, proof, log)
}

func (p Prove) checkFile(proof *Proof) error {
	sum, size, err := sumOf(p.Snapshot)
	if err != nil {
		return err
	}
	proof.Size = size
	switch {
	case sum != p.SHA256:
		return &unproven{control.ReasonCorruptSnapshot, fmt.Sprintf("The file has the SHA-256 %s and not %s.", sum, p.SHA256)}
	case !isSnapshotSize(size):
		return &unproven{control.ReasonCorruptSnapshot, fmt.Sprintf("A file of %d bytes is no snapshot of etcd.", size)}
	}
	proof.Compared = ComparedSHA256
	return nil
}

// proving is the one member; nobody ever calls it.
var proving = control.Peer{Name: "prove", PeerURL: "http://127.0.0.1:0"}

func (p Prove) restore(l layout, log *zap.Logger) error {
	admission, err := identify(proving.Name, uuid.NewString(), []control.Peer{proving})
	if err != nil {
		return err
	}
	own := filepath.Join(l.root(), "snapshot.db") // what is restored becomes the database
	if err := copyFile(p.Snapshot, own); err != nil {
		return err
	}
	if err := l.restoreFrom(own, proving.Name, admission, log); err != nil {
		if unwritable(err) {
			return err
		}
		return &unproven{control.ReasonCorruptSnapshot, fmt.Sprintf("The snapshot cannot be restored: %v.", err)}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("open snapshot: %w", err)
	}
	defer func() { _ = in.Close() }() // only read from
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create a copy of the snapshot: %w", err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("copy the snapshot: %w", err)
	}
	return nil
}

// compare starts etcd and asks it.
func (p Prove) compare(ctx context.Context, l layout, facts snapshotFacts, proof *Proof, log *zap.Logger) error {
	s, err := p.start(ctx, l, log)
	if err != nil {
		return &unproven{ReasonDoesNotStart, fmt.Sprintf("etcd does not start on the restored data: %v.", err)}
	}
	defer s.Close()
	if proof.TotalKeys, err = countKeys(ctx, s, facts.revision); err != nil {
		return &unproven{ReasonDifferent, fmt.Sprintf("The keys at revision %d cannot be counted: %v.", facts.revision, err)}
	}
	want := p.Expected
	if want.Revision > facts.revision {
		return &unproven{ReasonDifferent, fmt.Sprintf("The snapshot ends at revision %d, before revision %d.", facts.revision, want.Revision)}
	}
	proof.Compared = ComparedRevision
	at := want.Revision
	if at == 0 {
		at = facts.revision // all of the history is read, though nobody knows what it should be
	}
	got, _, err := s.Server.KV().HashStorage().HashByRev(at)
	proof.HashRevision, proof.CompactRevision, proof.Hash = at, got.CompactRevision, got.Hash
	switch {
	case want.Revision == 0 && err == nil:
		return nil
	case errors.Is(err, errCompacted) || err == nil && got.CompactRevision > want.CompactRevision:
		// What is gone cannot be compared with what it was.
		proof.Reason = ReasonNotComparable
		proof.Message = fmt.Sprintf("The history was compacted beyond revision %d after the hash was taken, so the hash is another; the revision and the keys are there.",
			want.CompactRevision)
		return nil
	case err != nil:
		return &unproven{ReasonDifferent, fmt.Sprintf("HashKV at revision %d: %v.", at, err)}
	case got.CompactRevision < want.CompactRevision:
		return &unproven{ReasonDifferent, fmt.Sprintf("The history begins at revision %d, and in the cluster it began at %d.", got.CompactRevision, want.CompactRevision)}
	case got.Hash != want.Hash:
		return &unproven{ReasonDifferent, fmt.Sprintf("HashKV at revision %d is %d and not %d.", at, got.Hash, want.Hash)}
	}
	proof.Compared = ComparedHashKV
	return nil
}

// start starts etcd and waits until it would serve.
func (p Prove) start(ctx context.Context, l layout, log *zap.Logger) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Name, config.Dir = string(proving.Name), l.etcdDir()
	peer, err := url.Parse(proving.PeerURL)
	if err != nil {
		return nil, fmt.Errorf("peer URL: %w", err)
	}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	config.ListenClientUrls = nil
	config.InitialCluster, config.ClusterState = "", embed.ClusterStateFlagExisting
	config.EnableGRPCGateway = false
	config.TickMs, config.ElectionMs = 10, 100 // there is nobody to be patient with
	config.QuotaBackendBytes = -1              // it was full, perhaps; nothing is written
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(log.Named("etcd"))
	patience := p.Patience
	if patience == 0 {
		patience = 2 * time.Minute
	}
	return startPrivately(ctx, config, patience)
}

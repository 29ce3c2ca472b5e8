package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/writeback"
)

// silence is how long a snapshot that arrives may pause.
const silence = time.Minute

var hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)

// putSnapshot serves control.PathSnapshot.
func (a *Agent) putSnapshot(w http.ResponseWriter, r *http.Request) {
	req, err := snapshotRequest(r)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, control.Refusal{Message: fmt.Sprintf("The request cannot be read: %v.", err)})
		return
	}
	// A request that was begun is brought to an end, whether the client waits or not.
	staged, err := a.stage(context.WithoutCancel(r.Context()), req, patient{http.NewResponseController(w), r.Body})
	a.answer(w, r, staged, err)
}

func snapshotRequest(r *http.Request) (control.SnapshotRequest, error) {
	query := r.URL.Query()
	size, err := strconv.ParseInt(query.Get("size"), 10, 64)
	req := control.SnapshotRequest{VolumeID: query.Get("volume"), Size: size, SHA256: query.Get("sha256")}
	switch {
	case err != nil || size <= 0:
		return req, fmt.Errorf("size %q is no number of bytes", query.Get("size"))
	case !hexSHA256.MatchString(req.SHA256):
		return req, fmt.Errorf("sha256 %q is not 64 hexadecimal digits", req.SHA256)
	case r.ContentLength >= 0 && r.ContentLength != size:
		return req, fmt.Errorf("the body has %d bytes and not %d", r.ContentLength, size)
	default:
		return req, nil
	}
}

// stage takes a snapshot onto the volume. Cut short anywhere it leaves nothing.
func (a *Agent) stage(ctx context.Context, req control.SnapshotRequest, body io.Reader) (control.Snapshot, error) {
	already, err := a.beginStaging(ctx, req)
	switch {
	case err != nil:
		return control.Snapshot{}, err
	case already != nil:
		return *already, nil
	}
	began := time.Now()
	facts, err := a.layout.receive(req, body, &a.staging)
	if err == nil {
		a.log.Info("a snapshot has arrived", zap.Int64("size", req.Size), zap.Duration("took", time.Since(began)))
		var staged control.Snapshot
		if staged, err = a.endStaging(ctx, req, facts); err == nil {
			return staged, nil
		}
	}
	a.log.Warn("a snapshot did not arrive", zap.Error(err))
	a.staging.settle(nil)
	return control.Snapshot{}, errors.Join(err, removeDurable(a.layout.arrivingSnapshot()))
}

// receive writes the snapshot under its temporary name, syncs it, and judges it.
func (l layout) receive(req control.SnapshotRequest, body io.Reader, progress io.Writer) (snapshotFacts, error) {
	f, err := os.OpenFile(l.arrivingSnapshot(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return snapshotFacts{}, fmt.Errorf("create file for the snapshot: %w", err)
	}
	out := writeback.New(f)
	err = copySnapshot(out, body, req, progress)
	if err := errors.Join(err, out.Finish(), f.Close()); err != nil {
		return snapshotFacts{}, fmt.Errorf("take the snapshot: %w", err)
	}
	facts, err := readSnapshot(l.arrivingSnapshot())
	if err != nil {
		return snapshotFacts{}, refusal(control.ReasonCorruptSnapshot, "The snapshot cannot be read: %v.", err)
	}
	if r := facts.refuse(BinaryVersion()); r != nil {
		return snapshotFacts{}, r
	}
	return facts, nil
}

// copySnapshot checks both sums on the way: that of the whole file, and the one
// that etcd has put at its end, of all before it.
func copySnapshot(to io.Writer, from io.Reader, req control.SnapshotRequest, progress io.Writer) error {
	hash := sha256.New()
	out := io.MultiWriter(to, hash, progress)
	buffer := make([]byte, 1<<20)
	if _, err := io.CopyBuffer(out, io.LimitReader(from, req.Size-sha256.Size), buffer); err != nil {
		return err
	}
	content := hash.Sum(nil)
	var end [sha256.Size]byte
	if _, err := io.ReadFull(from, end[:]); err != nil {
		return fmt.Errorf("the file ends early: %w", err)
	}
	if _, err := out.Write(end[:]); err != nil {
		return err
	}
	if n, err := from.Read(buffer[:1]); n > 0 || !errors.Is(err, io.EOF) {
		return fmt.Errorf("the file goes on after %d bytes, or its end was not seen: %w", req.Size, err)
	}
	whole := hex.EncodeToString(hash.Sum(nil))
	switch {
	case whole != req.SHA256:
		return refusal(control.ReasonCorruptSnapshot, "What arrived has the SHA-256 %s and not %s.", whole, req.SHA256)
	case string(content) != string(end[:]):
		return refusal(control.ReasonCorruptSnapshot, "The snapshot does not have the SHA-256 that etcd has put at its end. Take another backup.")
	default:
		return nil
	}
}

// patient reads for as long as anything comes.
type patient struct {
	connection *http.ResponseController
	io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	if err := p.connection.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, fmt.Errorf("set deadline: %w", err)
	}
	return p.Reader.Read(b)
}

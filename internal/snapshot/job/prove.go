package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/store"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// prove reads back all that was written and compares it with what was sent. It
// returns the store's tag for what it has read.
func prove(ctx context.Context, st Store, m snapshot.Manifest, o SaveOptions) (string, error) {
	if o.Verification == snapshot.VerificationNone {
		data, err := st.Stat(ctx, m.Data())
		if err != nil {
			return "", err
		}
		return data.Tag, sized(st, m, data)
	}
	from, data, err := st.Get(ctx, m.Data())
	if err != nil {
		return "", fmt.Errorf("read %s back: %w", m.Name, err)
	}
	defer func() { _ = from.Close() }()
	if err := sized(st, m, data); err != nil {
		return "", err
	}
	stored := o.Pace.Of(ctx, from)
	switch {
	case o.Keep != "":
		err = decode(stored, m, o.Identities, o.Keep)
	case m.Encryption != nil && o.Identities.Empty():
		// Who may only write compares the very bytes that were written.
		err = same(stored, m)
	default:
		err = decode(stored, m, o.Identities, "")
	}
	if err != nil {
		return "", fmt.Errorf("read %s back: %w", m.Name, err)
	}
	return data.Tag, nil
}

func sized(st Store, m snapshot.Manifest, data store.Object) error {
	if data.Size != m.Stored.Size {
		return &stream.Error{Fault: stream.Damaged, Message: fmt.Sprintf("%s has %d bytes, and its manifest says %d: one of the two is damaged, or they are of two backups", st.Where(m.Data()), data.Size, m.Stored.Size)}
	}
	return nil
}

func same(from io.Reader, m snapshot.Manifest) error {
	hash := sha256.New()
	size, err := io.Copy(hash, from)
	if err != nil {
		return err
	}
	if got := (snapshot.Content{Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))}); got != m.Stored {
		return &stream.Error{Fault: stream.Damaged, Message: fmt.Sprintf("snapshot is damaged: %d bytes with SHA-256 %s come back, and %d with %s were sent", got.Size, got.SHA256, m.Stored.Size, m.Stored.SHA256)}
	}
	return nil
}

// drain reads to the end, in larger pieces than io.Discard.
func drain(from io.Reader) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, from, make([]byte, copySize))
	return err
}

// decode reads a backup's data to its end, into a file where one is named.
func decode(from io.Reader, m snapshot.Manifest, ids stream.Identities, to string) error {
	plain, err := stream.NewReader(from, m, ids)
	if err != nil {
		return err
	}
	defer plain.Close()
	if to == "" {
		return drain(plain)
	}
	return keep(to, plain)
}

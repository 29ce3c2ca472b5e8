package snapshot

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxManifestSize bounds what is read as a manifest, in bytes.
const MaxManifestSize = 256 << 10

// UnknownFormatError is a manifest of a form that this build does not know.
type UnknownFormatError struct{ Version int }

// Error implements error.
func (e UnknownFormatError) Error() string {
	return fmt.Sprintf("manifest has format version %d, and this release of Quorate reads version %d: read it with the release that wrote it, or a later one", e.Version, FormatVersion)
}

// Encode gives a manifest's JSON. It refuses what Decode would.
func Encode(m Manifest) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return append(text, '\n'), nil
}

// Decode reads a manifest strictly: an unknown field, a missing one or
// anything after it is an error, and UnknownFormatError says of which version
// it is.
func Decode(text []byte) (Manifest, error) {
	if len(text) > MaxManifestSize {
		return Manifest{}, fmt.Errorf("decode manifest: %d bytes are more than the %d that a manifest can have", len(text), MaxManifestSize)
	}
	var format struct {
		FormatVersion *int `json:"formatVersion"`
	}
	if err := json.Unmarshal(text, &format); err != nil {
		return Manifest{}, fmt.Errorf("decode manifest: %w", err)
	}
	if format.FormatVersion == nil {
		return Manifest{}, errors.New("decode manifest: formatVersion is missing: this is no manifest of a backup")
	}
	if *format.FormatVersion != FormatVersion {
		return Manifest{}, fmt.Errorf("decode manifest: %w", UnknownFormatError{*format.FormatVersion})
	}
	var m Manifest
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("decode manifest: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Manifest{}, errors.New("decode manifest: something follows it")
	}
	if err := m.Check(); err != nil {
		return Manifest{}, fmt.Errorf("decode manifest: %w", err)
	}
	return m, nil
}

// Check says what of a manifest cannot be.
func (m Manifest) Check() error {
	switch {
	case m.FormatVersion != FormatVersion:
		return UnknownFormatError{m.FormatVersion}
	case m.EtcdVersion == "":
		return errors.New("etcdVersion is missing")
	case m.Cluster.ID == "":
		return errors.New("cluster.id is missing")
	case m.Member.ID == "":
		return errors.New("member.id is missing")
	case m.Revision < 1 || m.HashKV.Revision != m.Revision:
		return fmt.Errorf("revision %d and hashKV.revision %d: want the same, and not below 1", m.Revision, m.HashKV.Revision)
	case m.CreatedAt.IsZero():
		return errors.New("createdAt is missing")
	case m.Compression != CompressionZstd && m.Compression != CompressionNone:
		return fmt.Errorf("compression %q: want zstd or none", m.Compression)
	case m.Verification != VerificationNone && m.Verification != VerificationHash && m.Verification != VerificationRestore:
		return fmt.Errorf("verification %q: want None, Hash or Restore", m.Verification)
	}
	if err := CheckName(m.Name); err != nil {
		return err
	}
	if err := m.Encryption.check(); err != nil {
		return err
	}
	if err := m.Plain.check(); err != nil {
		return fmt.Errorf("plain: %w", err)
	}
	if err := m.Stored.check(); err != nil {
		return fmt.Errorf("stored: %w", err)
	}
	return nil
}

// The first words of age's public and private keys.
const agePublic, agePrivate = "age1", "AGE-"

func (e *Encryption) check() error {
	if e == nil {
		return nil
	}
	if e.Type != EncryptionAge {
		return fmt.Errorf("encryption.type %q: want age", e.Type)
	}
	if len(e.Recipients) == 0 {
		return errors.New("encryption.recipients is empty")
	}
	for i, recipient := range e.Recipients {
		// The wrong half of a key must not even be named.
		if !strings.HasPrefix(recipient, agePublic) || strings.Contains(strings.ToUpper(recipient), agePrivate) {
			return fmt.Errorf("encryption.recipients[%d] is no public key of age: want one that begins with %q", i, agePublic)
		}
	}
	return nil
}

func (c Content) check() error {
	if c.Size < 1 {
		return fmt.Errorf("size %d: want at least 1", c.Size)
	}
	if sum, err := hex.DecodeString(c.SHA256); err != nil || len(sum) != 32 || strings.ToLower(c.SHA256) != c.SHA256 {
		return fmt.Errorf("sha256 %q: want 64 lower-case hexadecimal digits", c.SHA256)
	}
	return nil
}

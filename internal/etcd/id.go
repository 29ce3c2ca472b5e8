package etcd

import (
	"fmt"
	"strconv"
)

// MemberID identifies a member for ever. An ID that was removed never comes
// back; a replacement gets a new one. Zero means "not known".
type MemberID uint64

// ClusterID identifies a cluster: etcd derives it from the token and the peer
// URLs of its birth. Zero means "not known".
type ClusterID uint64

// MemberName is the name a member gave itself when it first started; empty
// until then. Quorate starts each member under the name of its pod.
type MemberName string

// PodName is the name of the Kubernetes pod in which a member runs.
type PodName string

// String returns the ID as etcd prints it: lower-case hexadecimal.
func (id MemberID) String() string { return strconv.FormatUint(uint64(id), 16) }

// MarshalText encodes the ID in hexadecimal: JSON numbers lose 64-bit IDs.
func (id MemberID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText decodes what MarshalText wrote.
func (id *MemberID) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	if err != nil {
		return fmt.Errorf("parse member ID %q: %w", text, err)
	}
	*id = MemberID(n)
	return nil
}

// String returns the ID as etcd prints it: lower-case hexadecimal.
func (id ClusterID) String() string { return strconv.FormatUint(uint64(id), 16) }

// MarshalText encodes the ID in hexadecimal: JSON numbers lose 64-bit IDs.
func (id ClusterID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText decodes what MarshalText wrote.
func (id *ClusterID) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	if err != nil {
		return fmt.Errorf("parse cluster ID %q: %w", text, err)
	}
	*id = ClusterID(n)
	return nil
}

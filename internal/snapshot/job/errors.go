package job

import (
	"context"
	"errors"
	"fmt"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/store"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// Reason says why a Job failed.
type Reason = snapshot.Reason

// What a Job says of itself; see internal/snapshot.
const (
	NoQuorum       = snapshot.NoQuorum
	NoMember       = snapshot.NoMember
	SnapshotFailed = snapshot.SnapshotFailed
	WrongCluster   = snapshot.WrongCluster
	NameTaken      = snapshot.NameTaken
	BrokenManifest = snapshot.BrokenManifest
	NoBackup       = snapshot.NoBackup
	NotTaken       = snapshot.NotTaken
	DiskFailed     = snapshot.DiskFailed
	BadRequest     = snapshot.BadRequest
	TimedOut       = snapshot.TimedOut
	Failed         = snapshot.Failed
)

// Error is a failure with its reason.
type Error struct {
	Reason  Reason
	Message string
	cause   error
}

// Error implements error.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

func fail(reason Reason, cause error, format string, args ...any) error {
	return &Error{reason, fmt.Sprintf(format, args...), cause}
}

// ReasonOf gives the reason of any error of this package.
func ReasonOf(err error) Reason {
	var own *Error
	if errors.As(err, &own) {
		return own.Reason
	}
	var fault *stream.Error
	if errors.As(err, &fault) {
		return fault.Fault
	}
	var source *stream.SourceError
	if errors.As(err, &source) {
		return SnapshotFailed
	}
	var of *store.Error
	if errors.As(err, &of) {
		return of.Reason
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return TimedOut
	}
	return Failed
}

// passing is true for what another attempt may not meet.
func passing(err error) bool {
	switch ReasonOf(err) {
	case NoQuorum, NoMember, SnapshotFailed, stream.Damaged, store.Exists:
		return true
	}
	return store.Passing(err)
}

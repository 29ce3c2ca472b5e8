package job

import (
	"context"
	"errors"
	"fmt"

	"github.com/quorate/quorate/internal/snapshot/store"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// Reason says why a Job failed: one of store.Reason, of stream.Fault, or these.
type Reason string

const (
	// NoQuorum: the members that answer are no quorum.
	NoQuorum Reason = "NoQuorum"
	// NoMember: no voter that could be read answers.
	NoMember Reason = "NoMember"
	// SnapshotFailed: the member broke the snapshot off.
	SnapshotFailed Reason = "SnapshotFailed"
	// WrongCluster: another cluster answers at the endpoints.
	WrongCluster Reason = "WrongCluster"
	// NameTaken: another backup has the name.
	NameTaken Reason = "NameTaken"
	// BrokenManifest: there is a manifest, and it cannot be read.
	BrokenManifest Reason = "BrokenManifest"
	// NoBackup: there is none of that name, or none that is old enough.
	NoBackup Reason = "NoBackup"
	// DiskFailed: the Job's own volume cannot take the file.
	DiskFailed Reason = "DiskFailed"
	// BadRequest: what the Job was asked cannot be.
	BadRequest Reason = "BadRequest"
	// TimedOut: the time for the whole Job is over.
	TimedOut Reason = "TimedOut"
	// Failed: something else.
	Failed Reason = "Failed"
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
		return Reason(fault.Fault)
	}
	var source *stream.SourceError
	if errors.As(err, &source) {
		return SnapshotFailed
	}
	var of *store.Error
	if errors.As(err, &of) {
		return Reason(of.Reason)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return TimedOut
	}
	return Failed
}

// passing is true for what another attempt may not meet.
func passing(err error) bool {
	switch ReasonOf(err) {
	case NoQuorum, NoMember, SnapshotFailed, Reason(stream.Damaged), Reason(store.Exists):
		return true
	}
	return store.Passing(err)
}

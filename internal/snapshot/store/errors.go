package store

import (
	"context"
	"errors"

	"github.com/quorate/quorate/internal/snapshot"
)

// Reason says why a store does not do what it is asked.
type Reason = snapshot.Reason

// What a store says; see internal/snapshot.
const (
	NotFound             = snapshot.NotFound
	Exists               = snapshot.Exists
	AccessDenied         = snapshot.AccessDenied
	BadCredentials       = snapshot.BadCredentials
	UntrustedCertificate = snapshot.UntrustedCertificate
	WrongBucket          = snapshot.WrongBucket
	StoreFull            = snapshot.StoreFull
	ReadOnly             = snapshot.ReadOnly
	Unreachable          = snapshot.Unreachable
	Interrupted          = snapshot.Interrupted
	BadLocation          = snapshot.BadLocation
	Unknown              = snapshot.Unknown
)

// Error is what every call of a store fails with. It wraps no error of an SDK:
// those may tell credentials.
type Error struct {
	Reason Reason
	// Message names what was done, the place, the cause and the mend.
	Message string
	// cause is the context's error or none.
	cause error
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Unwrap gives context.Canceled or context.DeadlineExceeded, where the caller's
// context ended.
func (e *Error) Unwrap() error { return e.cause }

// ReasonOf gives the reason that an error of a store has; Unknown for others.
func ReasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return Unknown
}

// Passing is true for errors that another attempt may not meet.
func Passing(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	switch ReasonOf(err) {
	case Unreachable, Interrupted:
		return true
	case Unknown:
		var e *Error
		return errors.As(err, &e)
	}
	return false
}

// mends say what to do about a reason.
var mends = map[Reason]string{
	NotFound:             "there is no such object: list what there is",
	Exists:               "there is such an object already: choose another name, or delete it first",
	AccessDenied:         "the credentials may not do this: grant them to list, read, write and delete objects there",
	BadCredentials:       "the credentials are not accepted: mend the Secret, or the identity of the ServiceAccount",
	UntrustedCertificate: "the server's certificate is not trusted: give the certificate of its authority as ca.crt or CA bundle, and the endpoint by the name that it bears",
	WrongBucket:          "there is no such bucket or directory, or it is in another region: create it, or mend URL, endpoint and region",
	StoreFull:            "there is no room left: make room or raise the quota",
	ReadOnly:             "the store takes no writes: make it writable, or use another",
	Unreachable:          "nothing answers there: mend the endpoint, or the network between",
	Interrupted:          "the connection was lost or made no progress: try again, and look at the store's load and the network between",
	Unknown:              "look at the store's own log",
}

package stream

import (
	"fmt"

	"github.com/quorate/quorate/internal/snapshot"
)

// Fault says what is wrong with a snapshot.
type Fault = snapshot.Reason

// The faults; see internal/snapshot.
const (
	Damaged  = snapshot.Damaged
	WrongKey = snapshot.WrongKey
	BadKey   = snapshot.BadKey
)

// Error is a fault of the snapshot itself, or of its keys. Errors of what is
// read from and written to are passed on as they are. It never holds a key.
type Error struct {
	Fault   Fault
	Message string
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

func damaged(format string, args ...any) error {
	return &Error{Damaged, "snapshot is damaged: " + fmt.Sprintf(format, args...)}
}

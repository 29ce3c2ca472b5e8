package stream

import "fmt"

// Fault says what is wrong with a snapshot.
type Fault string

const (
	// Damaged: the bytes are not those that were written, or belong to
	// another manifest.
	Damaged Fault = "Damaged"
	// WrongKey: the bytes are those that were written, and none of the
	// identities opens them.
	WrongKey Fault = "WrongKey"
	// BadKey: what was given as a key is none.
	BadKey Fault = "BadKey"
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

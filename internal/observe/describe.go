package observe

import (
	"context"
	"errors"
	"net"
	"syscall"
)

// describe says in stable words why a call failed: a condition must not change
// with each ephemeral port that an error names.
func describe(err error) string {
	var timeout net.Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to it"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.Is(err, syscall.ECONNRESET):
		return "connection reset"
	default:
		return err.Error()
	}
}

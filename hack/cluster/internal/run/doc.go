// Package run calls short-lived programs and puts what they said into the error.
package run

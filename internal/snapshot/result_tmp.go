package snapshot

import "encoding/json"

// Reason is why a Job failed, in one word.
type Reason string

// Result is what a Job's container tells at its end.
type Result struct {
	Manifest *Manifest `json:"manifest,omitempty"`
	Reason   Reason    `json:"reason,omitempty"`
	Message  string    `json:"message,omitempty"`
}

// DecodeResult reads a termination message.
func DecodeResult(message []byte) (r Result, err error) {
	return r, json.Unmarshal(message, &r)
}

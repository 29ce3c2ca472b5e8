package snapshot

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// MaxResult is how much of a termination message Kubernetes keeps, in bytes.
const MaxResult = 4096

// maxMessage leaves room for the rest.
const maxMessage = 1500

// Result is what a Job has to say when it ends: its termination message.
type Result struct {
	// Command is save, read, fetch, send, commit, delete or list.
	Command string `json:"command"`
	// Reason is empty where all went well.
	Reason  Reason `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Location names the backup's data, or the store.
	Location string `json:"location,omitempty"`
	// Existing is true where an earlier attempt had done it all.
	Existing bool `json:"existing,omitempty"`
	// Manifest is without its recipients.
	Manifest *Manifest `json:"manifest,omitempty"`
	// PeakBytes is the most memory that the Job's process has held at once, as the
	// kernel counts it: its own, and the pages of its program.
	PeakBytes int64 `json:"peakBytes,omitempty"`
	// Key and Plain are those of a fetched file.
	Key   string   `json:"key,omitempty"`
	Plain *Content `json:"plain,omitempty"`
	// Backups are the newest of a list; More, how many are left off.
	Backups []Item `json:"backups,omitempty"`
	More    int    `json:"more,omitempty"`
	// Orphans and Broken count what a list has found besides, and Cleaned what
	// was removed of it.
	Orphans int `json:"orphans,omitempty"`
	Broken  int `json:"broken,omitempty"`
	Cleaned int `json:"cleaned,omitempty"`
	// Missing are the places of the backups that were expected and are not there.
	Missing []int `json:"missing,omitempty"`
}

// Item is one backup of a list.
type Item struct {
	Name         string       `json:"name"`
	CreatedAt    time.Time    `json:"createdAt"`
	Revision     int64        `json:"revision"`
	Verification Verification `json:"verification"`
}

// Fill adds what a list has found.
func (r *Result) Fill(l Listing) {
	r.Orphans, r.Broken = len(l.Orphans), len(l.Broken)
	for _, b := range l.Backups {
		m := b.Manifest
		r.Backups = append(r.Backups, Item{m.Name, m.CreatedAt, m.Revision, m.Verification})
	}
}

// DecodeResult reads a termination message. Fields that this build does not
// know are passed over: the Job's image may be a later one.
func DecodeResult(text []byte) (Result, error) {
	if len(text) > MaxResult {
		return Result{}, fmt.Errorf("decode the result of a Job: %d bytes are more than the %d that it can have", len(text), MaxResult)
	}
	var r Result
	if err := json.Unmarshal(text, &r); err != nil {
		return Result{}, fmt.Errorf("decode the result of a Job: %w", err)
	}
	return r, nil
}

// Encode gives JSON of at most MaxResult bytes: a long message is cut, and the oldest
// backups are left off.
func (r Result) Encode() []byte {
	if len(r.Message) > maxMessage {
		cut := maxMessage
		for !utf8.RuneStart(r.Message[cut]) {
			cut--
		}
		r.Message = r.Message[:cut] + " ..."
	}
	if r.Manifest != nil && r.Manifest.Encryption != nil {
		m := *r.Manifest
		m.Encryption = &Encryption{Type: m.Encryption.Type}
		r.Manifest = &m
	}
	for {
		text, err := json.Marshal(r)
		if err != nil {
			text = []byte(`{"reason":"Failed","message":"the result cannot be written"}`)
		}
		if len(text) <= MaxResult {
			return text
		}
		switch {
		case len(r.Backups) > 0:
			r.Backups, r.More = r.Backups[:len(r.Backups)-1], r.More+1
		case len(r.Message) > 4:
			// Quotes and signs that JSON writes longer.
			r.Message = string([]rune(r.Message)[:utf8.RuneCountInString(r.Message)/2]) + " ..."
		default:
			return []byte(`{"reason":"Failed","message":"the result is too long"}`)
		}
	}
}

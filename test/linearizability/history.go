package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// History is all that happened to a key space from its first revision on.
type History struct {
	// Operations are what clients asked for, and what they were told.
	Operations []Operation `json:"operations"`
	// Events are what a member tells afterwards of each write from revision 1
	// on, in their order.
	Events []Event `json:"events"`
}

// Operation is one attempt of a client, as test/e2e/client records it.
type Operation struct {
	Kind  string `json:"kind"` // "put" or "get"
	Key   string `json:"key"`
	Value string `json:"value,omitempty"` // of a put: what it writes; of a get: what it found
	// Call and Return are nanoseconds on one clock.
	Call   int64 `json:"call"`
	Return int64 `json:"return"`
	// Revision is the one in the answer's header.
	Revision    int64 `json:"revision,omitempty"`
	ModRevision int64 `json:"modRevision,omitempty"`
	Version     int64 `json:"version,omitempty"` // of a get: zero when there is no such key
	// Error is what failed; of a put nobody knows then whether it was done.
	Error string `json:"error,omitempty"`
}

// Event is one write that a watch from revision 1 on showed.
type Event struct {
	Key      string `json:"key"`
	Value    string `json:"value"`
	Revision int64  `json:"revision"`
	Version  int64  `json:"version"`
}

const (
	kindPut = "put"
	kindGet = "get"
)

func load(path string) (History, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return History{}, err
	}
	var h History
	if err := json.Unmarshal(raw, &h); err != nil {
		return History{}, fmt.Errorf("read %s: %w", path, err)
	}
	slices.SortStableFunc(h.Operations, func(a, b Operation) int { return cmp.Compare(a.Call, b.Call) })
	return h, nil
}

// missing returns an error for an acknowledged write that the cluster does not
// know of any more, or knows at another revision.
func (h History) missing() error {
	at := map[int64]Event{}
	for i, e := range h.Events {
		if want := int64(i) + 2; e.Revision != want {
			return fmt.Errorf("the event after revision %d is at revision %d: there was another writer, or an event is missing", want-1, e.Revision)
		}
		at[e.Revision] = e
	}
	for _, o := range h.Operations {
		if o.Kind != kindPut || o.Error != "" {
			continue
		}
		switch e, found := at[o.Revision]; {
		case !found:
			return fmt.Errorf("the write of %s=%s was acknowledged at revision %d, and the cluster ends before", o.Key, o.Value, o.Revision)
		case e.Key != o.Key || e.Value != o.Value:
			return fmt.Errorf("the write of %s=%s was acknowledged at revision %d, where the cluster holds %s=%s", o.Key, o.Value, o.Revision, e.Key, e.Value)
		}
	}
	return nil
}

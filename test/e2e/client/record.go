package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// operation is one attempt, as test/linearizability reads it.
type operation struct {
	Kind        string `json:"kind"`
	Write       int    `json:"write,omitempty"` // number of the write that this is an attempt of
	Key         string `json:"key"`
	Value       string `json:"value,omitempty"`
	Call        int64  `json:"call"` // nanoseconds since 1970, monotonic within the pod
	Return      int64  `json:"return"`
	Revision    int64  `json:"revision,omitempty"`
	ModRevision int64  `json:"modRevision,omitempty"`
	Version     int64  `json:"version,omitempty"`
	Member      uint64 `json:"member,omitempty"`
	Error       string `json:"error,omitempty"`
}

// record is the history so far.
type record struct {
	start time.Time

	mu         sync.Mutex
	operations []operation
	acked      int
	member     uint64 // that acknowledged the last one
	skipped    int
}

// now is the time on a clock that nobody sets.
func (r *record) now() int64 { return r.start.UnixNano() + int64(time.Since(r.start)) }

func (r *record) add(o operation, err error) {
	if o.Call == 0 { // no client could be made: nothing was asked
		return
	}
	if err != nil {
		o.Error = class(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.operations = append(r.operations, o)
	if o.Kind == "put" && err == nil {
		r.acked++
		r.member = o.Member
	}
}

// skip counts a write that was due while too many were under way.
func (r *record) skip() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped++
}

// class is an error in few words.
func class(err error) string {
	text := err.Error()
	if s, ok := status.FromError(err); ok && s.Code() != codes.Unknown {
		text = s.Code().String() + ": " + s.Message()
	}
	if len(text) > 120 {
		text = text[:120]
	}
	return text
}

func isTimeout(err error) bool {
	return status.Code(err) == codes.DeadlineExceeded || strings.Contains(err.Error(), "request timed out")
}

// serve answers GET /acked with the number of acknowledged writes and GET
// /member with the ID of the member that acknowledged the last one. POST /redial
// makes every connection anew, as clients do that come later; GET /tls/FILE answers
// with what is mounted there by now (never a key); POST /stop answers, once all that was under way has ended, with
// the history.
func (r *record) serve(address, folder string, redial, stop func()) error {
	mux := http.NewServeMux()
	for _, file := range []string{"ca.crt", "tls.crt"} {
		mux.HandleFunc("GET /tls/"+file, func(w http.ResponseWriter, request *http.Request) {
			http.ServeFile(w, request, filepath.Join(folder, file))
		})
	}
	mux.HandleFunc("GET /member", func(w http.ResponseWriter, _ *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.member != 0 {
			fmt.Fprintf(w, "%x\n", r.member)
		}
	})
	mux.HandleFunc("POST /redial", func(http.ResponseWriter, *http.Request) { redial() })
	mux.HandleFunc("GET /acked", func(w http.ResponseWriter, _ *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		fmt.Fprintln(w, r.acked)
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		stop()
		r.mu.Lock()
		defer r.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]any{"skipped": r.skipped, "operations": r.operations})
	})
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

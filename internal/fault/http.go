//go:build faults

package fault

import (
	"cmp"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
)

// transport counts and fails the requests that name tells to be writes.
type transport struct {
	next http.RoundTripper
	name func(*http.Request) string
}

// Kubernetes wraps the transport to the API server.
func Kubernetes(next http.RoundTripper) http.RoundTripper {
	return &transport{next, kubernetesName}
}

// Agent wraps the transport to an agent.
func Agent(next http.RoundTripper) http.RoundTripper {
	return &transport{next, func(req *http.Request) string {
		if !changes(req) {
			return ""
		}
		return req.Method + " agent" + req.URL.Path
	}}
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	name := t.name(req)
	if name == "" {
		return t.next.RoundTrip(req)
	}
	var resp *http.Response
	var err error
	sent, replied := begin(name).send(func() (string, bool) {
		if resp, err = t.next.RoundTrip(req); err != nil {
			return err.Error(), false
		}
		return resp.Status, resp.StatusCode < http.StatusMultipleChoices
	})
	switch {
	case !sent:
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case !replied:
		_ = resp.Body.Close()
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return resp, err
}

// CloseIdleConnections is what http.Client asks of its transport.
func (t *transport) CloseIdleConnections() {
	if next, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}

// WrappedRoundTripper tells client-go what is below.
func (t *transport) WrappedRoundTripper() http.RoundTripper { return t.next }

func changes(req *http.Request) bool {
	return req.Method != http.MethodGet && req.Method != http.MethodHead
}

// aside are the resources that say nothing of a cluster: leadership, Events,
// and who may do what.
var aside = []string{"leases", "events", "tokenreviews", "subjectaccessreviews"}

// kubernetesName names a write to the API server: the verb, the object, and of
// an EtcdCluster's record the action that it announces, or who writes.
func kubernetesName(req *http.Request) string {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	for i, p := range parts {
		if p == "namespaces" && i+2 < len(parts) {
			parts = parts[i+2:]
			break
		}
	}
	if !changes(req) || slices.Contains(aside, parts[0]) || slices.Contains(aside, parts[len(parts)-1]) {
		return ""
	}
	name := req.Method + " " + strings.Join(parts, "/")
	if parts[len(parts)-1] == "status" {
		name += " " + announced(req)
	}
	return name
}

// announced is the action of an intent, which a merge patch leaves out when it
// is the same again; of other records it is the one who writes.
func announced(req *http.Request) string {
	var patch struct {
		Status struct{ Intent struct{ Action string } }
	}
	if req.GetBody != nil {
		if body, err := req.GetBody(); err == nil {
			_ = json.NewDecoder(body).Decode(&patch)
			_ = body.Close()
		}
	}
	return cmp.Or(patch.Status.Intent.Action, req.URL.Query().Get("fieldManager"))
}

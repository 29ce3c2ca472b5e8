//go:build !faults

package fault

import (
	"net/http"

	"google.golang.org/grpc"
)

// Kubernetes wraps the transport to the API server.
func Kubernetes(next http.RoundTripper) http.RoundTripper { return next }

// Agent wraps the transport to an agent.
func Agent(next http.RoundTripper) http.RoundTripper { return next }

// Etcd is an option of the connection to a member.
func Etcd() grpc.DialOption { return grpc.EmptyDialOption{} }

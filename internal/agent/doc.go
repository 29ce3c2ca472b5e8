// Package agent is the lifecycle inside a member pod: it reads what lies on
// the volume, decides whether etcd may start on it, runs the embedded server,
// answers the kubelet's probes, and serves the control protocol through which
// the operator admits an empty volume to the birth of a cluster.
//
// The decision is pure: Inspect reads a volume into a Disk, Decide turns a
// Disk into a Boot. Everything that changes the volume or the server runs in
// one task at a time (lifecycle.go), so that no two requests interleave.
//
// It imports internal/control, internal/etcd and etcd itself, and is the only
// package that imports go.etcd.io/etcd/server/v3/embed. It knows nothing of
// Kubernetes: no controllers, plan, act, resource or client-go.
package agent

// Package status turns what was observed and decided into what the user sees:
// the EtcdCluster's status. It is pure, and it writes nothing that changes
// while a cluster is at rest.
//
// It imports plan, internal/etcd, the control protocol's types and the API.
package status

// Package observe reads Kubernetes, the agents and etcd into one
// plan.Observation. It cannot write: it holds readers only.
//
// It imports plan, resource, pki, etcdclient, the control protocol and the
// Kubernetes client's reading half.
package observe

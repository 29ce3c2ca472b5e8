// Package resource builds the Kubernetes objects of a cluster from its
// EtcdCluster: pure functions, no client, no clock. It also says whether a
// live object still is what was built (Drift), and whether a pod must restart
// (RestartHash).
//
// It imports the API types, internal/etcd, internal/pki for what the Secrets
// are called and hold, and Kubernetes' own types. It never imports plan,
// observe, act or a client.
//
// Every builder sets kind and apiVersion, so that its object can be applied
// as it is, and seals it with the hash of what was built.
package resource

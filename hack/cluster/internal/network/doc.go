// Package network lays out the cluster's addresses and builds its network namespaces.
//
// The control plane's namespace has a bridge; each node's namespace hangs on it by a veth and routes to the other
// nodes' pods. None of it touches the host's namespace, so addresses may repeat between clusters, and there is no
// route out of the machine.
package network

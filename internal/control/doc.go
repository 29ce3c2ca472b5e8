// Package control is the protocol between the operator and the agent in each
// member pod: JSON over HTTPS on port 2382, mutually authenticated by the
// cluster's control CA. It holds the types and the paths; the operator's client is in
// the package dial below, the server in internal/agent. It imports internal/etcd and the
// standard library only.
//
// The agent never decides that it may act on an empty disk, and the operator
// never decides what a disk holds: the agent reports, the operator admits.
package control

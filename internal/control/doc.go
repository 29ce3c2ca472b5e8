// Package control is the protocol between the operator and the agent in each
// member pod: JSON over HTTPS on port 2382, mutually authenticated by the
// cluster's control CA. It holds the types, the paths and the operator's
// client; the server is in internal/agent. It imports internal/etcd and the
// standard library only.
//
// The agent never decides that it may act on an empty disk, and the operator
// never decides what a disk holds: the agent reports, the operator admits.
package control

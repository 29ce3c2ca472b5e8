// Package controlplane starts etcd, the API server, the controllers, the scheduler and the provisioner, and the
// forwarder by which the host reaches the API server.
package controlplane

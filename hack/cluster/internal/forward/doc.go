// Package forward carries connections from a port of the host to the API server in the control plane's namespace.
//
// The listener is opened in the host's namespace by whoever starts the forwarder and inherited; the forwarder itself
// runs in the other namespace, so that its dialling ends up there.
package forward

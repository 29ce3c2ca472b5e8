package e2e

import "sigs.k8s.io/controller-runtime/pkg/client"

// inSpace lists what is in the namespace.
func inSpace(s *space) client.ListOption { return client.InNamespace(s.name) }

// onObject lists the Events on objects of that name.
func onObject(name string) client.ListOption {
	return client.MatchingFields{"involvedObject.name": name}
}

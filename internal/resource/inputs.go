package resource

import (
	"github.com/quorate/quorate/api/v1alpha1"
)

// Inputs is all that the objects of a cluster are built from.
type Inputs struct {
	Cluster *v1alpha1.EtcdCluster
	// Replicas is how many pods there shall be now; while members come and go
	// it is not what the spec says.
	Replicas int32
	// Voters is the larger of the present and the coming number of voters. The
	// PodDisruptionBudget keeps a quorum of it.
	Voters int
	// MemberImage is the image of the version to run.
	MemberImage string
	// OperatorNamespace is where the operator's pods are, which alone may reach
	// the control port.
	OperatorNamespace string
}

// Objects builds everything but the Secrets, in the order in which to create
// it: what guards the pods comes before the pods.
func Objects(in Inputs) []Object {
	objects := []Object{PeersServiceObject(in), ClientServiceObject(in), NetworkPolicy(in)}
	if pdb := PodDisruptionBudget(in); pdb != nil {
		objects = append(objects, pdb)
	}
	return append(objects, StatefulSet(in))
}

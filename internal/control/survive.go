package control

import "github.com/quorate/quorate/internal/etcd"

// Paths that bring a cluster back from one surviving member.
const (
	PathHalt    = "/v1/halt"    // POST HaltRequest: Report. Idempotent.
	PathSurvive = "/v1/survive" // POST SurviveRequest: Report. Idempotent.
)

// StateHalted says that etcd was stopped by the word of the operator, and that no
// restart of the pod starts it. Report.Log says how far its log goes.
const StateHalted State = "Halted"

// HaltRequest stops etcd on a member whose cluster has no quorum, and keeps it
// stopped. The agent refuses when it is another member, when the cluster was never
// formed, or when the member is a voter and knows a leader.
type HaltRequest struct {
	VolumeID  string         `json:"volumeID"`
	ClusterID etcd.ClusterID `json:"clusterID"`
	MemberID  etcd.MemberID  `json:"memberID"`
	// Grant names the occasion; it is reported as Volume.Halted. Empty: it is over,
	// and etcd starts again.
	Grant string `json:"grant"`
}

// LogPosition is the last entry of a member's log. Of two logs of a cluster the one
// with the higher term, or with the same and the higher index, holds all that the
// other one could have acknowledged.
type LogPosition struct {
	Term  uint64 `json:"term"`
	Index uint64 `json:"index"`
}

// SurviveRequest makes a halted voter a cluster of its own, under the same IDs:
// everything in its log counts as committed, and the other members as removed. They
// must not come back: they would be the same cluster. The agent refuses when it is
// not halted under this grant, when its log ends elsewhere, or when it is a learner.
type SurviveRequest struct {
	VolumeID  string         `json:"volumeID"`
	ClusterID etcd.ClusterID `json:"clusterID"`
	MemberID  etcd.MemberID  `json:"memberID"`
	// Grant is done once; then it is reported as Volume.Survived.
	Grant string      `json:"grant"`
	Log   LogPosition `json:"log"` // as it was reported
}

package control

import "github.com/quorate/quorate/internal/etcd"

// PathDefragment takes a DefragmentRequest by POST and answers with a Report.
const PathDefragment = "/v1/defragment"

// DefragmentRequest tells a member to copy its database into a new file without
// the free pages of the old one. It answers at once; Etcd.Defragmenting is true
// until that is done, and the member answers no client meanwhile. The agent
// refuses when it is another member, a learner, or the leader of others, and when
// etcd does not run.
type DefragmentRequest struct {
	ClusterID etcd.ClusterID `json:"clusterID"`
	MemberID  etcd.MemberID  `json:"memberID"`
	// After is Defragmentation.Number of the last one that the operator knows of,
	// so that a request that comes late begins no second one.
	After int `json:"after"`
}

// Defragmentation is the last one since the agent started.
type Defragmentation struct {
	Number  int     `json:"number"`          // it is the so manieth; the first is 1
	Seconds float64 `json:"seconds"`         // how long the member answered nobody
	Error   string  `json:"error,omitempty"` // why it failed
	// Bytes is the size of the copy.
	Bytes int64 `json:"bytes"`
	// Compacted is Etcd.Compacted when it began.
	Compacted int64 `json:"compacted"`
}

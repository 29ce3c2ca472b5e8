package agent

import (
	"slices"

	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// joining tells the admission of a learner from that to a birth: only a birth
// has a token.
func joining(a control.Admission) bool { return a.Formed && a.Token == "" }

// join makes an admission durable and then starts etcd as a learner. It asks
// no peer whether that is so: the operator has read it from a linearizable
// member list.
func (a *Agent) join(req control.JoinRequest, answer func(control.Report, error)) error {
	v := a.look()
	if r := refuseJoin(v, a.config, req); r != nil {
		answer(control.Report{}, r)
		return nil
	}
	if v.state != control.StateWaiting { // the same admission again
		answer(a.report(), nil)
		return nil
	}
	if _, refused := a.restorable(nil); refused != nil {
		answer(control.Report{}, refused)
		return nil
	}
	admission := control.Admission{ClusterID: req.ClusterID, MemberID: req.MemberID, Members: req.Members, Formed: true}
	return a.begin(admission, answer, a.layout.layLearner)
}

// refuseJoin returns why not; nil when the volume may be, or already is,
// admitted by this request.
func refuseJoin(v view, c Config, req control.JoinRequest) *control.Refusal {
	admitted := v.volume.Admission
	if refused := refuseVolume(v, req.VolumeID); refused != nil {
		return refused
	}
	switch {
	case req.ClusterID == 0 || req.MemberID == 0:
		return refusal("", "The admission of a learner needs the cluster's ID and its own.")
	case !slices.ContainsFunc(req.Members, c.isThis):
		return refusal("", "The admission does not name %s at peer URL %s.", c.Name, c.PeerURL)
	case admitted != nil && !joining(*admitted):
		return refusal("", "The volume was admitted to the birth of cluster %s.", admitted.ClusterID)
	case admitted != nil && (admitted.ClusterID != req.ClusterID || admitted.MemberID != req.MemberID):
		return refusal("", "The volume was admitted as learner %s of cluster %s and cannot become another. Replace the volume.",
			admitted.MemberID, admitted.ClusterID)
	default:
		return nil
	}
}

// isThis recognises this member in a member list by its peer URL: etcd learns
// a name only from the member itself.
func (c Config) isThis(p control.Peer) bool {
	return p.PeerURL == c.PeerURL && (p.Name == "" || p.Name == c.Name)
}

// layLearner writes the data of a member that was added and has never run: its
// identity, a hard state, and nothing else. Its members and its keys come with
// the leader's log or its snapshot, as for any follower that lags behind. The
// members must not be in the database beforehand: the log adds them again, and
// etcd would refuse those entries as adding what is there.
//
// etcd itself would first ask the peers for all this, one after the other.
func (l layout) layLearner(admitted control.Admission, log *zap.Logger) error {
	return l.lay(admitted, membership.NewCluster(log), nil, log)
}

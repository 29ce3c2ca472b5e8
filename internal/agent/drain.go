package agent

import (
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// drain tells every client to connect anew, by the word of the operator, who
// took the pod out of the client Service: they then go to another member, and
// none is left here when this one leaves or stops.
func (a *Agent) drain(req control.DrainRequest, answer func(control.Report, error)) error {
	v := a.look()
	if r := refuseDrain(v, req); r != nil {
		answer(control.Report{}, r)
		return nil
	}
	if v.server.clients.drained() == req.Withdrawal {
		answer(a.report(), nil)
		return nil
	}
	if err := v.server.clients.drain(v.server.Server, req.Withdrawal); err != nil {
		answer(control.Report{}, refusal("", "Clients cannot be told to connect anew: %v.", err))
		return nil
	}
	a.log.Info("clients are told to connect anew", zap.String("withdrawal", req.Withdrawal))
	answer(a.report(), nil)
	return nil
}

// refuseDrain returns why not.
func refuseDrain(v view, req control.DrainRequest) *control.Refusal {
	switch {
	case req.Withdrawal == "":
		return refusal("", "The request names no withdrawal.")
	case otherMember(v, req.ClusterID, req.MemberID) != nil:
		return otherMember(v, req.ClusterID, req.MemberID)
	case v.server == nil:
		return refusal("", "etcd does not run.")
	default:
		return nil
	}
}

// otherMember refuses what is meant for another member, or comes too late; nil
// when it is meant for this one.
func otherMember(v view, cluster etcd.ClusterID, member etcd.MemberID) *control.Refusal {
	switch a := v.volume.Admission; {
	case a == nil:
		return refusal("", "The volume was never admitted to a cluster.")
	case a.ClusterID != cluster || a.MemberID != member:
		return refusal("", "This is member %s of cluster %s.", a.MemberID, a.ClusterID)
	case v.stopping:
		return refusal("", "The pod is stopping.")
	default:
		return nil
	}
}

package agent

import (
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// leaveCluster ends a member that its cluster has removed, by the word of the
// operator, who did it. Etcd itself hears of that from a peer, some tenths of a
// second later, and until then takes writes that come to nothing; its clients
// are turned away at once when it closes.
func (a *Agent) leaveCluster(req control.LeaveRequest, answer func(control.Report, error)) error {
	v := a.look()
	if r := refuseLeave(v, req); r != nil {
		answer(control.Report{}, r)
		return nil
	}
	if v.volume.Removed {
		answer(a.report(), nil)
		return nil
	}
	record := v.volume
	record.Removed = true
	if err := record.write(a.layout); err != nil {
		answer(control.Report{}, refusal(control.ReasonVolumeUnusable, "The removal cannot be recorded: %v.", err))
		return nil
	}
	a.change(func(v *view) { v.volume, v.server = record, nil })
	if err := a.starts.settled(); err != nil {
		a.log.Warn("a good end could not be recorded", zap.Error(err))
	}
	err := a.follow(Boot{Action: StayRemoved, Message: removedMessage})
	answer(a.report(), nil)
	if v.server != nil {
		v.server.end()
	}
	return err
}

// refuseLeave returns why not: only the member that was removed leaves.
func refuseLeave(v view, req control.LeaveRequest) *control.Refusal {
	a := v.volume.Admission
	switch {
	case a == nil:
		return refusal("", "The volume was never admitted to a cluster.")
	case req.MemberID == 0 || a.ClusterID != req.ClusterID || a.MemberID != req.MemberID:
		return refusal("", "This is member %s of cluster %s.", a.MemberID, a.ClusterID)
	case v.stopping:
		return refusal("", "The pod is stopping.")
	default:
		return nil
	}
}

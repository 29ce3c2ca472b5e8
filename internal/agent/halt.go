package agent

import (
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

const haltedMessage = "etcd was stopped to bring the cluster back from a survivor, and waits for what the operator decides."

// halt makes it durable that etcd does not run, then stops it.
func (a *Agent) halt(req control.HaltRequest, answer func(control.Report, error)) error {
	v := a.look()
	if r := refuseHalt(v, req); r != nil {
		answer(control.Report{}, r)
		return nil
	}
	if v.volume.Halted == req.Grant {
		answer(a.report(), nil)
		return nil
	}
	record := v.volume
	record.Halted = req.Grant
	if err := record.write(a.layout); err != nil {
		answer(control.Report{}, refusal(control.ReasonVolumeUnusable, "That etcd is halted cannot be recorded: %v.", err))
		return nil
	}
	a.change(func(v *view) { v.volume = record })
	if req.Grant == "" {
		a.log.Info("etcd is halted no more")
		answer(a.report(), nil)
		if err := a.awaitPorts(); err != nil {
			return err
		}
		return a.boot()
	}
	if v.server != nil {
		a.change(func(v *view) { v.server = nil })
		a.closing.Go(v.server.end)
		<-v.server.Server.StopNotify() // log and database are closed
		if err := a.starts.settled(); err != nil {
			a.log.Warn("a good stop could not be recorded", zap.Error(err))
		}
	}
	a.foundEnd(scanLog(a.layout.walDir()))
	a.log.Info("etcd is halted", zap.String("grant", req.Grant), zap.Any("log", a.look().log))
	err := a.follow(Boot{Action: StayHalted, Message: haltedMessage})
	answer(a.report(), nil)
	return err
}

// foundLog remembers how far the log goes, while nobody writes to it.
func (a *Agent) foundLog(log Log) {
	var end *control.LogPosition
	if log.Condition == Readable && log.HardState {
		end = &control.LogPosition{Term: log.LastTerm, Index: log.Last}
	}
	a.change(func(v *view) { v.log = end })
}

// refuseHalt returns why not. A voter that knows a leader has a quorum; a learner
// goes on believing in the last one.
func refuseHalt(v view, req control.HaltRequest) *control.Refusal {
	switch {
	case notThisFormed(v, req.VolumeID, req.ClusterID, req.MemberID) != nil:
		return notThisFormed(v, req.VolumeID, req.ClusterID, req.MemberID)
	case v.volume.Survival != nil:
		return refusal("", "The member is becoming a cluster of its own.")
	case v.state == control.StateRefused || v.state == control.StateRemoved:
		return refusal(v.reason, "etcd does not run. %s", v.message)
	case v.volume.Halted != "" && req.Grant != "" && v.volume.Halted != req.Grant:
		return refusal("", "etcd was halted on another occasion, %s. End that first.", v.volume.Halted)
	case v.server != nil && req.Grant != "" && v.server.votes() && v.server.Server.Leader() != 0:
		return refusal("", "The member knows a leader, %s: the cluster has a quorum.", v.server.Server.Leader())
	case v.contents != control.ContentsData:
		return refusal("", "The volume holds no data.")
	default:
		return nil
	}
}

// votes reports whether this member counts for the quorum, as far as it knows.
func (s *server) votes() bool {
	self := s.self()
	return self == nil || !self.IsLearner
}

// notThisFormed refuses what is meant for another volume or member, or for a cluster
// that was never formed.
func notThisFormed(v view, volume string, cluster etcd.ClusterID, member etcd.MemberID) *control.Refusal {
	switch {
	case volume != v.volume.ID:
		return wrongVolume(v)
	case otherMember(v, cluster, member) != nil:
		return otherMember(v, cluster, member)
	case !v.volume.Admission.Formed:
		return refusal("", "The cluster was never formed.")
	default:
		return nil
	}
}

package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// etcd's force-new-cluster drops what lies above the log's last hard state, and the
// hard state lags behind what was acknowledged. So that is raised first: whatever
// is in the log may have been acknowledged, and nothing else can have been.
//
// The forced start is done in private, with no client and no peer: it is over, and
// that is recorded, before anybody could add a member. Killed before, it is done
// again, which then changes nothing that was not changed already. A forced start
// after a member was added would remove that.

// survival is a SurviveRequest that was granted and is not done.
type survival struct {
	Grant string              `json:"grant"`
	Log   control.LogPosition `json:"log"`
}

// forcedPatience is how long etcd may take to start alone.
const forcedPatience = 2 * time.Minute

func (a *Agent) surviveAs(req control.SurviveRequest, answer func(control.Report, error)) error {
	v := a.look()
	if v.volume.Survived == req.Grant && req.Grant != "" && notThisFormed(v, req.VolumeID, req.ClusterID, req.MemberID) == nil {
		answer(a.report(), nil)
		return nil
	}
	if r := refuseSurvive(v, a.layout, req); r != nil {
		answer(control.Report{}, r)
		return nil
	}
	record := v.volume
	record.Survival = &survival{req.Grant, req.Log}
	if err := record.write(a.layout); err != nil {
		answer(control.Report{}, refusal(control.ReasonVolumeUnusable, "The grant cannot be recorded: %v. Mend the volume.", err))
		return nil
	}
	a.change(func(v *view) {
		v.volume, v.state, v.message = record, control.StateStarting, "The member is becoming a cluster of its own."
	})
	a.log.Info("becoming a cluster of one", zap.String("grant", req.Grant), zap.Any("log", req.Log))
	answer(a.report(), nil)
	return a.survive()
}

// refuseSurvive returns why not.
func refuseSurvive(v view, l layout, req control.SurviveRequest) *control.Refusal {
	switch {
	case notThisFormed(v, req.VolumeID, req.ClusterID, req.MemberID) != nil:
		return notThisFormed(v, req.VolumeID, req.ClusterID, req.MemberID)
	case v.state != control.StateHalted || req.Grant == "" || v.volume.Halted != req.Grant:
		return refusal(v.reason, "etcd is not halted on this occasion. Halt it first. %s", v.message)
	case v.log == nil || *v.log != req.Log:
		return refusal("", "The log ends elsewhere: %+v. Read the report again.", v.log)
	}
	learner, err := isLearner(l, v.volume.Admission.MemberID)
	switch {
	case err != nil:
		return refusal(control.ReasonCorruptDatabase, "Whether the member is a learner cannot be read: %v.", err)
	case learner:
		return refusal("", "The member is a learner, and may lack what was acknowledged. Choose a voter.")
	default:
		return nil
	}
}

// isLearner asks the database. A member that is not listed has caught up with
// nothing.
func isLearner(l layout, id etcd.MemberID) (bool, error) {
	list, err := readListed(l)
	if err != nil {
		return false, err
	}
	self, ok := list.ByID(id)
	return !ok || self.IsLearner, nil
}

// survive does what was granted, from wherever it was cut short, and then starts
// etcd as always.
func (a *Agent) survive() error {
	if err := a.starts.begin(); err != nil {
		return err
	}
	record := a.look().volume
	err := a.layout.raiseCommit(record.Survival.Log, a.log.Named("log"))
	if err == nil {
		err = a.startAlone()
	}
	if err != nil {
		a.starts.died(err.Error())
		return fmt.Errorf("become a cluster of one: %w", err)
	}
	record.Survived, record.Survival, record.Halted = record.Survival.Grant, nil, ""
	if err := record.write(a.layout); err != nil {
		return fmt.Errorf("record that the member is a cluster of one: %w", err)
	}
	a.change(func(v *view) { v.volume, v.log, v.listed = record, nil, nil })
	if err := a.starts.settled(); err != nil {
		return fmt.Errorf("record a good start: %w", err)
	}
	a.log.Info("the member is a cluster of one", zap.String("grant", record.Survived))
	if err := a.awaitPorts(); err != nil {
		return err
	}
	return a.start()
}

// startAlone starts etcd with force-new-cluster, out of everybody's reach, and stops
// it once it leads itself.
func (a *Agent) startAlone() error {
	config, err := embedConfig(a.config)
	if err != nil {
		return fmt.Errorf("configure etcd: %w", err)
	}
	config.ForceNewCluster = true
	config.ListenClientUrls = nil
	config.ListenPeerUrls, config.PeerTLSInfo = []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}, transport.TLSInfo{}
	config.TickMs, config.ElectionMs = 10, 100 // there is nobody to be patient with
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(a.tapped)
	e, err := startPrivately(context.Background(), config, forcedPatience)
	if err != nil {
		return err
	}
	e.Close()
	return nil
}

// hardState is raft's, as every release line has it.
type hardState struct{ term, vote, commit uint64 }

// raiseCommit makes all of the log count as committed. What has been raised, and
// added to since, is raised again.
func (l layout) raiseCommit(least control.LogPosition, log *zap.Logger) error {
	w, state, end, err := openLog(log, l.walDir())
	if errors.Is(err, io.ErrUnexpectedEOF) && repairLog(log, l.walDir()) { // a torn tail, as a crash leaves it
		w, state, end, err = openLog(log, l.walDir())
	}
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	if end.Term < least.Term || end.Index < least.Index {
		return errors.Join(fmt.Errorf("the log ends at %+v, before %+v that was granted", end, least), w.Close())
	}
	if state.commit < end.Index {
		log.Info("what the log holds counts as committed", zap.Uint64("committed", state.commit), zap.Any("last", end))
		state.commit, state.term = end.Index, max(state.term, end.Term)
		err = saveState(w, state)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

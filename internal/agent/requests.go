package agent

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// report is what the agent sees right now. It never waits for a task.
func (a *Agent) report() control.Report {
	// A member that waits is never reported without the snapshot that lies there: who
	// takes one has left off waiting, and one is found before there is waiting.
	snapshot := a.staging.look()
	v := a.look()
	if snapshot == nil {
		snapshot = a.staging.look()
	}
	r := control.Report{
		Member: a.config.Name, State: v.state, Reason: v.reason, Message: v.message,
		Volume: control.Volume{ID: v.volume.ID, Contents: v.contents, Admission: v.volume.Admission},
		Binary: BinaryVersion().String(),
	}
	r.Step, r.Volume.Kept = a.preparation.look()
	r.Trust = a.trust(v)
	r.Snapshot = snapshot
	r.Volume.Halted, r.Volume.Survived = v.volume.Halted, v.volume.Survived
	if v.server == nil {
		r.Log, r.Listed = v.log, v.listed
	}
	if v.server != nil {
		r.Etcd = v.server.status(a.unready() == "")
		if r.Etcd.Leader == 0 {
			r.Listed = v.server.memberList()
		}
		r.Etcd.Defragmenting, r.Etcd.Defragmented = a.defragmentations.look()
	}
	return r
}

// admit makes an admission durable and then starts the birth. It boots `new`
// whatever the peers' member lists say: they list members that never started.
func (a *Agent) admit(req control.AdmitRequest, answer func(control.Report, error)) error {
	v := a.look()
	admission, err := identify(a.config.Name, req.Token, req.Members)
	if r := refuseAdmit(v, a.config, req, admission, err); r != nil {
		answer(control.Report{}, r)
		return nil
	}
	if v.state != control.StateWaiting { // the same admission again
		answer(a.report(), nil)
		return nil
	}
	restored, refused := a.restorable(req.Restore)
	if refused != nil {
		answer(control.Report{}, refused)
		return nil
	}
	if restored == nil {
		return a.begin(admission, answer, a.layout.layBirth)
	}
	admission.Restored = restored
	return a.begin(admission, answer, a.layRestored)
}

// begin makes an admission durable and answers; then it lays the first data
// and starts etcd on it. Cut short anywhere, the same admission begins again.
func (a *Agent) begin(admission control.Admission, answer func(control.Report, error),
	lay func(control.Admission, *zap.Logger) error) error {
	record := volumeRecord{ID: a.look().volume.ID, Admission: &admission}
	if err := a.recordAdmission(record); err != nil {
		answer(control.Report{}, refusal(control.ReasonVolumeUnusable, "The admission cannot be recorded: %v. Mend the volume.", err))
		return nil
	}
	a.change(func(v *view) { v.volume = record })
	if admission.Restored == nil {
		a.forgetSnapshot()
	} else {
		a.change(func(v *view) { v.state, v.message = control.StateStarting, "The snapshot is being restored." })
	}
	a.log.Info("admitted", zap.Stringer("clusterID", admission.ClusterID), zap.Stringer("memberID", admission.MemberID),
		zap.Int("members", len(admission.Members)), zap.Bool("learner", joining(admission)), zap.Any("restored", admission.Restored))
	answer(a.report(), nil)
	began := time.Now()
	if err := lay(admission, a.tapped); errors.Is(err, errSpoilt) {
		return a.follow(Boot{Action: Wait, Message: fmt.Sprintf("The snapshot cannot be restored: %v. It is deleted, and has to be brought again.", err)})
	} else if err != nil {
		return a.follow(refuse(control.ReasonVolumeUnusable, "The first data cannot be written: %v. Mend the volume.", err))
	}
	a.log.Info("first data is laid", zap.Duration("took", time.Since(began)))
	return a.start()
}

// recordAdmission clears what is left of a birth cut short, then makes the
// admission durable.
func (a *Agent) recordAdmission(record volumeRecord) error {
	if err := a.layout.wipe(); err != nil {
		return err
	}
	return record.write(a.layout)
}

// refuseVolume returns why nothing can be put on a volume, whatever it is; nil when
// it is the one that is meant, and its member stays and refuses nothing itself.
func refuseVolume(v view, id string) *control.Refusal {
	switch {
	case id != v.volume.ID:
		return wrongVolume(v)
	case v.stopping:
		return refusal("", "The pod is stopping. Ask again when it is back.")
	case v.state == control.StateRefused || v.state == control.StateRemoved:
		return refusal(v.reason, "%s", v.message)
	default:
		return nil
	}
}

// refuseAdmit returns why not; nil when the volume may be, or already is,
// admitted by this request. identity is what follows from the request, unless
// unfit says why nothing does.
func refuseAdmit(v view, c Config, req control.AdmitRequest, identity control.Admission, unfit error) *control.Refusal {
	admitted := v.volume.Admission
	if refused := refuseVolume(v, req.VolumeID); refused != nil {
		return refused
	}
	switch {
	case req.Token == "":
		return refusal("", "The admission has no token.")
	case unfit != nil:
		return refusal("", "The admission cannot be used: %v.", unfit)
	case !slices.Contains(req.Members, control.Peer{Name: c.Name, PeerURL: c.PeerURL}):
		return refusal("", "The admission gives %s another peer URL than %s.", c.Name, c.PeerURL)
	case admitted != nil && admitted.Formed:
		return refusal("", "The volume belongs to the formed cluster %s.", admitted.ClusterID)
	case admitted != nil && (admitted.ClusterID != identity.ClusterID || admitted.MemberID != identity.MemberID):
		return refusal("", "The volume was admitted under another token or with other members. Discard that birth first.")
	case admitted != nil && !sameRestore(admitted.Restored, req.Restore):
		return refusal("", "The volume was admitted with other data to restore. Discard that birth first.")
	default:
		return nil
	}
}

// formed records that the cluster is formed: from now on this volume never
// counts as empty. A member that was never born cannot be formed; it is
// admitted again first.
func (a *Agent) formed(req control.FormedRequest, answer func(control.Report, error)) error {
	v := a.look()
	admitted := v.volume.Admission
	var refused *control.Refusal
	switch {
	case req.VolumeID != v.volume.ID:
		refused = wrongVolume(v)
	case admitted == nil:
		refused = refusal("", "The volume was never admitted.")
	case admitted.ClusterID != req.ClusterID:
		refused = refusal("", "The volume was admitted to cluster %s, not to %s.", admitted.ClusterID, req.ClusterID)
	case v.contents != control.ContentsData && v.state == control.StateRefused:
		refused = refusal(v.reason, "%s", v.message)
	case v.contents != control.ContentsData:
		refused = refusal("", "The member is not born yet. Repeat its admission first.")
	case !admitted.Formed:
		record, confirmed := v.volume, *admitted
		confirmed.Formed = true
		record.Admission = &confirmed
		if err := record.write(a.layout); err != nil {
			refused = refusal(control.ReasonVolumeUnusable, "The formation cannot be recorded: %v. Mend the volume.", err)
			break
		}
		a.change(func(v *view) { v.volume = record })
		a.log.Info("formed", zap.Stringer("clusterID", confirmed.ClusterID))
	}
	if refused != nil {
		answer(control.Report{}, refused)
		return nil
	}
	answer(a.report(), nil)
	return nil
}

// discard ends a birth that never reached a quorum. The data goes first, then
// the admission: cut short in between, the same request finishes the work.
func (a *Agent) discard(req control.DiscardRequest, answer func(control.Report, error)) error {
	v := a.look()
	if r := refuseDiscard(v, req); r != nil {
		answer(control.Report{}, r)
		return nil
	}
	if v.server != nil {
		v.server.end()
	}
	record := volumeRecord{ID: v.volume.ID}
	err := a.layout.wipe()
	if err == nil {
		err = a.forgetTaken()
	}
	if err == nil {
		err = record.write(a.layout)
	}
	if err != nil {
		answer(control.Report{}, refusal(control.ReasonVolumeUnusable, "The birth cannot be discarded: %v. Mend the volume.", err))
		return fmt.Errorf("discard: %w", err)
	}
	if err := a.starts.settled(); err != nil {
		a.log.Warn("the end of a birth could not be recorded", zap.Error(err))
	}
	a.change(func(v *view) { v.server, v.volume, v.contents = nil, record, control.ContentsEmpty })
	a.log.Info("birth discarded")
	err = a.follow(Boot{Action: Wait, Message: "The volume is empty; waiting to be admitted."})
	answer(a.report(), nil)
	return err
}

// refuseDiscard returns why not. Without a server nobody can tell whether a
// key was ever written, unless there is nothing that could hold one.
func refuseDiscard(v view, req control.DiscardRequest) *control.Refusal {
	admitted := v.volume.Admission
	switch {
	case req.VolumeID != v.volume.ID:
		return wrongVolume(v)
	case v.stopping:
		return refusal("", "The pod is stopping. Ask again when it is back.")
	case admitted != nil && admitted.Formed:
		return refusal("", "The volume belongs to the formed cluster %s.", admitted.ClusterID)
	case admitted != nil && admitted.Token != req.Token:
		return refusal("", "The volume was admitted under another token.")
	case v.server == nil && v.contents == control.ContentsData:
		return refusal(v.reason, "etcd does not run, so it cannot be seen whether a key was ever written. %s", v.message)
	case v.server != nil && v.server.Server.KV().Rev() > bornWith(admitted):
		return refusal("", "Keys were written to the cluster: its revision is %d.", v.server.Server.KV().Rev())
	default:
		return nil
	}
}

// bornWith is the revision of a cluster to which nothing was written since its birth.
func bornWith(admitted *control.Admission) int64 {
	if admitted == nil || admitted.Restored == nil {
		return 1
	}
	return admitted.Restored.Revision
}

func wrongVolume(v view) *control.Refusal {
	return refusal("", "This volume is %s. Read the report again.", v.volume.ID)
}

func refusal(reason control.Reason, format string, args ...any) *control.Refusal {
	return &control.Refusal{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

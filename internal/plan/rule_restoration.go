package plan

import (
	"fmt"
	"slices"
	"strings"
)

// restoration puts other data in the place of a cluster's own, on new volumes:
// stop all members, go over to the next epoch, be born there. Until the cluster has
// formed again all of it can be taken back, by deleting the EtcdRestore.
func restoration(w *world) *Decision {
	rec := w.Record.Restore
	switch {
	case rec.active() && rec.Survivor:
		return nil
	case rec.active() && w.Record.Epoch < rec.Epoch:
		return stop(w, rec)
	case w.formedUnrecorded():
		return nil
	case rec.active() && !w.formed():
		return anew(w, rec)
	case rec.active():
		return complete(w, rec)
	case w.Record.Epoch < w.remembered() && w.formed():
		return wait(ReasonSuperseded, fmt.Sprintf("By the EtcdCluster's status this is cluster %s on volumes of epoch %d, and the volumes remember that others came in their place. Nothing is touched. If the status was put back by hand or from a backup, take status.clusterID and status.epoch out of it.", w.Record.ClusterID, w.Record.Epoch))
	case w.Record.Epoch < w.remembered():
		return act(RecordEpoch{w.remembered()}, ReasonRestoring, fmt.Sprintf("The volumes remember epoch %d: a restore has put others in the place of those before.", w.remembered()))
	default:
		return request(w)
	}
}

// formedUnrecorded reports whether the volumes of this very epoch remember a cluster
// and the record does not yet: that comes first, for clients may have been served.
func (w *world) formedUnrecorded() bool {
	return !w.formed() && w.Record.Epoch >= w.remembered() && len(w.witnesses()) > 0
}

// remembered is the last epoch that volumes know of: one that was formed, or was to
// come in the place of another.
func (w *Observation) remembered() int {
	last := 0
	for _, v := range w.Former {
		last = max(last, v.Superseded)
		if v.Formed != 0 {
			last = max(last, v.Epoch)
		}
	}
	for _, m := range w.Members {
		if m.Claim != nil {
			last = max(last, m.Claim.Superseded)
		}
	}
	return last
}

// givenUp are the volumes that a restore has superseded and that held a cluster.
func (w *Observation) givenUp() []Volume {
	return slices.DeleteFunc(slices.Clone(w.Former), func(v Volume) bool {
		return v.Formed == 0 || v.Superseded != w.Record.Epoch
	})
}

// request begins with an EtcdRestore that may begin: its backup was read through
// first, so that no cluster is stopped for one that is no good. Until then the
// cluster is looked after as ever: see StandingOf for what the EtcdRestore waits for.
func request(w *world) *Decision {
	r := w.Request
	if old := w.givenUp(); !w.formed() && len(old) > 0 && (r == nil || r.Survivor) {
		return blocked(ReasonSuperseded, fmt.Sprintf("The volumes of epoch %d (cluster %s) were given up for a restore, and the EtcdRestore is gone. Apply it again; or, to go back to that data, take the annotation etcd.quorate.dev/superseded-by-epoch off %s, and delete this EtcdCluster and apply it again.", old[0].Epoch, old[0].Formed, claims(old)))
	}
	if r == nil || r.Survivor || w.done(r) || w.hindrance(r) != nil {
		return nil
	}
	if r.Proof.State == "" {
		return act(ProveBackup{r.Name}, ReasonProvingBackup, fmt.Sprintf("A Job reads the backup %s through before the cluster is stopped for it.", r.Origin.Where))
	}
	if r.Proof.State != SendingDone {
		return nil
	}
	return act(BeginRestore{r.Name, r.UID, w.nextEpoch(r)}, ReasonRestoring, fmt.Sprintf("EtcdRestore %s: the backup %s comes in the place of the cluster's data.", r.Name, r.Origin.Where))
}

// done reports whether a restore was carried out: once is enough.
func (w *world) done(r *Request) bool {
	rec := w.Record.Restore
	return rec != nil && rec.UID == r.UID && rec.Completed
}

// hindrance is why a restore from a backup cannot begin, for a person; nil if it can.
func (w *world) hindrance(r *Request) *Trouble {
	switch {
	case w.Ephemeral:
		return &Trouble{ReasonRestoreFailed, "The cluster has no volumes (spec.storage.ephemeral): its data could not be kept. Delete it and apply it again with spec.bootstrap.restore."}
	case w.Hibernated:
		return &Trouble{ReasonHibernated, "The cluster is hibernated. The restore begins once spec.hibernated is false."}
	case !w.formed() && len(w.givenUp()) == 0:
		return &Trouble{ReasonForming, "The cluster was never formed, so it has no data to replace. The restore begins once it is; a new cluster begins with a backup by spec.bootstrap.restore."}
	case r.Origin.Missing != nil:
		return r.Origin.Missing
	}
	if d := unfitting(w, &Origin{Where: r.Origin.Where, Version: r.Proof.Version}); d != nil {
		return &Trouble{d.Reason, d.Message}
	}
	return w.tooSmall(r.Proof.Size)
}

// logRoom is what a member's log takes beside its database: two files of etcd, and as
// much again. A file system keeps up to a sixteenth of its volume to itself.
const logRoom = 256 << 20

// tooSmall says that new volumes cannot hold a database of that size and a log; nil if
// they may.
func (w *world) tooSmall(size int64) *Trouble {
	need := (size + logRoom) / 15 * 16
	if w.StorageSize == 0 || need <= w.StorageSize {
		return nil
	}
	const gibibyte = 1 << 30
	wanted := need/gibibyte + 1
	return &Trouble{ReasonRestoreFailed, fmt.Sprintf("The backup's database has %d MiB, and each new volume needs room for it and for a log, with spec.storage.size %s. Set spec.storage.size of the EtcdCluster to %dGi or more; the restore begins then.",
		size>>20, bytes(w.StorageSize), wanted)}
}

// nextEpoch is that of the volumes to come. A restore that has lost its record, with
// its EtcdCluster, goes on where it was.
func (w *world) nextEpoch(r *Request) int {
	goesOn := slices.ContainsFunc(w.Former, func(v Volume) bool { return v.SupersededBy == r.UID && v.Superseded == w.Record.Epoch })
	if goesOn || !w.formed() {
		return w.Record.Epoch
	}
	last := w.Record.Epoch
	for _, v := range w.Former {
		last = max(last, v.Epoch, v.Superseded)
	}
	return last + 1
}

// stop ends all members, and then the epoch. All of them: two halves of one cluster
// with different data would be worse than none.
func stop(w *world, rec *Restoration) *Decision {
	if w.withdrawn(rec) {
		return act(TakeBack{w.Record.Epoch}, ReasonTakingBack, fmt.Sprintf("EtcdRestore %s was deleted before it had replaced anything; the cluster goes on with its data.", rec.Name))
	}
	if w.Pods > 0 {
		return act(Resize{w.Pods, 0}, ReasonStopping, fmt.Sprintf("EtcdRestore %s replaces the data: all members stop together. To take it back, delete the EtcdRestore.", rec.Name))
	}
	if d := ended(w, rec); d != nil {
		return d
	}
	unmarked := keep(w.Members, func(m Member) bool { return m.Claim != nil && m.Claim.Superseded != rec.Epoch })
	if len(unmarked) > 0 {
		names := make([]string, len(unmarked))
		for i, m := range unmarked {
			names[i] = m.Claim.Name
		}
		return act(Supersede{names, rec.Epoch, rec.UID}, ReasonStopping, fmt.Sprintf("%s are kept; volumes of epoch %d come in their place.", strings.Join(names, ", "), rec.Epoch))
	}
	return act(SwitchEpoch{w.Record.Epoch, rec.Epoch}, ReasonRestoring, fmt.Sprintf("No member runs any more; the cluster is born anew on volumes of epoch %d.", rec.Epoch))
}

// ended waits for pods to end.
func ended(w *world, rec *Restoration) *Decision {
	running := keep(w.Members, func(m Member) bool { return m.Pod != PodAbsent })
	if len(running) == 0 {
		return nil
	}
	if d := gonePods(w); d != nil {
		return d
	}
	message := fmt.Sprintf("EtcdRestore %s waits for the pods of %s to end: no two clusters serve under one name.", rec.Name, join(memberNames(running)))
	if lost := keep(running, func(m Member) bool { return m.Trouble != nil }); len(lost) > 0 {
		return blocked(lost[0].Trouble.Reason, message+fmt.Sprintf(" %s. If that node is off for good, delete the Node, or taint it node.kubernetes.io/out-of-service.", whys(lost)))
	}
	return wait(ReasonStopping, message)
}

// withdrawn reports whether the EtcdRestore that was begun with is gone.
func (w *world) withdrawn(rec *Restoration) bool {
	return w.Request == nil || w.Request.UID != rec.UID
}

// anew makes way for the birth on the new volumes, or goes back.
func anew(w *world, rec *Restoration) *Decision {
	if !w.withdrawn(rec) {
		if w.StaleEpoch {
			return act(RenewClaims{}, ReasonRestoring, fmt.Sprintf("The StatefulSet is made anew, for volumes of epoch %d.", rec.Epoch))
		}
		return nil
	}
	if w.Pods > 0 && !w.StaleEpoch {
		return act(Resize{w.Pods, 0}, ReasonTakingBack, fmt.Sprintf("EtcdRestore %s was deleted before the cluster had formed anew; it goes back to the volumes of epoch %d.", rec.Name, rec.FormerEpoch))
	}
	if d := ended(w, rec); d != nil {
		return d
	}
	if w.Pods != NoStatefulSet && !w.StaleEpoch {
		return act(RenewClaims{}, ReasonTakingBack, fmt.Sprintf("The StatefulSet is made anew, for the volumes of epoch %d.", rec.FormerEpoch))
	}
	return act(TakeBack{rec.FormerEpoch}, ReasonTakingBack, fmt.Sprintf("The cluster goes back to the volumes of epoch %d.", rec.FormerEpoch))
}

// complete ends a restore once every member serves. Until then the cluster is looked
// after as any.
func complete(w *world, rec *Restoration) *Decision {
	if w.withdrawn(rec) {
		return act(CompleteRestore{rec.Name}, ReasonFormed, fmt.Sprintf("EtcdRestore %s was deleted once the cluster had formed anew: its data stays.", rec.Name))
	}
	unwell := slices.ContainsFunc(w.voters(), func(s seat) bool { return s.at == nil || !s.at.Healthy() })
	if unwell || !w.quorate(w.Record.ClusterID) || len(w.learners()) > 0 || len(w.voters()) < w.Replicas {
		return nil
	}
	return act(CompleteRestore{rec.Name}, ReasonFormed, fmt.Sprintf("EtcdRestore %s is complete: all %d members serve the restored data.", rec.Name, len(w.voters())))
}

// former deletes claims of other epochs: those whose time has passed, and those of
// a restore that was taken back, on which nothing was ever formed.
func former(w *world) *Decision {
	if !w.formed() || w.Record.Restore.active() || !w.quorate(w.Record.ClusterID) {
		return nil
	}
	past := slices.DeleteFunc(slices.Clone(w.Former), func(v Volume) bool {
		return v.Deleting || !v.Due && (v.Epoch < w.Record.Epoch || v.Formed != 0)
	})
	if len(past) == 0 {
		return nil
	}
	names := make([]string, len(past))
	for i, v := range past {
		names[i] = v.Claim
	}
	return act(DropVolumes{names}, ReasonDroppingVolumes, fmt.Sprintf("%s are not kept any longer: the cluster has other volumes since a restore.", claims(past)))
}

func claims(volumes []Volume) string {
	names := make([]string, len(volumes))
	for i, v := range volumes {
		names[i] = v.Claim
	}
	return strings.Join(names, ", ")
}

package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// shelf has the volumes of the epochs that the cluster does not live on.
type shelf struct {
	set    int // the epoch of the StatefulSet's claim template
	claims map[int]map[etcd.MemberName]*Claim
	disks  map[int]map[etcd.MemberName]*control.Volume
	by     string // who has superseded
	kept   string // "", "marked" or "over"
}

func newShelf() shelf {
	return shelf{set: 1, claims: map[int]map[etcd.MemberName]*Claim{}, disks: map[int]map[etcd.MemberName]*control.Volume{}}
}

func claimOf(epoch int, name etcd.MemberName) string {
	if epoch <= 1 {
		return "data-" + string(name)
	}
	return fmt.Sprintf("data-%d-%s", epoch, name)
}

// tellRestore changes the EtcdRestore "back" of UID u1, or another of its own UID.
func (l *lab) tellRestore(key, value string) error {
	if l.seen.Request == nil && key != "kept" {
		l.seen.Request = &Request{Name: "back", UID: "u1", Origin: Origin{Where: "s3://b/demo/nightly"}}
		l.staged = map[etcd.MemberName]string{}
	}
	r := l.seen.Request
	switch key {
	case "name":
		r.Name, r.UID = value, "u-"+value
	case "missing":
		r.Origin.Missing = nil
		if value != "" {
			r.Origin.Missing = &Trouble{ReasonBackupMissing, value}
		}
	case "proof":
		state, failure, _ := strings.Cut(value, ":")
		r.Proof.State, r.Proof.Failure = Sending(state), failure
	case "version":
		r.Proof.Version = value
	case "size":
		_, err := fmt.Sscan(value, &r.Proof.Size)
		return err
	case "revision":
		n, err := strconv.ParseInt(value, 10, 64)
		r.Proof.Revision, r.Origin.Revision = n, n
		return err
	case "survivor":
		r.Survivor = true
	case "lost":
		r.Lost = nil
		for _, id := range list(value) {
			var lost etcd.MemberID
			if err := lost.UnmarshalText([]byte(id)); err != nil {
				return err
			}
			r.Lost = append(r.Lost, lost)
		}
	case "gone":
		l.seen.Request, l.seen.Origin = nil, nil
	case "kept":
		l.shelf.kept = value
		l.showShelf()
	case "ephemeral":
		l.desired.Ephemeral = true
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return nil
}

// performRestoration does what belongs to a restore in place.
func (l *lab) performRestoration(a Action) {
	rec := l.seen.Record.Restore
	switch a := a.(type) {
	case ProveBackup:
		if l.seen.Request.Proof.State == "" {
			l.seen.Request.Proof.State = SendingDone
		}
	case BeginRestore:
		l.seen.Record.Restore = &Restoration{Name: a.Name, UID: a.UID, Survivor: l.seen.Request.Survivor, Epoch: a.Epoch, FormerEpoch: l.seen.Record.Epoch, FormerClusterID: l.seen.Record.ClusterID, LastRevision: l.revision}
		for _, v := range l.seen.Former {
			if v.Superseded == a.Epoch {
				l.seen.Record.Restore.FormerEpoch, l.seen.Record.Restore.FormerClusterID = v.Epoch, v.Formed
			}
		}
		l.restores()
	case Supersede:
		for i := range l.seen.Members {
			if c := l.seen.Members[i].Claim; c != nil && slices.Contains(a.Claims, c.Name) {
				c.Superseded, l.shelf.by = a.Epoch, a.By
			}
		}
	case SwitchEpoch:
		l.switchTo(a.To)
		l.restores()
	case RecordEpoch:
		l.switchTo(a.Epoch)
	case TakeBack:
		l.switchTo(a.To)
		for _, m := range l.seen.Members {
			if m.Claim != nil {
				m.Claim.Superseded = 0
			}
		}
		l.seen.Record.ClusterID, l.seen.Record.Restore, l.desired.Restores = rec.FormerClusterID, nil, false
	case CompleteRestore:
		rec.Completed, l.shelf.kept, l.desired.Restores, l.seen.Origin = true, "marked", false, nil
		if l.seen.Request != nil && l.seen.Request.UID == rec.UID {
			l.seen.Request = nil
		}
	case DropVolumes:
		for epoch, claims := range l.shelf.claims {
			for name, c := range claims {
				if epoch != l.seen.Record.Epoch && slices.Contains(a.Claims, c.Name) {
					delete(claims, name)
					delete(l.shelf.disks[epoch], name)
				}
			}
		}
	case RenewClaims:
		if l.seen.StaleEpoch || rec.active() && rec.Epoch == l.seen.Record.Epoch {
			l.seen.Pods, l.shelf.set = NoStatefulSet, 0
			for i, o := range l.seen.Objects {
				if o.Kind == "StatefulSet" {
					l.seen.Objects[i].State = ObjectMissing
				}
			}
		}
	}
	l.showShelf()
}

// restores shows the backup as the one to begin with, once the cluster is given up.
func (l *lab) restores() {
	if r := l.seen.Request; r != nil && l.seen.Record.ClusterID == 0 {
		l.desired.Restores, l.seen.Origin = true, &r.Origin
	}
}

// switchTo exchanges the volumes for those of another epoch, and forgets the cluster.
func (l *lab) switchTo(epoch int) {
	l.seen.Record.ClusterID, l.seen.Record.Birth, l.seen.Record.Joining = 0, nil, nil
	l.volumesOf(epoch)
}

// volumesOf puts the volumes of an epoch before the members.
func (l *lab) volumesOf(epoch int) {
	s, was := l.shelf, l.shelf.epochOf(l.seen.Members)
	if was != 0 {
		s.claims[was], s.disks[was] = map[etcd.MemberName]*Claim{}, map[etcd.MemberName]*control.Volume{}
	}
	for i := range l.seen.Members {
		m := &l.seen.Members[i]
		if m.Claim != nil {
			s.claims[was][m.Name], s.disks[was][m.Name] = m.Claim, l.disks[m.Name]
		}
		m.Claim = s.claims[epoch][m.Name]
		delete(l.disks, m.Name)
		if d := s.disks[epoch][m.Name]; d != nil {
			l.disks[m.Name] = d
		}
	}
	delete(s.claims, epoch)
	delete(s.disks, epoch)
	l.seen.Record.Epoch = epoch
	l.showShelf()
}

// epochOf is that of the claims before the members; zero when there are none.
func (shelf) epochOf(members []Member) int {
	for _, m := range members {
		if m.Claim == nil {
			continue
		}
		for epoch := range 10 {
			if m.Claim.Name == claimOf(epoch+1, m.Name) {
				return epoch + 1
			}
		}
	}
	return 0
}

// showShelf shows the planner the claims of other epochs.
func (l *lab) showShelf() {
	l.seen.Former = nil
	for epoch, claims := range l.shelf.claims {
		for _, c := range claims {
			v := Volume{Claim: c.Name, Epoch: epoch, Formed: c.Formed, Superseded: c.Superseded}
			if v.Superseded != 0 {
				v.SupersededBy, v.Kept, v.Due = l.shelf.by, l.shelf.kept != "", l.shelf.kept == "over"
			}
			l.seen.Former = append(l.seen.Former, v)
		}
	}
	slices.SortFunc(l.seen.Former, func(a, b Volume) int { return strings.Compare(a.Claim, b.Claim) })
}

func (l *lab) showRestore(out *strings.Builder) {
	r := l.seen.Record
	if r.Epoch > 1 {
		fmt.Fprintf(out, " epoch=%d", r.Epoch)
	}
	if r.Restore != nil {
		fmt.Fprintf(out, " restore=%s to epoch %d, completed=%t", r.Restore.Name, r.Restore.Epoch, r.Restore.Completed)
	}
	if r.Birth != nil && r.Birth.Restore != nil {
		fmt.Fprintf(out, " bump=%d", r.Birth.Restore.BumpRevisions)
	}
	for _, v := range l.seen.Former {
		fmt.Fprintf(out, " former=%s(%s)", v.Claim, v.Formed)
	}
}

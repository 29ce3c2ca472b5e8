package act

import (
	"context"
	"errors"
	"fmt"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// join admits an empty volume as a learner that was added and never started.
// Which volume gets the ID is recorded before the agent hears of it: the same
// ID on a second volume would be a member that forgot what it acknowledged.
func (a *Actor) join(ctx context.Context, s *Situation, action plan.Join) error {
	if last := s.Cluster.Status.Joining; last != nil && last.ID == action.ID.String() && last.VolumeID != action.VolumeID {
		return fmt.Errorf("%s was given to volume %s of %s already", action.ID, last.VolumeID, last.Name)
	}
	members, err := a.list(ctx, s)
	if err != nil {
		return err
	}
	m, err := listed(s, members, action.Name, action.ID)
	if err != nil {
		return err
	}
	if !m.IsLearner || m.Started() {
		return fmt.Errorf("the member list shows %s as a voter or as started", action.ID)
	}
	if begun, err := a.joinable(ctx, s, action); err != nil || begun {
		return err
	}
	request := control.JoinRequest{VolumeID: action.VolumeID, MemberID: action.ID, Members: peers(members, action)}
	if err := request.ClusterID.UnmarshalText([]byte(s.Cluster.Status.ClusterID)); err != nil {
		return err
	}
	joining := &v1alpha1.Joining{Name: string(action.Name), ID: action.ID.String(), VolumeID: action.VolumeID}
	if err := a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) { status.Joining = joining }); err != nil {
		return err
	}
	_, err = a.Agents.Client(s.Agents[action.Name]).Join(ctx, request)
	if refusal := (*control.Refusal)(nil); err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrNotYet, action.Name, err) // it may have heard, and then goes on by itself
}

// joinable asks the agent once more whether its volume may bear the member: the
// empty one that was seen, or the same one that has heard of it already and was
// cut short. One that has begun needs nothing.
func (a *Actor) joinable(ctx context.Context, s *Situation, action plan.Join) (begun bool, err error) {
	report, err := a.report(ctx, s, action.Name)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrNotYet, err) // it answered a moment ago
	}
	v := report.Volume
	heard := v.Admission != nil && v.Admission.MemberID == action.ID
	switch {
	case report.Member != action.Name || v.ID != action.VolumeID || v.Admission != nil && !heard:
		return false, fmt.Errorf("the volume of %s is not the one that was seen", action.Name)
	case report.State != control.StateWaiting && heard:
		return true, nil
	case report.State != control.StateWaiting || v.Contents == control.ContentsData:
		return false, fmt.Errorf("the volume of %s is not empty any more", action.Name)
	default:
		return false, nil
	}
}

// peers lists the cluster as the new member shall know it, itself included.
func peers(members etcd.Members, joins plan.Join) []control.Peer {
	var all []control.Peer
	for _, m := range members {
		name := m.Name
		if m.ID == joins.ID {
			name = joins.Name
		}
		for _, url := range m.PeerURLs {
			all = append(all, control.Peer{Name: name, PeerURL: url})
		}
	}
	return all
}

package act

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/resource"
)

// list asks the recorded cluster for its members once more: what was observed
// is older than the intent.
func (a *Actor) list(ctx context.Context, s *Situation) (etcd.Members, error) {
	if s.Etcd == nil {
		return nil, errors.New("no member was there to answer")
	}
	list, err := s.Etcd.MemberList(ctx)
	if err != nil {
		return nil, changed(err)
	}
	if recorded := s.Cluster.Status.ClusterID; list.ClusterID.String() != recorded {
		return nil, fmt.Errorf("the members that answer are of cluster %s, and the recorded one is %q", list.ClusterID, recorded)
	}
	return list.Members, nil
}

// changed marks what etcd refuses only for now.
func changed(err error) error {
	if etcdclient.NotYet(err) {
		return fmt.Errorf("%w: %w", ErrNotYet, err)
	}
	return err
}

// listed returns the member of that ID, which must be that of the pod: by its
// peer URL, or by its name where the list has one from elsewhere.
func listed(s *Situation, members etcd.Members, name etcd.MemberName, id etcd.MemberID) (etcd.Member, error) {
	m, ok := members.ByID(id)
	if !ok {
		return m, fmt.Errorf("the member list does not show %s", id)
	}
	if !slices.Contains(m.PeerURLs, peerURL(s, name)) && m.Name != name {
		return m, fmt.Errorf("the member list shows %s as %q at %v, not as %s", id, m.Name, m.PeerURLs, name)
	}
	return m, nil
}

func peerURL(s *Situation, name etcd.MemberName) string {
	return resource.PeerURL(s.Cluster, etcd.PodName(name))
}

// emptyVolume asks the agent once more whether its volume is the empty one
// that was seen.
func (a *Actor) emptyVolume(ctx context.Context, s *Situation, name etcd.MemberName, volume string) error {
	report, err := a.report(ctx, s, name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotYet, err) // it answered a moment ago
	}
	v := report.Volume
	if report.Member != name || report.State != control.StateWaiting || v.ID != volume || v.Contents != control.ContentsEmpty || v.Admission != nil {
		return fmt.Errorf("the volume of %s is not the empty one that was seen", name)
	}
	return nil
}

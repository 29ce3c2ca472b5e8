package agent

import (
	"fmt"
	"net/url"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// identify computes the identity that etcd will derive from the same token and
// members, by etcd's own code.
func identify(name etcd.MemberName, token string, members []control.Peer) (control.Admission, error) {
	urls, err := peerURLs(members)
	if err != nil {
		return control.Admission{}, err
	}
	cluster, err := membership.NewClusterFromURLsMap(zap.NewNop(), token, urls)
	if err != nil {
		return control.Admission{}, fmt.Errorf("derive the cluster's identity: %w", err)
	}
	self := cluster.MemberByName(string(name))
	if self == nil {
		return control.Admission{}, fmt.Errorf("the members do not include %s", name)
	}
	return control.Admission{
		Token:     token,
		ClusterID: etcd.ClusterID(cluster.ID()),
		MemberID:  etcd.MemberID(self.ID),
		Members:   members,
	}, nil
}

// foundingIDs are the members of a birth, as the database names them.
func foundingIDs(admitted control.Admission) (map[string]bool, error) {
	urls, err := peerURLs(admitted.Members)
	if err != nil {
		return nil, err
	}
	cluster, err := membership.NewClusterFromURLsMap(zap.NewNop(), admitted.Token, urls)
	if err != nil {
		return nil, fmt.Errorf("derive the members: %w", err)
	}
	ids := map[string]bool{}
	for _, id := range cluster.MemberIDs() {
		ids[id.String()] = true
	}
	return ids, nil
}

// peerURLs is the members as etcd's initial-cluster: names and URLs are unique.
func peerURLs(members []control.Peer) (types.URLsMap, error) {
	byName := make(types.URLsMap, len(members))
	seen := make(map[string]etcd.MemberName, len(members))
	for _, m := range members {
		u, err := url.Parse(m.PeerURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, fmt.Errorf("member %q has peer URL %q; want http(s)://host:port", m.Name, m.PeerURL)
		}
		if other, taken := seen[m.PeerURL]; taken {
			return nil, fmt.Errorf("members %q and %q share the peer URL %s", other, m.Name, m.PeerURL)
		}
		if _, taken := byName[string(m.Name)]; taken || m.Name == "" {
			return nil, fmt.Errorf("member name %q is empty or appears twice", m.Name)
		}
		urls, err := types.NewURLs([]string{m.PeerURL})
		if err != nil {
			return nil, fmt.Errorf("peer URL of member %q: %w", m.Name, err)
		}
		seen[m.PeerURL], byName[string(m.Name)] = m.Name, urls
	}
	return byName, nil
}

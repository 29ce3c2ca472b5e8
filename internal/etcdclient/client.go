package etcdclient

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/quorate/quorate/internal/etcd"
)

// Lister answers with the cluster's member list.
type Lister interface {
	// MemberList is linearizable: an answer proves that a quorum agreed at
	// that moment.
	MemberList(ctx context.Context) (MemberList, error)
}

// MemberList is a linearizable member list and the cluster that gave it.
type MemberList struct {
	ClusterID etcd.ClusterID
	Members   etcd.Members
}

// Target says where a cluster is and how it is spoken to.
type Target struct {
	// Endpoints are client URLs. The cluster's own member list is not used to
	// find more: after a restore it may name others.
	Endpoints []string
	// TLS is nil for plaintext clusters.
	TLS *tls.Config
	// ServerName is the name that every member's certificate bears; empty
	// without TLS. Endpoints are addresses, which certificates do not name.
	ServerName string
}

// client is one cached connection to a cluster.
type client struct {
	etcd    *clientv3.Client
	timeout time.Duration
}

func dial(target Target, timeout time.Duration) (*client, error) {
	var options []grpc.DialOption
	if target.ServerName != "" {
		// clientv3 takes the name to verify from the endpoint, whatever
		// tls.Config.ServerName says.
		options = append(options, grpc.WithAuthority(target.ServerName))
	}
	c, err := clientv3.New(clientv3.Config{
		Endpoints:            target.Endpoints,
		TLS:                  target.TLS,
		DialTimeout:          timeout,
		DialKeepAliveTime:    10 * time.Second,
		DialKeepAliveTimeout: 5 * time.Second,
		MaxUnaryRetries:      2,
		DialOptions:          options,
		Logger:               zap.NewNop(), // errors are returned; its own lines repeat them
	})
	if err != nil {
		return nil, fmt.Errorf("create etcd client for %v: %w", target.Endpoints, err)
	}
	return &client{etcd: c, timeout: timeout}, nil
}

// MemberList implements Lister.
func (c *client) MemberList(ctx context.Context) (MemberList, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	resp, err := c.etcd.MemberList(ctx)
	if err != nil {
		return MemberList{}, fmt.Errorf("list members: %w", err)
	}
	list := MemberList{ClusterID: etcd.ClusterID(resp.Header.GetClusterId())}
	for _, m := range resp.Members {
		list.Members = append(list.Members, etcd.Member{
			ID:         etcd.MemberID(m.ID),
			Name:       etcd.MemberName(m.Name),
			PeerURLs:   m.PeerURLs,
			ClientURLs: m.ClientURLs,
			IsLearner:  m.IsLearner,
		})
	}
	return list, nil
}

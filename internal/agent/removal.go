package agent

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.etcd.io/etcd/api/v3/version"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// etcd hears of its own removal from its log, or from a peer that its database
// lists. A learner that was removed before it caught up has neither: nobody
// sends to it any more, and it knows no one to ask. Its admission does.

const (
	askEvery    = 2 * time.Second
	askPatience = time.Second
)

// askPeers asks the members of the admission whether this one was removed,
// for as long as etcd does not list it and hears from no leader.
func (a *Agent) askPeers(s *server, admitted control.Admission, tls transport.TLSInfo) {
	rt, err := rafthttp.NewRoundTripper(tls, askPatience)
	if err != nil {
		a.log.Warn("peers cannot be asked whether this member was removed", zap.Error(err))
		return
	}
	client := &http.Client{Transport: rt, Timeout: askPatience}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.ended:
			return
		case <-s.Server.StopNotify():
			return
		}
		if s.self() != nil {
			return
		}
		if s.Server.Lead() == 0 && a.anySaysRemoved(client, admitted) {
			a.mu.Lock()
			a.removed = true
			a.mu.Unlock()
			s.Server.HardStop() // and so the server is buried as removed
			return
		}
	}
}

func (a *Agent) anySaysRemoved(client *http.Client, admitted control.Admission) bool {
	for _, p := range admitted.Members {
		if p.PeerURL == a.config.PeerURL {
			continue
		}
		gone, err := saysGone(client, p.PeerURL, admitted)
		if err != nil {
			a.log.Debug("a peer cannot be asked", zap.String("peerURL", p.PeerURL), zap.Error(err))
		}
		if gone {
			a.log.Info("a peer says that this member was removed", zap.String("peerURL", p.PeerURL))
			return true
		}
	}
	return false
}

// saysGone asks for a stream of raft messages, as each etcd does of its peers.
// One that has applied the removal answers 410 before anything else; the
// addressee is left out, so that any other answer is a refusal and no stream.
func saysGone(client *http.Client, peerURL string, admitted control.Admission) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), askPatience)
	defer cancel()
	url := peerURL + rafthttp.RaftStreamPrefix + "/message/" + admitted.MemberID.String()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, fmt.Errorf("build question: %w", err)
	}
	req.Header.Set("X-Server-From", admitted.MemberID.String())
	req.Header.Set("X-Server-Version", version.Version)
	req.Header.Set("X-Min-Cluster-Version", version.MinClusterVersion)
	req.Header.Set("X-Etcd-Cluster-ID", admitted.ClusterID.String())
	resp, err := client.Do(req)
	if err != nil {
		return false, fmt.Errorf("ask: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode == http.StatusGone, nil
}

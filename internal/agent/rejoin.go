package agent

import (
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// A member that starts publishes itself through the cluster, and serves clients
// once it sees that entry go by. A learner that gets the leader's whole database
// (every one, where the cluster has seen more than a hundred entries) finds the
// entry in it instead, and etcd publishes again only after seven seconds. A
// start on the data that came takes a tenth of one.

const (
	// serveGrace is how long etcd may take from being listed to serving.
	serveGrace = 250 * time.Millisecond
	// quickRestart is the database, in bytes, up to which to start again is
	// quicker than to wait.
	quickRestart = 64 << 20
	// portPatience bounds the wait for the ports of the server before.
	portPatience = 2 * time.Second
)

// listedPoll is how often a new member looks whether it is listed as started.
const listedPoll = 10 * time.Millisecond

// awaitJoined returns whether the member has joined; false if it ended first.
// One that was never listed as started has joined once it is.
func (s *server) awaitJoined() bool {
	var poll <-chan time.Time
	if !s.listed() {
		tick := time.NewTicker(listedPoll)
		defer tick.Stop()
		poll = tick.C
	}
	var grace <-chan time.Time
	for {
		select {
		case <-s.Server.ReadyNotify():
			return true
		case <-s.Server.StopNotify():
			return false
		case <-s.ended:
			return false
		case <-grace:
			return true
		case <-poll:
			if grace == nil && s.listed() {
				timer := time.NewTimer(serveGrace)
				defer timer.Stop()
				grace = timer.C
			}
		}
	}
}

// listed reports whether this member's own list has it as started.
func (s *server) listed() bool {
	self := s.self()
	return self != nil && len(self.ClientURLs) > 0
}

// startsQuickly reports whether a member that has joined and does not serve
// yet would do so sooner after another start.
func (s *server) startsQuickly() bool {
	return !s.joined() && s.Server.Backend().SizeInUse() <= quickRestart
}

// startAgain ends a server that has joined and does not serve, and starts
// another on the same data. The cluster still has the member as a learner.
func (a *Agent) startAgain(s *server) error {
	v := a.look()
	if v.server != s || v.stopping || s.joined() {
		a.running(s)
		return nil
	}
	began := time.Now()
	a.change(func(v *view) { v.server = nil })
	a.closing.Go(s.end)
	<-s.Server.StopNotify() // log and database are closed
	if err := a.starts.settled(); err != nil {
		return fmt.Errorf("record that etcd starts again: %w", err)
	}
	if err := a.awaitPorts(); err != nil {
		return err
	}
	a.log.Info("etcd has the cluster's data and starts again", zap.Duration("took", time.Since(began)))
	return a.start()
}

// running declares that a server has joined its cluster.
func (a *Agent) running(s *server) {
	a.change(func(v *view) {
		if v.server == s && v.state == control.StateStarting {
			v.state, v.message = control.StateRunning, ""
		}
	})
}

// awaitPorts waits until the closing server has left its ports.
func (a *Agent) awaitPorts() error {
	l := a.config.Listen
	deadline := time.Now().Add(portPatience)
	for _, port := range []int{l.Peer, l.Client} {
		for {
			listener, err := net.Listen("tcp", l.address(port))
			if err == nil {
				_ = listener.Close()
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("etcd does not leave its port: %w", err)
			}
			<-time.After(listedPoll)
		}
	}
	return nil
}

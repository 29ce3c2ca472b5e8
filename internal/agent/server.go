package agent

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// server is a started etcd.
type server struct {
	*embed.Etcd
	ended   chan struct{} // closed once we end it
	clients *clients
	atStart startState

	database inDatabase
	trusts   string // whom it trusts: what lay there just before it started
}

// startServer starts etcd on the data that is there; it asks no peer.
func startServer(c *embed.Config, l layout) (*server, error) {
	etcdFlags.RLock()
	defer etcdFlags.RUnlock()
	clients, atStart := newClients(c), readStartState(l)
	e, err := embed.StartEtcd(c)
	if err != nil {
		return nil, fmt.Errorf("start etcd: %w", err)
	}
	return &server{Etcd: e, ended: make(chan struct{}), clients: clients, atStart: atStart}, nil
}

// joined is closed once the member has published itself through a quorum; only
// from then on does etcd serve clients.
func (s *server) joined() bool {
	select {
	case <-s.Server.ReadyNotify():
		return true
	default:
		return false
	}
}

// self is this member in its own member list; nil until its log has got there.
func (s *server) self() *membership.Member {
	for _, m := range s.members() {
		if m.ID == s.id() {
			return m
		}
	}
	return nil
}

// dead waits for etcd to end and returns why; nil if it was us who ended it.
func (s *server) dead() error {
	for {
		select {
		case <-s.ended:
			return nil
		case <-s.Server.StopNotify():
			return errors.New("etcd stopped")
		case err := <-s.clients.failed:
			return err
		case err, open := <-s.Err():
			if open && err == nil && !s.clients.etcds() {
				continue // the server that etcd says has ended gave way to ours
			}
			if open && err != nil {
				return fmt.Errorf("etcd failed: %w", err)
			}
			return errors.New("etcd stopped serving")
		}
	}
}

// closeGrace is how long a closing etcd waits for requests that are under way.
// Without a quorum they would take seven seconds.
const closeGrace = 500 * time.Millisecond

// end closes etcd. Close alone never returns before the member has joined;
// stopping the server below it ends that wait.
func (s *server) end() {
	close(s.ended)
	s.database.close()
	if !s.joined() {
		s.Server.HardStop()
	} else {
		stop := time.AfterFunc(closeGrace, s.Server.Stop)
		defer stop.Stop()
	}
	s.clients.end(closeGrace)
	s.Close()
}

// status is what etcd says of itself, without asking anybody. A learner that
// is not in its own list yet may be putting a whole database in place: until
// that is done etcd guards neither its alarms nor, for less than all that time,
// its database.
func (s *server) status(ready bool) *control.Etcd {
	server := s.Server
	self := s.self()
	drained := s.clients.drained()
	facts := s.facts()
	status := &control.Etcd{
		ClusterID:    etcd.ClusterID(server.Cluster().ID()),
		MemberID:     etcd.MemberID(s.id()),
		Leader:       etcd.MemberID(server.Leader()),
		IsLearner:    self == nil || self.IsLearner, // who is not listed yet does not vote
		Term:         server.Term(),
		Index:        server.CommittedIndex(),
		AppliedIndex: server.AppliedIndex(),
		Revision:     facts.revision,
		Compacted:    facts.compacted,
		Quota:        server.Cfg.QuotaBackendBytes,
		Ready:        ready,
		Voters:       s.voters(),
		Drained:      &drained,
	}
	if self != nil {
		status.Storage, status.Downgrade = facts.form, s.downgrade()
		status.DBSize, status.DBSizeInUse = server.Backend().Size(), server.Backend().SizeInUse()
		raised := server.Alarms()
		status.Alarms = alarms(raised)
		status.Corrupt, status.NoSpace = named(raised, etcdserverpb.AlarmType_CORRUPT), named(raised, etcdserverpb.AlarmType_NOSPACE)
	}
	if status.Quota == 0 {
		status.Quota = defaultQuota
	}
	if v := server.ClusterVersion(); v != nil {
		status.Version = v.String()
	}
	return status
}

// voters counts the voters that this member knows of.
func (s *server) voters() (count int) {
	for _, m := range s.members() {
		if !m.IsLearner {
			count++
		}
	}
	return count
}

// downgrade is the release line that the cluster is being downgraded to; empty
// when there is none.
func (s *server) downgrade() string {
	d := s.Server.DowngradeInfo()
	if !d.Enabled {
		return ""
	}
	v, err := etcd.ParseVersion(d.TargetVersion)
	if err != nil {
		return d.TargetVersion
	}
	return v.Line()
}

// alarms names each kind of alarm that any member raised, once.
func alarms(raised []*etcdserverpb.AlarmMember) []string {
	var names []string
	for _, a := range raised {
		if name := a.GetAlarm().String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// named are the members that alarms of a kind name, once each.
func named(raised []*etcdserverpb.AlarmMember, kind etcdserverpb.AlarmType) []etcd.MemberID {
	var ids []etcd.MemberID
	for _, a := range raised {
		if id := etcd.MemberID(a.GetMemberID()); a.GetAlarm() == kind && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids) // etcd keeps them in a map
	return ids
}

// unready says why this server should get no clients; empty when it should.
func (s *server) unready() string {
	server := s.Server
	self := s.self()
	switch {
	case !s.joined():
		return "etcd has not joined its cluster yet, or does not serve clients yet"
	case self == nil:
		return "the cluster does not list this member"
	case self.IsLearner:
		return "this member is a learner"
	case server.Leader() == 0:
		return "no leader is known"
	}
	for _, a := range server.Alarms() {
		if a.GetAlarm() == etcdserverpb.AlarmType_CORRUPT {
			return fmt.Sprintf("member %s raised a CORRUPT alarm", types.ID(a.GetMemberID()))
		}
	}
	return ""
}

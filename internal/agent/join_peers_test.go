package agent

import (
	"net"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/control"
)

// A learner joins by what the leader sends: peers that cannot be reached, or
// whose name nobody resolves, do not hold it up. etcd's own join asks all.
func TestJoinBesideAPeerThatIsOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		writes int
		spoil  func(t *testing.T, out, through *pod, id uint64)
	}{
		"its name does not resolve":                         {ofLog, unresolvable},
		"its name does not resolve, and the whole database": {ofDatabase, unresolvable},
		"it hangs":                         {ofLog, hanging},
		"it hangs, and the whole database": {ofDatabase, hanging},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pods := newCluster(t, 3, plain)
			form(t, pods)
			fill(t, pods[0], c.writes, 100)
			p := newMember(t, pods, plain)
			p.start()
			req := addLearner(t, pods, p)
			leader, followers := leaderOf(t, pods)
			out, stay := followers[0], []*pod{leader, followers[1]}
			id := uint64(out.report().Etcd.MemberID)
			must(t, out.stop())
			c.spoil(t, out, leader, id)

			began := time.Now()
			_, err := p.join(req)
			must(t, err)
			waitFor(t, "etcd to run", func() bool { return p.report().State == control.StateRunning })
			runs := time.Since(began)
			promote(t, stay, req.MemberID)
			votes := time.Since(began)
			t.Logf("runs after %v, votes after %v", runs, votes)
			if votes > 5*time.Second {
				t.Errorf("the peer that is out held the learner up for %v", votes)
			}
			sameKeys(t, append(stay, p))
		})
	}
}

func unresolvable(t *testing.T, _, through *pod, id uint64) {
	t.Helper()
	_, err := through.etcd().MemberUpdate(t.Context(), id, []string{"http://nowhere.invalid:2380"})
	must(t, err)
}

// hanging accepts connections in the place of out and says nothing.
func hanging(t *testing.T, out, _ *pod, _ uint64) {
	t.Helper()
	l, err := net.Listen("tcp", out.host+":2380")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
}

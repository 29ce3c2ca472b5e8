package agent

import (
	"context"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/connectivity"

	"github.com/quorate/quorate/internal/control"
)

func drainRequest(p *pod, withdrawal string) control.DrainRequest {
	e := p.report().Etcd
	return control.DrainRequest{ClusterID: e.ClusterID, MemberID: e.MemberID, Withdrawal: withdrawal}
}

// A drained member's clients connect anew, and miss nothing: what they asked is
// answered, a watch goes on. Nobody but that very member heeds it, and whoever
// still comes is served. So it goes again and again.
func TestDrain(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){"mtls": func(*Config) {}, "disabled": plain} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newCluster(t, 1, change)[0]
			form(t, []*pod{p})
			c := p.etcd()
			watching, stop := context.WithCancel(t.Context())
			defer stop()
			events := c.Watch(watching, "k", clientv3.WithCreatedNotify())
			<-events
			w := startWriter(c, 10*time.Second) // an answer that is lost would take so long
			for _, withdrawal := range []string{"first", "second"} {
				moved := reconnects(t, c)
				r, err := p.control().Drain(t.Context(), drainRequest(p, withdrawal))
				must(t, err)
				if d := *r.Etcd.Drained; d != withdrawal {
					t.Errorf("it reports %q as drained", d)
				}
				moved()
				_, err = c.Put(t.Context(), "k", withdrawal)
				must(t, err)
				if e := <-events; e.Err() != nil || len(e.Events) != 1 || string(e.Events[0].Kv.Value) != withdrawal {
					t.Errorf("the watch did not go on: %+v", e)
				}
				_, err = p.control().Drain(t.Context(), drainRequest(p, withdrawal))
				must(t, err)
			}
			w.stop()
			w.done.Wait()
			if w.failed > 1 { // the one that was under way when it was stopped
				t.Errorf("%d writes failed", w.failed)
			}
			if !p.ready() {
				t.Error("it is not ready any more")
			}
			other := drainRequest(p, "third")
			other.MemberID++
			_, err := p.control().Drain(t.Context(), other)
			refusedWith(t, err, "This is member")
			must(t, p.stop())
			p.start() // a new process has sent nobody away
			waitFor(t, "readiness", p.ready)
			if d := *p.report().Etcd.Drained; d != "" {
				t.Errorf("after a restart it reports %q as drained", d)
			}
		})
	}
}

// reconnects returns a function that waits until the client has left the
// connection that it has now.
func reconnects(t *testing.T, c *clientv3.Client) func() {
	t.Helper()
	conn := c.ActiveConnection()
	waitFor(t, "a connection", func() bool { return conn.GetState() == connectivity.Ready })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	var left sync.WaitGroup
	left.Go(func() {
		defer cancel()
		if !conn.WaitForStateChange(ctx, connectivity.Ready) {
			t.Error("the client stays on its connection")
		}
	})
	return left.Wait
}

// A member without etcd has no clients to send away.
func TestDrainRefused(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain)[0]
	_, err := p.control().Drain(t.Context(), control.DrainRequest{Withdrawal: "first"})
	refusedWith(t, err, "never admitted")
	form(t, []*pod{p})
	_, err = p.control().Drain(t.Context(), drainRequest(p, ""))
	refusedWith(t, err, "names no withdrawal")
}

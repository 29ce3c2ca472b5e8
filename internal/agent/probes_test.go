package agent

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/quorate/quorate/internal/control"
)

// raise raises an alarm as a member would.
func raise(t *testing.T, p *pod, kind etcdserverpb.AlarmType) {
	t.Helper()
	conn := p.etcd().ActiveConnection()
	_, err := etcdserverpb.NewMaintenanceClient(conn).Alarm(t.Context(), &etcdserverpb.AlarmRequest{
		Action: etcdserverpb.AlarmRequest_ACTIVATE, MemberID: uint64(p.report().Etcd.MemberID), Alarm: kind,
	})
	must(t, err)
}

// NOSPACE still lets clients read; CORRUPT lets them do nothing.
func TestReadinessUnderAlarms(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain)[0]
	form(t, []*pod{p})
	raise(t, p, etcdserverpb.AlarmType_NOSPACE)
	waitFor(t, "the alarm", func() bool { return len(p.report().Etcd.Alarms) == 1 })
	if !p.ready() {
		t.Error("NOSPACE took a member that can be read out of service")
	}
	raise(t, p, etcdserverpb.AlarmType_CORRUPT)
	waitFor(t, "unreadiness", func() bool { return !p.ready() })
	if _, body := p.probe("/readyz"); !strings.Contains(body, "CORRUPT") {
		t.Errorf("readyz says %q", body)
	}
	if r := p.report(); len(r.Etcd.Alarms) != 2 || r.Etcd.Ready {
		t.Errorf("got %+v", r.Etcd)
	}
	if status, _ := p.probe("/livez"); status != http.StatusOK {
		t.Errorf("livez: %d", status)
	}
}

func TestMetricsAreServedBeforeAndAfterBirth(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain)[0]
	if _, body := p.probe("/metrics"); !strings.Contains(body, "go_goroutines") {
		t.Error("no Go metrics before birth")
	}
	form(t, []*pod{p})
	if _, body := p.probe("/metrics"); !strings.Contains(body, "etcd_server_has_leader") {
		t.Error("no etcd metrics")
	}
}

// An etcd that ends on its own takes the process with it, so that the kubelet
// starts it again.
func TestDeathOfEtcdEndsTheAgent(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain)[0]
	form(t, []*pod{p})
	p.agent.look().server.Server.HardStop()
	if err := <-p.ended; err == nil {
		t.Error("the agent ended as if it had been told to")
	}
	p.agent = nil
	if failures, words := readStarts(p.layout()); failures != 1 || words == "" {
		t.Errorf("got %d %q", failures, words)
	}
	p.start()
	waitFor(t, "readiness", p.ready)
}

// A volume that can be used again is found without deleting the pod.
func TestVolumeIsTriedAgain(t *testing.T) {
	t.Parallel()
	p := newPod(t, newAuthorities(t), "demo-0")
	must(t, os.WriteFile(p.layout().volumeFile(), []byte("{"), 0o600))
	p.start()
	if r := p.report(); r.Reason != control.ReasonVolumeUnusable {
		t.Fatalf("got %+v", r)
	}
	must(t, os.Remove(p.layout().volumeFile()))
	p.agent.retry <- struct{}{}
	waitFor(t, "another look", func() bool { return p.report().State == control.StateWaiting })
}

func TestAnyHostCanBeReachedOverIPv4(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", net.JoinHostPort(AnyHost(), "0"))
	must(t, err)
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	conn, err := net.Dial("tcp4", "127.0.0.1:"+port)
	must(t, err)
	must(t, conn.Close())
}

// What is logged names neither keys nor certificates' contents, and each line
// is JSON.
func TestLogIsJSON(t *testing.T) {
	t.Parallel()
	p := grown(t)
	member := p.spawn()
	waitFor(t, "readiness", p.ready)
	must(t, member.Process.Signal(os.Interrupt))
	_ = member.Wait()
	out := member.Stderr.(*bytes.Buffer).String()
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "{") || strings.Contains(line, "PRIVATE KEY") {
			t.Errorf("line %q", line)
		}
	}
}

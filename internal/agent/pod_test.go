package agent

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/control/dial"
	"github.com/quorate/quorate/internal/etcd"
)

// Every member of every test has a loopback address of its own, so that all
// use the ports of a real pod and tests run beside each other.
var (
	network  = 16 + rand.IntN(200)
	hostsOut atomic.Int32
)

func newHost() string {
	n := int(hostsOut.Add(1))
	return fmt.Sprintf("127.%d.%d.%d", network, n/250, 1+n%250)
}

// pod is one member as the kubelet would run it: it can be stopped and started
// again on the same volume.
type pod struct {
	t      *testing.T
	host   string
	as     authorities
	config Config
	log    *zap.Logger
	agent  *Agent
	cancel context.CancelFunc
	ended  chan error
}

func newPod(t *testing.T, as authorities, name string) *pod {
	t.Helper()
	p := &pod{t: t, host: newHost(), as: as, log: zap.NewNop()}
	if os.Getenv("AGENT_TEST_LOG") != "" {
		p.log = NewLogger(os.Stderr, zap.NewAtomicLevel())
	}
	listen := DefaultListen()
	listen.Host = p.host
	p.config = Config{
		Name: etcd.MemberName(name), Namespace: "test", Cluster: "demo", PeersService: "demo-peers",
		Dir: t.TempDir(), TLSDir: as.mount(t, p.host), PeerTLS: true, ClientTLS: true, Listen: listen,
		PeerURL: "https://" + p.host + ":2380", ClientURL: "https://" + p.host + ":2379",
	}
	return p
}

// start runs the agent until stop or the end of the test.
func (p *pod) start() {
	p.t.Helper()
	a, err := New(p.config, p.log, zap.NewAtomicLevel())
	must(p.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	p.agent, p.cancel, p.ended = a, cancel, make(chan error, 1)
	go func() { p.ended <- a.Run(ctx) }()
	p.t.Cleanup(func() { _ = p.stop() })
	waitFor(p.t, "probes of "+p.host, func() bool { status, _ := p.probe("/livez"); return status == http.StatusOK })
	waitFor(p.t, "boot of "+p.host, func() bool { return a.look().message != readingMessage })
}

// stop ends the agent as SIGTERM does and returns what Run returned.
func (p *pod) stop() error {
	if p.agent == nil {
		return nil
	}
	p.cancel()
	err := <-p.ended
	p.agent.closing.Wait() // the process would end here and free its ports
	p.agent = nil
	return err
}

func (p *pod) peer() control.Peer {
	return control.Peer{Name: p.config.Name, PeerURL: p.config.PeerURL}
}

func (p *pod) control() *dial.Client {
	c := dial.New(p.host, p.host, p.as.operator(), 10*time.Second)
	p.t.Cleanup(c.Close)
	return c
}

func (p *pod) report() control.Report {
	p.t.Helper()
	r, err := p.control().Report(p.t.Context())
	must(p.t, err)
	return r
}

func (p *pod) admit(token string, members []control.Peer) (control.Report, error) {
	return p.control().Admit(p.t.Context(), control.AdmitRequest{VolumeID: p.report().Volume.ID, Token: token, Members: members})
}

func (p *pod) formed() (control.Report, error) {
	v := p.report().Volume
	return p.control().Formed(p.t.Context(), control.FormedRequest{VolumeID: v.ID, ClusterID: v.Admission.ClusterID})
}

func (p *pod) probe(path string) (int, string) {
	client := http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://" + p.host + ":2381" + path)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func (p *pod) ready() bool {
	status, _ := p.probe("/readyz")
	return status == http.StatusOK
}

func (p *pod) etcd() *clientv3.Client { return etcdClient(p.t, p.as, p) }

func etcdClient(t *testing.T, as authorities, pods ...*pod) *clientv3.Client {
	t.Helper()
	var secure *tls.Config
	if pods[0].config.ClientTLS {
		secure = as.client.client("root")
	}
	return etcdClientWith(t, secure, pods...)
}

func etcdClientWith(t *testing.T, secure *tls.Config, pods ...*pod) *clientv3.Client {
	t.Helper()
	var endpoints []string
	for _, p := range pods {
		endpoints = append(endpoints, p.config.ClientURL)
	}
	config := clientv3.Config{Endpoints: endpoints, TLS: secure, DialTimeout: 5 * time.Second, Logger: zap.NewNop()}
	config.DialOptions = []grpc.DialOption{grpc.WithNoProxy()}
	c, err := clientv3.New(config)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// cluster is a set of pods that are born together.
func newCluster(t *testing.T, n int, change ...func(*Config)) []*pod {
	t.Helper()
	as := newAuthorities(t)
	pods := make([]*pod, n)
	for i := range pods {
		pods[i] = newPod(t, as, fmt.Sprintf("demo-%d", i))
		for _, f := range change {
			f(&pods[i].config)
		}
		pods[i].start()
	}
	return pods
}

func peersOf(pods []*pod) []control.Peer {
	var peers []control.Peer
	for _, p := range pods {
		peers = append(peers, p.peer())
	}
	return peers
}

// bear admits all pods under one token and waits until all are running.
func bear(t *testing.T, pods []*pod, token string) {
	t.Helper()
	for _, p := range pods {
		_, err := p.admit(token, peersOf(pods))
		must(t, err)
	}
	for _, p := range pods {
		waitFor(t, "birth of "+string(p.config.Name), func() bool { return p.report().State == control.StateRunning })
	}
}

// form bears the pods and confirms them.
func form(t *testing.T, pods []*pod) {
	t.Helper()
	bear(t, pods, "token-of-birth")
	for _, p := range pods {
		_, err := p.formed()
		must(t, err)
	}
	for _, p := range pods {
		waitFor(t, "readiness of "+string(p.config.Name), p.ready)
	}
}

// waitFor polls: what is waited for happens in another process's terms.
func waitFor(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

package controlplane

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/quorate/quorate/hack/cluster/internal/cgroup"
	"github.com/quorate/quorate/hack/cluster/internal/config"
	"github.com/quorate/quorate/hack/cluster/internal/daemon"
	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

const (
	etcd      = "etcd"
	apiServer = "kube-apiserver"
	forwarder = "forwarder"
	etcdPort  = 2379
)

// Daemons lists the control plane's daemons in the order they start.
var Daemons = []string{etcd, apiServer, forwarder, "kube-controller-manager", "kube-scheduler", "provisioner"}

// StartServer starts etcd, the API server and the forwarder. The API server may need seconds more to be ready.
func StartServer(ctx context.Context, l state.Layout, c *state.Cluster) error {
	if err := cgroup.Make(l.ControlPlaneCgroup()); err != nil {
		return err
	}
	set := daemon.Set{Dir: l.Records()}
	if err := set.Start(inside(l, etcd, config.Etcd(l))); err != nil {
		return err
	}
	if err := waitForEtcd(ctx, set, l); err != nil {
		return err
	}
	if err := set.Start(inside(l, apiServer, config.APIServer(l, c))); err != nil {
		return err
	}
	return startForwarder(set, l, c)
}

// StartClients starts what works through the API server.
func StartClients(l state.Layout, c *state.Cluster) error {
	set := daemon.Set{Dir: l.Records()}
	provisioner := []string{
		l.Bin("quorate-cluster"), "provision", "--kubeconfig=" + l.PKI("provisioner.kubeconfig"),
		"--root=" + filepath.Join(l.Root, "volumes"),
	}
	for _, spec := range []daemon.Spec{
		inside(l, "kube-controller-manager", config.Controllers(l, c)),
		inside(l, "kube-scheduler", config.Scheduler(l)),
		inside(l, "provisioner", provisioner),
	} {
		if err := set.Start(spec); err != nil {
			return err
		}
	}
	return nil
}

func inside(l state.Layout, name string, argv []string) daemon.Spec {
	return daemon.Spec{
		Name: name, Argv: argv, Log: l.Log(name), Netns: network.Path(l.ControlPlaneNetns()),
		Join: func(pid int) error { return cgroup.Join(l.ControlPlaneCgroup(), pid) },
	}
}

func waitForEtcd(ctx context.Context, set daemon.Set, l state.Layout) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		pid := set.PID(etcd)
		switch {
		case pid == 0:
			return fmt.Errorf("the control plane's etcd ended; its log is %s", l.Log(etcd))
		case network.Listening(pid, etcdPort):
			return nil
		case time.Now().After(deadline) || ctx.Err() != nil:
			return fmt.Errorf("the control plane's etcd does not listen; its log is %s", l.Log(etcd))
		}
	}
}

// startForwarder opens the listener here, in the host's namespace, and hands it to a program in the other one.
func startForwarder(set daemon.Set, l state.Layout, c *state.Cluster) error {
	if set.Alive(forwarder) {
		return nil
	}
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: c.Port})
	if err != nil {
		return fmt.Errorf("port %d, where this cluster's API server answers, is taken by another program: %w", c.Port, err)
	}
	defer listener.Close()
	file, err := listener.File()
	if err != nil {
		return err
	}
	defer file.Close()
	spec := inside(l, forwarder, []string{l.Bin("quorate-cluster"), "forward", "--target=" + config.Endpoint(c).String()})
	spec.Files = []*os.File{file}
	return set.Start(spec)
}

// FreePort finds a port of 127.0.0.1 that nobody listens on.
func FreePort() (int, error) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

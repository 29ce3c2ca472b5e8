package cluster

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/quorate/quorate/hack/cluster/internal/daemon"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

const patience = 2 * time.Minute

// client talks to the API server as the administrator.
func client(l state.Layout) (kubernetes.Interface, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", l.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	cfg.QPS, cfg.Burst, cfg.Timeout = 50, 100, 5*time.Second
	return kubernetes.NewForConfig(cfg)
}

// poll repeats check until it has nothing to object to. What it objected to last becomes the error.
func poll(ctx context.Context, what string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		objection := check(ctx)
		if objection == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: gave up waiting: %w", what, objection)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func waitForServer(ctx context.Context, l state.Layout) error {
	k, err := client(l)
	if err != nil {
		return err
	}
	const name = "kube-apiserver"
	return poll(ctx, "API server (its log is "+l.Log(name)+")", func(ctx context.Context) error {
		return k.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// waitForNodes waits until every node that runs is Ready.
func waitForNodes(ctx context.Context, l state.Layout, c *state.Cluster) error {
	k, err := client(l)
	if err != nil {
		return err
	}
	return poll(ctx, "nodes (logs in "+l.Log("*.kubelet")+")", func(ctx context.Context) error {
		ready, err := readiness(ctx, k, l)
		if err != nil {
			return err
		}
		var late []string
		for _, n := range running(c) {
			if !ready[n.Name] && !n.Cut {
				late = append(late, n.Name+why(l, n))
			}
		}
		if len(late) > 0 {
			return fmt.Errorf("not Ready: %s", strings.Join(late, ", "))
		}
		return nil
	})
}

// why adds which of a node's daemons has ended.
func why(l state.Layout, n state.Node) string {
	set := daemon.Set{Dir: l.Records()}
	if name := l.Of(n).Daemon("kubelet"); !set.Alive(name) {
		return " (its kubelet has ended; see " + l.Log(name) + ")"
	}
	return ""
}

// readiness maps each node to whether it is Ready by the word of the kubelet that runs now: after a power cut the
// API server repeats what the last one said.
func readiness(ctx context.Context, k kubernetes.Interface, l state.Layout) (map[string]bool, error) {
	nodes, err := k.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	set := daemon.Set{Dir: l.Records()}
	out := map[string]bool{}
	for _, n := range nodes.Items {
		started := set.Since(n.Name + ".kubelet").Truncate(time.Second)
		for _, cond := range n.Status.Conditions {
			if cond.Type == corev1.NodeReady {
				out[n.Name] = cond.Status == corev1.ConditionTrue && !cond.LastHeartbeatTime.Time.Before(started)
			}
		}
	}
	return out, nil
}

// waitForDNS waits until a DNS server serves.
func waitForDNS(ctx context.Context, l state.Layout) error {
	k, err := client(l)
	if err != nil {
		return err
	}
	return poll(ctx, "DNS (see: kubectl -n kube-system get pods)", func(ctx context.Context) error {
		d, err := k.AppsV1().Deployments("kube-system").Get(ctx, "coredns", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if d.Status.AvailableReplicas == 0 {
			return fmt.Errorf("no CoreDNS pod is available")
		}
		return nil
	})
}

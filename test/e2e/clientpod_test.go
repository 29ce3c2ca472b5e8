package e2e

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// clientImage is test/e2e/client, which hack/make/e2e.mk builds and loads.
const clientImage = "quorate.dev/e2e-client:e2e"

// restricted is what the restricted Pod Security level asks of a container.
func restricted() *corev1.SecurityContext {
	yes, no := true, false
	return &corev1.SecurityContext{
		RunAsNonRoot: &yes, AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes,
		Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

// clientPod is a pod that speaks to the cluster through its client Service.
func (c *cluster) clientPod(name string, args ...string) *corev1.Pod {
	no, now := false, int64(1)
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			RestartPolicy:                 corev1.RestartPolicyNever,
			AutomountServiceAccountToken:  &no,
			TerminationGracePeriodSeconds: &now,
			Containers: []corev1.Container{{
				Name: "client", Image: clientImage, ImagePullPolicy: corev1.PullNever, SecurityContext: restricted(),
				Args:         append([]string{"--endpoint=https://" + c.serviceHost() + ":2379"}, args...),
				VolumeMounts: []corev1.VolumeMount{{Name: "tls", MountPath: "/tls", ReadOnly: true}},
			}},
			Volumes: []corev1.Volume{{Name: "tls", VolumeSource: corev1.VolumeSource{
				Secret: &corev1.SecretVolumeSource{SecretName: c.name + "-client-tls"},
			}}},
		},
	}
}

// throughService runs a command of the client in a pod and returns what it printed.
func (c *cluster) throughService(name string, args ...string) string {
	c.t.Helper()
	c.create(c.clientPod(name, args...))
	p := c.awaitPod(name, "has ended", func(p *corev1.Pod) error {
		if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			return nil
		}
		return fmt.Errorf("it has not ended")
	})
	out, err := c.log(bounded(c.t), name)
	if err != nil {
		c.t.Fatalf("read the log of %s: %v", name, err)
	}
	if p.Status.Phase != corev1.PodSucceeded {
		c.t.Fatalf("client %v failed: %s", args, out)
	}
	return out
}

// writer writes numbered keys from a pod until the test ends.
type writer struct {
	c         *cluster
	pod, keys string
}

// writer starts one on a node. It is given the Service's address, so that its
// view of the cluster does not hang on the DNS servers' nodes.
func (c *cluster) writer(node string) *writer {
	c.t.Helper()
	service := &corev1.Service{}
	c.read(c.name+"-client", service)
	w := &writer{c, "writer", "writer"}
	p := c.clientPod(w.pod, "--endpoint=https://"+service.Spec.ClusterIP+":2379", "--server-name="+c.serviceHost(), "writer", w.keys)
	p.Spec.NodeSelector = map[string]string{corev1.LabelHostname: node}
	c.create(p)
	w.progress(20)
	return w
}

// acked are the numbers of the keys that etcd has acknowledged.
func (w *writer) acked(ctx context.Context) (map[string]bool, error) {
	out, err := w.c.log(ctx, w.pod)
	if err != nil {
		return nil, err
	}
	acked := map[string]bool{}
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), "acked "); ok {
			acked[n] = true
		}
	}
	return acked, nil
}

// progress waits until that many more writes than now were acknowledged.
func (w *writer) progress(more int) {
	w.c.t.Helper()
	start := -1
	eventually(w.c.t, medium, fmt.Sprintf("the writer gets %d more writes acknowledged", more), func(ctx context.Context) error {
		acked, err := w.acked(ctx)
		if err != nil {
			return err
		}
		if start < 0 {
			start = len(acked)
		}
		if len(acked) < start+more {
			return fmt.Errorf("%d acknowledged, %d before", len(acked), start)
		}
		return nil
	})
}

// verify stops the writer and reads every acknowledged key back.
func (w *writer) verify(client *clientv3.Client) {
	w.c.t.Helper()
	acked, err := w.acked(bounded(w.c.t))
	if err != nil {
		w.c.t.Fatalf("read the writer's log: %v", err)
	}
	got, err := client.Get(bounded(w.c.t), w.keys+"/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		w.c.t.Fatalf("read the writer's keys: %v", err)
	}
	found := map[string]bool{}
	for _, kv := range got.Kvs {
		found[strings.TrimPrefix(string(kv.Key), w.keys+"/")] = true
	}
	for n := range acked {
		if !found[n] {
			w.c.t.Errorf("write %s was acknowledged and is lost", n)
		}
	}
	w.c.t.Logf("%d writes were acknowledged", len(acked))
}

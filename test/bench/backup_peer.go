package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// byHand is what test/bench/peer prints: what etcd's own tool took.
type byHand struct {
	From  int64 `json:"from"` // nanoseconds since 1970
	To    int64 `json:"to"`
	Bytes int64 `json:"bytes"`
}

func (t byHand) duration() time.Duration { return time.Duration(t.To - t.From) }
func (t byHand) rate() float64           { return rate(t.Bytes, t.duration()) }
func (t byHand) window() window          { return window{time.Unix(0, t.From), time.Unix(0, t.To)} }

func readByHand(out string) (byHand, error) {
	var t byHand
	if err := json.Unmarshal([]byte(out), &t); err != nil {
		return t, fmt.Errorf("read what the peer says, %q: %w", out, err)
	}
	if t.duration() <= 0 || t.Bytes <= 0 {
		return t, fmt.Errorf("the peer says %q: nothing was measured", out)
	}
	return t, nil
}

const peerFolder = "/data"

// peerPod runs etcd's own tool beside a claim, with the share of the processors
// that the pods of backups ask for.
func (b *bench) peerPod(name, claim string, clusters []string, args ...string) *corev1.Pod {
	pod := b.loadPod(name, clusters, args)
	c := &pod.Spec.Containers[0]
	c.Image = b.options.peerImage
	c.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")}
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "data", MountPath: peerFolder})
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
	}})
	return pod
}

func (b *bench) runPeer(ctx context.Context, pod *corev1.Pod) (byHand, error) {
	out, err := b.runPod(ctx, pod)
	if err != nil {
		return byHand{}, err
	}
	return readByHand(out)
}

// savePod saves a cluster's database as etcdctl does, from a member onto a claim.
func (d *database) savePod(name, claim, file string) *corev1.Pod {
	tls := "/tls/" + d.cluster.name()
	return d.b.peerPod(name, claim, []string{d.cluster.name()}, "save", file,
		fmt.Sprintf("--endpoints=https://%s.%s-peers.%s.svc:2379", d.member, d.cluster.name(), namespace),
		"--cacert="+tls+"/ca.crt", "--cert="+tls+"/tls.crt", "--key="+tls+"/tls.key", "--command-timeout=2m", "--dial-timeout=10s")
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// measureMemory reads what the kernel says of the process that acts.
func (b *bench) measureMemory(ctx context.Context) error {
	pods, err := b.clientset.CoreV1().Pods("quorate-system").List(ctx, metav1.ListOptions{
		LabelSelector: "app.kubernetes.io/component=operator",
	})
	if err != nil {
		return fmt.Errorf("list the operator's pods: %w", err)
	}
	most := 0.0
	for _, pod := range pods.Items {
		rss, err := residentMiB(string(pod.UID), "operator")
		if err != nil {
			return err
		}
		most = max(most, rss)
	}
	if most == 0 {
		return fmt.Errorf("no process of the operator was found: is this the local Kubernetes?")
	}
	figure("operator.rss.mib", most, "MiB", goal{})
	return nil
}

// residentMiB finds a pod's process by its cgroup: the nodes' processes are
// this machine's.
func residentMiB(podUID, command string) (float64, error) {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, process := range processes {
		cgroup, _ := os.ReadFile(process + "/cgroup")
		name, _ := os.ReadFile(process + "/comm")
		if !strings.Contains(string(cgroup), podUID) || strings.TrimSpace(string(name)) != command {
			continue
		}
		status, err := os.ReadFile(process + "/status")
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(string(status)) {
			if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
				kib, err := strconv.ParseFloat(fields[1], 64)
				return kib / 1024, err
			}
		}
	}
	return 0, nil
}

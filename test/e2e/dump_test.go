package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/quorate/quorate/api/v1alpha1"
)

// dump prints what a person wants to see of a failed test's namespace.
func dump(t testing.TB, namespace string) {
	ctx, cancel := context.WithTimeout(context.Background(), medium)
	defer cancel()
	var out bytes.Buffer
	fmt.Fprintf(&out, "======== namespace %s ========\n", namespace)
	dumpClusters(ctx, &out, namespace)
	dumpEvents(ctx, &out, namespace)
	dumpClaims(ctx, &out, namespace)
	dumpPods(ctx, &out, namespace)
	if namespace != systemNamespace {
		dumpOperator(ctx, &out, namespace)
	}
	t.Logf("%s======== end of %s ========", out.String(), namespace)
}

func dumpClusters(ctx context.Context, out *bytes.Buffer, namespace string) {
	list := &v1alpha1.EtcdClusterList{}
	if err := world.List(ctx, list, client.InNamespace(namespace)); err != nil {
		fmt.Fprintf(out, "EtcdClusters: %v\n", err)
	}
	for _, c := range list.Items {
		c.ManagedFields = nil
		text, _ := yaml.Marshal(c)
		fmt.Fprintf(out, "---- EtcdCluster %s\n%s", c.Name, text)
	}
}

func dumpEvents(ctx context.Context, out *bytes.Buffer, namespace string) {
	list := &corev1.EventList{}
	if err := world.List(ctx, list, client.InNamespace(namespace)); err != nil {
		fmt.Fprintf(out, "Events: %v\n", err)
	}
	slices.SortFunc(list.Items, func(a, b corev1.Event) int { return eventTime(a).Compare(eventTime(b)) })
	fmt.Fprintln(out, "---- Events")
	for _, e := range list.Items {
		fmt.Fprintf(out, "%s %s %s/%s %s: %s\n", eventTime(e).Format(time.TimeOnly), e.Type, e.InvolvedObject.Kind, e.InvolvedObject.Name, e.Reason, e.Message)
	}
}

func eventTime(e corev1.Event) time.Time {
	if e.EventTime.IsZero() {
		return e.LastTimestamp.Time
	}
	return e.EventTime.Time
}

func dumpClaims(ctx context.Context, out *bytes.Buffer, namespace string) {
	list := &corev1.PersistentVolumeClaimList{}
	if err := world.List(ctx, list, client.InNamespace(namespace)); err != nil {
		fmt.Fprintf(out, "Claims: %v\n", err)
	}
	for _, c := range list.Items {
		fmt.Fprintf(out, "---- Claim %s: %s, volume %q, annotations %v\n", c.Name, c.Status.Phase, c.Spec.VolumeName, c.Annotations)
	}
}

func dumpPods(ctx context.Context, out *bytes.Buffer, namespace string) {
	list := &corev1.PodList{}
	if err := world.List(ctx, list, client.InNamespace(namespace)); err != nil {
		fmt.Fprintf(out, "Pods: %v\n", err)
	}
	for _, p := range list.Items {
		fmt.Fprintf(out, "---- Pod %s on %q: %s, deletion %v\n", p.Name, p.Spec.NodeName, p.Status.Phase, p.DeletionTimestamp)
		for _, c := range p.Status.Conditions {
			if c.Status != corev1.ConditionTrue {
				fmt.Fprintf(out, "  %s=%s %s %s\n", c.Type, c.Status, c.Reason, c.Message)
			}
		}
		for _, c := range p.Status.ContainerStatuses {
			fmt.Fprintf(out, "  container %s: restarts %d, state %+v\n", c.Name, c.RestartCount, c.State)
			if c.RestartCount > 0 {
				fmt.Fprintf(out, "%s", tail(ctx, namespace, p.Name, c.Name, true, 25, ""))
			}
			fmt.Fprintf(out, "%s", tail(ctx, namespace, p.Name, c.Name, false, 40, ""))
		}
	}
}

// dumpOperator prints the lines of the operator's log that name the namespace.
func dumpOperator(ctx context.Context, out *bytes.Buffer, namespace string) {
	list := &corev1.PodList{}
	if err := world.List(ctx, list, client.InNamespace(systemNamespace)); err != nil {
		fmt.Fprintf(out, "Operator: %v\n", err)
	}
	for _, p := range list.Items {
		fmt.Fprintf(out, "---- Operator %s/%s\n%s", systemNamespace, p.Name, tail(ctx, systemNamespace, p.Name, "", false, 4000, namespace))
	}
}

// tail returns the last lines of a log, at most 60 of those that contain match.
func tail(ctx context.Context, namespace, pod, container string, previous bool, lines int64, match string) string {
	raw, err := world.clientset.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{
		Container: container, Previous: previous, TailLines: &lines,
	}).DoRaw(ctx)
	if err != nil {
		return fmt.Sprintf("  (no log: %v)\n", err)
	}
	var kept []string
	for scanner := bufio.NewScanner(bytes.NewReader(raw)); scanner.Scan(); {
		if strings.Contains(scanner.Text(), match) {
			kept = append(kept, "  | "+scanner.Text())
		}
	}
	kept = kept[max(0, len(kept)-60):]
	return strings.Join(append(kept, ""), "\n")
}

// conditionsText prints conditions for an error.
func conditionsText(conditions []metav1.Condition) string {
	if len(conditions) == 0 {
		return "no conditions"
	}
	parts := make([]string, len(conditions))
	for i, c := range conditions {
		parts[i] = fmt.Sprintf("%s=%s (%s: %s)", c.Type, c.Status, c.Reason, c.Message)
	}
	return strings.Join(parts, "; ")
}

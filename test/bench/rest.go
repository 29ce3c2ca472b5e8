package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// measureRest counts, by the API server's own metrics, the requests to write
// that it served while nothing happened. They carry no name of the asker, so
// the figure is an upper bound for the operator: it holds every write of
// everyone to every resource, apart from those that the operator has no right
// to write (nodes, tokens and reviews that the kubelets need) and Leases.
func (b *bench) measureRest(ctx context.Context) error {
	if err := b.remove(ctx, bare{}); err != nil {
		return err
	}
	if err := pause(ctx, 20*time.Second); err != nil { // let the removal come to rest
		return err
	}
	before, err := b.writes(ctx)
	if err != nil {
		return err
	}
	if err := b.Create(ctx, canary()); err != nil {
		return fmt.Errorf("create the canary: %w", err)
	}
	if err := pause(ctx, b.options.rest); err != nil {
		return err
	}
	after, err := b.writes(ctx)
	if err != nil {
		return err
	}
	if after[canaryWrite]-before[canaryWrite] < 1 {
		return fmt.Errorf("the metrics did not count the bench's own write: they prove nothing")
	}
	after[canaryWrite]--
	total := 0.0
	for _, what := range slices.Sorted(maps.Keys(after)) {
		if more := after[what] - before[what]; more > 0 {
			note("at rest: %s %.0f times in %v", what, more, b.options.rest)
			total += more
		}
	}
	figure("operator.idle.writes", total, "requests", atMost(0))
	return nil
}

// canary is a write that must be counted, and is then taken off.
func canary() *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "canary", Namespace: namespace}}
}

const canaryWrite = "POST configmaps"

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

var writing = []string{"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}

// others are written by the kubelets and the API server's clients, and not by
// the operator: its Role has none of them but the Lease, which is left out.
var others = []string{"leases", "nodes", "tokenreviews", "subjectaccessreviews", "serviceaccounts/token"}

// writes are the served requests to write, by verb and resource.
func (b *bench) writes(ctx context.Context) (map[string]float64, error) {
	text, err := b.clientset.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the API server's metrics: %w", err)
	}
	counts := map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		series, value, ok := strings.Cut(lines.Text(), "} ")
		labels, isRequests := strings.CutPrefix(series, "apiserver_request_total{")
		if !ok || !isRequests {
			continue
		}
		verb, what := label(labels, "verb"), label(labels, "resource")
		if sub := label(labels, "subresource"); sub != "" && what != "nodes" {
			what += "/" + sub
		}
		if !slices.Contains(writing, verb) || slices.Contains(others, what) {
			continue
		}
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("read the metric %q: %w", lines.Text(), err)
		}
		counts[verb+" "+what] += number
	}
	if len(counts) == 0 {
		return nil, fmt.Errorf("the API server's metrics count no write at all: apiserver_request_total is missing")
	}
	return counts, lines.Err()
}

// label returns the value of one label: a="x",b="y".
func label(labels, name string) string {
	_, rest, ok := strings.Cut(","+labels, ","+name+`="`)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

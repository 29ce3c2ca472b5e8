package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	sample    = "config/samples/etcdcluster.yaml"
	name      = "demo" // as the sample says
	patience  = 5 * time.Minute
	poll      = 300 * time.Millisecond
	operator  = "deployment/quorate-operator"
	namespace = "quorate-system"
	// imageAnnotation, on the operator's Deployment: the image that the demo
	// last saw it start with. The tag stays the same while the code changes.
	imageAnnotation = "etcd.quorate.dev/demo-image"
)

// kubectl speaks to one cluster, and to no other.
type kubectl struct {
	program string
	flags   []string
}

func (k kubectl) run(ctx context.Context, args ...string) (string, error) {
	return quiet(ctx, "", k.program, append(k.flags, args...)...)
}

func (k kubectl) apply(ctx context.Context, manifest string) error {
	_, err := quiet(ctx, manifest, k.program, append(k.flags, "apply", "-f", "-")...)
	return err
}

func (d *demo) install(ctx context.Context) error {
	before, _ := d.kubectl.run(ctx, "--namespace", namespace, "get", operator, "-o",
		`jsonpath={.metadata.name} {.metadata.annotations.etcd\.quorate\.dev/demo-image}`)
	if _, err := d.kubectl.run(ctx, "apply", "-k", "config/default"); err != nil {
		return err
	}
	image := operatorImage()
	if deployed, ran, _ := strings.Cut(before, " "); deployed != "" && ran != image {
		say("the operator's image is a new one: restarting it")
		if _, err := d.kubectl.run(ctx, "--namespace", namespace, "rollout", "restart", operator); err != nil {
			return err
		}
	}
	if _, err := d.kubectl.run(ctx, "--namespace", namespace, "annotate", "--overwrite", operator, imageAnnotation+"="+image); err != nil {
		return err
	}
	_, err := d.kubectl.run(ctx, "--namespace", namespace, "rollout", "status", operator, "--timeout", patience.String())
	return err
}

// operatorImage identifies the image that `make images` last built; empty
// where the images come from elsewhere.
func operatorImage() string {
	tar, err := os.ReadFile(".images/operator.tar")
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(tar)
	return hex.EncodeToString(sum[:8])
}

func (d *demo) apply(ctx context.Context) error {
	out, err := d.kubectl.run(ctx, "apply", "-f", sample)
	say(out)
	return err
}

// cluster is what the demo reads of an EtcdCluster.
type cluster struct {
	Metadata struct {
		Namespace  string
		Generation int64
	}
	Status struct {
		ServiceName string
		Conditions  []struct {
			Type, Status, Reason, Message string
			ObservedGeneration            int64
		}
	}
}

// ready says whether this generation is served, and otherwise why not.
func (c cluster) ready() (bool, string) {
	for _, condition := range c.Status.Conditions {
		if condition.Type == "Ready" {
			is := condition.Status == "True" && condition.ObservedGeneration == c.Metadata.Generation
			return is, condition.Reason + ": " + condition.Message
		}
	}
	return false, "the operator has not looked at it yet"
}

// await shows each thing that the operator says until the cluster is Ready.
func (d *demo) await(ctx context.Context) error {
	said := ""
	for deadline := time.Now().Add(patience); ; {
		out, err := d.kubectl.run(ctx, "get", "etcd", name, "-o", "json")
		if err == nil {
			err = json.Unmarshal([]byte(out), &d.cluster)
		}
		ready, words := d.cluster.ready()
		if err != nil {
			words = err.Error()
		}
		if words != said {
			say(words)
			said = words
		}
		if ready {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it is not Ready after %v. The operator says: %s", patience, said)
		}
		if err := rest(ctx); err != nil {
			return err
		}
	}
}

func rest(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(poll):
		return nil
	}
}

// explain shows what Kubernetes knows when a step has failed.
func (d *demo) explain() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := d.kubectl.run(ctx, "version"); err != nil {
		return // no Kubernetes yet: the step's own words are all there is
	}
	for _, args := range [][]string{
		{"get", "etcd", name, "-o", `jsonpath={range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\n"}{end}`},
		{"get", "pods,pvc", "-o", "wide"},
		{"get", "events", "--sort-by=.lastTimestamp", "--field-selector=type=Warning"},
		{"--namespace", namespace, "get", "pods"},
		{"--namespace", namespace, "logs", operator, "--tail=15"},
	} {
		out, err := d.kubectl.run(ctx, args...)
		if err != nil {
			out = err.Error()
		}
		fmt.Println("\n  kubectl", strings.Join(args, " "))
		say(last(out, 12))
	}
}

// last returns the last lines, each cut where a terminal ends: an operator's
// log line is long.
func last(text string, n int) string {
	const width = 240
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	lines = lines[max(0, len(lines)-n):]
	for i, line := range lines {
		if len(line) > width {
			lines[i] = line[:width] + " ..."
		}
	}
	return strings.Join(lines, "\n")
}

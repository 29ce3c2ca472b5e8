package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const key = "quorate/demo"

var errFailed = errors.New("the client pod failed")

func (d *demo) put(ctx context.Context) error {
	d.value = "hello at " + time.Now().UTC().Format(time.RFC3339)
	out, err := d.client(ctx, "put", key, d.value)
	say(out)
	return err
}

func (d *demo) get(ctx context.Context) error {
	out, err := d.client(ctx, "get", key)
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(out); got != d.value {
		return fmt.Errorf("got %q, and %q was put", got, d.value)
	}
	say(key + " = " + d.value)
	return nil
}

// client runs test/load once, in a pod, as an application would run: with the
// Secret for users, through the client Service.
func (d *demo) client(ctx context.Context, args ...string) (string, error) {
	pod := name + "-" + args[0]
	endpoint := fmt.Sprintf("--endpoints=https://%s.%s.svc:2379", d.cluster.Status.ServiceName, d.cluster.Metadata.Namespace)
	manifest, err := clientPod(pod, os.Getenv("LOAD_IMAGE"), append([]string{endpoint}, args...))
	if err != nil {
		return "", err
	}
	remove := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		_, _ = d.kubectl.run(ctx, "delete", "pod", pod, "--ignore-not-found", "--grace-period=0", "--force")
	}
	remove() // one that an interrupted run left
	if err := d.kubectl.apply(ctx, manifest); err != nil {
		return "", err
	}
	if err := d.ended(ctx, pod); err != nil {
		return "", err // the pod stays: explain shows why it did not run
	}
	defer remove()
	out, err := d.kubectl.run(ctx, "logs", pod)
	if err != nil {
		return "", err
	}
	phase, err := d.kubectl.run(ctx, "get", "pod", pod, "-o", "jsonpath={.status.phase}")
	if err != nil {
		return "", err
	}
	if phase != "Succeeded" {
		return "", fmt.Errorf("%w: %s", errFailed, strings.TrimSpace(out))
	}
	return out, nil
}

func (d *demo) ended(ctx context.Context, pod string) error {
	for deadline := time.Now().Add(time.Minute); ; {
		out, err := d.kubectl.run(ctx, "get", "pod", pod, "-o",
			"jsonpath={.status.phase} {.status.containerStatuses[0].state.waiting.reason}")
		if err != nil {
			return err
		}
		if strings.HasPrefix(out, "Succeeded") || strings.HasPrefix(out, "Failed") {
			return nil
		}
		if strings.Contains(out, "ImagePull") || time.Now().After(deadline) {
			return fmt.Errorf("the pod %s does not run: %s. Its image is %s: make it and load it into the cluster, "+
				"as README.md shows for kind and minikube", pod, out, os.Getenv("LOAD_IMAGE"))
		}
		if err := rest(ctx); err != nil {
			return err
		}
	}
}

type object = map[string]any

// clientPod is a pod that the restricted Pod Security level admits.
func clientPod(pod, image string, args []string) (string, error) {
	manifest, err := json.Marshal(object{
		"apiVersion": "v1",
		"kind":       "Pod",
		"metadata":   object{"name": pod, "labels": object{"app.kubernetes.io/name": "quorate-demo"}},
		"spec": object{
			"restartPolicy":                "Never",
			"automountServiceAccountToken": false,
			"securityContext": object{
				"runAsNonRoot": true, "runAsUser": 65532,
				"seccompProfile": object{"type": "RuntimeDefault"},
			},
			"containers": []object{{
				"name": "client", "image": image, "imagePullPolicy": "IfNotPresent", "args": args,
				"securityContext": object{
					"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
					"capabilities": object{"drop": []string{"ALL"}},
				},
				"volumeMounts": []object{{"name": "tls", "mountPath": "/tls", "readOnly": true}},
			}},
			"volumes": []object{{"name": "tls", "secret": object{"secretName": name + "-client-tls"}}},
		},
	})
	return string(manifest), err
}

// conclude says what was done, how long it took, and what to type next.
func (d *demo) conclude(ctx context.Context, p *place) error {
	var total time.Duration
	fmt.Println("\nDone:")
	for i, s := range d.steps {
		total += d.took[i]
		fmt.Printf("  %6.1f s  %s\n", d.took[i].Seconds(), s.title)
	}
	fmt.Printf("  %6.1f s  in all\n\n$ kubectl get etcd\n", total.Seconds())
	out, err := d.kubectl.run(ctx, "get", "etcd")
	if err != nil {
		return err
	}
	fmt.Print(out)
	fmt.Println("\nWhat to type next:")
	next := append(p.next,
		"kubectl describe etcd "+name+"          # conditions, members, Events",
		"kubectl get pods,svc,pvc,secret     # what belongs to it",
		"kubectl delete pod "+name+"-0           # and watch the same member come back: kubectl get etcd -w",
		"kubectl explain etcd.spec           # every field",
		p.end)
	for _, line := range next {
		fmt.Println(" ", line)
	}
	fmt.Println("The cluster stays up. docs/first-cluster.md goes on from here.")
	return nil
}

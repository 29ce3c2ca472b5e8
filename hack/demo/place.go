package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// place is a Kubernetes to run the demo on.
type place struct {
	where   string
	missing func() error // says what the machine lacks and how to get it
	prepare []step       // until the API server answers and has the images
	kubectl kubectl
	next    []string // what to type first, to speak to this cluster
	end     string   // what to type to be rid of it
}

// local is the Kubernetes that hack/cluster builds and runs.
func local(state string) *place {
	config := filepath.Join(state, "kubeconfig")
	bin := filepath.Join(state, "bin")
	return &place{
		where: "a local Kubernetes of its own (" + state + ")",
		missing: func() error {
			if runtime.GOOS != "linux" {
				return errors.New("the local Kubernetes needs Linux.\nWith Docker and kind: make demo CLUSTER=kind")
			}
			if os.Geteuid() != 0 {
				return errors.New("the local Kubernetes makes network namespaces and mounts, for which it must be root.\n" +
					"Type: sudo make demo\nOr, with Docker and kind: make demo CLUSTER=kind")
			}
			return nil
		},
		prepare: []step{
			{"build the local Kubernetes (minutes the first time, then nothing)", makeTarget("cluster-binaries")},
			{"build Quorate's images", makeTarget("images", "load-image")},
			{"start Kubernetes", makeTarget("cluster-up")},
			{"load the images into its nodes", makeTarget("images-load", "load-image-load")},
		},
		kubectl: kubectl{program: filepath.Join(bin, "kubectl"), flags: []string{"--kubeconfig", config}},
		next:    []string{"export KUBECONFIG=" + config, "export PATH=" + bin + ":$PATH"},
		end:     "make cluster-down",
	}
}

const kindName = "quorate"

// kind is a cluster of kind's, with a kubeconfig of its own: the user's stays
// as it is.
func kind(state string) *place {
	config := filepath.Join(state, "kind-kubeconfig")
	images := []string{os.Getenv("OPERATOR_IMAGE"), os.Getenv("MEMBER_IMAGE"), os.Getenv("BACKUP_IMAGE"), os.Getenv("LOAD_IMAGE")}
	return &place{
		where: "the kind cluster " + kindName,
		missing: func() error {
			if err := errors.Join(need("docker", "https://docs.docker.com/engine/install"),
				need("kind", "https://kind.sigs.k8s.io/docs/user/quick-start"),
				need("kubectl", "https://kubernetes.io/docs/tasks/tools")); err != nil {
				return err
			}
			if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
				return fmt.Errorf("docker is installed, and its daemon does not answer:\n%s\nStart it, for instance: systemctl start docker", lastLine(string(out)))
			}
			return nil
		},
		prepare: []step{
			{"build Quorate's images with Docker", makeTarget("docker-images", "docker-load-image")},
			{"start the kind cluster " + kindName, func(ctx context.Context) error { return startKind(ctx, config) }},
			{"load the images into it", func(ctx context.Context) error {
				return stream(ctx, "kind", append([]string{"load", "docker-image", "--name", kindName}, images...)...)
			}},
		},
		kubectl: kubectl{program: "kubectl", flags: []string{"--kubeconfig", config}},
		next:    []string{"export KUBECONFIG=" + config},
		end:     "kind delete cluster --name " + kindName,
	}
}

func startKind(ctx context.Context, config string) error {
	if err := os.MkdirAll(filepath.Dir(config), 0o755); err != nil {
		return err
	}
	have, err := quiet(ctx, "", "kind", "get", "clusters")
	if err != nil {
		return err
	}
	if slices.Contains(strings.Fields(have), kindName) {
		return stream(ctx, "kind", "export", "kubeconfig", "--name", kindName, "--kubeconfig", config)
	}
	nodes := "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: [{role: control-plane}, {role: worker}, {role: worker}, {role: worker}]\n"
	file := config + ".nodes.yaml"
	if err := os.WriteFile(file, []byte(nodes), 0o644); err != nil {
		return err
	}
	return stream(ctx, "kind", "create", "cluster", "--name", kindName, "--kubeconfig", config, "--config", file, "--wait", "120s")
}

// current is whatever kubectl speaks to. It must be able to get the images.
func current() *place {
	return &place{
		where: "the current context of kubectl",
		missing: func() error {
			if err := need("kubectl", "https://kubernetes.io/docs/tasks/tools"); err != nil {
				return err
			}
			if out, err := exec.Command("kubectl", "config", "current-context").CombinedOutput(); err != nil {
				return fmt.Errorf("kubectl has no current context: %s\nChoose one of: kubectl config get-contexts", lastLine(string(out)))
			}
			return nil
		},
		prepare: []step{{"ask which cluster this is", func(ctx context.Context) error {
			if err := stream(ctx, "kubectl", "config", "current-context"); err != nil {
				return err
			}
			return stream(ctx, "kubectl", "version")
		}}},
		kubectl: kubectl{program: "kubectl"},
		end:     "kubectl delete etcd " + name + " && kubectl delete -k config/uninstall",
	}
}

func need(program, where string) error {
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("%s is missing. Get it from %s", program, where)
	}
	return nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

package run

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/test/docs"
)

// order is the one in which a reader goes through the pages. The second makes
// and deletes a cluster; what follows finds one.
var order = []string{
	"docs/install.md", "docs/first-cluster.md", "docs/observe.md", "docs/certificates.md",
	"docs/scale.md", "docs/rollout.md", "docs/maintenance.md", "docs/replace-member.md", "docs/hibernate.md", "docs/volumes.md", "docs/backup.md", "docs/restore.md", "docs/uninstall.md",
}

const namespace = "quorate-docs"

// TestCommands runs them all in a namespace of their own.
func TestCommands(t *testing.T) {
	shell := newShell(t)
	pages, err := docs.Pages(shell.root)
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string]docs.Page{}
	for _, page := range pages {
		byPath[page.Path] = page
	}
	for _, path := range order {
		t.Run(path, func(t *testing.T) {
			if path == "docs/certificates.md" || path == "docs/observe.md" {
				shell.run(t, "kubectl apply -f config/samples/etcdcluster.yaml\nkubectl wait etcd/demo --for=condition=Ready --timeout=3m")
			}
			for _, block := range byPath[path].Blocks {
				if block.Run() {
					shell.run(t, block.Text)
				}
			}
		})
		delete(byPath, path)
	}
	for path, page := range byPath {
		for _, block := range page.Blocks {
			if block.Run() {
				t.Errorf("%s:%d is marked to be run, and no test does", path, block.Line)
			}
		}
	}
}

// shell runs commands from the repository's root against the local cluster.
type shell struct {
	root, folder string
	env          []string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	state := os.Getenv("CLUSTER_STATE")
	if state == "" {
		state = filepath.Join(root, ".cluster")
	}
	config, err := os.ReadFile(filepath.Join(state, "kubeconfig"))
	if err != nil {
		t.Fatalf("there is no local Kubernetes: %v. Type: make test-docs", err)
	}
	s := &shell{root: root, folder: t.TempDir()}
	// A copy: kubectl config writes into it, and the reader's own is never touched.
	own := filepath.Join(s.folder, "kubeconfig")
	if err := os.WriteFile(own, config, 0o600); err != nil {
		t.Fatal(err)
	}
	s.env = append(os.Environ(), "KUBECONFIG="+own, "PATH="+filepath.Join(state, "bin")+":"+os.Getenv("PATH"))
	remove := "kubectl delete namespace " + namespace + " --ignore-not-found --timeout=2m"
	s.run(t, remove)
	s.run(t, "kubectl create namespace "+namespace+"\n"+
		"kubectl label namespace "+namespace+" pod-security.kubernetes.io/enforce=restricted\n"+
		"kubectl config set-context --current --namespace="+namespace)
	t.Cleanup(func() { s.run(t, remove) })
	return s
}

// tell logs what a person would ask for after a failure, before anything is deleted.
func (s *shell) tell(t *testing.T) {
	t.Helper()
	for _, question := range []string{
		"kubectl get pods,pvc,jobs,quorate -o wide",
		"kubectl describe quorate",
		"kubectl get events --sort-by=.metadata.creationTimestamp | tail -n 60",
		"kubectl -n quorate-system get pods -o wide; kubectl -n quorate-system describe pods",
		"kubectl -n quorate-system logs deployment/quorate-operator --tail=80",
		"kubectl -n quorate-system logs deployment/quorate-operator --tail=40 --previous",
	} {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		cmd := exec.CommandContext(ctx, "bash", "-c", question)
		cmd.Dir, cmd.Env = s.root, s.env
		out, err := cmd.CombinedOutput()
		cancel()
		t.Logf("$ %s (%v)\n%s", question, err, out)
	}
}

// run fails the test when a command fails, and shows what was printed.
func (s *shell) run(t *testing.T, commands string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euxo", "pipefail", "-c", s.local(commands))
	cmd.Dir, cmd.Env = s.root, s.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 5 * time.Second // a port-forward left in the background holds the output
	if err := cmd.Run(); err != nil {
		s.tell(t)
		t.Fatalf("%v\n%s", err, out.String())
	}
}

// local keeps files that a command writes out of the repository.
func (s *shell) local(commands string) string {
	return strings.ReplaceAll(commands, "> authorities.yaml", "> "+filepath.Join(s.folder, "authorities.yaml"))
}

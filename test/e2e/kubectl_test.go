package e2e

import (
	"context"
	"os/exec"
	"testing"
)

// kubectl runs the kubectl of this checkout against the suite's Kubernetes.
func kubectl(t testing.TB, args ...string) string {
	t.Helper()
	return run(t, world.tool("kubectl"), append([]string{"--kubeconfig", world.kubeconfig}, args...)...)
}

// tryKubectl runs it where it may fail.
func tryKubectl(t testing.TB, args ...string) (out string, err error) {
	t.Helper()
	return tryRun(world.tool("kubectl"), append([]string{"--kubeconfig", world.kubeconfig}, args...)...)
}

// run runs a program and returns its output.
func run(t testing.TB, program string, args ...string) string {
	t.Helper()
	out, err := tryRun(program, args...)
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return out
}

func tryRun(program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	return string(out), err
}

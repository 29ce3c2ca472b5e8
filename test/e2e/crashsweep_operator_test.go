package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

const (
	sweeperName = "sweeper"
	// controlPlaneServer is the API server as the control plane's own network
	// namespace sees it.
	controlPlaneServer = "https://127.0.0.1:6443"
)

// sweeper is an operator that runs as a process of this machine, in the network
// of the control plane, from where pods are reached. One that dies is started
// again at once.
type sweeper struct {
	c          *cluster
	folder     string
	fault      string
	kubeconfig string
	netns      string

	mu      sync.Mutex
	process *exec.Cmd
	stopped bool
	ended   chan struct{}
}

// newSweeper prepares an operator for the cluster; it ends with the test.
func newSweeper(c *cluster, fault string) *sweeper {
	c.t.Helper()
	folder := c.t.TempDir()
	op := &sweeper{c: c, folder: folder, fault: fault, netns: controlPlane(c.t), kubeconfig: filepath.Join(folder, "kubeconfig")}
	config, err := clientcmd.LoadFromFile(world.kubeconfig)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, server := range config.Clusters {
		server.Server = controlPlaneServer
	}
	if err := clientcmd.WriteToFile(*config, op.kubeconfig); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		op.stop()
		if c.t.Failed() {
			op.tell()
		}
	})
	return op
}

// controlPlane is the network namespace in which the local Kubernetes has its
// control plane, told by that of a node.
func controlPlane(t testing.TB) string {
	t.Helper()
	status := run(t, world.tool("quorate-cluster"), "--state", world.state(), "status")
	found := regexp.MustCompile(`--net=(\S+)-n\d+`).FindStringSubmatch(status)
	if found == nil {
		t.Fatalf("no network namespace in:\n%s", status)
	}
	return found[1] + "-cp"
}

const (
	noFault   = false
	withFault = true
)

// start starts the operator. Only the writes that it sends withFault are
// counted.
func (op *sweeper) start(faulty bool) {
	op.c.t.Helper()
	binary := world.path(".images", "bin", "operator-faults")
	if _, err := os.Stat(binary); err != nil {
		op.c.t.Fatalf("%v\nType: make e2e (it builds it)", err)
	}
	log, err := os.OpenFile(op.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		op.c.t.Fatal(err)
	}
	command := func() *exec.Cmd {
		cmd := exec.Command("nsenter", "--net="+op.netns, "--", binary,
			"--namespace="+op.c.space.name, "--name="+sweeperName, "--watch-namespaces="+op.c.space.name,
			"--cluster-domain=cluster.local", "--metrics-bind-address=0", "--health-probe-bind-address=0")
		cmd.Env = append(os.Environ(), "KUBECONFIG="+op.kubeconfig)
		if faulty {
			cmd.Env = append(cmd.Env, "QUORATE_FAULT="+op.fault, "QUORATE_FAULT_ONCE="+op.path("once"), "QUORATE_WRITES="+op.path("writes"))
		}
		cmd.Stdout, cmd.Stderr = log, log
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return cmd
	}
	op.stopped, op.ended = false, make(chan struct{})
	go func() {
		runtime.LockOSThread() // Pdeathsig is the death of the thread that started the process
		defer close(op.ended)
		defer func() { _ = log.Close() }()
		if err := op.keep(command); err != nil {
			op.c.t.Errorf("the operator: %v", err)
		}
	}()
}

// keep starts the process again whenever its fault has ended it, until it is
// stopped.
func (op *sweeper) keep(command func() *exec.Cmd) error {
	for {
		op.mu.Lock()
		if op.stopped {
			op.mu.Unlock()
			return nil
		}
		op.process = command()
		err := op.process.Start()
		op.mu.Unlock()
		if err != nil {
			return err
		}
		err = op.process.Wait()
		op.mu.Lock()
		stopped := op.stopped
		op.mu.Unlock()
		if exit := (*exec.ExitError)(nil); !stopped && (!errors.As(err, &exit) || exit.ExitCode() != 137) {
			return fmt.Errorf("it ended by itself: %w", err)
		}
	}
}

// stop kills the operator, if it runs.
func (op *sweeper) stop() {
	if op.ended == nil {
		return
	}
	op.mu.Lock()
	op.stopped = true
	if op.process != nil && op.process.Process != nil {
		_ = op.process.Process.Kill()
	}
	op.mu.Unlock()
	<-op.ended
}

func (op *sweeper) path(name string) string { return filepath.Join(op.folder, name) }

// tell prints what a person wants to see of a run that failed.
func (op *sweeper) tell() {
	log, _ := os.ReadFile(op.path("log"))
	lines := bytes.Split(log, []byte("\n"))
	lines = lines[max(0, len(lines)-80):]
	op.c.t.Logf("---- fault %q\n---- writes\n%s---- operator\n%s", op.fault, op.writes(), bytes.Join(lines, []byte("\n")))
}

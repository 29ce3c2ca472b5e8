package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/quorate/quorate/hack/cluster/internal/run"
)

// programs maps what the cluster calls to the Debian package that has it.
var programs = []struct{ name, pkg string }{
	{"containerd", "containerd"},
	{"containerd-shim-runc-v2", "containerd"},
	{"ctr", "containerd"},
	{"runc", "runc"},
	{"mkfs.xfs", "xfsprogs"},
	{"xfs_growfs", "xfsprogs"},
	{"ip", "iproute2"},
	{"nft", "nftables"},
	{"conntrack", "conntrack"},
	{"nsenter", "util-linux"},
	{"losetup", "mount"},
	{"mount", "mount"},
	{"ethtool", "ethtool"},
	{"iptables", "iptables"},
	{"sysctl", "procps"},
}

// Check says in one error everything that keeps this machine from running a cluster.
func Check() error {
	var wrong []error
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the local cluster runs on Linux only; this is %s", runtime.GOOS)
	}
	if os.Geteuid() != 0 {
		wrong = append(wrong, errors.New("it must run as root (it makes network namespaces, mounts and cgroups); try sudo"))
	}
	for _, need := range []struct{ path, what string }{
		{"/dev/loop-control", "loop devices, for volumes with a real size"},
		{"/proc/sys/net/bridge", "br_netfilter, for Services between pods of one node (modprobe br_netfilter)"},
	} {
		if _, err := os.Stat(need.path); err != nil {
			wrong = append(wrong, fmt.Errorf("the kernel lacks %s: %s is not there", need.what, need.path))
		}
	}
	for _, fs := range []string{"overlay", "xfs"} {
		if !hasFilesystem(fs) {
			wrong = append(wrong, fmt.Errorf("the kernel lacks the %s filesystem (modprobe %s)", fs, fs))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("this machine cannot run the local cluster:\n%w", errors.Join(wrong...))
	}
	return nil
}

// hasFilesystem also asks the kernel to load the module; where that does not work the list decides.
func hasFilesystem(name string) bool {
	listed := func() bool {
		text, _ := os.ReadFile("/proc/filesystems")
		return slices.Contains(strings.Fields(string(text)), name)
	}
	if !listed() {
		_ = exec.Command("modprobe", name).Run()
	}
	return listed()
}

// Install installs the packages of the programs that are missing.
func Install(ctx context.Context, out io.Writer) error {
	missing := missingPackages()
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("these packages are missing and this is no Debian to install them on: %s", list)
	}
	fmt.Fprintln(out, "installing Debian packages:", list)
	if err := run.Quiet(ctx, "apt-get", "update"); err != nil {
		return fmt.Errorf("refresh Debian's package lists: %w", err)
	}
	restore, err := keepServicesDown()
	if err != nil {
		return err
	}
	defer restore()
	args := append([]string{"DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends"}, missing...)
	if err := run.Quiet(ctx, "env", args...); err != nil {
		return fmt.Errorf("install %s: %w", list, err)
	}
	return nil
}

func missingPackages() []string {
	var missing []string
	for _, p := range programs {
		if _, err := exec.LookPath(p.name); err != nil && !slices.Contains(missing, p.pkg) {
			missing = append(missing, p.pkg)
		}
	}
	return missing
}

// keepServicesDown makes Debian start no service of what it installs (a containerd of the system's own), by the file
// that Debian asks. One that is there already is left to decide.
func keepServicesDown() (restore func(), err error) {
	const policy = "/usr/sbin/policy-rc.d"
	if _, err := os.Stat(policy); err == nil {
		return func() {}, nil
	}
	if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil {
		return nil, fmt.Errorf("keep Debian from starting services: %w", err)
	}
	return func() { _ = os.Remove(policy) }, nil
}

package state

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// Layout names the files, folders and kernel objects of one cluster.
type Layout struct {
	// Root is the absolute path of the state folder.
	Root string
	// ID is unique to Root on this machine: eight hexadecimal digits.
	ID string
}

// NewLayout returns the layout of the state folder at path, which need not exist yet.
func NewLayout(path string) (Layout, error) {
	root, err := filepath.Abs(path)
	if err != nil {
		return Layout{}, fmt.Errorf("state folder %s: %w", path, err)
	}
	root = resolve(root)
	sum := sha256.Sum256([]byte(root))
	return Layout{Root: root, ID: hex.EncodeToString(sum[:4])}, nil
}

// resolve follows symbolic links in as much of path as exists, so that the identifier is the same before and after
// the folder is made.
func resolve(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path
	}
	return filepath.Join(resolve(parent), filepath.Base(path))
}

// Bin is the path of a built binary.
func (l Layout) Bin(name string) string { return filepath.Join(l.Root, "bin", name) }

// Kubeconfig is the administrator's kubeconfig, which reaches the API server from the host.
func (l Layout) Kubeconfig() string { return filepath.Join(l.Root, "kubeconfig") }

// PKI is the path of a certificate, key or kubeconfig of a component.
func (l Layout) PKI(name string) string { return filepath.Join(l.Root, "pki", name) }

// Config is the path of a rendered configuration file.
func (l Layout) Config(name string) string { return filepath.Join(l.Root, "config", name) }

// Log is the path of a daemon's log.
func (l Layout) Log(name string) string { return filepath.Join(l.Root, "logs", name+".log") }

// Records is the folder with one record per started daemon.
func (l Layout) Records() string { return filepath.Join(l.Root, "daemons") }

// EtcdDir is the control plane's etcd data.
func (l Layout) EtcdDir() string { return filepath.Join(l.Root, "control-plane", "etcd") }

// Settings is what the kernel's settings were before the first kubelet started.
func (l Layout) Settings() string { return filepath.Join(l.Root, "kernel-settings.json") }

// Images is the folder of the image tarballs that every node gets.
func (l Layout) Images() string { return filepath.Join(l.Root, "images") }

// Run is the short-lived folder: sockets, and what a reboot clears. It is short because socket paths are.
func (l Layout) Run() string { return filepath.Join("/run", "quorate-"+l.ID) }

// Cgroup is the cluster's cgroup, relative to the root of each hierarchy.
func (l Layout) Cgroup() string { return "quorate-" + l.ID }

// ControlPlaneCgroup holds the control plane's daemons.
func (l Layout) ControlPlaneCgroup() string { return l.Cgroup() + "/control-plane" }

// ControlPlaneNetns is the network namespace with the bridge.
func (l Layout) ControlPlaneNetns() string { return "q" + l.ID + "-cp" }

// MakeFolders creates the folders that every other step expects.
func (l Layout) MakeFolders() error {
	for _, dir := range []string{l.Root, l.PKI(""), l.Config(""), filepath.Dir(l.Log("x")), l.Records(), l.EtcdDir(), l.Images(), l.Run()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("create folder: %w", err)
		}
	}
	return os.Chmod(l.EtcdDir(), 0o700)
}

package state

import (
	"fmt"
	"path/filepath"
)

// Node is one machine of the cluster. Index is never used again after a node has been removed.
type Node struct {
	Name  string `json:"name"`
	Index int    `json:"index"`
	// Stopped is true between stop-node and start-node.
	Stopped bool `json:"stopped,omitempty"`
	// Cut is true between cut and heal.
	Cut bool `json:"cut,omitempty"`
}

// NewNode returns the node of that index.
func NewNode(index int) Node { return Node{Name: fmt.Sprintf("node-%d", index), Index: index} }

// Zone is the failure domain the node is labelled with: three zones, in turns.
func (n Node) Zone() string { return fmt.Sprintf("z%d", (n.Index-1)%3+1) }

// NodeLayout names what belongs to one node.
type NodeLayout struct {
	Layout
	Node Node
}

// Of returns the layout of a node.
func (l Layout) Of(n Node) NodeLayout { return NodeLayout{Layout: l, Node: n} }

// Dir is what the node keeps over a reboot.
func (l NodeLayout) Dir() string { return filepath.Join(l.Root, "nodes", l.Node.Name) }

// Path is a file or folder that the node keeps over a reboot.
func (l NodeLayout) Path(elem ...string) string {
	return filepath.Join(append([]string{l.Dir()}, elem...)...)
}

// RunPath is a file or folder that a reboot of the node clears.
func (l NodeLayout) RunPath(elem ...string) string {
	return filepath.Join(append([]string{l.Run(), l.Node.Name}, elem...)...)
}

// Netns is the node's network namespace.
func (l NodeLayout) Netns() string { return fmt.Sprintf("q%s-n%d", l.ID, l.Node.Index) }

// Cgroup is the node's cgroup: the kubelet's root, with the daemons beside the pods.
func (l NodeLayout) Cgroup() string { return l.Layout.Cgroup() + "/" + l.Node.Name }

// SystemCgroup holds the node's containerd, shims, kubelet and kube-proxy.
func (l NodeLayout) SystemCgroup() string { return l.Cgroup() + "/system" }

// Socket is containerd's socket.
func (l NodeLayout) Socket() string { return l.RunPath("containerd.sock") }

// Volumes is the folder with the node's volumes: NAME.img and the folder NAME it is mounted at.
func (l NodeLayout) Volumes() string { return filepath.Join(l.Root, "volumes", l.Node.Name) }

// Daemon is the record name of one of the node's daemons.
func (l NodeLayout) Daemon(name string) string { return l.Node.Name + "." + name }

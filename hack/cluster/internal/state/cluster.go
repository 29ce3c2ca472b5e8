package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/quorate/quorate/hack/cluster/internal/network"
)

// Cluster is what is remembered about a cluster between two calls of the command.
type Cluster struct {
	Family network.Family `json:"family"`
	Domain string         `json:"domain"`
	// Port is where the API server answers on 127.0.0.1.
	Port      int    `json:"port"`
	NextIndex int    `json:"nextIndex"`
	Nodes     []Node `json:"nodes"`
}

// ErrNoCluster says that the state folder holds no cluster.
var ErrNoCluster = errors.New("there is no cluster here; start one with: quorate-cluster up")

func (l Layout) clusterFile() string { return filepath.Join(l.Root, "cluster.json") }

// Load reads the remembered cluster, or ErrNoCluster.
func (l Layout) Load() (*Cluster, error) {
	text, err := os.ReadFile(l.clusterFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", l.Root, ErrNoCluster)
	}
	if err != nil {
		return nil, err
	}
	c := &Cluster{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w); remove the cluster with: quorate-cluster down", l.clusterFile(), err)
	}
	return c, nil
}

// Save remembers the cluster. The file is replaced whole, so that a crash leaves the old one or the new one.
func (l Layout) Save(c *Cluster) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	next := l.clusterFile() + ".next"
	if err := os.WriteFile(next, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("remember the cluster: %w", err)
	}
	return os.Rename(next, l.clusterFile())
}

// Grow adds nodes until there are want. It never removes one.
func (c *Cluster) Grow(want int) {
	for len(c.Nodes) < want {
		c.NextIndex++
		c.Nodes = append(c.Nodes, NewNode(c.NextIndex))
	}
}

// Find returns the node of that name, or an error that lists the nodes there are.
func (c *Cluster) Find(name string) (*Node, error) {
	for i := range c.Nodes {
		if c.Nodes[i].Name == name {
			return &c.Nodes[i], nil
		}
	}
	names := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		names[i] = n.Name
	}
	return nil, fmt.Errorf("there is no node %s; there are %v", name, names)
}

// Forget removes the node of that name from the list.
func (c *Cluster) Forget(name string) {
	c.Nodes = slices.DeleteFunc(c.Nodes, func(n Node) bool { return n.Name == name })
}

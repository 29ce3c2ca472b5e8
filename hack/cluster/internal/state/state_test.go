package state

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestIdentifierFollowsThePath(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(dir, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	a, _ := NewLayout(filepath.Join(dir, "x"))
	b, _ := NewLayout(filepath.Join(dir, "link", "x"))
	c, _ := NewLayout(filepath.Join(dir, "y"))
	if a.ID != b.ID || a.ID == c.ID || len(a.ID) != 8 {
		t.Errorf("%s, %s, %s", a.ID, b.ID, c.ID)
	}
}

func TestIndexesAreNeverUsedAgain(t *testing.T) {
	c := &Cluster{}
	c.Grow(3)
	c.Forget("node-3")
	c.Grow(3)
	if got := c.Nodes[2].Name; got != "node-4" {
		t.Errorf("the new node is %s", got)
	}
	if _, err := c.Find("node-3"); err == nil {
		t.Error("the removed node is found")
	}
}

func TestZones(t *testing.T) {
	c := &Cluster{}
	c.Grow(4)
	for i, want := range []string{"z1", "z2", "z3", "z1"} {
		if got := c.Nodes[i].Zone(); got != want {
			t.Errorf("%s: %s", c.Nodes[i].Name, got)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	l, err := NewLayout(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Load(); !errors.Is(err, ErrNoCluster) {
		t.Fatalf("got %v", err)
	}
	c := &Cluster{Family: "dual", Domain: "d", Port: 1}
	c.Grow(2)
	if err := l.Save(c); err != nil {
		t.Fatal(err)
	}
	got, err := l.Load()
	if err != nil || got.NextIndex != 2 || got.Family != "dual" || len(got.Nodes) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
}

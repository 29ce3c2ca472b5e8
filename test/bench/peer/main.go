package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"
)

// took is what the benchmark reads, as one line.
type took struct {
	// From and To are nanoseconds since 1970.
	From  int64 `json:"from"`
	To    int64 `json:"to"`
	Bytes int64 `json:"bytes"` // size of the snapshot
}

func main() {
	t, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(t)
}

func run(args []string) (took, error) {
	switch {
	case len(args) >= 2 && args[0] == "save":
		// What the turn before has left must be no part of this one.
		if err := os.RemoveAll(args[1]); err != nil {
			return took{}, err
		}
		return timed(args[1], func() error { return save(args[1], args[2:]) })
	case len(args) == 5 && args[0] == "restore":
		bump, err := strconv.ParseUint(args[4], 10, 64)
		if err != nil {
			return took{}, fmt.Errorf("BUMP: %w", err)
		}
		return timed(args[1], func() error { return restore(args[1], args[2], args[3], bump) })
	}
	return took{}, fmt.Errorf("want save FILE ARGS... or restore FILE DIR NAME BUMP, not %q", args)
}

func timed(file string, do func() error) (took, error) {
	begun := time.Now()
	if err := do(); err != nil {
		return took{}, err
	}
	t := took{From: begun.UnixNano(), To: begun.UnixNano() + int64(time.Since(begun))}
	info, err := os.Stat(file)
	if err != nil {
		return took{}, err
	}
	t.Bytes = info.Size()
	return t, nil
}

func save(file string, args []string) error {
	command := exec.Command("/etcdctl", append(args, "snapshot", "save", file)...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("etcdctl: %w: %s", err, out)
	}
	return nil
}

func restore(file, dir, name string, bump uint64) error {
	peer := "http://localhost:2380"
	return snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
		SnapshotPath: file, OutputDataDir: dir, Name: name, PeerURLs: []string{peer}, InitialCluster: name + "=" + peer,
		InitialClusterToken: "by-hand", RevisionBump: bump, MarkCompacted: true,
	})
}

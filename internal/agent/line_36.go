//go:build etcd36

package agent

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/pkg/v3/flags"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3/raftpb"
)

// etcd 3.6. Its messages are gogo's: values, without getters in raft and the log.

// countKeys counts the keys at a revision.
func countKeys(ctx context.Context, e *embed.Etcd, revision int64) (int, error) {
	r, err := e.Server.KV().Range(ctx, []byte{0}, []byte{}, mvcc.RangeOptions{Rev: revision, Count: true})
	if err != nil {
		return 0, err
	}
	return r.Count, nil
}

func encodeMetadata(cluster, member uint64) ([]byte, error) {
	return (&etcdserverpb.Metadata{NodeID: member, ClusterID: cluster}).Marshal()
}

func encodeAddition(member uint64, context []byte) ([]byte, error) {
	return (&raftpb.ConfChange{Type: raftpb.ConfChangeAddNode, NodeID: member, Context: context}).Marshal()
}

// saveFirst completes the first save: the additions, all of them committed.
func saveFirst(w *wal.WAL, additions [][]byte) error {
	var entries []raftpb.Entry
	for i, data := range additions {
		entries = append(entries, raftpb.Entry{Type: raftpb.EntryConfChange, Term: birthTerm, Index: uint64(i + 1), Data: data})
	}
	return w.Save(raftpb.HardState{Term: birthTerm, Commit: uint64(len(entries))}, entries)
}

func recordOf(r *walpb.Record) logRecord { return logRecord{kind: r.Type, data: r.Data, crc: r.Crc} }

// timeoutNow is the message by which a member is told to stand for election.
func timeoutNow(self uint64) raftpb.Message {
	return raftpb.Message{Type: raftpb.MsgTimeoutNow, From: self, To: self}
}

func committed(v raftView) uint64 { return v.Commit }

// unreadable says what of the data the release line to come could not read. What
// 3.5 has written into the log as requests of the second API is nothing to 3.7,
// which begins to read at the last snapshot on the disk: the member takes one
// beyond all of them, as it does by itself when the log has become long, or when
// the cluster's version is lowered.
func (s *server) unreadable(ctx context.Context, l layout, to string) string {
	if to != "3.7" {
		return ""
	}
	log := scanLog(l.walDir())
	if log.Condition == Readable && log.SecondAPI > log.Snapshot {
		s.Server.ForceSnapshot()
		// The next entry that is applied makes it. Asking for alarms is one.
		if _, err := s.Server.Alarm(ctx, &etcdserverpb.AlarmRequest{Action: etcdserverpb.AlarmRequest_GET}); err != nil {
			return fmt.Sprintf("No entry could be written to the log: %v.", err)
		}
		for range 50 {
			if log = scanLog(l.walDir()); log.Condition == Readable && log.SecondAPI <= log.Snapshot {
				break
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err().Error()
			}
		}
	}
	switch {
	case log.Condition != Readable:
		return fmt.Sprintf("The log cannot be read: %s.", log.Problem)
	case log.SecondAPI > log.Snapshot:
		return fmt.Sprintf("The log holds entries of etcd's second API, up to index %d, that are in no snapshot on the disk: the last is of index %d.", log.SecondAPI, log.Snapshot)
	default:
		return ""
	}
}

// finishFlags does what etcd's own main does between parsing and validating:
// 3.6 takes each setting by its old, experimental name too, into another field,
// which embed itself ignores.
func finishFlags(c *embed.Config, set *flag.FlagSet) error {
	given := map[string]string{}
	set.Visit(func(f *flag.Flag) { given[f.Name] = f.Value.String() })
	for old, value := range given {
		name, experimental := strings.CutPrefix(old, "experimental-")
		if !experimental || set.Lookup(name) == nil {
			continue
		}
		if _, both := given[name]; both {
			return fmt.Errorf("etcd settings %q and %q are the same; keep %q", old, name, name)
		}
		if err := set.Set(name, value); err != nil {
			return fmt.Errorf("etcd setting %s=%q: %w", old, value, err)
		}
	}
	boolean := func(name string) *bool {
		value, _ := flags.GetBoolFlagVal(set, name) // of etcd's own table; nil where it was not given
		return value
	}
	gates := set.Lookup(embed.ServerFeatureGateFlagName).Value.String()
	if err := embed.SetFeatureGatesFromExperimentalFlags(c.ServerFeatureGate, boolean, gates); err != nil {
		return fmt.Errorf("etcd setting feature-gates: %w", err)
	}
	return nil
}

package agent

import (
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

const (
	ourCluster = etcd.ClusterID(0xc1)
	ourMember  = etcd.MemberID(0xa1)
)

func admitted(formed bool) *control.Admission {
	return &control.Admission{Token: "t", ClusterID: ourCluster, MemberID: ourMember, Formed: formed}
}

// learns is the admission of a learner to a formed cluster.
func learns() *control.Admission {
	return &control.Admission{ClusterID: ourCluster, MemberID: ourMember, Formed: true}
}

// healthy is the volume of a formed member after a clean stop.
func healthy(change func(*Disk)) Disk {
	d := Disk{
		Admission: admitted(true), Born: true, Binary: etcd.Version{Major: 3, Minor: 7, Patch: 3},
		Log:      Log{Condition: Readable, ClusterID: ourCluster, MemberID: ourMember, HardState: true, Commit: 20, Last: 21},
		Database: Database{Condition: Readable, Applied: 20, Storage: &etcd.Version{Major: 3, Minor: 7}, Cluster: &etcd.Version{Major: 3, Minor: 7}},
	}
	change(&d)
	return d
}

// empty is a volume that nobody has used.
func empty(change func(*Disk)) Disk {
	d := Disk{Binary: etcd.Version{Major: 3, Minor: 7, Patch: 3}}
	change(&d)
	return d
}

func asIs(*Disk) {}

// unborn leaves what a kill between making the log and its first save leaves.
func unborn(d *Disk) {
	d.Log = Log{Condition: Readable, ClusterID: ourCluster, MemberID: ourMember}
	d.Database = Database{Condition: Readable}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		disk   Disk
		want   Action
		reason control.Reason
		says   string
	}{
		"empty": {disk: empty(asIs), want: Wait, says: "waiting to be admitted"},
		"empty, admitted, killed before anything was written": {
			disk: empty(func(d *Disk) { d.Admission = admitted(false) }), want: Wait, says: "same admission"},
		"unborn, admitted": {
			disk: empty(func(d *Disk) { unborn(d); d.Admission = admitted(false) }), want: Wait, says: "same admission"},
		"unborn, never admitted": {disk: empty(unborn), want: Wait, says: "empty"},
		"database made, log not yet": {
			disk: empty(func(d *Disk) { d.Admission = admitted(false); d.Database.Condition = Readable }), want: Wait},
		"database torn, log not yet": {
			disk: empty(func(d *Disk) { d.Admission = admitted(false); d.Database.Condition = Corrupt }), want: Wait},
		"born, then emptied": {
			disk: empty(func(d *Disk) { d.Admission = admitted(false); d.Born = true }),
			want: Refuse, reason: control.ReasonDataLost, says: "Discard that birth"},
		"formed, then emptied": {
			disk: empty(func(d *Disk) { d.Admission = admitted(true) }),
			want: Refuse, reason: control.ReasonDataLost, says: "Replace this member"},
		"formed, then unborn": {
			disk: empty(func(d *Disk) { unborn(d); d.Admission = admitted(true) }),
			want: Refuse, reason: control.ReasonDataLost},

		"written two release lines ago": {
			disk: healthy(func(d *Disk) { d.Database.Storage, d.Database.Cluster = nil, &etcd.Version{Major: 3, Minor: 5} }),
			want: Refuse, reason: control.ReasonOlderData, says: "Set spec.version to a release of 3.6 first"},
		"written one release line ago": {
			disk: healthy(func(d *Disk) { d.Database.Cluster = &etcd.Version{Major: 3, Minor: 6} }), want: StartExisting},
		"entries of the second API behind the snapshot": {
			disk: healthy(func(d *Disk) { d.Log.Snapshot, d.Log.SecondAPI = 5, 6 }),
			want: Refuse, reason: control.ReasonOlderData, says: "Set spec.version back"},
		"entries of the second API up to the snapshot": {
			disk: healthy(func(d *Disk) { d.Log.Snapshot, d.Log.SecondAPI = 5, 5 }), want: StartExisting},
		"entries of the second API, and a release that reads them": {
			disk: healthy(func(d *Disk) {
				d.Binary, d.Database = etcd.Version{Major: 3, Minor: 6, Patch: 16}, Database{Condition: Readable, Applied: 20}
				d.Log.Snapshot, d.Log.SecondAPI = 5, 6
			}), want: StartExisting},

		"learner, killed before anything was laid": {
			disk: empty(func(d *Disk) { d.Admission = learns() }), want: Wait, says: "learner a1 of cluster c1 and not started yet"},
		"learner, unborn": {
			disk: empty(func(d *Disk) { unborn(d); d.Admission = learns() }), want: Wait, says: "same admission"},
		"learner, laid": {
			disk: healthy(func(d *Disk) {
				d.Admission, d.Born = learns(), false
				d.Log.Commit, d.Log.Last, d.Database = 0, 0, Database{Condition: Readable}
			}), want: StartExisting},
		"learner, grown": {disk: healthy(func(d *Disk) { d.Admission = learns() }), want: StartExisting},
		"learner, emptied": {
			disk: empty(func(d *Disk) { d.Admission, d.Born = learns(), true }),
			want: Refuse, reason: control.ReasonDataLost, says: "Replace this member"},
		"learner, emptied but for its log's first record": {
			disk: empty(func(d *Disk) { unborn(d); d.Admission, d.Born = learns(), true }),
			want: Refuse, reason: control.ReasonDataLost},
		"learner, on another member's data": {
			disk: healthy(func(d *Disk) { d.Admission = learns(); d.Log.MemberID = 0xff }),
			want: Refuse, reason: control.ReasonForeignData},

		"formed": {disk: healthy(asIs), want: StartExisting},
		"born and not formed": {
			disk: healthy(func(d *Disk) { d.Admission = admitted(false) }), want: StartExisting},
		"born, killed before it was recorded": {
			disk: healthy(func(d *Disk) { d.Admission, d.Born = admitted(false), false }), want: StartExisting},
		"removed": {disk: healthy(func(d *Disk) { d.Removed = true }), want: StayRemoved, says: "removed"},
		"removed and emptied": {
			disk: empty(func(d *Disk) { d.Removed = true; d.Admission = admitted(true) }), want: StayRemoved},

		"data, never admitted": {
			disk: healthy(func(d *Disk) { d.Admission = nil }), want: Refuse, reason: control.ReasonNotAdmitted, says: "member a1"},
		"corrupt data, never admitted": {
			disk: healthy(func(d *Disk) { d.Admission = nil; d.Log = Log{Condition: Corrupt} }),
			want: Refuse, reason: control.ReasonNotAdmitted},
		"another cluster": {
			disk: healthy(func(d *Disk) { d.Log.ClusterID = 0xff }),
			want: Refuse, reason: control.ReasonForeignData, says: "cluster ff"},
		"another member": {
			disk: healthy(func(d *Disk) { d.Log.MemberID = 0xff }), want: Refuse, reason: control.ReasonForeignData},
		"another cluster and corrupt": {
			disk: healthy(func(d *Disk) { d.Log.ClusterID, d.Log.Condition = 0xff, Corrupt }),
			want: Refuse, reason: control.ReasonForeignData},

		"newer storage": {
			disk: healthy(func(d *Disk) { d.Database.Storage = &etcd.Version{Major: 3, Minor: 8} }),
			want: Refuse, reason: control.ReasonNewerData, says: "etcd 3.8"},
		"newer cluster": {
			disk: healthy(func(d *Disk) { d.Database.Cluster = &etcd.Version{Major: 4} }),
			want: Refuse, reason: control.ReasonNewerData, says: "etcd 4.0"},
		"newer and therefore unreadable": {
			disk: healthy(func(d *Disk) {
				d.Database.Storage, d.Log.Condition = &etcd.Version{Major: 3, Minor: 8}, Corrupt
			}), want: Refuse, reason: control.ReasonNewerData},
		"newer patch": {
			disk: healthy(func(d *Disk) { d.Database.Cluster = &etcd.Version{Major: 3, Minor: 7, Patch: 9} }), want: StartExisting},
		"older": {
			disk: healthy(func(d *Disk) { d.Database.Storage = &etcd.Version{Major: 3, Minor: 6} }), want: StartExisting},
		"versions not recorded yet": {
			disk: healthy(func(d *Disk) { d.Database.Storage, d.Database.Cluster = nil, nil }), want: StartExisting},

		"corrupt log": {
			disk: healthy(func(d *Disk) { d.Log.Condition, d.Log.Problem = Corrupt, "crc mismatch" }),
			want: Refuse, reason: control.ReasonCorruptWAL, says: "crc mismatch"},
		"log gone": {
			disk: healthy(func(d *Disk) { d.Log = Log{} }), want: Refuse, reason: control.ReasonCorruptWAL, says: "gone"},
		"log emptied of all but its metadata": {
			disk: healthy(func(d *Disk) { d.Log.HardState, d.Log.Commit, d.Log.Last = false, 0, 0 }),
			want: Refuse, reason: control.ReasonCorruptWAL, says: "before index 20"},
		"log ends before its commit": {
			disk: healthy(func(d *Disk) { d.Log.Last = 19 }), want: Refuse, reason: control.ReasonCorruptWAL},
		"log ends before the database": {
			disk: healthy(func(d *Disk) { d.Database.Applied = 22 }), want: Refuse, reason: control.ReasonCorruptWAL},

		"database gone": {
			disk: healthy(func(d *Disk) { d.Database = Database{} }), want: Refuse, reason: control.ReasonCorruptDatabase, says: "gone"},
		"corrupt database": {
			disk: healthy(func(d *Disk) { d.Database.Condition, d.Database.Problem = Corrupt, "bad page" }),
			want: Refuse, reason: control.ReasonCorruptDatabase, says: "bad page"},
		"database before the log's snapshot": {
			disk: healthy(func(d *Disk) { d.Log.Snapshot, d.Database.Applied = 15, 10 }),
			want: Refuse, reason: control.ReasonCorruptDatabase, says: "begins at 15"},
		"database before the snapshot that a leader sent": {
			disk: healthy(func(d *Disk) { d.Log.Snapshot, d.Database.Applied, d.Database.Received = 15, 10, []uint64{15} }),
			want: StartExisting},

		"died twice": {disk: healthy(func(d *Disk) { d.Failures = 2 }), want: StartExisting},
		"died three times": {
			disk: healthy(func(d *Disk) { d.Failures, d.LastWords = 3, "panic: no space" }),
			want: Refuse, reason: control.ReasonCrashed, says: "panic: no space"},
		"died three times in silence": {
			disk: healthy(func(d *Disk) { d.Failures = 3 }), want: Refuse, reason: control.ReasonCrashed, says: "out of memory"},

		"halted":                     {disk: healthy(func(d *Disk) { d.Halted = "g" }), want: StayHalted, says: "waits for what the operator decides"},
		"halted, having died before": {disk: healthy(func(d *Disk) { d.Halted, d.Failures = "g", 3 }), want: StayHalted},
		"halted and corrupt": {
			disk: healthy(func(d *Disk) { d.Halted, d.Log.Condition = "g", Corrupt }), want: Refuse, reason: control.ReasonCorruptWAL},
		"halted and emptied": {
			disk: empty(func(d *Disk) { d.Admission, d.Halted = admitted(true), "g" }), want: Refuse, reason: control.ReasonDataLost},
		"to survive": {disk: healthy(func(d *Disk) { d.Halted, d.Survives = "g", true }), want: Survive, says: "cluster of its own"},
		"to survive, and dying of it": {
			disk: healthy(func(d *Disk) { d.Halted, d.Survives, d.Failures = "g", true, 3 }), want: Refuse, reason: control.ReasonCrashed},
		"to survive, on another's data": {
			disk: healthy(func(d *Disk) { d.Halted, d.Survives, d.Log.MemberID = "g", true, 0xff }), want: Refuse, reason: control.ReasonForeignData},

		"unusable": {
			disk: Disk{Unusable: "read-only file system"}, want: Refuse, reason: control.ReasonVolumeUnusable, says: "read-only"},
		"identity damaged": {
			disk: Disk{Damaged: "unexpected end"}, want: Refuse, reason: control.ReasonVolumeUnusable, says: "unexpected end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Decide(c.disk)
			if got.Action != c.want || got.Reason != c.reason {
				t.Errorf("got %+v, want action %d and reason %q", got, c.want, c.reason)
			}
			if !strings.Contains(got.Message, c.says) {
				t.Errorf("message %q does not say %q", got.Message, c.says)
			}
			if got.Action != StartExisting && !strings.HasSuffix(got.Message, ".") {
				t.Errorf("message %q is no sentence", got.Message)
			}
		})
	}
}

// An empty disk never acts by itself: whatever else is wrong with a volume,
// without data it is never started.
func TestDecideNeverStartsWithoutAHardState(t *testing.T) {
	t.Parallel()
	for _, admission := range []*control.Admission{nil, admitted(false), admitted(true), learns()} {
		for _, born := range []bool{false, true} {
			for _, failures := range []int{0, maxFailures} {
				for _, contents := range []func(*Disk){asIs, unborn} {
					for _, survives := range []bool{false, true} {
						d := empty(func(d *Disk) {
							contents(d)
							d.Admission, d.Born, d.Failures, d.Survives = admission, born, failures, survives
						})
						if got := Decide(d); got.Action == StartExisting || got.Action == Survive {
							t.Errorf("%+v is started", d)
						}
					}
				}
			}
		}
	}
}

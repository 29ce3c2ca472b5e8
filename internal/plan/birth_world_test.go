package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// birthWorld is the world of a birth, small enough to explore every history of
// it: up to three volumes, what the EtcdCluster records, and the decisions on
// their way. It is a value, so that it can be a key. Tokens are numbered as
// they are minted; disks of one ordinal as far as anything remembers them.
// Zero is none.
type birthWorld struct {
	n        int8
	faults   int8 // left
	tokens   uint8
	recorded uint8 // set of tokens that were ever recorded as formed
	nodes    [3]birthNode
	record   birthRecord
	pending  birthOrder // decided by the operator, not done yet
	inflight birthOrder // sent by an operator that died; may arrive some day
	frozen   birthView
	broken   birthBreach
}

// birthNode is one ordinal: its agent, its volume, its claim, and what the
// cluster of the volume's token knows of it.
type birthNode struct {
	up       bool
	formed   bool // confirmed: serves clients
	keys     bool // a client's write lies here
	contents birthContents
	disk     uint8
	token    uint8 // admitted to
	mark     uint8 // on the claim
	known    uint8 // the token under which this ordinal ever published itself
}

type birthContents uint8

const (
	birthEmpty birthContents = iota
	birthUnborn
	birthData
)

var birthContentsNames = [...]control.Contents{control.ContentsEmpty, control.ContentsUnborn, control.ContentsData}

type birthRecord struct {
	token      uint8
	disks      [3]uint8
	discarding bool
	formed     uint8
}

// birthView is an ordinal as it once was, shown to the operator in place of
// what it is; ordinal 0 is 1, and 0 is none.
type birthView struct {
	ordinal int8
	node    birthNode
}

// birthBreach says which promise a step broke.
type birthBreach uint8

const (
	birthIntact birthBreach = iota
	birthSecondCluster
	birthServedUnrecorded
	birthToldToWipeKeys
	birthToldToWipeFormed
)

var birthBreachNames = [...]string{
	"", "a second cluster has a quorum beside one that was recorded or served",
	"clients are served by a cluster that was not recorded",
	"a volume with a client's write was told to wipe itself", "a formed volume was told to wipe itself",
}

func newBirthWorld(n, faults int8) birthWorld {
	w := birthWorld{n: n, faults: faults}
	for i := range w.n {
		w.nodes[i] = birthNode{up: true, disk: 1}
	}
	return w
}

// runs reports whether an ordinal's etcd runs under a token.
func (w *birthWorld) runs(i int8, token uint8) bool {
	n := &w.nodes[i]
	return n.up && n.token == token && token != 0 && n.contents == birthData
}

// quorum reports whether those that run under a token are a majority; with
// elected, whether those that have found each other are.
func (w *birthWorld) quorum(token uint8, elected bool) bool {
	count := 0
	for i := range w.n {
		if w.runs(i, token) && (!elected || w.nodes[i].known == token) {
			count++
		}
	}
	return etcd.HasQuorum(count, int(w.n))
}

// remembers reports whether anything in the world still shows that a cluster
// of another token was recorded or served.
func (w *birthWorld) remembers(other uint8) bool {
	if w.record.formed != 0 && w.record.formed != other {
		return true
	}
	for i := range w.n {
		n := &w.nodes[i]
		if n.mark != 0 && n.mark != other || n.formed && n.token != other {
			return true
		}
	}
	return false
}

// replace gives an ordinal an empty volume on the same claim.
func (w *birthWorld) replace(i int8) {
	n := w.nodes[i]
	fresh := 1 + max(n.disk, w.record.disks[i], w.pending.disks[i], w.inflight.disks[i], w.frozen.node.disk)
	w.nodes[i] = birthNode{up: n.up, disk: fresh, mark: n.mark, known: n.known}
}

// normal renumbers disks, so that worlds that differ in nothing else are one.
func (w birthWorld) normal() birthWorld {
	if w.record.token == 0 {
		w.record.disks = [3]uint8{}
	}
	for i := range w.n {
		refs := [...]*uint8{&w.nodes[i].disk, &w.record.disks[i], &w.pending.disks[i], &w.inflight.disks[i], nil}
		if w.frozen.ordinal == i+1 {
			refs[4] = &w.frozen.node.disk
		}
		var seen []uint8
		for _, ref := range refs {
			if ref == nil || *ref == 0 {
				continue
			}
			*ref = renumber(&seen, *ref)
		}
	}
	return w
}

func renumber(seen *[]uint8, disk uint8) uint8 {
	for k, s := range *seen {
		if s == disk {
			return uint8(k + 1)
		}
	}
	*seen = append(*seen, disk)
	return uint8(len(*seen))
}

var (
	birthNames  = [3]etcd.MemberName{"demo-0", "demo-1", "demo-2"}
	birthURLs   = [3]string{"https://demo-0:2380", "https://demo-1:2380", "https://demo-2:2380"}
	birthClaims = [3]string{"data-demo-0", "data-demo-1", "data-demo-2"}
	birthDisks  = [...]string{"", "vol-1", "vol-2", "vol-3", "vol-4", "vol-5", "vol-6"}
)

func birthToken(t uint8) string           { return fmt.Sprintf("t%d", t) }
func birthCluster(t uint8) etcd.ClusterID { return 0xc00 + etcd.ClusterID(t) }

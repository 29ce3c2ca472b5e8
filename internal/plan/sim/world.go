package sim

import "github.com/quorate/quorate/internal/etcd"

// ordinals is how many pods a world can hold: five members and one that surges.
const ordinals = 6

// World is everything that decisions depend on, and what they bring about.
// Member IDs, volumes, claims and pods are numbered for each ordinal by
// itself, as far as anything remembers them; zero is none.
type World struct {
	faults  int8 // left
	changes int8 // of the spec, left
	limit   int8 // the largest size that a user asks for
	// validated is the revision, and one more, that was found to be good.
	validated   uint8
	configs     uint8 // how many revisions of spec.etcd a user tries
	bloats      bool  // half of a database may become free
	idles       bool  // a database that the leader has sent counts with the next entry
	rotates     bool  // the certificate authorities may be replaced
	authorities authorities
	beyond      bool // faults may take more than a quorum survives
	nodes       [ordinals]node
	leader      int8 // ordinal, or nobody
	// alarm is the member that a CORRUPT alarm names.
	alarm ref
	set   statefulSet
	spec  spec
	// joining is what the record says of the last learner that was admitted.
	joining joining
	pending order // decided by the operator, not done yet
	late    order // sent by an operator that died; may arrive some day
	frozen  frozen
	// stuck: what is out of reach stays so.
	stuck bool
	// excused: faults alone took more than a quorum survives. From then on
	// nothing can be promised about writes.
	excused bool
	broken  Breach
	laws    Laws
}

// nobody leads.
const nobody = -1

// node is one ordinal: its pod, its process, its claim, its volume, and the
// entry of the member list with its peer URL.
type node struct {
	pod     podState
	podUID  uint8
	clients clients
	// nodeGone: the Kubernetes node of the pod was deleted.
	nodeGone bool
	// down: the container has crashed and comes back by itself.
	down bool
	// config is the revision of the spec that the pod was made from.
	config uint8
	// joined: the process has found its cluster.
	joined bool
	// hidden: the operator does not reach it, while its peers do.
	hidden bool

	claim    claimState
	claimUID uint8
	mark     uint8 // the member that the claim is annotated with
	class    uint8
	size     uint8
	growing  bool
	// stranded: the volume was on a node that is gone.
	stranded bool

	volume   uint8
	data     contents
	admitted uint8 // the member that the volume was admitted as
	alone    bool  // and that is a cluster of one
	removed  bool  // the cluster has told it so
	log      logState
	// unapplied: its database came from the leader, and etcd says that it has applied
	// it with the next entry.
	unapplied bool
	// bloated: half of the database is free. copying: it is being defragmented.
	bloated, copying bool
	// disk is the stage of the Secret that the node has brought, loaded that which
	// etcd has read as it started.
	disk, loaded uint8

	id      uint8 // the entry of the member list; zero: none
	learner bool
	started bool
	born    bool // some volume was ever admitted as this ID
}

type podState uint8

const (
	absent podState = iota
	pending
	running
	terminating
)

type claimState uint8

const (
	noClaim claimState = iota
	bound
	deleting
)

type contents uint8

const (
	empty contents = iota
	data
	corrupt  // etcd does not start on it
	diverged // etcd runs, and its peers see other data: a CORRUPT alarm
)

type clients uint8

const (
	welcome clients = iota
	leaving
	connected // none comes, those that are there stay
	gone
)

// logState is how much of what was acknowledged a member's log holds.
type logState uint8

const (
	far     logState = iota // less than etcd promotes
	behind                  // an acknowledged write is missing
	current                 // all
)

type statefulSet struct {
	absent   bool
	replicas int8
	class    uint8
	size     uint8
	config   uint8
}

type spec struct {
	replicas   int8
	hibernated bool
	paused     bool
	class      uint8 // zero: any
	size       uint8
	config     uint8
	replace    ref
}

// What members are started with, by revisions: the first two are good, with the
// last etcd does not start.
const (
	badConfig = 2
	configs   = 3
)

// ref is a member by ordinal and number.
type ref struct {
	ordinal int8
	id      uint8
}

type joining struct {
	ref
	volume uint8
}

// frozen is an ordinal as it once was, shown to the operator in place of what
// it is; ordinal 0 is 1, and 0 is none.
type frozen struct {
	ordinal int8
	leader  bool
	node    node
}

// New is a cluster of n members at rest.
func New(n int) World {
	w := World{limit: int8(n), set: statefulSet{replicas: int8(n), class: 1, size: 1}, spec: spec{replicas: int8(n), size: 1}} //nolint:gosec // at most ordinals
	for i := range n {
		w.nodes[i] = node{
			pod: running, podUID: 1, claim: bound, claimUID: 1, mark: 1, class: 1, size: 1,
			volume: 1, data: data, admitted: 1, log: current, id: 1, started: true, born: true, joined: true, alone: n == 1,
		}
	}
	return w
}

// voter reports whether the member list counts an ordinal towards quorum.
func (n *node) voter() bool { return n.id != 0 && !n.learner }

// holds reports whether the volume holds the data of some member.
func (n *node) holds() bool { return n.data == data || n.data == diverged }

// alive reports whether an agent runs in the pod.
func (n *node) alive() bool { return n.pod == running && !n.down && !n.nodeGone }

// refuses reports whether the agent in the pod does not start etcd with what it
// is told.
func (n *node) refuses() bool { return n.alive() && n.config == badConfig && n.holds() }

// up reports whether the listed member runs and is connected to its peers.
func (n *node) up() bool {
	return n.alive() && n.id != 0 && n.holds() && n.admitted == n.id && !n.removed && !n.refuses()
}

// able reports whether the listed member can ever run again on what there is.
func (n *node) able() bool {
	there := n.claim == bound && !n.stranded || n.pod == running && !n.nodeGone
	return there && n.id != 0 && n.data == data && n.admitted == n.id && !n.removed
}

// voters counts the voters that pass.
func (w *World) voters(pass func(int, *node) bool) (count int) {
	for i := range w.nodes {
		if n := &w.nodes[i]; n.voter() && pass(i, n) {
			count++
		}
	}
	return count
}

func any1(int, *node) bool { return true }

// size is how many voters there are.
func (w *World) size() int { return w.voters(any1) }

// connected is how many voters run.
func (w *World) connected() int { return w.voters(func(_ int, n *node) bool { return n.up() }) }

// quorate reports whether the voters that run are a quorum.
func (w *World) quorate() bool { return etcd.HasQuorum(w.connected(), w.size()) }

// serves reports whether there is a leader with a quorum.
func (w *World) serves() bool { return w.leader != nobody }

// learners is how many learners there are.
func (w *World) learners() (count int) {
	for i := range w.nodes {
		if n := &w.nodes[i]; n.id != 0 && n.learner {
			count++
		}
	}
	return count
}

// reached reports whether the operator gets a linearizable member list.
func (w *World) reached() bool {
	return w.serves() && w.voters(func(_ int, n *node) bool { return n.up() && !n.hidden }) > 0
}

// safe reports whether every leader that can be elected holds all that was
// acknowledged, and somebody does.
func (w *World) safe() bool {
	whole := w.voters(func(_ int, n *node) bool { return n.able() && n.log == current })
	lacking := w.voters(func(_ int, n *node) bool { return n.able() && n.log != current })
	return whole > 0 && !etcd.HasQuorum(lacking, w.size())
}

// recoverable reports whether the voters that can ever run again are a quorum.
func (w *World) recoverable() bool {
	return etcd.HasQuorum(w.voters(func(_ int, n *node) bool { return n.able() }), w.size())
}

// highest is the number of ordinals up to the last that passes.
func (w *World) highest(pass func(*node) bool) int {
	for i := ordinals - 1; i >= 0; i-- {
		if pass(&w.nodes[i]) {
			return i + 1
		}
	}
	return 0
}

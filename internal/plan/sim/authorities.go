package sim

import "github.com/quorate/quorate/internal/plan"

// authorities is a rotation of the cluster's certificate authorities. The stages are
// those of plan: not begun, announced, retiring, over.
type authorities struct {
	asked bool
	stage uint8
	// told is the stage of which the members' Secret has been issued.
	told uint8
}

const (
	notBegun uint8 = iota
	announced
	retiring
	rotated
)

var stageNames = [...]plan.RotationStage{plan.RotationNotBegun, plan.RotationAnnounced, plan.RotationRetiring, plan.RotationOver}

// bundle names whom one trusts who has the Secret of a stage: the old authority, both, or
// the new one.
func bundle(stage uint8) uint8 { return (stage + 1) / 2 }

// trusts reports whether one who has loaded the Secret of a stage takes what is shown
// from the Secret of another.
func trusts(loaded, shown uint8) bool {
	if shown >= retiring { // signed by the new one
		return loaded >= announced
	}
	return loaded <= retiring
}

// certificates is what the operator sees of the Secrets.
func (w *World) certificates(o *plan.Observation) {
	if w.authorities.told != w.authorities.stage {
		o.Certificates.Wanted = []string{"demo-member-tls"}
	}
	if w.authorities.asked && w.authorities.stage < rotated {
		o.Certificates.Rotation = &plan.Rotation{Name: "r1", Stage: stageNames[w.authorities.stage]}
	}
}

// trust is what the operator makes of an agent's word.
func (w *World) trust(m *plan.Member, n *node) {
	switch {
	case m.Agent == nil:
	case n.disk != w.authorities.told:
		m.Trust = plan.TrustAwaited
	case bundle(n.loaded) != bundle(n.disk):
		m.Trust = plan.TrustOnDisk
		if m.Stale == "" {
			m.Stale = "whom it trusts has changed"
		}
	default:
		m.Trust = plan.TrustLoaded
	}
}

// restless reports whether a member has still to restart for whom it trusts.
func (n *node) restless() bool { return bundle(n.loaded) != bundle(n.disk) }

// delivery is the node's part: it brings a changed Secret to a pod that runs.
func (w *World) delivery(s *steps, i int) {
	if n := &w.nodes[i]; n.alive() && n.disk != w.authorities.told {
		w.try(s, getsCertificates, i, func(w *World) bool { w.nodes[i].disk = w.authorities.told; return true })
	}
}

// estranged breaks a promise where one member shows what another does not take.
func (w *World) estranged() {
	for i := range w.nodes {
		for k := range w.nodes {
			shows, sees := &w.nodes[i], &w.nodes[k]
			if i != k && shows.id != 0 && sees.id != 0 && shows.up() && sees.up() {
				w.breach(!trusts(sees.loaded, shows.disk), "a member shows a certificate that another one does not trust")
			}
		}
	}
}

// settleAuthorities loads what etcd reads as it starts, and forgets a rotation that has
// come to its end everywhere.
func (w *World) settleAuthorities() {
	over := w.authorities.stage == rotated && w.authorities.told == rotated
	for i := range w.nodes {
		n := &w.nodes[i]
		switch {
		case n.pod != running:
			n.disk, n.loaded = 0, 0
		case !n.alive() || !n.holds() || n.refuses() || n.removed:
			n.loaded = n.disk // it reads that as it starts
		}
		over = over && (n.pod != running || n.disk == rotated && n.loaded == rotated)
	}
	if !over || int(w.frozen.ordinal) != 0 {
		return
	}
	w.authorities = authorities{}
	for i := range w.nodes {
		w.nodes[i].disk, w.nodes[i].loaded = 0, 0
	}
}

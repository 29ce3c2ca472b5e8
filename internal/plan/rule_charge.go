package plan

import "fmt"

// deletion leaves a cluster that is being deleted alone: the garbage collector
// takes what it owns, and the volumes stay unless they are owned too.
func deletion(w *world) *Decision {
	if !w.Deleting {
		return nil
	}
	return wait(ReasonDeleting, "The EtcdCluster is being deleted; nothing is repaired any more.")
}

// charge lets one operator act on a cluster: the one that the annotation
// names, otherwise the first that recorded itself.
func charge(w *world) *Decision {
	if w.Desired.Operator != "" && w.Desired.Operator != w.Self {
		return wait(ReasonOtherOperator, fmt.Sprintf("The annotation etcd.quorate.dev/operator names %s; this operator, %s, leaves the cluster alone.", w.Desired.Operator, w.Self))
	}
	switch w.Record.Operator {
	case w.Self:
		return nil
	case "":
		return act(TakeCharge{}, ReasonClaiming, fmt.Sprintf("Operator %s takes charge.", w.Self))
	}
	if w.Desired.Operator == w.Self {
		return act(TakeCharge{}, ReasonClaiming, fmt.Sprintf("Operator %s takes charge from %s, as the annotation asks.", w.Self, w.Record.Operator))
	}
	return wait(ReasonOtherOperator, fmt.Sprintf("Operator %s is in charge; to hand the cluster to this one, annotate it with etcd.quorate.dev/operator=%s.", w.Record.Operator, w.Self))
}

// pause stops every action; the status stays true.
func pause(w *world) *Decision {
	if !w.Paused {
		return nil
	}
	return wait(ReasonPaused, "spec.paused is true: nothing is changed until it is false.")
}

// OthersCharge reports whether another operator acts on the cluster, or the
// user wants another one to. Such a cluster is neither read nor written.
func OthersCharge(d Desired, o Observation) bool {
	w := &world{Desired: d, Observation: o}
	decision := charge(w)
	return decision != nil && decision.Reason == ReasonOtherOperator
}

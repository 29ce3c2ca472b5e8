package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/etcd"
)

// witness is one piece of evidence that a cluster was formed.
type witness struct {
	where   string
	cluster etcd.ClusterID
}

// witnesses are the claims and agents that remember a formed cluster. While
// nothing is recorded, a claim that is being deleted is none: it is waited for.
func (w *Observation) witnesses() []witness {
	var found []witness
	for _, m := range w.Members {
		if w.Record.ClusterID == 0 && m.Claim != nil && m.Claim.Deleting {
			continue
		}
		if m.Claim != nil && m.Claim.Formed != 0 {
			found = append(found, witness{"claim " + m.Claim.Name, m.Claim.Formed})
		}
		if m.Agent != nil && m.Agent.Volume.Admission != nil && m.Agent.Volume.Admission.Formed {
			found = append(found, witness{"the volume of " + string(m.Name), m.Agent.Volume.Admission.ClusterID})
		}
	}
	return found
}

// Remembers reports whether anything says that the cluster was formed:
// the record, a claim or a volume. Any of them is enough.
func (w *Observation) Remembers() bool { return w.Record.ClusterID != 0 || len(w.witnesses()) > 0 }

// memory takes the volumes' word: one that was ever formed means formed, even
// when the EtcdCluster object is new.
func memory(w *world) *Decision {
	found := w.witnesses()
	if len(found) == 0 {
		return nil
	}
	want := w.Record.ClusterID
	if want == 0 {
		want = found[0].cluster
	}
	strange := slices.DeleteFunc(slices.Clone(found), func(f witness) bool { return f.cluster == want })
	if len(strange) > 0 {
		return blocked(ReasonVolumesDisagree, disagreement(w.formed(), want, found[0], strange))
	}
	if w.formed() {
		return nil
	}
	return act(RecordFormed{want}, ReasonFormed, fmt.Sprintf("%s holds cluster %s: the cluster was formed before, and no second one is made.", found[0].where, want))
}

func disagreement(recorded bool, want etcd.ClusterID, first witness, strange []witness) string {
	source := first.where
	if recorded {
		source = "the EtcdCluster's status"
	}
	parts := make([]string, len(strange))
	for i, s := range strange {
		parts[i] = fmt.Sprintf("%s belongs to cluster %s", s.where, s.cluster)
	}
	return fmt.Sprintf("By %s this is cluster %s, but %s. Nothing is touched: move the claims of the other cluster away (delete them, or re-create them under another name), then it goes on.", source, want, strings.Join(parts, " and "))
}

package plan

import (
	"fmt"
	"strings"
)

// certificates issues what is missing or due. An authority is minted only
// while no volume of the cluster was ever formed: a second authority would
// lock every client and peer out.
func certificates(w *world) *Decision {
	lost := w.Certificates.LostAuthorities
	if len(lost) > 0 && w.Certificates.Rotation.under() {
		lost = nil // it is being replaced
	}
	if len(lost) > 0 && w.Remembers() {
		if w.Etcd.Reached || len(w.Certificates.Wanted) == 0 {
			return nil // it serves, or can with the leaves it has: what else is to be done comes first
		}
		return authorities(w)
	}
	secrets := append(append([]string(nil), lost...), w.Certificates.Wanted...)
	if !w.Remembers() {
		secrets = append(secrets, w.Certificates.Foreign...)
	}
	if len(secrets) == 0 {
		return nil
	}
	return act(Issue{secrets}, ReasonCertificates, fmt.Sprintf("Issuing %s.", strings.Join(secrets, ", ")))
}

// authorities says that an authority is lost, which only a person can mend.
func authorities(w *world) *Decision {
	lost := w.Certificates.LostAuthorities
	if !w.Remembers() || w.Certificates.Rotation.under() {
		return nil
	}
	if foreign := w.Certificates.Foreign; len(lost) == 0 && len(foreign) > 0 {
		return blocked(ReasonAuthorityLost, fmt.Sprintf("The certificates in %s were signed by another authority than the present one: somebody replaced it. Nothing is issued, as members that run trust the old one. Restore the authority's Secret from a backup of the namespace.", strings.Join(foreign, ", ")))
	}
	if len(lost) == 0 {
		return nil
	}
	return blocked(ReasonAuthorityLost, fmt.Sprintf("The authority in Secret %s is missing or unusable, and a formed cluster never gets a new one by itself: its members and clients trust the old. Restore the Secret from a backup of the namespace, or replace the authorities: annotate the EtcdCluster with etcd.quorate.dev/rotate-ca=<any word>. Leaf certificates stay as they are until then.", strings.Join(lost, ", ")))
}

// delivery waits for nodes to bring members what their Secret holds by now: only
// then is it known who has to restart for it.
func delivery(w *world) *Decision {
	var without []string
	for _, s := range w.voters() {
		if s.at != nil && s.at.Trust == TrustAwaited {
			without = append(without, string(s.at.Name))
		}
	}
	if len(without) == 0 {
		return nil
	}
	return wait(ReasonCertificates, fmt.Sprintf("There are new certificates. Waiting until %s has them, which its node brings within two minutes.", strings.Join(without, ", ")))
}

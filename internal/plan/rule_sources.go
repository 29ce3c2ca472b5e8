package plan

import "strings"

// issuer asks cert-manager for what is missing or differs, before anything that
// needs certificates.
func issuer(w *world) *Decision {
	var targets []string
	for _, o := range w.Objects {
		if o.Kind == kindCertificate && (o.State == ObjectMissing || o.State == ObjectDrifted) {
			targets = append(targets, o.Kind+"/"+o.Name)
		}
	}
	if len(targets) == 0 {
		return nil
	}
	return act(Apply{targets}, ReasonCertificates, "Asking the issuer for "+strings.Join(targets, ", ")+".")
}

// kindCertificate is what cert-manager calls a certificate that it is to fill
// a Secret with.
const kindCertificate = "Certificate"

// sources waits for certificates from elsewhere, without which no pod can start
// and the operator reaches none. A cluster that answers has them already: what
// else is to be done comes first.
func sources(w *world) *Decision {
	if !w.Certificates.Incomplete || w.Etcd.Reached {
		return nil
	}
	return awaited(w)
}

// awaited says what is wrong with the Secrets that certificates come from. A
// Certificate that is not issued yet may be at any moment; all else takes a
// person.
func awaited(w *world) *Decision {
	troubles := w.Certificates.Sources
	if len(troubles) == 0 {
		return nil
	}
	var messages []string
	first := troubles[0]
	for _, t := range troubles {
		messages = append(messages, t.Message)
		if first.Reason == ReasonNotIssued && t.Reason != ReasonNotIssued {
			first = t
		}
	}
	message := strings.Join(messages, ". ") + "."
	if first.Reason == ReasonNotIssued {
		return wait(first.Reason, message)
	}
	return blocked(first.Reason, message)
}

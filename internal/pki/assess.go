package pki

import (
	"time"
)

// Finding is what is wrong with a Secret, the worst first.
type Finding int

const (
	// Missing: the Secret does not exist.
	Missing Finding = iota
	// Malformed: a key is missing, does not parse, or does not fit another.
	Malformed
	// ForeignIssuer: a leaf is not signed by the present CA. In a formed
	// cluster this means that the CA was replaced behind our back: members
	// that run trust the old one, so issuing from the new one would cut them
	// off from each other.
	ForeignIssuer
	// AuthorityChanged: a Secret from elsewhere is in order by itself, but rests
	// on another authority than the one that running members have loaded.
	AuthorityChanged
	// WrongNames: a leaf's names or usages are not the planned ones.
	WrongNames
	// Superseded: a leaf is signed by a CA that the present one is replacing.
	Superseded
	// StaleBundle: the CAs trusted beside a leaf are not the present ones.
	StaleBundle
	// RenewDue: the time to renew has come, or the certificate has expired.
	RenewDue
	// Current: nothing is wrong.
	Current
)

var findingNames = [...]string{
	"Missing", "Malformed", "ForeignIssuer", "AuthorityChanged", "WrongNames", "Superseded", "StaleBundle", "RenewDue", "Current",
}

// String returns the finding's name, CamelCase, fit for a condition's reason.
func (f Finding) String() string { return findingNames[f] }

// Report says how one Secret stands.
type Report struct {
	Kind    Kind
	Finding Finding // the worst of its certificates
	Message string  // names the key and the cause; empty when Current
	// Usable, of a CA: it can sign. Of a leaf Secret: Issue would mend at least
	// one of its certificates now. False beside a finding means that a
	// CA has to be mended first.
	Usable bool
	// Fingerprint is the SHA-256 of a CA's certificate, in hexadecimal.
	Fingerprint string
	// RenewAt and NotAfter are the earliest of the Secret's certificates;
	// zero when none could be read.
	RenewAt, NotAfter time.Time
}

// Expired reports whether a certificate of the Secret is past its end.
func (r Report) Expired(now time.Time) bool { return !r.NotAfter.IsZero() && now.After(r.NotAfter) }

// Assessment says how all Secrets of a cluster stand: those that others fill,
// then CAs, then leaves.
type Assessment struct {
	Reports []Report
	// NextCheck is the next time at which the assessment changes by itself;
	// zero when it never does.
	NextCheck time.Time
	// EarliestExpiry is the first end of any certificate; zero when none
	// could be read.
	EarliestExpiry time.Time
}

// Of returns the report of one Secret. One that is not planned is Current.
func (a Assessment) Of(kind Kind) Report {
	for _, r := range a.Reports {
		if r.Kind == kind {
			return r
		}
	}
	return Report{Kind: kind, Finding: Current}
}

// With returns the reports with that finding.
func (a Assessment) With(finding Finding) []Report {
	var found []Report
	for _, r := range a.Reports {
		if r.Finding == finding {
			found = append(found, r)
		}
	}
	return found
}

// Current reports whether nothing is wrong with any Secret.
func (a Assessment) Current() bool { return len(a.With(Current)) == len(a.Reports) }

// Assess compares what the Secrets hold (nil or absent: there is no such
// Secret) with the plan. It decides nothing: whether a missing CA may be
// minted, and whether a foreign issuer may be followed, depends on whether
// the cluster was formed.
func Assess(p Plan, secrets map[Kind]Content, now time.Time) Assessment {
	var a Assessment
	for _, kind := range p.Sources.Kinds() {
		r := p.source(kind, secrets, now)
		a.Reports = append(a.Reports, r)
		a.NextCheck = earliest(a.NextCheck, after(now, r.NotAfter))
	}
	for _, kind := range p.Kinds() {
		var r Report
		if kind.IsCA() {
			r = assessCA(kind, secrets[kind], now)
		} else {
			r = p.assessLeaves(kind, secrets, now)
		}
		a.Reports = append(a.Reports, r)
		a.EarliestExpiry = earliest(a.EarliestExpiry, r.NotAfter)
		a.NextCheck = earliest(a.NextCheck, after(now, r.RenewAt), after(now, r.NotAfter))
	}
	return a
}

func assessCA(kind Kind, content Content, now time.Time) Report {
	r := Report{Kind: kind, Finding: Current}
	if content == nil {
		r.Finding, r.Message = Missing, "the Secret does not exist"
		return r
	}
	// A CA that cannot sign is still described as far as it can be read: when
	// its time is over matters even when its key is lost.
	if certs, err := content.certificates(KeyCert); err == nil {
		r.Fingerprint = fingerprint(certs[0])
		r.NotAfter = certs[0].NotAfter
		r.RenewAt = renewAt(certs[0], CAValidity, 0)
	}
	_, err := parseAuthority(content, now)
	r.Usable = err == nil
	switch {
	case r.Expired(now):
		r.Finding, r.Message = RenewDue, expiredMessage(KeyCert, r.NotAfter)
	case err != nil:
		r.Finding, r.Message = Malformed, err.Error()
	case !now.Before(r.RenewAt):
		r.Finding, r.Message = RenewDue, dueMessage(KeyCert, r.NotAfter)
	}
	return r
}

// assessLeaves reports the worst finding of a Secret's leaves.
func (p Plan) assessLeaves(kind Kind, secrets map[Kind]Content, now time.Time) Report {
	r := Report{Kind: kind, Finding: Current}
	content := secrets[kind]
	blocked := false
	for _, l := range p.leaves(kind) {
		if l.source != "" {
			found := p.assessCopy(l, content, secrets, now)
			r = r.worse(found)
			r.Usable = r.Usable || found.Usable
			blocked = blocked || (found.Finding != Current && !found.Usable)
			continue
		}
		ca, caErr := parseAuthority(secrets[l.ca], now)
		found := p.assessLeaf(l, content, secrets[l.ca], ca, now)
		r = r.worse(found)
		r.Usable = r.Usable || found.Finding != Current && (caErr == nil || found.Finding == StaleBundle)
		blocked = blocked || (caErr != nil && content.require(l.certKey, l.keyKey, l.bundle) != nil)
	}
	r.Usable = r.Usable && !blocked // as Issue would fail
	return r
}

// worse adds what was found of one more certificate.
func (r Report) worse(found Report) Report {
	if found.Finding < r.Finding {
		r.Finding, r.Message = found.Finding, found.Message
	}
	r.RenewAt, r.NotAfter = earliest(r.RenewAt, found.RenewAt), earliest(r.NotAfter, found.NotAfter)
	return r
}

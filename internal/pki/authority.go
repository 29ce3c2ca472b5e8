package pki

import (
	"bytes"
	"crypto/x509"
	"slices"
)

// inUse is what members and operator have of a source: its certificate, and
// its authorities as the other side has them.
func (p Plan) inUse(kind Kind, secrets map[Kind]Content) (chain, trusted []*x509.Certificate, ok bool) {
	member, operator := secrets[MemberTLS], secrets[OperatorTLS]
	var err, trustErr error
	switch kind {
	case PeerSource:
		chain, err = member.certificates("peer.crt")
		trusted, trustErr = member.certificates("peer-ca.crt")
	case ServerSource:
		chain, err = member.certificates("server.crt")
		trusted, trustErr = operator.certificates("client-ca.crt")
	default:
		chain, err = operator.certificates("client.crt")
		trusted, trustErr = member.certificates("client-ca.crt")
	}
	return chain, trusted, err == nil && trustErr == nil
}

// sameAuthority reports whether a source still rests on an authority that those
// who run have loaded: etcd reads certificates at each handshake, and whom it
// trusts only as it starts. One that signed what is in use was there from the
// first start on, and nothing is ever adopted that another one signed, or that
// does not trust that one any more: so it holds by induction, without asking
// any process what it has loaded. A renewed certificate of an authority, with
// the same name and key, is the same one.
func (p Plan) sameAuthority(kind Kind, secrets map[Kind]Content) bool {
	chain, trusted, ok := p.inUse(kind, secrets)
	if !ok {
		return true // nothing is in use, or nothing that could be compared
	}
	fresh, bundle, err := secrets[kind].chain()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(trusted, func(root *x509.Certificate) bool {
		only := []*x509.Certificate{root}
		// At a time at which each was valid: whether it is now is not the question.
		return verify(chain, only, chain[0].NotBefore, x509.ExtKeyUsageAny) == nil &&
			verify(fresh, only, fresh[0].NotBefore, x509.ExtKeyUsageAny) == nil &&
			slices.ContainsFunc(bundle, func(c *x509.Certificate) bool { return sameKey(c, root) })
	})
}

func sameKey(a, b *x509.Certificate) bool {
	return bytes.Equal(a.RawSubject, b.RawSubject) && bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo)
}

// Package pki holds each cluster's own PKI: three CAs (peer, client, control),
// the leaf certificates under them, and the decision when to issue them anew.
// It imports the standard library only, reads no clock and knows no API
// server: time, and what the Secrets hold, are inputs.
//
// Keys come from crypto/rand: since Go 1.26 crypto/ecdsa ignores any other
// source that it is given.
//
// Three rules shape it:
//
//   - It never mints a CA by itself. MintCA is its own function, because a
//     formed cluster never gets a newly minted CA: whoever knows whether the
//     cluster was formed calls it.
//   - A leaf whose CA cannot sign is left as it is. Issue renews what it can
//     and keeps the rest byte for byte.
//   - No certificate for users, and none for members, is a client certificate
//     with the common name root. Only the operator's is: with etcd's own
//     authentication on, that name is the administrator.
package pki

package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Keys of a CA Secret while the CA is being replaced.
const (
	KeyNextCert = "next.crt"
	KeyNextKey  = "next.key"
	// KeyRotation names the rotation that the Secret has begun, or been through.
	KeyRotation = "rotation"
	// KeySigning is since when the present CA signs, RFC 3339; absent for the first.
	KeySigning = "signing-since"
)

// Stage is how far a CA has come in a rotation. It lies in the CA's Secret alone,
// so that whoever reads it goes on from there.
type Stage int

const (
	// NotBegun: it knows nothing of the rotation.
	NotBegun Stage = iota
	// Announced: the next CA is trusted beside the present one, and signs nothing.
	Announced
	// Retiring: the next one signs, and the one before is still trusted.
	Retiring
	// Rotated: only the new one is left.
	Rotated
)

var stageNames = [...]string{"NotBegun", "Announced", "Retiring", "Rotated"}

// String returns the stage's name.
func (s Stage) String() string { return stageNames[s] }

// stage reads a CA Secret, for one rotation.
func (c Content) stage(rotation string) Stage {
	trusted, err := c.certificates(KeyBundle)
	switch {
	case string(c[KeyRotation]) != rotation || err != nil:
		return NotBegun
	case len(c[KeyNextCert]) > 0:
		return Announced
	case len(trusted) > 1:
		return Retiring
	default:
		return Rotated
	}
}

// Stage is how far the CAs of a cluster have come together: as far as the last of
// them. Those that are further wait.
func (p Plan) Stage(secrets map[Kind]Content, rotation string) Stage {
	least := Rotated
	for _, kind := range p.Kinds() {
		if kind.IsCA() {
			least = min(least, secrets[kind].stage(rotation))
		}
	}
	return least
}

// Lagging reports whether a step was cut short: of the CAs some have come further
// than others, and those that have not are as members were told of them.
func (p Plan) Lagging(secrets map[Kind]Content, rotation string) bool {
	least, further := p.Stage(secrets, rotation), false
	for _, kind := range p.Kinds() {
		switch {
		case !kind.IsCA():
		case secrets[kind].stage(rotation) != least:
			further = true
		case !p.told(kind, secrets):
			return false
		}
	}
	return further
}

// told reports whether the members' Secret has the bundle of a CA as it is.
func (p Plan) told(kind Kind, secrets map[Kind]Content) bool {
	for _, l := range p.leaves(MemberTLS) {
		if l.ca == kind {
			bundle := secrets[kind][KeyBundle]
			return len(bundle) > 0 && bytes.Equal(bundle, secrets[MemberTLS][l.bundle])
		}
	}
	return false
}

// StageSince is when the last CA came to that stage; zero before the first and
// after the last.
func (p Plan) StageSince(secrets map[Kind]Content, rotation string) time.Time {
	var since time.Time
	stage := p.Stage(secrets, rotation)
	for _, kind := range p.Kinds() {
		if !kind.IsCA() || secrets[kind].stage(rotation) != stage {
			continue
		}
		if at := secrets[kind].since(stage); at.After(since) {
			since = at
		}
	}
	return since
}

// since is when a CA came to a stage.
func (c Content) since(stage Stage) time.Time {
	switch stage {
	case Announced:
		if next, err := c.certificates(KeyNextCert); err == nil {
			return next[0].NotBefore.Add(Backdate)
		}
	case Retiring:
		if at, err := time.Parse(time.RFC3339, string(c[KeySigning])); err == nil {
			return at
		}
	}
	return time.Time{}
}

// Begun is the rotation that a CA of the cluster is in the middle of; empty when
// none is. One whose Secret is gone is in none: that others have been through a
// rotation begins no other.
func (p Plan) Begun(secrets map[Kind]Content) string {
	for _, kind := range p.Kinds() {
		if !kind.IsCA() {
			continue
		}
		name := string(secrets[kind][KeyRotation])
		if stage := secrets[kind].stage(name); stage == Announced || stage == Retiring {
			return name
		}
	}
	return ""
}

// agedSuffix parts the name that a person gave to the last rotation from the date
// of one that was begun because a CA became old.
const agedSuffix = " before "

// Obeyed reports whether what a person has asked for was begun already, be it that
// a rotation by age has followed.
func (p Plan) Obeyed(secrets map[Kind]Content, asked string) bool {
	return slices.ContainsFunc(p.Kinds(), func(kind Kind) bool {
		name := string(secrets[kind][KeyRotation])
		return kind.IsCA() && (name == asked || strings.HasPrefix(name, asked+agedSuffix))
	})
}

// AgedRotation names the rotation of CAs of which the first ends at a time. It
// remembers what a person has asked for before.
func AgedRotation(asked string, notAfter time.Time) string {
	return asked + agedSuffix + notAfter.UTC().Format(time.DateOnly)
}

// Turn takes a CA one stage further, if it is at the one that is named; at any
// other it stays as it is. Of a CA whose Secret is gone, or unreadable, those who
// trust it tell what it was.
func Turn(p Plan, kind Kind, from Stage, rotation string, secrets map[Kind]Content, now time.Time) (Content, error) {
	content := secrets[kind]
	if content.stage(rotation) != from {
		return content, nil
	}
	var turned Content
	var err error
	switch from {
	case NotBegun:
		turned, err = p.announce(kind, rotation, secrets, now)
	case Announced:
		if _, lost := content.pair(KeyNextCert, KeyNextKey); lost != nil {
			turned, err = p.announce(kind, rotation, secrets, now) // what cannot sign is announced once more
			break
		}
		turned, err = content.sign(now)
	case Retiring:
		turned, err = content.retire()
	default:
		return content, nil
	}
	if err != nil {
		return nil, fmt.Errorf("rotate %s: %w", kind.SecretName(p.Cluster), err)
	}
	return turned, nil
}

// announce mints the next CA, to be trusted beside all that is trusted now.
func (p Plan) announce(kind Kind, rotation string, secrets map[Kind]Content, now time.Time) (Content, error) {
	next, err := MintCA(p, kind, now)
	if err != nil {
		return nil, err
	}
	trusted, err := p.trusted(kind, secrets)
	if err != nil {
		return nil, err
	}
	turned := Content{KeyNextCert: next[KeyCert], KeyNextKey: next[KeyKey], KeyRotation: []byte(rotation)}
	for _, key := range []string{KeyCert, KeyKey, KeySigning} {
		if value := secrets[kind][key]; len(value) > 0 {
			turned[key] = value
		}
	}
	if len(turned[KeyCert]) == 0 {
		turned[KeyCert] = encode(trusted[:1]) // a Secret of its type has both keys
		turned[KeyKey] = []byte("lost")
	}
	turned[KeyBundle] = slices.Concat(encode(trusted), next[KeyCert])
	return turned, nil
}

// trusted are the CAs of a kind that are trusted now: by the Secret's own word, or
// by the leaves that members and operator have.
func (p Plan) trusted(kind Kind, secrets map[Kind]Content) ([]*x509.Certificate, error) {
	if certs, err := secrets[kind].certificates(KeyBundle); err == nil {
		return certs, nil
	}
	for _, holder := range p.Kinds() {
		for _, l := range p.leaves(holder) {
			if l.ca != kind {
				continue
			}
			if certs, err := secrets[holder].certificates(l.bundle); err == nil {
				return certs, nil
			}
		}
	}
	return nil, errors.New("nobody tells any more which authority is trusted")
}

// sign makes the next CA the one that signs.
func (c Content) sign(now time.Time) (Content, error) {
	if err := c.require(KeyNextCert, KeyNextKey, KeyBundle); err != nil {
		return nil, err
	}
	return Content{
		KeyCert: c[KeyNextCert], KeyKey: c[KeyNextKey], KeyBundle: c[KeyBundle], KeyRotation: c[KeyRotation],
		KeySigning: []byte(now.UTC().Format(time.RFC3339)),
	}, nil
}

// retire leaves no CA to be trusted but the one that signs.
func (c Content) retire() (Content, error) {
	if err := c.require(KeyCert, KeyKey); err != nil {
		return nil, err
	}
	return Content{
		KeyCert: c[KeyCert], KeyKey: c[KeyKey], KeyBundle: bytes.Clone(c[KeyCert]), KeyRotation: c[KeyRotation], KeySigning: c[KeySigning],
	}, nil
}

func encode(certs []*x509.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: blockCertificate, Bytes: c.Raw})...)
	}
	return out
}

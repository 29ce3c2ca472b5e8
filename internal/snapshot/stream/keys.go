package stream

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"

	"filippo.io/age"
)

// Recipients are public keys of age; the zero value encrypts nothing.
type Recipients struct {
	keys  []age.Recipient
	names []string
}

// Identities are private keys of age; the zero value opens what is not encrypted.
type Identities struct{ keys []age.Identity }

// ParseRecipients reads public keys, one a line; lines that are empty or begin
// with '#' are skipped. What is no public key may be a private one, and is not told.
func ParseRecipients(text []byte) (Recipients, error) {
	var r Recipients
	err := eachLine(text, func(n int, line string) error {
		keys, err := age.ParseRecipients(strings.NewReader(line))
		if err != nil {
			return &Error{BadKey, fmt.Sprintf("line %d of the recipients is no public key of age: want one that begins with age1", n)}
		}
		r.keys = append(r.keys, keys...)
		r.names = append(r.names, line)
		return nil
	})
	if err == nil && len(r.keys) == 0 {
		err = &Error{BadKey, "the recipients are empty: want a public key of age on each line"}
	}
	return r, err
}

// Names are the public keys.
func (r Recipients) Names() []string { return r.names }

// ParseIdentities reads private keys as ParseRecipients does public ones.
func ParseIdentities(text []byte) (Identities, error) {
	var ids Identities
	err := eachLine(text, func(n int, line string) error {
		keys, err := age.ParseIdentities(strings.NewReader(line))
		if err != nil {
			return &Error{BadKey, fmt.Sprintf("line %d of the identities is no private key of age: want one that begins with AGE-SECRET-KEY-", n)}
		}
		ids.keys = append(ids.keys, keys...)
		return nil
	})
	if err == nil && len(ids.keys) == 0 {
		err = &Error{BadKey, "the identities are empty: want a private key of age on each line"}
	}
	return ids, err
}

// Empty is true where there is no key.
func (i Identities) Empty() bool { return len(i.keys) == 0 }

func eachLine(text []byte, do func(n int, line string) error) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := do(n, line); err != nil {
			return err
		}
	}
	if lines.Err() != nil {
		return &Error{BadKey, fmt.Sprintf("line %d of the keys is too long for a key of age", n+1)}
	}
	return nil
}

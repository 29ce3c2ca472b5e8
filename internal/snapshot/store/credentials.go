package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// The keys of a Secret with credentials.
const (
	fileAccessKey    = "access-key-id"
	fileSecretKey    = "secret-access-key"
	fileSessionToken = "session-token"
	fileGCS          = "service-account.json"
	fileAccountName  = "account-name"
	fileAccountKey   = "account-key"
	fileSAS          = "sas-token"
	fileCA           = "ca.crt"
)

// maxCredential bounds what is read of a file, in bytes.
const maxCredential = 1 << 20

// secret has the files of a mounted Secret.
type secret struct {
	files map[string][]byte
}

func readCredentials(dir string) (secret, error) {
	c := secret{files: map[string][]byte{}}
	if dir == "" {
		return c, nil
	}
	for _, name := range []string{fileAccessKey, fileSecretKey, fileSessionToken, fileGCS, fileAccountName, fileAccountKey, fileSAS, fileCA} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return c, &Error{Reason: BadCredentials, Message: fmt.Sprintf("read credentials: %s: %v", name, errors.Unwrap(err))}
		}
		if text = bytes.TrimSpace(text); len(text) == 0 || len(text) > maxCredential {
			return c, &Error{Reason: BadCredentials, Message: fmt.Sprintf("read credentials: %s is empty or too large: mend the Secret", name)}
		}
		c.files[name] = text
	}
	return c, nil
}

func (c secret) get(name string) string { return string(c.files[name]) }

// pair gives two files of which neither goes without the other.
func (c secret) pair(first, second string) (a, b string, err error) {
	a, b = c.get(first), c.get(second)
	if (a == "") != (b == "") {
		have, lack := first, second
		if a == "" {
			have, lack = second, first
		}
		return "", "", &Error{Reason: BadCredentials, Message: fmt.Sprintf("the credentials have %s and lack %s: mend the Secret", have, lack)}
	}
	return a, b, nil
}

// secrets are the texts that no message may hold, in each form in which they
// travel. Names of accounts and certificates are no secrets.
func (c secret) secrets() []string {
	var all []string
	add := func(text string) {
		// What is this short would turn up by chance.
		if len(text) >= 6 {
			all = append(all, text, url.QueryEscape(text), url.PathEscape(text))
		}
	}
	for _, name := range []string{fileAccessKey, fileSecretKey, fileSessionToken, fileAccountKey, fileSAS} {
		add(c.get(name))
	}
	if query, err := url.ParseQuery(strings.TrimPrefix(c.get(fileSAS), "?")); err == nil {
		add(query.Get("sig"))
	}
	var account map[string]any
	if json.Unmarshal(c.files[fileGCS], &account) == nil {
		for _, field := range []string{"private_key", "private_key_id"} {
			if text, ok := account[field].(string); ok {
				add(text)
				for line := range strings.Lines(text) {
					add(strings.TrimSpace(line))
				}
			}
		}
	}
	return all
}

// redactor takes secrets out of texts.
func (c secret) redactor() *strings.Replacer {
	var pairs []string
	for _, text := range c.secrets() {
		pairs = append(pairs, text, "[redacted]")
	}
	return strings.NewReplacer(pairs...)
}

package etcd

import "fmt"

// mended are the first releases of each line without the vulnerabilities that
// are known of it. Source: etcd's security advisories.
var mended = map[string]Version{"3.5": {3, 5, 33}, "3.6": {3, 6, 14}, "3.7": {3, 7, 1}}

// Vulnerable says what is known against a release, and which one to run instead;
// empty when nothing is.
func Vulnerable(v Version) string {
	first, known := mended[v.Line()]
	if !known || v.Compare(first) >= 0 {
		return ""
	}
	return fmt.Sprintf("etcd %s has known vulnerabilities (CVE-2026-73499: watches get around authorization; TLS handshakes exhaust a member). Set spec.version to %s or a later release of %s.",
		v, first, v.Line())
}

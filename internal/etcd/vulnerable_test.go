package etcd

import (
	"strings"
	"testing"
)

func TestVulnerable(t *testing.T) {
	t.Parallel()
	for release, instead := range map[string]string{
		"3.5.32": "3.5.33", "3.5.33": "", "3.5.35": "", "3.6.13": "3.6.14", "3.6.14": "", "3.7.0": "3.7.1", "3.7.1": "", "3.8.0": "",
	} {
		v, err := ParseVersion(release)
		if err != nil {
			t.Fatal(err)
		}
		if got := Vulnerable(v); (got == "") != (instead == "") || !strings.Contains(got, instead) {
			t.Errorf("of %s it says %q", release, got)
		}
	}
}

package etcd_test

import (
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/etcd"
)

func TestStep(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ from, to, refusal string }{
		{"3.7.2", "3.7.3", ""},
		{"3.7.3", "3.7.2", ""},
		{"3.5.26", "3.6.16", ""},
		{"3.5.25", "3.6.16", "set spec.version to 3.5.26 or a later release of 3.5 first"},
		{"3.6.11", "3.7.3", ""},
		{"3.6.10", "3.7.3", "set spec.version to 3.6.11 or a later release of 3.6 first"},
		{"3.5.35", "3.7.3", "set spec.version to a release of 3.6 first"},
		{"3.7.3", "3.6.16", ""},
		{"3.7.3", "3.5.35", "set spec.version to a release of 3.6 first"},
		{"3.6.16", "3.5.35", ""},
		{"3.5.35", "3.4.37", "cannot go back to 3.4.37"},
		{"3.7.3", "4.0.0", "by no way that Quorate knows"},
	} {
		from, err1 := etcd.ParseVersion(tc.from)
		to, err2 := etcd.ParseVersion(tc.to)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		err := etcd.Step(from, to)
		if (err == nil) != (tc.refusal == "") || err != nil && !strings.Contains(err.Error(), tc.refusal) {
			t.Errorf("%s to %s: %v, want %q", from, to, err, tc.refusal)
		}
	}
}

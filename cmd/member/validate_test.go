package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/agent"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	version := agent.BinaryVersion().String()
	for name, c := range map[string]struct {
		args []string
		says string // of what is refused
	}{
		"nothing set":           {},
		"good settings":         {args: []string{"--etcd=snapshot-count=5000", "--etcd=election-timeout=2000", "--etcd=log-level=warn"}},
		"all that run takes":    {args: []string{"--name=demo-0", "--namespace=ns", "--client-tls=disabled", "--etcd=max-txn-ops=200"}},
		"unknown":               {[]string{"--etcd=no-such-setting=1"}, "etcd " + version + ` has no setting "no-such-setting"`},
		"Quorate's own":         {[]string{"--etcd=data-dir=/elsewhere"}, "set by Quorate"},
		"the second API":        {[]string{"--etcd=enable-v2=true"}, "set by Quorate"},
		"no value":              {[]string{"--etcd=snapshot-count"}, "want KEY=VALUE"},
		"not a number":          {[]string{"--etcd=quota-backend-bytes=much"}, "quota-backend-bytes"},
		"what etcd refuses":     {[]string{"--etcd=election-timeout=100"}, "election-timeout"},
		"a wrong retention":     {[]string{"--etcd=auto-compaction-retention=now"}, "auto-compaction-retention"},
		"a wrong level":         {[]string{"--etcd=log-level=loud"}, "log-level"},
		"a flag that run lacks": {[]string{"--etcd-options=a"}, "etcd-options"},
		"an argument":           {[]string{"snapshot-count=5000"}, "unexpected arguments"},
	} {
		var out, errOut bytes.Buffer
		code := validate(c.args, &out, &errOut)
		said, silent, want := out.String(), errOut.String(), 0
		if c.says != "" {
			said, silent, want = errOut.String(), out.String(), 1
		}
		if code != want || silent != "" || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: exit %d, %q and %q", name, code, said, silent)
		}
		if !strings.Contains(said, c.says) || (c.says == "" && !strings.Contains(said, version)) {
			t.Errorf("%s: says %q", name, said)
		}
	}
}

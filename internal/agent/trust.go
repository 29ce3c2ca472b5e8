package agent

import (
	"os"

	"github.com/quorate/quorate/internal/control"
)

// trustOnDisk is whom the mounted Secret tells to trust.
func (c Config) trustOnDisk() string {
	return control.TrustDigest(c.mounted("peer-ca.crt"), c.mounted("client-ca.crt"))
}

// mounted reads a file that may not be there: a cluster in plain text has none.
func (c Config) mounted(name string) []byte {
	content, err := os.ReadFile(c.tlsFile(name))
	if err != nil {
		return nil
	}
	return content
}

// trust is reported to the operator, who restarts members for it: etcd reads whom
// it trusts only as it starts.
func (a *Agent) trust(v view) *control.Trust {
	t := &control.Trust{
		OnDisk: a.config.trustOnDisk(), Control: control.TrustDigest(a.config.mounted("control-ca.crt")),
		Leaves: control.TrustDigest(a.config.mounted("peer.crt"), a.config.mounted("server.crt"), a.config.mounted("control.crt")),
	}
	if v.server != nil {
		t.Loaded = v.server.trusts
	}
	return t
}

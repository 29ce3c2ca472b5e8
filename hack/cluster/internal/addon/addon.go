package addon

import (
	_ "embed"
	"strings"
	"text/template"

	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/provision"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// DNSImage is the image of the cluster's DNS server; every node has it.
const DNSImage = "quorate.local/coredns:1.15.0"

//go:embed manifests.yaml
var text string

var manifests = template.Must(template.New("manifests").Option("missingkey=error").Parse(text))

// Manifests renders everything that is applied to a new cluster.
func Manifests(c *state.Cluster) (string, error) {
	plan := network.Plan{Family: c.Family}
	var out strings.Builder
	err := manifests.Execute(&out, map[string]any{
		"Domain": c.Domain, "Image": DNSImage, "Provisioner": provision.Name,
		"ClusterIPs": plan.DNSService(), "Dual": c.Family == network.Dual,
	})
	return out.String(), err
}

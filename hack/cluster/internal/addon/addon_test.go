package addon

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

func TestManifestsParse(t *testing.T) {
	for family, address := range map[network.Family]string{
		network.IPv4: `["10.96.0.10"]`, network.IPv6: `["fd00:96::a"]`, network.Dual: `["10.96.0.10", "fd00:96::a"]`,
	} {
		text, err := Manifests(&state.Cluster{Family: family, Domain: "lab.test"})
		if err != nil {
			t.Fatal(err)
		}
		for i, doc := range strings.Split(text, "\n---\n") {
			var object map[string]any
			if err := yaml.UnmarshalStrict([]byte(doc), &object); err != nil || object["kind"] == nil {
				t.Errorf("%s, document %d: %v", family, i, err)
			}
		}
		if !strings.Contains(text, address) || !strings.Contains(text, "kubernetes lab.test") {
			t.Errorf("%s: address or domain is missing", family)
		}
	}
}

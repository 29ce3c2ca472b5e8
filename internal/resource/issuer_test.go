package resource_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/resource"
)

// TestCertificates: what cert-manager is asked for lies in testdata/issued.yaml.
func TestCertificates(t *testing.T) {
	c := inputs().Cluster
	c.Spec.TLS.IssuerRef = &v1alpha1.IssuerReference{Name: "ours"}
	c.Spec.TLS.RenewBefore = &metav1.Duration{Duration: 240 * time.Hour}
	var got bytes.Buffer
	for _, certificate := range resource.IssuedCertificates(c, resource.PKIPlan(c, []string{"cluster.local"})) {
		if drift := resource.Drift(certificate.DeepCopy(), certificate.DeepCopy()); drift != "" {
			t.Errorf("%s differs from itself: %s", certificate.GetName(), drift)
		}
		if got.Len() > 0 {
			got.WriteString("---\n")
		}
		text, err := yaml.Marshal(certificate.Object)
		if err != nil {
			t.Fatal(err)
		}
		got.Write(text)
	}
	path := filepath.Join("testdata", "issued.yaml")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("differs from %s; read the difference, then run with -update:\n%s", path, diff)
	}
}

// TestSourceRestartsNobody: only a cluster with a source has the flag, and where
// certificates come from is no input of a member's restart.
func TestSourceRestartsNobody(t *testing.T) {
	own, theirs := inputs(), inputs()
	theirs.Cluster.Spec.TLS.SecretRefs = &v1alpha1.SecretReferences{Peer: "a", Server: "b", Client: "c"}
	if resource.RestartHash(own.Cluster.Spec) != resource.RestartHash(theirs.Cluster.Spec) {
		t.Error("the source of certificates is part of the restart hash")
	}
	shared := func(in resource.Inputs) bool {
		return slices.Contains(resource.StatefulSet(in).Spec.Template.Spec.Containers[0].Args, "--shared-authority")
	}
	if shared(own) || !shared(theirs) {
		t.Errorf("--shared-authority: %v under our own authority, %v under another", shared(own), shared(theirs))
	}
}

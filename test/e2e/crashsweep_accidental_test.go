package e2e

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Two runs differ in their IDs; what the IDs look like is no difference: one of
// digits alone, or one that reads as a number with an exponent.
func TestAccidentalIDs(t *testing.T) {
	t.Parallel()
	claim := func(clusterID, member string) map[string][]string {
		return linesOf([]client.Object{&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
			Name: "data-demo-0", Annotations: map[string]string{"formed": clusterID, "member": member, "again": clusterID},
		}}}, "here")
	}
	want := claim("cdbf3403e90b1617", "62fbd4a79803ed2d")
	for _, id := range []string{"1234567890123456", "123456789012e345", "0000000000000017"} {
		if diff := cmp.Diff(want, claim(id, "62fbd4a79803ed2d")); diff != "" {
			t.Errorf("with the ID %s (-hexadecimal +this):\n%s", id, diff)
		}
	}
	if cmp.Equal(want, claim("cdbf3403e90b1617", "cdbf3403e90b1617")) {
		t.Error("one ID in place of two is not seen")
	}
}

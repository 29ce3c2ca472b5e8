package status

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestStories reads views as YAML and prints what a user would see. Successive
// commands of one file share the conditions, as successive passes do.
// `go test ./internal/status -rewrite` writes the expectations anew.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var conditions []metav1.Condition
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var v View
			if err := yaml.UnmarshalStrict([]byte(d.Input), &v); err != nil {
				d.Fatalf(t, "read the view: %v", err)
			}
			clock = clock.Add(time.Minute)
			s := Of(v, conditions, metav1.NewTime(clock))
			conditions = s.Conditions
			return show(s)
		})
	})
}

func show(s v1alpha1.EtcdClusterStatus) string {
	var b strings.Builder
	fmt.Fprintf(&b, "quorum=%s leader=%q version=%q replicas=%d ready=%d generation=%d\n", s.Quorum, s.Leader, s.Version, s.Replicas, s.ReadyReplicas, s.ObservedGeneration)
	for _, m := range s.Members {
		fmt.Fprintf(&b, "%s id=%s role=%s version=%q ready=%v %s\n", m.Name, m.ID, m.Role, m.Version, m.Ready, m.Message)
	}
	for _, c := range s.Conditions {
		fmt.Fprintf(&b, "%s %s=%s %s: %s\n", c.LastTransitionTime.Format("15:04"), c.Type, c.Status, c.Reason, c.Message)
	}
	return b.String()
}

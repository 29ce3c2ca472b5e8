package observe

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/resource"
)

func asks(size string) func(*corev1.PersistentVolumeClaim) {
	return func(c *corev1.PersistentVolumeClaim) {
		c.Spec.Resources.Requests[corev1.ResourceStorage] = quantity.MustParse(size)
	}
}

func is(kind corev1.PersistentVolumeClaimConditionType, message string) func(*corev1.PersistentVolumeClaim) {
	return func(c *corev1.PersistentVolumeClaim) {
		c.Status.Conditions = append(c.Status.Conditions, corev1.PersistentVolumeClaimCondition{Type: kind, Status: corev1.ConditionTrue, Message: message})
	}
}

func TestGrowing(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change []func(*corev1.PersistentVolumeClaim)
		want   string
	}{
		{"at rest", nil, ""},
		{"larger than asked for", []func(*corev1.PersistentVolumeClaim){asks("1Gi")}, ""},
		{"asked for", []func(*corev1.PersistentVolumeClaim){asks("3Gi")}, "2Gi of 3Gi, and its provisioner has yet to begin"},
		{"begun", []func(*corev1.PersistentVolumeClaim){asks("3Gi"), is(corev1.PersistentVolumeClaimResizing, "")}, "2Gi of 3Gi, and its provisioner is at work"},
		{"the node's turn", []func(*corev1.PersistentVolumeClaim){asks("3Gi"), is(corev1.PersistentVolumeClaimResizing, ""), is(corev1.PersistentVolumeClaimFileSystemResizePending, "")}, "its node has yet to grow"},
		{"refused", []func(*corev1.PersistentVolumeClaim){asks("3Gi"), is(corev1.PersistentVolumeClaimControllerResizeError, "out of space.")}, "2Gi of 3Gi, and it does not grow: out of space"},
		{"not bound yet", []func(*corev1.PersistentVolumeClaim){asks("3Gi"), func(c *corev1.PersistentVolumeClaim) {
			c.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}
		}}, ""},
	} {
		if got := growing(claimOf("data-demo-0", tc.change...)); got != tc.want && (tc.want == "" || !strings.Contains(got, tc.want)) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestGrowable(t *testing.T) {
	class := func(expands *bool) *storagev1.StorageClass {
		return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "fast"}, AllowVolumeExpansion: expands}
	}
	for _, tc := range []struct {
		name      string
		wanted    int64
		forbidden []string
		objects   []client.Object
		want      bool
	}{
		{"it may", 3 << 30, nil, []client.Object{class(ptr.To(true))}, true},
		{"it may not", 3 << 30, nil, []client.Object{class(ptr.To(false))}, false},
		{"it does not say", 3 << 30, nil, []client.Object{class(nil)}, false},
		{"no such class", 3 << 30, nil, nil, false},
		{"not to be read: it is tried", 3 << 30, []string{"StorageClass"}, nil, true},
		{"large enough: nobody asks", 2 << 30, []string{"StorageClass"}, nil, false},
	} {
		s := missed(nil, claimOf("data-demo-0"))
		s.Desired.StorageSize = tc.wanted
		if err := observer(tc.forbidden, tc.objects...).claims(t.Context(), cluster(), s); err != nil {
			t.Fatal(err)
		}
		c := s.Observation.Members[0].Claim
		if c.Growable != tc.want || c.Size != 2<<30 || c.Class != "fast" {
			t.Errorf("%s: %+v", tc.name, c)
		}
	}
}

func TestMarked(t *testing.T) {
	marked := func(formed, member string) func(*corev1.PersistentVolumeClaim) {
		return func(c *corev1.PersistentVolumeClaim) {
			c.Annotations = map[string]string{v1alpha1.AnnotationFormed: formed, v1alpha1.AnnotationMember: member}
		}
	}
	ours := func(c *corev1.PersistentVolumeClaim) {
		c.OwnerReferences = resource.RetainedOwners(cluster(deleteVolumes))
	}
	for _, tc := range []struct {
		name    string
		cluster *v1alpha1.EtcdCluster
		change  []func(*corev1.PersistentVolumeClaim)
		agent   *control.Report
		want    bool
	}{
		{"as its agent says", cluster(), []func(*corev1.PersistentVolumeClaim){marked("abc", "a0")}, admitted(0xabc, 0xa0), true},
		{"another member", cluster(), []func(*corev1.PersistentVolumeClaim){marked("abc", "a0")}, admitted(0xabc, 0xa1), false},
		{"another cluster", cluster(), []func(*corev1.PersistentVolumeClaim){marked("abd", "a0")}, admitted(0xabc, 0xa0), false},
		{"without its member", cluster(), []func(*corev1.PersistentVolumeClaim){marked("abc", "")}, admitted(0xabc, 0xa0), false},
		{"its agent is silent", cluster(), []func(*corev1.PersistentVolumeClaim){marked("abc", "a0")}, nil, true},
		{"its agent is silent, and nobody else knows the member", cluster(), []func(*corev1.PersistentVolumeClaim){marked("abc", "")}, nil, true},
		{"its volume is empty", cluster(), []func(*corev1.PersistentVolumeClaim){marked("abc", "a0")}, &control.Report{}, true},
		{"not at all", cluster(), []func(*corev1.PersistentVolumeClaim){marked("", "")}, admitted(0xabc, 0xa0), false},
		{"without the owner that it shall have", cluster(deleteVolumes), []func(*corev1.PersistentVolumeClaim){marked("abc", "a0")}, nil, false},
		{"with it", cluster(deleteVolumes), []func(*corev1.PersistentVolumeClaim){marked("abc", "a0"), ours}, nil, true},
		{"with an owner that it shall not have", cluster(), []func(*corev1.PersistentVolumeClaim){marked("abc", "a0"), ours}, nil, false},
	} {
		s := missed(nil, claimOf("data-demo-0", tc.change...))
		s.Observation.Members[0].Agent = tc.agent
		if err := observer(nil).claims(t.Context(), tc.cluster, s); err != nil {
			t.Fatal(err)
		}
		if c := s.Observation.Members[0].Claim; c.Marked != tc.want {
			t.Errorf("%s: %+v", tc.name, c)
		}
	}
}

func deleteVolumes(c *v1alpha1.EtcdCluster) {
	c.Spec.Storage.WhenDeleted = v1alpha1.RetentionDelete
}

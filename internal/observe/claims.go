package observe

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// claims says what is known of each member's claim.
func (o *Observer) claims(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) error {
	growable := map[string]bool{}
	for i := range s.Observation.Members {
		m := &s.Observation.Members[i]
		live := s.Claims[m.Name]
		if live == nil {
			continue
		}
		claim := claim(c, live, m)
		if claim.Size < s.Desired.StorageSize {
			if _, known := growable[claim.Class]; !known {
				can, err := o.growable(ctx, claim.Class)
				if err != nil {
					return err
				}
				growable[claim.Class] = can
			}
			claim.Growable = growable[claim.Class]
		}
		m.Claim = claim
	}
	return nil
}

func claim(c *v1alpha1.EtcdCluster, live *corev1.PersistentVolumeClaim, m *plan.Member) *plan.Claim {
	size := live.Spec.Resources.Requests[corev1.ResourceStorage]
	claim := &plan.Claim{
		Name:     live.Name,
		Formed:   clusterID(live.Annotations[v1alpha1.AnnotationFormed]),
		Member:   memberID(live.Annotations[v1alpha1.AnnotationMember]),
		Deleting: live.DeletionTimestamp != nil,
		Class:    ptr.Deref(live.Spec.StorageClassName, ""),
		Size:     size.Value(),
		Growing:  growing(live),
	}
	claim.Superseded, _ = strconv.Atoi(live.Annotations[v1alpha1.AnnotationSuperseded])
	claim.Marked = claim.Formed != 0 && resource.ClaimOwned(c, live)
	// Which member it is, only the agent knows: without its word nothing could
	// be written, and waiting for it would never end.
	if m.Agent != nil && m.Agent.Volume.Admission != nil {
		a := m.Agent.Volume.Admission
		claim.Marked = claim.Marked && a.ClusterID == claim.Formed && a.MemberID == claim.Member
	}
	return claim
}

// growable reports whether a StorageClass lets its volumes grow. One that may
// not be read is tried: the API server has the last word.
func (o *Observer) growable(ctx context.Context, name string) (bool, error) {
	if name == "" {
		return false, nil
	}
	class := &storagev1.StorageClass{}
	found, err := o.getLive(ctx, name, class)
	if apierrors.IsForbidden(err) {
		return true, nil
	}
	return found && ptr.Deref(class.AllowVolumeExpansion, false), err
}

// growing says what of a growth is not done yet, such as "1Gi of 2Gi, and its
// provisioner is at work".
func growing(claim *corev1.PersistentVolumeClaim) string {
	var step string
	for _, c := range claim.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case corev1.PersistentVolumeClaimControllerResizeError, corev1.PersistentVolumeClaimNodeResizeError:
			return fmt.Sprintf("%s, and it does not grow: %s", sizes(claim), strings.TrimSuffix(c.Message, "."))
		case corev1.PersistentVolumeClaimFileSystemResizePending:
			step = "its node has yet to grow the file system"
		case corev1.PersistentVolumeClaimResizing:
			if step == "" {
				step = "its provisioner is at work"
			}
		}
	}
	have, want := claim.Status.Capacity[corev1.ResourceStorage], claim.Spec.Resources.Requests[corev1.ResourceStorage]
	switch {
	case step != "":
	case claim.Status.Phase == corev1.ClaimBound && have.Cmp(want) < 0:
		step = "its provisioner has yet to begin"
	default:
		return ""
	}
	return sizes(claim) + ", and " + step
}

func sizes(claim *corev1.PersistentVolumeClaim) string {
	have, want := claim.Status.Capacity[corev1.ResourceStorage], claim.Spec.Resources.Requests[corev1.ResourceStorage]
	return fmt.Sprintf("%s of %s", &have, &want)
}

package provision

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"

	"github.com/quorate/quorate/hack/cluster/internal/storage"
)

// Name is the provisioner's name in a StorageClass.
const Name = "cluster.quorate.dev/local"

// provisioner makes volumes below Root, one folder per node.
type provisioner struct{ root string }

var errNoNode = errors.New("no node was selected: the StorageClass must have volumeBindingMode WaitForFirstConsumer")

// Provision makes a volume on the selected node. The work is short and safe to repeat.
func (p provisioner) Provision(ctx context.Context, o controller.ProvisionOptions) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	if o.SelectedNodeName == "" {
		return nil, controller.ProvisioningFinished, errNoNode
	}
	if err := checkClaim(o.PVC); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	dir := filepath.Join(p.root, o.SelectedNodeName)
	if _, err := os.Stat(dir); err != nil {
		err = fmt.Errorf("node %s is not one of this cluster's: %w", o.SelectedNodeName, err)
		return nil, controller.ProvisioningReschedule, err
	}
	request := o.PVC.Spec.Resources.Requests[corev1.ResourceStorage]
	v := storage.Volume{Dir: dir, Name: o.PVName}
	if err := v.Create(ctx, request.Value()); err != nil {
		return nil, controller.ProvisioningInBackground, err
	}
	return persistentVolume(o, v), controller.ProvisioningFinished, nil
}

// Delete removes the volume. One whose node has been removed is gone already.
func (p provisioner) Delete(ctx context.Context, pv *corev1.PersistentVolume) error {
	if pv.Spec.Local == nil {
		return &controller.IgnoredError{Reason: "it is not a local volume"}
	}
	dir, name := filepath.Split(pv.Spec.Local.Path)
	if filepath.Dir(filepath.Clean(dir)) != p.root {
		return &controller.IgnoredError{Reason: "its path is outside " + p.root}
	}
	return storage.Volume{Dir: filepath.Clean(dir), Name: name}.Delete(ctx)
}

func checkClaim(c *corev1.PersistentVolumeClaim) error {
	if m := c.Spec.VolumeMode; m != nil && *m == corev1.PersistentVolumeBlock {
		return errors.New("block volumes are not supported; use volumeMode Filesystem")
	}
	for _, m := range c.Spec.AccessModes {
		if m != corev1.ReadWriteOnce && m != corev1.ReadWriteOncePod {
			return fmt.Errorf("access mode %s is not supported: a volume lives on one node", m)
		}
	}
	return nil
}

// persistentVolume is of type local, not hostPath: the kubelet applies fsGroup only to the former.
func persistentVolume(o controller.ProvisionOptions, v storage.Volume) *corev1.PersistentVolume {
	hostname := corev1.NodeSelectorRequirement{
		Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{o.SelectedNodeName},
	}
	pv := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: o.PVName}}
	pv.Spec = corev1.PersistentVolumeSpec{
		AccessModes:  o.PVC.Spec.AccessModes,
		MountOptions: o.StorageClass.MountOptions,
		VolumeMode:   o.PVC.Spec.VolumeMode,
		Capacity: corev1.ResourceList{
			corev1.ResourceStorage: o.PVC.Spec.Resources.Requests[corev1.ResourceStorage],
		},
		PersistentVolumeSource: corev1.PersistentVolumeSource{
			Local: &corev1.LocalVolumeSource{Path: v.Mountpoint()},
		},
		NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{hostname}}},
		}},
	}
	if o.StorageClass.ReclaimPolicy != nil {
		pv.Spec.PersistentVolumeReclaimPolicy = *o.StorageClass.ReclaimPolicy
	}
	return pv
}

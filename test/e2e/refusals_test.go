package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

// refusal is something that cannot work, and what the object must say of it.
type refusal struct {
	name    string
	arrange func(*space) edit
	reason  string
	phrases []string // cause and next step
}

var refusals = []refusal{
	{
		name:    "image that cannot be pulled",
		arrange: func(*space) edit { return version("3.7.99") },
		reason:  "ImageCannotBePulled",
		phrases: []string{"ghcr.io/quorate/member:v0.1.0-etcd3.7.99", "spec.version"},
	},
	{
		name:    "unknown version",
		arrange: func(*space) edit { return version("9.9.9") },
		reason:  "VersionUnsupported",
		phrases: []string{"9.9.9", "3.7.3"},
	},
	{
		name:    "StorageClass that does not exist",
		arrange: func(*space) edit { return storageClass("nowhere") },
		reason:  "NoStorageClass",
		phrases: []string{`"nowhere"`, "data-demo-0", "spec.storage.storageClassName"},
	},
	{
		name:    "volume that never binds, for want of a provisioner",
		arrange: func(s *space) edit { return s.brokenClass("example.com/nobody", storagev1.VolumeBindingImmediate) },
		reason:  "VolumePending",
		phrases: []string{"data-demo-0", "unbound", "StorageClass"},
	},
	{
		name: "volume that never binds, for want of a volume",
		arrange: func(s *space) edit {
			return s.brokenClass("kubernetes.io/no-provisioner", storagev1.VolumeBindingWaitForFirstConsumer)
		},
		reason:  "VolumePending",
		phrases: []string{"data-demo-0", "persistent volumes to bind", "StorageClass"},
	},
	{
		name:    "quota exceeded",
		arrange: func(s *space) edit { s.limitMembers(0); return modest },
		reason:  "QuotaExceeded",
		phrases: []string{"exceeded quota: members", "ResourceQuota"},
	},
	{
		name:    "quota of claims exceeded",
		arrange: func(s *space) edit { s.limitClaims(); return version(etcdVersion) },
		reason:  "QuotaExceeded",
		phrases: []string{"exceeded quota: claims", "ResourceQuota"},
	},
	{
		name:    "node that does not exist",
		arrange: func(*space) edit { return nodeSelector("kubernetes.io/hostname", "nowhere") },
		reason:  "Unschedulable",
		phrases: []string{"demo-0", "spec.podTemplate"},
	},
}

// TestRefusals: what cannot work says why and what to do, on the object itself.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			s := newSpace(t)
			c := s.etcd("demo", 1, r.arrange(s))
			o := c.waitStalled(r.reason, r.phrases...)
			c.waitCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, r.reason, r.phrases...)
			if o.Status.ClusterID != "" {
				t.Errorf("there is a cluster %s", o.Status.ClusterID)
			}
			warned(c)
		})
	}
	t.Run("Secret with the wrong keys", wrongKeys)
	t.Run("name too long", nameTooLong)
}

// warned waits for the Event that goes with a refusal.
func warned(c *cluster) {
	c.t.Helper()
	eventually(c.t, medium, "a Warning is told", func(ctx context.Context) error {
		list := &corev1.EventList{}
		if err := world.List(ctx, list, inSpace(c.space), onObject(c.name)); err != nil {
			return err
		}
		for _, e := range list.Items {
			if e.Type == corev1.EventTypeWarning && e.InvolvedObject.Kind == v1alpha1.KindEtcdCluster {
				return nil
			}
		}
		return fmt.Errorf("none among %d Events", len(list.Items))
	})
}

func version(v string) edit { return func(c *v1alpha1.EtcdCluster) { c.Spec.Version = v } }

func storageClass(name string) edit {
	return func(c *v1alpha1.EtcdCluster) { c.Spec.Storage.StorageClassName = &name }
}

func nodeSelector(key, value string) edit {
	return func(c *v1alpha1.EtcdCluster) { c.Spec.PodTemplate.NodeSelector = map[string]string{key: value} }
}

// brokenClass makes a StorageClass that gives no volumes.
func (s *space) brokenClass(provisioner string, mode storagev1.VolumeBindingMode) edit {
	s.t.Helper()
	class := &storagev1.StorageClass{
		ObjectMeta:  metav1.ObjectMeta{Name: s.name},
		Provisioner: provisioner, VolumeBindingMode: &mode,
	}
	if err := world.Create(bounded(s.t), class); err != nil {
		s.t.Fatalf("create StorageClass: %v", err)
	}
	removeAtEnd(s.t, class)
	return storageClass(class.Name)
}

func (s *space) limitClaims() {
	s.t.Helper()
	s.create(&corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "claims"},
		Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{
			corev1.ResourcePersistentVolumeClaims: *resource.NewQuantity(0, resource.DecimalSI),
		}},
	})
}

// wrongKeys: a Secret that lost a key is named. The leaf is issued anew, the
// authority is not.
func wrongKeys(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator(flag("--secret-interval=1s"))
	c := s.readyEtcd("demo", 1, operatedBy(op.identity()))
	var key []byte
	modify(s, "demo-client-ca", &corev1.Secret{}, func(o *corev1.Secret) {
		key = o.Data["tls.key"]
		o.Data["tls.key"] = []byte("not a key")
	})
	c.waitCondition(v1alpha1.ConditionCertificatesValid, metav1.ConditionFalse, v1alpha1.ReasonCertificateAuthorityLost, "demo-client-ca")
	c.waitStalled(v1alpha1.ReasonCertificateAuthorityLost, "demo-client-ca", "estore")
	modify(s, "demo-client-ca", &corev1.Secret{}, func(o *corev1.Secret) { o.Data["tls.key"] = key })
	c.waitReady()
	broken := &corev1.Secret{}
	modify(s, "demo-client-tls", broken, func(o *corev1.Secret) { o.Data["tls.crt"] = []byte("not a certificate") })
	eventually(t, medium, "the users' certificate is issued anew", func(ctx context.Context) error {
		live := &corev1.Secret{}
		if err := world.Get(ctx, s.key("demo-client-tls"), live); err != nil {
			return err
		}
		_, err := tlsOf(live)
		return err
	})
	c.accepted(c.forward(c.member(0), clientPort), c.userTLS())
}

func nameTooLong(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	o := manifest(strings.Repeat("n", 53), 1)
	o.Namespace = s.name
	err := world.Create(bounded(t), o)
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "at most 52 characters") || !strings.Contains(err.Error(), "choose a shorter name") {
		t.Errorf("a name of 53 characters: %v", err)
	}
}

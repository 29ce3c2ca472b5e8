package observe

import (
	"context"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/control/dial"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// observer observes these objects; it may not read what is forbidden, by the
// plural names of resources.
func observer(forbidden []string, objects ...client.Object) *Observer {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	refuse := func(o runtime.Object) error {
		kinds, _, _ := scheme.ObjectKinds(o)
		for _, f := range forbidden {
			if kinds[0].Kind == f || kinds[0].Kind == f+"List" {
				return apierrors.NewForbidden(schema.GroupResource{Resource: f}, "", nil)
			}
		}
		return nil
	}
	// Events are listed by fields, which the fake server must know.
	index := func(field func(*corev1.Event) string) client.IndexerFunc {
		return func(o client.Object) []string { return []string{field(o.(*corev1.Event))} }
	}
	server := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithIndex(&corev1.Event{}, "involvedObject.kind", index(func(e *corev1.Event) string { return e.InvolvedObject.Kind })).
		WithIndex(&corev1.Event{}, "involvedObject.name", index(func(e *corev1.Event) string { return e.InvolvedObject.Name })).
		WithInterceptorFuncs(interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				if err := refuse(o); err != nil {
					return err
				}
				return c.Get(ctx, key, o, opts...)
			},
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				if err := refuse(list); err != nil {
					return err
				}
				return c.List(ctx, list, opts...)
			},
		}).Build()
	return &Observer{
		Cached: server, Live: server, Secrets: NewSecrets(server, time.Hour), Agents: dial.NewPool(), Etcd: etcdclient.NewPool(),
		Renderer: resource.Renderer{MemberImage: "member:{version}", OperatorNamespace: "quorate-system"},
		Self:     "system/a", Now: func() time.Time { return now },
	}
}

func cluster(change ...func(*v1alpha1.EtcdCluster)) *v1alpha1.EtcdCluster {
	c := &v1alpha1.EtcdCluster{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: "prod", UID: "cluster"},
		Spec: v1alpha1.EtcdClusterSpec{
			Replicas: 3, Version: "3.7.3",
			Storage: v1alpha1.Storage{Size: ptr.To(quantity.MustParse("2Gi"))},
		},
	}
	for _, f := range change {
		f(c)
	}
	return c
}

func recordFormed(c *v1alpha1.EtcdCluster) { c.Status.ClusterID = "abc" }

// owned makes an object the live one of an owner, with our labels.
func owned[T client.Object](o T, owner types.UID) T {
	o.SetNamespace("prod")
	o.SetLabels(resource.Labels("demo"))
	if owner != "" {
		o.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "Owner", Name: "demo", UID: owner, Controller: ptr.To(true)}})
	}
	return o
}

func statefulSet(replicas int32) *appsv1.StatefulSet {
	return owned(&appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", UID: "set", CreationTimestamp: metav1.NewTime(now.Add(-time.Hour))},
		Spec:       appsv1.StatefulSetSpec{Replicas: ptr.To(replicas)},
	}, "cluster")
}

func pod(name string, owner types.UID, change ...func(*corev1.Pod)) *corev1.Pod {
	p := owned(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("uid-" + name), CreationTimestamp: metav1.NewTime(now.Add(-time.Hour))}}, owner)
	p.Labels[v1alpha1.LabelServing] = "true"
	for _, f := range change {
		f(p)
	}
	return p
}

func claimOf(name string, change ...func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
	c := owned(&corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{v1alpha1.AnnotationFormed: "abc"}},
		Spec: corev1.PersistentVolumeClaimSpec{
			VolumeName:       "pv",
			StorageClassName: ptr.To("fast"),
			Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: quantity.MustParse("2Gi")}},
		},
		Status: corev1.PersistentVolumeClaimStatus{
			Phase: corev1.ClaimBound, Capacity: corev1.ResourceList{corev1.ResourceStorage: quantity.MustParse("2Gi")},
		},
	}, "")
	for _, f := range change {
		f(c)
	}
	return c
}

// missed is a sight of one member that a formed cluster waits for.
func missed(p *corev1.Pod, c *corev1.PersistentVolumeClaim) *Sight {
	s := &Sight{
		Pods: map[etcd.MemberName]*corev1.Pod{}, Claims: map[etcd.MemberName]*corev1.PersistentVolumeClaim{},
		Observation: plan.Observation{Record: plan.Record{ClusterID: 0xabc}, Members: []plan.Member{{Name: "demo-0", Pod: plan.PodAbsent}}},
	}
	if p != nil {
		s.Pods["demo-0"], s.Observation.Members[0].Pod = p, podState(p)
	}
	if c != nil {
		s.Claims["demo-0"] = c
	}
	return s
}

func admitted(id etcd.ClusterID, member etcd.MemberID) *control.Report {
	return &control.Report{Volume: control.Volume{Admission: &control.Admission{ClusterID: id, MemberID: member}}}
}

func observed(t *testing.T, o *Observer, c *v1alpha1.EtcdCluster) *Sight {
	t.Helper()
	c.Status.Operator = "system/a"
	s, err := o.Observe(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

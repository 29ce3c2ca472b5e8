package observe

import (
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

func born(names ...string) func(*v1alpha1.EtcdCluster) {
	return func(c *v1alpha1.EtcdCluster) {
		c.Status.Birth = &v1alpha1.Birth{Token: "t"}
		for _, n := range names {
			c.Status.Birth.Members = append(c.Status.Birth.Members, v1alpha1.BirthMember{Name: n})
		}
	}
}

func sized(n int32) func(*v1alpha1.EtcdCluster) {
	return func(c *v1alpha1.EtcdCluster) { c.Spec.Replicas = n }
}

func hibernated(c *v1alpha1.EtcdCluster) { c.Spec.Hibernated = true }

// Each ordinal that exists or shall exist has an entry, without a gap; a
// StatefulSet that is made anew runs what holds a member.
func TestEveryOrdinal(t *testing.T) {
	unformed := func(c *corev1.PersistentVolumeClaim) { c.Annotations = nil }
	for _, tc := range []struct {
		name    string
		cluster *v1alpha1.EtcdCluster
		objects []client.Object
		members int
		pods    int // of the StatefulSet
		anew    int // pods of one that is made anew; -1: there is one
	}{
		{"new", cluster(), nil, 3, plan.NoStatefulSet, 3},
		{"new, with the claims of a former life", cluster(), []client.Object{claimOf("data-demo-4", unformed)}, 5, plan.NoStatefulSet, 3},
		{"being born, and another size asked for", cluster(sized(5), born("demo-0", "demo-1", "demo-2")), []client.Object{statefulSet(3)}, 3, 3, -1},
		{"being born, the StatefulSet deleted", cluster(sized(5), born("demo-0", "demo-1", "demo-2")), nil, 3, plan.NoStatefulSet, 3},
		{"formed", cluster(recordFormed), []client.Object{statefulSet(3)}, 3, 3, -1},
		{"growing", cluster(recordFormed, sized(5)), []client.Object{statefulSet(3)}, 5, 3, -1},
		{"shrinking", cluster(recordFormed, sized(1)), []client.Object{statefulSet(3)}, 3, 3, -1},
		{"shrunk but for a claim", cluster(recordFormed, sized(1)), []client.Object{statefulSet(1), claimOf("data-demo-4")}, 5, 1, -1},
		{"shrunk but for a pod", cluster(recordFormed, sized(1)), []client.Object{statefulSet(1), pod("demo-1", "set")}, 2, 1, -1},
		{"hibernated", cluster(recordFormed, hibernated), []client.Object{statefulSet(0)}, 3, 0, -1},
		{"hibernated, the StatefulSet deleted", cluster(recordFormed, hibernated), []client.Object{claimOf("data-demo-2")}, 3, plan.NoStatefulSet, 0},
		{"the StatefulSet deleted while five shrink to one", cluster(recordFormed, sized(1)), []client.Object{claimOf("data-demo-0"), claimOf("data-demo-4")}, 5, plan.NoStatefulSet, 5},
		{"the StatefulSet deleted while one grows to five", cluster(recordFormed, sized(5)), []client.Object{claimOf("data-demo-0"), pod("demo-1", "")}, 5, plan.NoStatefulSet, 2},
		{"a new object finds old volumes", cluster(sized(1)), []client.Object{claimOf("data-demo-0"), claimOf("data-demo-1"), claimOf("data-demo-2")}, 3, plan.NoStatefulSet, 3},
		{"everything is gone", cluster(recordFormed), nil, 3, plan.NoStatefulSet, 3},
		{"names that are none of ours", cluster(recordFormed), []client.Object{statefulSet(3), claimOf("data-demo-99"), claimOf("data-demo-03"), claimOf("data-demo-x"), pod("other-7", "set")}, 3, 3, -1},
	} {
		s := observed(t, observer(nil, tc.objects...), tc.cluster)
		o := s.Observation
		if len(o.Members) != tc.members || o.Pods != tc.pods {
			t.Errorf("%s: %d members, %d pods; want %d, %d", tc.name, len(o.Members), o.Pods, tc.members, tc.pods)
		}
		for i, m := range o.Members {
			if m.Name != memberName(tc.cluster, i) {
				t.Errorf("%s: member %d is %s", tc.name, i, m.Name)
			}
		}
		i := slices.IndexFunc(s.Wanted, func(o client.Object) bool { _, ok := o.(*appsv1.StatefulSet); return ok })
		want := tc.anew
		if want < 0 {
			want = tc.pods
		}
		if got := int(*s.Wanted[i].(*appsv1.StatefulSet).Spec.Replicas); got != want {
			t.Errorf("%s: the StatefulSet shall run %d pods, want %d", tc.name, got, want)
		}
	}
}

// A member that only the member list knows has an entry too, and so have all
// before it.
func TestListedOrdinals(t *testing.T) {
	c := cluster(recordFormed)
	s := &Sight{}
	for n := range 3 {
		s.Observation.Members = append(s.Observation.Members, member(c, nil, n, s))
	}
	url := func(n int) []string { return []string{resource.PeerURL(c, resource.PodName("demo", n))} }
	s.Observation.Etcd.Members = etcd.Members{{ID: 1, PeerURLs: url(4)}, {ID: 2, PeerURLs: url(0)}, {ID: 3, PeerURLs: []string{"https://elsewhere:2380"}}, {ID: 4, PeerURLs: url(32)}}
	s.addListed(c)
	if n := len(s.Observation.Members); n != 5 {
		t.Fatalf("%d members, want 5", n)
	}
	last := s.Observation.Members[4]
	if last.Name != "demo-4" || last.PeerURL != url(4)[0] || last.Pod != plan.PodAbsent || last.AgentError == "" {
		t.Errorf("the last member is %+v", last)
	}
	s.addListed(c)
	if n := len(s.Observation.Members); n != 5 {
		t.Errorf("%d members, want 5", n)
	}
}

// Pods are the live StatefulSet's, or orphans while it is made anew.
func TestWhosePods(t *testing.T) {
	leaving := statefulSet(3)
	leaving.DeletionTimestamp, leaving.Finalizers = ptr.To(metav1.NewTime(now)), []string{"orphan"}
	for _, tc := range []struct {
		name  string
		set   *appsv1.StatefulSet
		owner string
		want  bool
	}{
		{"its own", statefulSet(3), "set", true},
		{"an orphan", statefulSet(3), "", true},
		{"of another StatefulSet", statefulSet(3), "other", false},
		{"an orphan of none", nil, "", true},
		{"of a StatefulSet that is gone", nil, "other", true},
		{"an orphan while the StatefulSet leaves", leaving, "", true},
		{"not orphaned yet while the StatefulSet leaves", leaving, "set", true},
	} {
		objects := []client.Object{pod("demo-0", types.UID(tc.owner))}
		if tc.set != nil {
			objects = append(objects, tc.set)
		}
		s := observed(t, observer(nil, objects...), cluster(recordFormed))
		if got := s.Pods["demo-0"] != nil; got != tc.want {
			t.Errorf("%s: accepted %t, want %t", tc.name, got, tc.want)
		}
		i := slices.IndexFunc(s.Observation.Objects, func(o plan.Object) bool { return o.Kind == "StatefulSet" })
		if state := s.Observation.Objects[i].State; (state == plan.ObjectLeaving) != (tc.set == leaving) {
			t.Errorf("%s: the StatefulSet is %s", tc.name, state)
		}
	}
}

// The budget of a cluster that shrank to one member is surplus, if it is ours.
func TestSurplusBudget(t *testing.T) {
	budget := func(owner string) *policyv1.PodDisruptionBudget {
		b := owned(&policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "demo"}}, "cluster")
		if owner == "" {
			b.OwnerReferences = nil
		}
		return b
	}
	for name, tc := range map[string]struct {
		cluster *v1alpha1.EtcdCluster
		objects []client.Object
		want    bool
	}{
		"one member":                               {cluster(recordFormed, sized(1)), []client.Object{statefulSet(1), budget("cluster")}, true},
		"one member, nothing there":                {cluster(recordFormed, sized(1)), []client.Object{statefulSet(1)}, false},
		"one member, somebody else's":              {cluster(recordFormed, sized(1)), []client.Object{statefulSet(1), budget("")}, false},
		"three members":                            {cluster(recordFormed), []client.Object{statefulSet(3), budget("cluster")}, false},
		"three shrink to one":                      {cluster(recordFormed, sized(1)), []client.Object{statefulSet(3), claimOf("data-demo-0"), claimOf("data-demo-1"), budget("cluster")}, false},
		"three hibernate while they shrink to one": {cluster(recordFormed, sized(1), hibernated), []client.Object{statefulSet(0), claimOf("data-demo-0"), claimOf("data-demo-1"), claimOf("data-demo-2"), budget("cluster")}, false},
		"three hibernate":                          {cluster(recordFormed, hibernated), []client.Object{statefulSet(0), budget("cluster")}, false},
	} {
		s := observed(t, observer(nil, tc.objects...), tc.cluster)
		got := slices.ContainsFunc(s.Observation.Objects, func(o plan.Object) bool {
			return o.State == plan.ObjectSurplus && o.Kind == "PodDisruptionBudget" && o.Name == "demo"
		})
		if got != tc.want {
			t.Errorf("%s: surplus %t, want %t", name, got, tc.want)
		}
	}
}

func TestDesired(t *testing.T) {
	c := cluster(hibernated, func(c *v1alpha1.EtcdCluster) {
		c.Annotations = map[string]string{v1alpha1.AnnotationReplace: " 8e9e05c52164694d\n"}
		c.Spec.Storage.StorageClassName = ptr.To("fast")
		c.Status.Joining = &v1alpha1.Joining{Name: "demo-3", ID: "a3", VolumeID: "v"}
	})
	d := desired(c, time.Now())
	if !d.Hibernated || d.Replace != 0x8e9e05c52164694d || d.StorageClass != "fast" || d.StorageSize != 2<<30 {
		t.Errorf("desired %+v", d)
	}
	if j := record(c).Joining; j == nil || j.ID != 0xa3 || j.Name != "demo-3" || j.VolumeID != "v" {
		t.Errorf("joining %+v", j)
	}
	c.Annotations[v1alpha1.AnnotationReplace] = "demo-2"
	if d := desired(c, time.Now()); d.Replace != 0 {
		t.Errorf("a name is no ID: %s", d.Replace)
	}
}

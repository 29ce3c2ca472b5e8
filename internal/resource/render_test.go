package resource_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/resource"
)

var renderer = resource.Renderer{MemberImage: "member:{version}", OperatorNamespace: "quorate-system", ResizesPods: true}

func find[T resource.Object](objects []resource.Object) (found T, ok bool) {
	for _, o := range objects {
		if t, is := o.(T); is {
			return t, true
		}
	}
	return found, false
}

func set(t *testing.T, r resource.Rendered) *appsv1.StatefulSet {
	t.Helper()
	s, ok := find[*appsv1.StatefulSet](r.Objects)
	if !ok {
		t.Fatal("no StatefulSet")
	}
	if s.Annotations[v1alpha1.AnnotationAppliedHash] != resource.ContentHash(s) {
		t.Error("the StatefulSet is not sealed as it is")
	}
	return s
}

// formed is a cluster of three with its StatefulSet and pods, as rendered.
func formed(t *testing.T) (*v1alpha1.EtcdCluster, resource.Present) {
	t.Helper()
	c := inputs().Cluster
	live := set(t, renderer.Render(c, resource.Present{Replicas: 3}))
	p := resource.Present{StatefulSet: live, Formed: true, Voters: 3, Smallest: amount("8Gi")}
	for range 3 {
		p.Pods = append(p.Pods, podOf(live))
	}
	return c, p
}

func podOf(s *appsv1.StatefulSet) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: *s.Spec.Template.ObjectMeta.DeepCopy(), Spec: *s.Spec.Template.Spec.DeepCopy()}
}

// How many pods run is the planner's, whatever the spec asks for.
func TestRenderKeepsTheNumberOfPods(t *testing.T) {
	c, p := formed(t)
	for _, n := range []int32{0, 1, 4, 9} {
		p.StatefulSet.Spec.Replicas = ptr.To(n)
		c.Spec.Replicas, c.Spec.Hibernated, p.Replicas = 5, n == 0, 7
		if got := *set(t, renderer.Render(c, p)).Spec.Replicas; got != n {
			t.Errorf("%d pods, want %d", got, n)
		}
	}
	p.StatefulSet = nil
	if got := *set(t, renderer.Render(c, p)).Spec.Replicas; got != 7 {
		t.Errorf("made anew with %d pods, want 7", got)
	}
}

// The budget guards the larger of the voters that are and shall be; the pods
// mean nothing: a hibernated cluster keeps its budget.
func TestRenderBudget(t *testing.T) {
	for _, tc := range []struct {
		name         string
		replicas     int32
		pods         int32
		voters, want int
		hibernated   bool
	}{
		{"at rest", 3, 3, 3, 2, false},
		{"on the way out", 5, 4, 3, 3, false},
		{"on the way in", 1, 3, 3, 2, false},
		{"hibernated", 3, 0, 3, 2, true},
		{"one", 1, 1, 1, 0, false},
		{"one, on its way to three", 3, 1, 1, 2, false},
		{"one, moving to another class", 1, 2, 2, 2, false},
	} {
		c, p := formed(t)
		c.Spec.Replicas, c.Spec.Hibernated, p.Voters = tc.replicas, tc.hibernated, tc.voters
		p.StatefulSet.Spec.Replicas = ptr.To(tc.pods)
		r := renderer.Render(c, p)
		got := 0
		if pdb, ok := find[*policyv1.PodDisruptionBudget](r.Objects); ok {
			got = pdb.Spec.MinAvailable.IntValue()
		}
		_, surplus := find[*policyv1.PodDisruptionBudget](r.Surplus)
		if got != tc.want || surplus != (tc.want == 0) {
			t.Errorf("%s: %d must stay, surplus %t; want %d", tc.name, got, surplus, tc.want)
		}
	}
}

func TestStaleClaims(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*v1alpha1.Storage)
		live   *string // class of the template
		want   []string
	}{
		{"nothing", func(*v1alpha1.Storage) {}, nil, nil},
		{"the same, written otherwise", func(s *v1alpha1.Storage) { s.Size = amount("8192Mi") }, nil, nil},
		{"size", func(s *v1alpha1.Storage) { s.Size = amount("9Gi") }, nil, []string{"storage.size is 9Gi, the template says 8Gi"}},
		{"no class is asked for", func(*v1alpha1.Storage) {}, ptr.To("fast"), nil},
		{"class", func(s *v1alpha1.Storage) { s.StorageClassName = ptr.To("slow") }, ptr.To("fast"), []string{"storage.storageClassName is slow, the template says fast"}},
		{"both", func(s *v1alpha1.Storage) { s.Size, s.StorageClassName = amount("9Gi"), ptr.To("slow") }, nil, []string{"size is 9Gi", "storageClassName is slow, the template says none"}},
		{"what becomes of it", func(s *v1alpha1.Storage) { s.WhenDeleted = v1alpha1.RetentionDelete }, nil, nil},
	} {
		c, p := formed(t)
		p.StatefulSet.Spec.VolumeClaimTemplates[0].Spec.StorageClassName = tc.live
		tc.change(&c.Spec.Storage)
		r := renderer.Render(c, p)
		if (r.StaleClaims == "") != (tc.want == nil) {
			t.Errorf("%s: stale: %q", tc.name, r.StaleClaims)
		}
		for _, words := range tc.want {
			if !strings.Contains(r.StaleClaims, words) {
				t.Errorf("%s: %q does not say %q", tc.name, r.StaleClaims, words)
			}
		}
		if drift := resource.ImmutableDrift(p.StatefulSet, set(t, r)); drift != "" {
			t.Errorf("%s: no apply could mend %s", tc.name, drift)
		}
		p.StatefulSet = nil
		if anew := set(t, renderer.Render(c, p)).Spec.VolumeClaimTemplates[0].Spec; anew.Resources.Requests.Storage().Cmp(*c.Spec.Storage.Size) != 0 ||
			ptr.Deref(anew.StorageClassName, "") != ptr.Deref(c.Spec.Storage.StorageClassName, "") {
			t.Errorf("%s: made anew it asks for %+v", tc.name, anew)
		}
	}
}

// What members are started with stays in the template until the planner says
// otherwise, whatever the spec asks for by then; what has changed is told.
func TestChanges(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*v1alpha1.EtcdClusterSpec)
		want   string
	}{
		{"nothing", func(*v1alpha1.EtcdClusterSpec) {}, ""},
		{"the size of the cluster", func(s *v1alpha1.EtcdClusterSpec) { s.Replicas = 5 }, ""},
		{"the size of the volumes", func(s *v1alpha1.EtcdClusterSpec) { s.Storage.Size = amount("12Gi") }, ""},
		{"the class of the volumes", func(s *v1alpha1.EtcdClusterSpec) { s.Storage.StorageClassName = ptr.To("slow") }, ""},
		{"hibernation", func(s *v1alpha1.EtcdClusterSpec) { s.Hibernated = true }, ""},
		{"the version", func(s *v1alpha1.EtcdClusterSpec) { s.Version = "3.7.2" }, "spec.version 3.7.3 -> 3.7.2"},
		{"the version, and the volumes", func(s *v1alpha1.EtcdClusterSpec) { s.Version, s.Storage.Size = "3.7.2", amount("12Gi") }, "spec.version 3.7.3 -> 3.7.2"},
		{"a quota of its own", func(s *v1alpha1.EtcdClusterSpec) { s.Etcd.QuotaBackend = amount("1Gi") }, "spec.etcd.quotaBackend 3840Mi -> 1Gi"},
		{"a larger quota of its own", func(s *v1alpha1.EtcdClusterSpec) { s.Etcd.QuotaBackend = amount("5Gi") }, "spec.etcd.quotaBackend 3840Mi -> 5Gi"},
		{"a setting", func(s *v1alpha1.EtcdClusterSpec) { s.Etcd.SnapshotCount = ptr.To[int64](5000) }, "spec.etcd.snapshotCount default -> 5000"},
		{"other settings", func(s *v1alpha1.EtcdClusterSpec) {
			s.Etcd.ExtraConfig = map[string]string{"max-snapshots": "3", "log-level": "debug"}
		}, "spec.etcd.extraConfig.log-level default -> debug; spec.etcd.extraConfig.max-snapshots default -> 3"},
		{"the pods", func(s *v1alpha1.EtcdClusterSpec) { s.PodTemplate.PriorityClassName = "high" }, "spec.podTemplate.priorityClassName"},
		{"a secret in the environment", func(s *v1alpha1.EtcdClusterSpec) {
			s.PodTemplate.Env = []corev1.EnvVar{{Name: "PASSWORD", Value: "secret"}}
		}, "spec.podTemplate.env"},
	} {
		for _, made := range []string{"lives", "is made anew"} {
			c, p := formed(t)
			running := p.StatefulSet.Spec.Template
			tc.change(&c.Spec)
			if made == "is made anew" {
				p.StatefulSet = nil
			}
			r := renderer.Render(c, p)
			if r.Changes != tc.want {
				t.Errorf("%s, and the StatefulSet %s: changes %q, want %q", tc.name, made, r.Changes, tc.want)
			}
			for _, pod := range r.Pods {
				if (pod != resource.PodDifference{Stale: tc.want}) {
					t.Errorf("%s: a pod differs by %+v, want %q", tc.name, pod, tc.want)
				}
			}
			if got := set(t, r).Spec.Template; tc.want != "" && !equality.Semantic.DeepEqual(running, got) {
				t.Errorf("%s, and the StatefulSet %s: the template of running members changed:\n%s", tc.name, made, cmp.Diff(running, got))
			}
			p.Formed = false
			if r := renderer.Render(c, p); r.Changes != "" || r.Next != nil {
				t.Errorf("%s: a cluster that is not formed follows the spec, but %q has changed", tc.name, r.Changes)
			}
		}
	}
}

// The StatefulSet that comes next follows the spec, keeps its size and its
// claims; then the pods are what is stale.
func TestNext(t *testing.T) {
	c, p := formed(t)
	c.Spec.Version, c.Spec.Storage.Size = "3.7.2", amount("12Gi")
	r := renderer.Render(c, p)
	if r.Next == nil || resource.MemberImageOf(r.Next.Spec.Template.Spec) != "member:3.7.2" {
		t.Fatalf("next: %+v", r.Next)
	}
	if drift := resource.ImmutableDrift(p.StatefulSet, r.Next); drift != "" {
		t.Errorf("no apply could make it so: %s", drift)
	}
	if r.Next.Annotations[v1alpha1.AnnotationAppliedHash] != resource.ContentHash(r.Next) {
		t.Error("it is not sealed as it is")
	}
	asked := r.Wanted
	p.StatefulSet, p.Pods[0] = r.Next, podOf(r.Next)
	r = renderer.Render(c, p)
	if r.Changes != "" || r.Next != nil || r.Wanted != asked || !slices.Equal(stale(r), []string{"", "spec.version 3.7.3 -> 3.7.2", "spec.version 3.7.3 -> 3.7.2"}) {
		t.Errorf("once it is there: %q has changed, and of pods %q", r.Changes, stale(r))
	}
	if drift := resource.Drift(p.StatefulSet, set(t, r)); drift != "" {
		t.Errorf("it drifts: %s", drift)
	}
}

func stale(r resource.Rendered) (all []string) {
	for _, p := range r.Pods {
		all = append(all, p.Stale)
	}
	return all
}

// What a new operator renders from the same inputs reaches the template also
// while a change is held back.
func TestHeldTemplateIsRendered(t *testing.T) {
	c, p := formed(t)
	c.Spec.Version = "3.7.2"
	mirrored := resource.Renderer{MemberImage: "mirror/member:{version}", OperatorNamespace: "quorate-system"}
	if image := resource.MemberImageOf(set(t, mirrored.Render(c, p)).Spec.Template.Spec); image != "mirror/member:3.7.3" {
		t.Errorf("the image is %s", image)
	}
}

// The default quota follows the volumes that are, not those that shall be.
func TestQuotaWaitsForTheVolumes(t *testing.T) {
	quota := func(r resource.Rendered) string {
		args := set(t, r).Spec.Template.Spec.Containers[0].Args
		i := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "--etcd=quota-backend-bytes=") })
		return args[i]
	}
	c, p := formed(t)
	before := quota(renderer.Render(c, p))
	c.Spec.Storage.Size = amount("16Gi")
	if got := quota(renderer.Render(c, p)); got != before {
		t.Errorf("the volumes have not grown, and the quota became %s", got)
	}
	live := p.StatefulSet
	p.StatefulSet = nil
	if r := renderer.Render(c, p); quota(r) != before || r.Changes != "" {
		t.Errorf("made anew before the volumes grew: quota %s, changes %q", quota(r), r.Changes)
	}
	for _, set := range []*appsv1.StatefulSet{live, nil} {
		p.StatefulSet, p.Smallest = set, amount("16Gi")
		if r := renderer.Render(c, p); quota(r) == before || r.Changes != "" || strings.Join(stale(r), "") != "" {
			t.Errorf("the volumes grew: quota %s, changes %q; nobody restarts for it, but %q", quota(r), r.Changes, stale(r))
		}
	}
	c.Spec.Storage.Size, p.Smallest = amount("8Gi"), amount("16Gi") // a volume larger than asked for
	if got := quota(renderer.Render(c, p)); got != before {
		t.Errorf("a larger volume raises the quota to %s", got)
	}
}

// A quota of its own that is taken back is a change like any other, as far as
// it can be told from a default that was smaller once.
func TestQuotaTakenBack(t *testing.T) {
	c, p := formed(t)
	own := c.DeepCopy()
	own.Spec.Etcd.QuotaBackend = amount("5Gi")
	p.StatefulSet = set(t, renderer.Render(own, resource.Present{Replicas: 3}))
	p.Pods = []*corev1.Pod{podOf(p.StatefulSet)}
	if r := renderer.Render(c, p); r.Changes != "spec.etcd.quotaBackend 5Gi -> 3840Mi" || stale(r)[0] != r.Changes {
		t.Errorf("changes %q, of the pod %q", r.Changes, stale(r))
	}
}

// A wish that is taken back is a change like any other: the template follows,
// and only pods that were made from it are stale.
func TestWishTakenBack(t *testing.T) {
	c, p := formed(t)
	c.Spec.Version = "3.7.2"
	p.StatefulSet = renderer.Render(c, p).Next
	p.Pods[2] = podOf(p.StatefulSet)
	c.Spec.Version = "3.7.3"
	r := renderer.Render(c, p)
	if back := "spec.version 3.7.2 -> 3.7.3"; r.Changes != back || !slices.Equal(stale(r), []string{"", "", back}) {
		t.Errorf("changes %q, of pods %q", r.Changes, stale(r))
	}
}

// What the operator changes on pods by itself is no drift of anything.
func TestWithdrawnPodLagsNothing(t *testing.T) {
	c, p := formed(t)
	p.Pods[0].Labels[v1alpha1.LabelServing] = "false"
	metav1.SetMetaDataAnnotation(&p.Pods[0].ObjectMeta, v1alpha1.AnnotationWithdrawn, "2026-01-01T00:00:00Z")
	if r := renderer.Render(c, p); strings.Join(stale(r), "") != "" || resource.Drift(p.StatefulSet, set(t, r)) != "" {
		t.Errorf("stale by %q", stale(r))
	}
	if resource.Serving(p.Pods[0]) || !resource.Serving(p.Pods[1]) {
		t.Error("who serves?")
	}
}

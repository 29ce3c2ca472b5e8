package resource_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/resource"
)

func TestBudget(t *testing.T) {
	for _, tc := range []struct {
		voters    int
		ephemeral bool
		want      int // zero: no budget
	}{
		{1, false, 0}, {0, false, 0}, {2, false, 2}, {3, false, 2}, {4, false, 3}, {5, false, 3}, {9, false, 5},
		{1, true, 1}, {3, true, 2},
	} {
		in := inputs()
		in.Voters = tc.voters
		if tc.ephemeral {
			in.Cluster.Spec.Storage = v1alpha1.Storage{Ephemeral: &v1alpha1.EphemeralStorage{}}
		}
		got := 0
		if pdb := resource.PodDisruptionBudget(in); pdb != nil {
			got = pdb.Spec.MinAvailable.IntValue()
		}
		if got != tc.want {
			t.Errorf("%d voters, ephemeral %t: %d, want %d", tc.voters, tc.ephemeral, got, tc.want)
		}
	}
}

// Every selector selects the pods of the template, and whatever the user puts
// on them changes nothing.
func TestSelectorsSelectThePods(t *testing.T) {
	in := everything()
	set := resource.StatefulSet(in)
	pod := labels.Set(set.Spec.Template.Labels)
	if pod["team"] != "storage" || pod[v1alpha1.LabelCluster] != "demo" {
		t.Errorf("pod labels %v", pod)
	}
	selector := func(s *metav1.LabelSelector) labels.Selector {
		parsed, err := metav1.LabelSelectorAsSelector(s)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for name, s := range map[string]labels.Selector{
		"StatefulSet":         selector(set.Spec.Selector),
		"PodDisruptionBudget": selector(resource.PodDisruptionBudget(in).Spec.Selector),
		"NetworkPolicy":       selector(new(resource.NetworkPolicy(in).Spec.PodSelector)),
		"peers Service":       labels.SelectorFromSet(resource.PeersServiceObject(in).Spec.Selector),
		"client Service":      labels.SelectorFromSet(resource.ClientServiceObject(in).Spec.Selector),
		"spread":              selector(set.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector),
	} {
		if !s.Matches(pod) {
			t.Errorf("%s selects %s, the pods bear %v", name, s, pod)
		}
		if s.Empty() {
			t.Errorf("%s selects everything", name)
		}
	}
	pod[v1alpha1.LabelServing] = "false"
	if labels.SelectorFromSet(resource.ClientServiceObject(in).Spec.Selector).Matches(pod) {
		t.Error("clients are sent to a member that left the Service")
	}
	if !selector(set.Spec.Selector).Matches(pod) {
		t.Error("the StatefulSet lost a member that left the Service")
	}
}

// The volume claim template is immutable: a release that changes it could not
// be applied to any cluster that exists.
func TestClaimTemplateIsMinimal(t *testing.T) {
	claim := resource.StatefulSet(inputs()).Spec.VolumeClaimTemplates[0]
	if claim.Name != "data" || len(claim.Labels) != 3 || len(claim.Annotations) != 0 || len(claim.OwnerReferences) != 0 {
		t.Errorf("claim template %+v", claim.ObjectMeta)
	}
	if claim.Labels[resource.ManagedByLabel] != resource.ManagedByValue {
		t.Error("the operator's caches would not show the claims")
	}
}

func TestOwners(t *testing.T) {
	for _, retention := range []v1alpha1.RetentionPolicy{v1alpha1.RetentionRetain, v1alpha1.RetentionDelete, ""} {
		cluster := inputs().Cluster
		cluster.Spec.Storage.WhenDeleted = retention
		follows := retention == v1alpha1.RetentionDelete
		for _, kind := range resource.PKIPlan(cluster, nil).Kinds() {
			want := !kind.IsCA() || follows
			if got := metav1.IsControlledBy(resource.Secret(cluster, kind, nil), cluster); got != want {
				t.Errorf("%q: %s is owned: %t, want %t", retention, kind, got, want)
			}
		}
		if got := len(resource.RetainedOwners(cluster)) == 1; got != follows {
			t.Errorf("%q: claims are owned: %t", retention, got)
		}
	}
	for _, obj := range resource.Objects(inputs()) {
		owner := metav1.GetControllerOf(obj)
		if owner == nil || owner.Kind != "EtcdCluster" || owner.APIVersion != "etcd.quorate.dev/v1alpha1" || !*owner.BlockOwnerDeletion {
			t.Errorf("%T: owner %+v", obj, owner)
		}
	}
}

func TestNames(t *testing.T) {
	cluster := inputs().Cluster
	pod := resource.PodName("demo", 2)
	plain := everything().Cluster
	for got, want := range map[string]string{
		string(pod):                                                "demo-2",
		resource.ClaimName(1, pod):                                 "data-demo-2",
		resource.PodHost(cluster, pod):                             "demo-2.demo-peers.prod.svc",
		resource.PeerURL(cluster, pod):                             "https://demo-2.demo-peers.prod.svc:2380",
		resource.ClientURL(cluster, pod):                           "https://demo-2.demo-peers.prod.svc:2379",
		resource.PeerURL(plain, pod):                               "http://demo-2.demo-peers.prod.svc:2380",
		resource.PeersService("demo"):                              "demo-peers",
		resource.ClientService("demo"):                             "demo-client",
		pki.MemberTLS.SecretName("demo"):                           "demo-member-tls",
		resource.PKIPlan(plain, nil).Kinds()[0].SecretName("demo"): "demo-control-ca",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	// A pod's name is a DNS label, and so is a StatefulSet's revision.
	longest := strings.Repeat("a", 52)
	if n := len(resource.PodName(longest, 8)); n > 63 {
		t.Errorf("pod name of %d characters", n)
	}
	for _, kind := range resource.PKIPlan(cluster, nil).Kinds() {
		if n := len(kind.SecretName(longest)); kind.IsCA() && n > 64 {
			t.Errorf("%s: a common name of %d characters, which holds 64", kind, n)
		}
	}
}

// The certificates bear the name under which the operator and peers dial.
func TestCertificatesFitTheNames(t *testing.T) {
	cluster := inputs().Cluster
	cluster.Spec.TLS.Validity = &metav1.Duration{Duration: time.Hour}
	cluster.Spec.TLS.RenewBefore = &metav1.Duration{Duration: time.Minute}
	plan := resource.PKIPlan(cluster, []string{"cluster.local"})
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	secrets := map[pki.Kind]pki.Content{}
	for _, kind := range plan.Kinds() {
		var content pki.Content
		var err error
		if kind.IsCA() {
			content, err = pki.MintCA(plan, kind, now)
		} else {
			content, err = pki.Issue(plan, kind, secrets, now)
		}
		if err != nil {
			t.Fatal(err)
		}
		secrets[kind] = content
	}
	member := secrets[pki.MemberTLS]
	for _, key := range []string{"peer.crt", "server.crt", "control.crt"} {
		for _, host := range []string{"demo-0.demo-peers.prod.svc", "demo-8.demo-peers.prod.svc.cluster.local"} {
			if err := parse(t, member[key]).VerifyHostname(host); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
	a := pki.Assess(plan, secrets, now)
	if want := now.Add(59 * time.Minute); !a.NextCheck.Equal(want) || !a.EarliestExpiry.Equal(now.Add(time.Hour)) {
		t.Errorf("validity and renewBefore: next check %s, want %s; expiry %s", a.NextCheck, want, a.EarliestExpiry)
	}
}

func TestEnvironment(t *testing.T) {
	env := func(change func(*v1alpha1.PodTemplate)) []corev1.EnvVar {
		in := everything()
		change(&in.Cluster.Spec.PodTemplate)
		return resource.StatefulSet(in).Spec.Template.Spec.Containers[0].Env
	}
	names := func(env []corev1.EnvVar) (names []string) {
		for _, e := range env {
			names = append(names, e.Name)
		}
		return names
	}
	if got := names(env(func(*v1alpha1.PodTemplate) {})); !slices.Equal(got, []string{"POD_NAME", "POD_NAMESPACE", "GOMEMLIMIT", "GODEBUG", "ZONE"}) {
		t.Errorf("env %v", got)
	}
	if got := names(env(func(p *v1alpha1.PodTemplate) { p.Resources.Limits = nil })); slices.Contains(got, "GOMEMLIMIT") {
		t.Errorf("a limit without a limit: %v", got)
	}
	own := env(func(p *v1alpha1.PodTemplate) { p.Env = []corev1.EnvVar{{Name: "GOMEMLIMIT", Value: "1GiB"}} })
	if got := own[len(own)-1]; len(own) != 3 || got.Value != "1GiB" {
		t.Errorf("the user's GOMEMLIMIT: %v", own)
	}
}

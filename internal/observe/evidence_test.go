package observe

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/plan"
)

func node(name string, change ...func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: "host-" + name}}}
	for _, f := range change {
		f(n)
	}
	return n
}

func tainted(key string) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Effect: corev1.TaintEffectNoExecute})
	}
}

func notReady(n *corev1.Node) {
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown}}
}

func volume(terms ...corev1.NodeSelectorTerm) *corev1.PersistentVolume {
	pv := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv"}}
	if terms != nil {
		pv.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: terms}}
	}
	return pv
}

func term(rs ...corev1.NodeSelectorRequirement) corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{MatchExpressions: rs}
}

func in(key string, values ...string) corev1.NodeSelectorRequirement {
	return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: values}
}

// byField pins by the node's name.
func byField(name string) corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{in("metadata.name", name)}}
}

func TestVolumeLoss(t *testing.T) {
	host, zone := corev1.LabelHostname, corev1.LabelTopologyZone
	outOf := tainted(corev1.TaintNodeOutOfService)
	for _, tc := range []struct {
		name    string
		claim   func(*corev1.PersistentVolumeClaim)
		objects []client.Object
		want    string // empty: no evidence
	}{
		{"the volume was deleted", nil, nil, "its volume pv was deleted"},
		{"never bound", func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "" }, nil, ""},
		{"a network volume", nil, []client.Object{volume()}, ""},
		{"the claim is lost", func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = corev1.ClaimLost }, []client.Object{volume()}, "has lost its volume pv"},
		{"pinned to a node that is there", nil, []client.Object{volume(term(in(host, "host-a"))), node("a")}, ""},
		{"pinned to a node that is not ready", nil, []client.Object{volume(term(in(host, "host-a"))), node("a", notReady, tainted("node.kubernetes.io/unreachable"))}, ""},
		{"pinned to a node that was deleted", nil, []client.Object{volume(term(in(host, "host-a"))), node("b")}, "pinned to node host-a, which was deleted"},
		{"pinned to a node that is out of service", nil, []client.Object{volume(term(in(host, "host-a"))), node("a", outOf)}, "pinned to node host-a, which is tainted node.kubernetes.io/out-of-service"},
		{"the node lost its label", nil, []client.Object{volume(term(in(host, "a"))), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}}}, ""},
		{"pinned by the node's name, deleted", nil, []client.Object{volume(byField("a")), node("b")}, "node a, which was deleted"},
		{"pinned by the node's name, there", nil, []client.Object{volume(byField("a")), node("a")}, ""},
		{"two nodes, one is left", nil, []client.Object{volume(term(in(host, "host-a", "host-b"))), node("b")}, ""},
		{"two nodes in two terms, one is left", nil, []client.Object{volume(term(in(host, "host-a")), term(in(host, "host-b"))), node("b")}, ""},
		{"two nodes, none is left", nil, []client.Object{volume(term(in(host, "host-a"), in(zone, "z")), byField("b")), node("b", outOf)}, "node host-a, which was deleted and to node b, which is tainted"},
		{"a zone without nodes", nil, []client.Object{volume(term(in(zone, "z")))}, ""},
		{"a node, or anywhere in a zone", nil, []client.Object{volume(term(in(host, "host-a")), term(in(zone, "z")))}, ""},
		{"anywhere but on a node", nil, []client.Object{volume(term(corev1.NodeSelectorRequirement{Key: host, Operator: corev1.NodeSelectorOpNotIn, Values: []string{"host-a"}}))}, ""},
		{"an affinity that selects nothing", nil, []client.Object{volume(corev1.NodeSelectorTerm{})}, ""},
	} {
		claim := claimOf("data-demo-0")
		if tc.claim != nil {
			tc.claim(claim)
		}
		s := missed(nil, claim)
		if err := observer(nil, tc.objects...).evidence(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if got := s.Observation.Members[0].Loss; (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// Evidence is for members of a formed cluster that do not answer, and costs
// nothing otherwise: here any read is refused and would show.
func TestEvidenceIsOnlySoughtWhereItCounts(t *testing.T) {
	for name, change := range map[string]func(*Sight){
		"the agent answers":       func(s *Sight) { s.Observation.Members[0].Agent = &control.Report{} },
		"nothing was ever formed": func(s *Sight) { s.Observation.Record.ClusterID = 0 },
		"hibernated":              func(s *Sight) { s.Desired.Hibernated = true },
		"the pod was just made": func(s *Sight) {
			s.Pods["demo-0"] = pod("demo-0", "set", func(p *corev1.Pod) { p.Spec.NodeName, p.CreationTimestamp = "a", metav1.NewTime(now) })
		},
		"no volume, no pod": func(s *Sight) { delete(s.Claims, "demo-0") },
	} {
		s := missed(nil, claimOf("data-demo-0"))
		change(s)
		if err := observer([]string{"Node", "PersistentVolume"}).evidence(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if m := s.Observation.Members[0]; m.AgentError != "" || m.Loss != "" || m.NodeGone {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func onNode(p *corev1.Pod) {
	p.Spec.NodeName, p.Status.Phase = "a", corev1.PodRunning
}

func TestNodeGone(t *testing.T) {
	pinned := volume(byField("a"))
	ending := func(p *corev1.Pod) {
		p.DeletionTimestamp, p.CreationTimestamp = &metav1.Time{Time: now}, metav1.NewTime(now.Add(-time.Second))
	}
	for _, tc := range []struct {
		name    string
		pod     *corev1.Pod
		objects []client.Object
		gone    bool
		loss    string
	}{
		{"the node is there", pod("demo-0", "set", onNode), []client.Object{node("a"), pinned}, false, ""},
		{"the node is not ready", pod("demo-0", "set", onNode), []client.Object{node("a", notReady), pinned}, false, ""},
		{"the node is gone", pod("demo-0", "set", onNode), []client.Object{pinned}, true, "node a, which was deleted"},
		{"the node is gone, the volume is not pinned", pod("demo-0", "set", onNode), []client.Object{volume()}, true, ""},
		{"the node is gone and the pod ends", pod("demo-0", "set", onNode, ending), []client.Object{pinned}, true, "node a"},
		{"the node is out of service", pod("demo-0", "set", onNode), []client.Object{node("a", tainted(corev1.TaintNodeOutOfService)), pinned}, false, "node a, which is tainted"},
		{"on no node yet", pod("demo-0", "set"), []client.Object{pinned}, false, "node a, which was deleted"},
	} {
		s := missed(tc.pod, claimOf("data-demo-0"))
		if err := observer(nil, tc.objects...).evidence(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		m := s.Observation.Members[0]
		if m.NodeGone != tc.gone || (m.Loss == "") != (tc.loss == "") || !strings.Contains(m.Loss, tc.loss) {
			t.Errorf("%s: node gone %t, loss %q", tc.name, m.NodeGone, m.Loss)
		}
	}
}

// An operator that may not look has no evidence, and says so.
func TestForbiddenEvidence(t *testing.T) {
	for _, kind := range []string{"Node", "PersistentVolume"} {
		s := missed(pod("demo-0", "set", onNode), claimOf("data-demo-0", func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = corev1.ClaimLost }))
		s.Observation.Members[0].AgentError = "no answer in time"
		s.Observation.Members[0].Trouble = &plan.Trouble{Message: "its node is not ready"}
		if err := observer([]string{kind}, node("a")).evidence(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		m := s.Observation.Members[0]
		if m.Loss != "" || m.NodeGone {
			t.Errorf("%s: evidence out of nothing: %+v", kind, m)
		}
		for _, text := range []string{m.AgentError, m.Trouble.Message} {
			if !strings.Contains(text, "may not read") {
				t.Errorf("%s: %q does not say why", kind, text)
			}
		}
	}
}

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestCreate: an EtcdCluster becomes what it says, for three members and for one.
func TestCreate(t *testing.T) {
	t.Parallel()
	t.Run("three", func(t *testing.T) {
		t.Parallel()
		c := sharedCluster(t)
		c.serves()
		c.spread()
		c.printed()
		budget := &policyv1.PodDisruptionBudget{}
		c.read(c.name, budget)
		if got := budget.Spec.MinAvailable.IntValue(); got != 2 {
			t.Errorf("the PodDisruptionBudget keeps %d of three members", got)
		}
	})
	t.Run("one", func(t *testing.T) {
		t.Parallel()
		c := newSpace(t).readyEtcd("solo", 1)
		c.serves()
		err := world.Get(bounded(t), c.key(c.name), &policyv1.PodDisruptionBudget{})
		if !apierrors.IsNotFound(err) {
			t.Errorf("one member on a volume has a PodDisruptionBudget, which no drain would ever get past (%v)", err)
		}
	})
}

// serves checks what every fresh cluster must be.
func (c *cluster) serves() {
	c.t.Helper()
	o := c.waitReady()
	client := c.client()
	c.statusTells(o, client)
	c.volumesMarked(o)
	c.writeWith(client, "create", 20).verify()
	c.sameEverywhere()
	c.throughService("put", "put", "greeting", "hello")
	if out := c.throughService("get", "get", "greeting"); !strings.Contains(out, "value: hello") {
		c.t.Errorf("through the client Service greeting reads %q", out)
	}
	c.read(c.name, &networkingv1.NetworkPolicy{})
}

// statusTells compares the status with what etcd says of itself.
func (c *cluster) statusTells(o *v1alpha1.EtcdCluster, client *clientv3.Client) {
	c.t.Helper()
	s := o.Status
	voters := c.voters(client)
	if len(voters) != int(o.Spec.Replicas) || len(s.Members) != len(voters) {
		c.t.Errorf("etcd has %d voters, the status %d members, the spec %d", len(voters), len(s.Members), o.Spec.Replicas)
	}
	ids := memberIDs(o)
	for id, name := range voters {
		if ids[name] != fmt.Sprintf("%x", id) {
			c.t.Errorf("the status says that %s is %s; etcd says %x", name, ids[name], id)
		}
	}
	if id := c.clusterID(client); s.ClusterID != id {
		c.t.Errorf("status.clusterID is %q; etcd says %s", s.ClusterID, id)
	}
	leaders := slices.DeleteFunc(slices.Clone(s.Members), func(m v1alpha1.MemberStatus) bool { return m.Role != v1alpha1.RoleLeader })
	if len(leaders) != 1 || leaders[0].Name != s.Leader {
		c.t.Errorf("status.leader is %q and the members say %v", s.Leader, leaders)
	}
	if s.Version != etcdVersion || s.ServiceName != c.name+"-client" || s.Replicas != o.Spec.Replicas || s.ReadyReplicas != o.Spec.Replicas || s.Selector == "" {
		c.t.Errorf("status: version %q, serviceName %q, replicas %d, readyReplicas %d, selector %q", s.Version, s.ServiceName, s.Replicas, s.ReadyReplicas, s.Selector)
	}
	if s.Operator != systemNamespace+"/"+operatorName {
		c.t.Errorf("status.operator is %q", s.Operator)
	}
	wanted := map[string]metav1.ConditionStatus{
		v1alpha1.ConditionReady: metav1.ConditionTrue, v1alpha1.ConditionQuorate: metav1.ConditionTrue,
		v1alpha1.ConditionProgressing: metav1.ConditionFalse, v1alpha1.ConditionStalled: metav1.ConditionFalse,
		v1alpha1.ConditionCertificatesValid: metav1.ConditionTrue, v1alpha1.ConditionSecured: metav1.ConditionTrue,
	}
	for kind, status := range wanted {
		if !meta.IsStatusConditionPresentAndEqual(s.Conditions, kind, status) {
			c.t.Errorf("%s is not %s: %s", kind, status, conditionsText(s.Conditions))
		}
	}
}

// volumesMarked waits until every claim is bound and names the cluster.
func (c *cluster) volumesMarked(o *v1alpha1.EtcdCluster) {
	c.t.Helper()
	eventually(c.t, short, "the claims are marked", func(ctx context.Context) error {
		for i := range int(o.Spec.Replicas) {
			claim := &corev1.PersistentVolumeClaim{}
			if err := world.Get(ctx, c.key(c.claim(i)), claim); err != nil {
				return err
			}
			if got := claim.Annotations[v1alpha1.AnnotationFormed]; got != o.Status.ClusterID || claim.Status.Phase != corev1.ClaimBound {
				return fmt.Errorf("claim %s is %s and marked %q", claim.Name, claim.Status.Phase, got)
			}
		}
		return nil
	})
}

// spread checks that no two members share a node.
func (c *cluster) spread() {
	c.t.Helper()
	nodes := map[string]string{}
	for name, p := range c.pods() {
		if other, taken := nodes[p.Spec.NodeName]; taken {
			c.t.Errorf("%s and %s share the node %s", name, other, p.Spec.NodeName)
		}
		nodes[p.Spec.NodeName] = name
	}
}

// printed checks what `kubectl get etcd` shows.
func (c *cluster) printed() {
	c.t.Helper()
	lines := strings.Split(kubectl(c.t, "-n", c.space.name, "get", "etcd", c.name), "\n")
	columns := strings.Fields(lines[0])
	if want := []string{"NAME", "READY", "QUORUM", "LEADER", "VERSION", "BACKUP", "REASON", "AGE"}; !slices.Equal(columns, want) {
		c.t.Errorf("the columns are %v", columns)
	}
	row := strings.Fields(lines[1])
	if len(row) < 5 || row[1] != "True" || row[2] != "3/3" || !strings.HasPrefix(row[3], c.name+"-") || row[4] != etcdVersion {
		c.t.Errorf("the row is %v", row)
	}
}

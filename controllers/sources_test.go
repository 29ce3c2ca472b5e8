package controllers

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
	builders "github.com/quorate/quorate/internal/resource"
)

func ownSecrets(c *v1alpha1.EtcdCluster) {
	c.Spec.TLS.SecretRefs = &v1alpha1.SecretReferences{Peer: "my-peer", Server: "my-server", Client: "my-client"}
}

// ownAuthority makes what a person would put into those Secrets.
func ownAuthority(t *testing.T, c *v1alpha1.EtcdCluster) map[string]map[string][]byte {
	t.Helper()
	own := c.DeepCopy()
	own.Spec.TLS = v1alpha1.TLS{}
	p, made := builders.PKIPlan(own, nil), map[pki.Kind]pki.Content{}
	for _, kind := range p.Kinds() {
		content, err := pki.Issue(p, kind, made, time.Now())
		if kind.IsCA() {
			content, err = pki.MintCA(p, kind, time.Now())
		}
		if err != nil {
			t.Fatal(err)
		}
		made[kind] = content
	}
	source := func(kind pki.Kind, cert, ca string) map[string][]byte {
		return map[string][]byte{"tls.crt": made[kind][cert+".crt"], "tls.key": made[kind][cert+".key"], "ca.crt": made[kind][ca]}
	}
	return map[string]map[string][]byte{
		"my-peer":   source(pki.MemberTLS, "peer", "peer-ca.crt"),
		"my-server": source(pki.MemberTLS, "server", "client-ca.crt"),
		"my-client": source(pki.OperatorTLS, "client", "client-ca.crt"),
	}
}

func certificatesCondition(t *testing.T, c *v1alpha1.EtcdCluster) metav1.Condition {
	t.Helper()
	found := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionCertificatesValid)
	if found == nil {
		t.Fatalf("there is no condition %s", v1alpha1.ConditionCertificatesValid)
	}
	return *found
}

func (o *operator) says(t *testing.T, c *v1alpha1.EtcdCluster, reason plan.Reason, words ...string) {
	t.Helper()
	settled := o.settle(t, c)
	condition := certificatesCondition(t, settled)
	if condition.Status != metav1.ConditionFalse || condition.Reason != string(reason) {
		t.Fatalf("CertificatesValid is %s %s: %s; want False %s", condition.Status, condition.Reason, condition.Message, reason)
	}
	for _, word := range words {
		if !strings.Contains(condition.Message, word) {
			t.Errorf("the condition does not say %q: %s", word, condition.Message)
		}
	}
}

// Certificates of one's own: nothing that needs them is made before they are
// in order, and the condition names the Secret, the field and the key. What a
// mended Secret holds is copied at the next look.
func TestOwnSecrets(t *testing.T) {
	t.Parallel()
	c := newCluster(t, ownSecrets)
	o := newOperator("system/a")
	o.says(t, c, plan.ReasonSecretInvalid, "Secret my-peer (spec.tls.secretRefs.peer): it does not exist", "spec.tls.secretRefs.server")
	key := func(name string) client.ObjectKey { return client.ObjectKey{Namespace: c.Namespace, Name: name} }
	if err := apiServer.Get(t.Context(), key("demo"), &appsv1.StatefulSet{}); client.IgnoreNotFound(err) != nil || err == nil {
		t.Fatalf("there is a StatefulSet without certificates (%v)", err)
	}
	contents := ownAuthority(t, c)
	for name, content := range contents {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: name}, Data: content}
		if name == "my-server" {
			secret.Data = map[string][]byte{"tls.crt": content["tls.crt"], "ca.crt": content["ca.crt"]}
		}
		if err := apiServer.Create(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}
	o.says(t, c, plan.ReasonSecretInvalid, "Secret my-server (spec.tls.secretRefs.server): the key tls.key is missing")

	server := &corev1.Secret{}
	get(t, key("my-server"), server)
	server.Data = contents["my-server"]
	update(t, server)
	settled := o.settle(t, c)
	if condition := certificatesCondition(t, settled); condition.Status != metav1.ConditionTrue {
		t.Fatalf("CertificatesValid is %s: %s", condition.Status, condition.Message)
	}
	member, operatorTLS, set := &corev1.Secret{}, &corev1.Secret{}, &appsv1.StatefulSet{}
	get(t, key("demo-member-tls"), member)
	get(t, key("demo-operator-tls"), operatorTLS)
	get(t, key("demo"), set)
	if !bytes.Equal(member.Data["server.crt"], contents["my-server"]["tls.crt"]) || !bytes.Equal(operatorTLS.Data["client.key"], contents["my-client"]["tls.key"]) {
		t.Error("what the Secrets hold was not copied")
	}
	if !slices.Contains(set.Spec.Template.Spec.Containers[0].Args, "--shared-authority") {
		t.Error("members take any peer of an authority that is not theirs alone")
	}
	for _, name := range []string{"demo-peer-ca", "demo-client-ca", "demo-client-tls"} {
		if err := apiServer.Get(t.Context(), key(name), &corev1.Secret{}); err == nil {
			t.Errorf("there is a Secret %s, which nobody uses", name)
		}
	}
}

// A renewed certificate is copied once the Secret is read again; one of another
// authority is not while a pod runs that has loaded the old one.
func TestOwnSecretsAreFollowed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, ownSecrets)
	o := newOperator("system/a")
	for name, content := range ownAuthority(t, c) {
		if err := apiServer.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: name}, Data: content}); err != nil {
			t.Fatal(err)
		}
	}
	o.settle(t, c)
	key := client.ObjectKey{Namespace: c.Namespace, Name: "my-peer"}
	replace := func(content map[string][]byte) {
		t.Helper()
		secret := &corev1.Secret{}
		get(t, key, secret)
		secret.Data = content
		update(t, secret)
		o.Observer.Secrets.Forget(key) // as after five minutes
	}
	copied := func(want []byte) bool {
		t.Helper()
		member := &corev1.Secret{}
		get(t, client.ObjectKey{Namespace: c.Namespace, Name: "demo-member-tls"}, member)
		return bytes.Equal(member.Data["peer.crt"], want)
	}
	another := ownAuthority(t, c)["my-peer"]
	replace(another)
	o.settle(t, c)
	if !copied(another["tls.crt"]) {
		t.Fatal("before anything runs another authority is taken over")
	}

	formed := fresh(t, c)
	formed.Status.ClusterID = "abc"
	if err := apiServer.Status().Update(t.Context(), formed); err != nil {
		t.Fatal(err)
	}
	runPod(t, c)
	replace(ownAuthority(t, c)["my-peer"])
	o.says(t, c, plan.ReasonAuthorityChanged, "Secret my-peer (spec.tls.secretRefs.peer)", "spec.hibernated")
	if !copied(another["tls.crt"]) {
		t.Error("a running member was given a certificate that its peers do not trust")
	}
}

// runPod makes the pod of member 0, as the StatefulSet's controller and the
// kubelet would.
func runPod(t *testing.T, c *v1alpha1.EtcdCluster) {
	t.Helper()
	set := &appsv1.StatefulSet{}
	get(t, client.ObjectKeyFromObject(c), set)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: c.Namespace, Name: "demo-0", Labels: set.Spec.Template.Labels, Annotations: set.Spec.Template.Annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: builders.ContainerName, Image: "member:3.7.3"}}},
	}
	if err := apiServer.Create(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	pod.Status.Phase = corev1.PodRunning
	if err := apiServer.Status().Update(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
}

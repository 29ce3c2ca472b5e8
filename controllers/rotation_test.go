package controllers

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/pki"
)

// content is what a Secret of the cluster holds.
func (f *formed) content(kind pki.Kind) pki.Content {
	f.t.Helper()
	secret := &corev1.Secret{}
	get(f.t, client.ObjectKey{Namespace: f.c.Namespace, Name: kind.SecretName(f.c.Name)}, secret)
	return secret.Data
}

// mounts lets the agents report that the members' Secret has come, and that etcd
// has loaded it.
func (f *formed) mounts() {
	s := f.content(pki.MemberTLS)
	trust := control.Trust{
		OnDisk:  control.TrustDigest(s["peer-ca.crt"], s["client-ca.crt"]),
		Control: control.TrustDigest(s["control-ca.crt"]),
		Leaves:  control.TrustDigest(s["peer.crt"], s["server.crt"], s["control.crt"]),
	}
	trust.Loaded = trust.OnDisk
	for _, a := range f.agents {
		a.set(func(r *control.Report) { r.Trust = &trust })
	}
}

// Authorities are replaced once for each value of the annotation, stage by stage,
// each when all members have loaded the one before and clients have had their time.
func TestRotateAuthorities(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, func(c *v1alpha1.EtcdCluster) {
		c.Spec.TLS.AuthorityGrace = &metav1.Duration{Duration: time.Minute}
	})
	now := time.Now()
	clock := func() time.Time { return now }
	f.Observer.Now, f.Actor.Now = clock, clock
	f.mounts()
	first := f.content(pki.PeerCA)
	c := fresh(t, f.c)
	c.Annotations = map[string]string{v1alpha1.AnnotationRotateCA: "leaked"}
	update(t, c)
	for _, want := range []pki.Stage{pki.Announced, pki.Retiring, pki.Rotated} {
		f.settle(t, c)
		if got := f.stage("leaked"); got != want {
			t.Fatalf("the stage is %s, want %s; %+v", got, want, fresh(t, c).Status.Conditions)
		}
		before := f.writes.Load()
		f.settle(t, c) // the members' disks are behind, and clients have time
		if n := f.writes.Load() - before; n != 0 || f.stage("leaked") != want {
			t.Errorf("at %s it wrote %d times", want, n)
		}
		f.mounts()
		now = now.Add(70 * time.Second)
	}
	f.c = f.settle(t, c)
	if !meta.IsStatusConditionTrue(f.c.Status.Conditions, v1alpha1.ConditionReady) {
		t.Errorf("the cluster is not Ready: %+v", f.c.Status.Conditions)
	}
	if last := f.content(pki.PeerCA); string(last["tls.crt"]) == string(first["tls.crt"]) || string(last["ca.crt"]) != string(last["tls.crt"]) {
		t.Error("the old authority is left")
	}
}

func (f *formed) stage(rotation string) pki.Stage {
	f.t.Helper()
	_, sight := f.look()
	return sight.PKI.Stage(map[pki.Kind]pki.Content{
		pki.PeerCA: f.content(pki.PeerCA), pki.ClientCA: f.content(pki.ClientCA), pki.ControlCA: f.content(pki.ControlCA),
	}, rotation)
}

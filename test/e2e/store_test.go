package e2e

import (
	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/test/storeserver"
)

const storeBucket = "backups"

// The keys of a store's Secret.
const (
	secretAccessKeyID = "access-key-id"
	secretAccessKey   = "secret-access-key"
	secretCA          = "ca.crt"
)

// storeLabel is on a store's pods.
const storeLabel = "e2e.quorate.dev/store"

// store is an S3 server of a test's own, in the test's namespace, with one
// bucket. Its volume outlives its pods.
type store struct {
	*space
	name string
	wish storeWish
}

// storeWish is how a store shall run.
type storeWish struct {
	gone     bool
	readOnly bool
	rate     int // bytes per second to and from the Service; 0: as fast as it goes
}

type storeOption func(*storeWish)

// storeReadOnly makes a store refuse, or take again, all that writes.
func storeReadOnly(yes bool) storeOption { return func(w *storeWish) { w.readOnly = yes } }

// storeRate makes a store slow for all but the test's own client: so many bytes
// per second, both ways and all connections together; 0 for no bound.
func storeRate(bytesPerSecond int) storeOption { return func(w *storeWish) { w.rate = bytesPerSecond } }

// storeGone takes a store's pod away, or brings it back.
func storeGone(yes bool) storeOption { return func(w *storeWish) { w.gone = yes } }

// store starts a store and waits until its bucket is there.
func (s *space) store(name string) *store {
	s.t.Helper()
	st := &store{space: s, name: name}
	made, err := storeserver.NewCertificate(st.host())
	if err != nil {
		s.t.Fatal(err)
	}
	s.create(
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: st.secret()},
			Data: map[string][]byte{
				secretAccessKeyID: []byte("E2E" + rand.String(12)), secretAccessKey: []byte("secret-" + rand.String(24)), secretCA: made.CA,
			},
		},
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: st.name + "-tls"}, Type: corev1.SecretTypeTLS,
			Data: map[string][]byte{corev1.TLSCertKey: made.Cert, corev1.TLSPrivateKeyKey: made.Key},
		},
		st.claim(), st.service(), st.deployment(),
	)
	st.change()
	c := st.client()
	eventually(s.t, medium, "the bucket is created", c.CreateBucket)
	return st
}

// host is the store's name in DNS and in its certificate.
func (st *store) host() string { return st.name + "." + st.space.name + ".svc" }

// endpoint is where pods reach the store.
func (st *store) endpoint() string { return fmt.Sprintf("https://%s:%d", st.host(), storeserver.Port) }

// url names a place in the store's bucket: a prefix is "" or ends with a slash.
func (st *store) url(prefix string) string { return "s3://" + storeBucket + "/" + prefix }

// secret is the name of the Secret with the keys and the CA.
func (st *store) secret() string { return st.name + "-keys" }

// otherSecret makes a Secret like the store's, changed, and returns its name:
// a wrong key, a stranger's CA.
func (st *store) otherSecret(suffix string, change func(map[string][]byte)) string {
	st.t.Helper()
	own := &corev1.Secret{}
	st.read(st.secret(), own)
	change(own.Data)
	st.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: st.name + "-" + suffix}, Data: own.Data})
	return st.name + "-" + suffix
}

// change makes the store run otherwise and waits until it does, or is gone.
// What is in its volume stays; connections do not. The Service follows within a
// moment.
func (st *store) change(options ...storeOption) {
	st.t.Helper()
	for _, o := range options {
		o(&st.wish)
	}
	d := &appsv1.Deployment{}
	modify(st.space, st.name, d, func(d *appsv1.Deployment) { d.Spec = st.deployment().Spec })
	eventually(st.t, long, "store "+st.name+" runs as asked for", func(ctx context.Context) error { return st.settled(ctx, d.Generation) })
}

// settled returns an error until the pods of that generation, and no others,
// are there and ready. Those that are ending count.
func (st *store) settled(ctx context.Context, generation int64) error {
	d := &appsv1.Deployment{}
	if err := world.Get(ctx, st.key(st.name), d); err != nil {
		return err
	}
	if d.Status.ObservedGeneration < generation || d.Status.UpdatedReplicas != *d.Spec.Replicas {
		return fmt.Errorf("its Deployment is at generation %d of %d, with %d updated pods", d.Status.ObservedGeneration, generation, d.Status.UpdatedReplicas)
	}
	pods, err := st.pods(ctx)
	if err != nil {
		return err
	}
	if len(pods) != int(*d.Spec.Replicas) {
		return fmt.Errorf("it has %d pods, not %d", len(pods), *d.Spec.Replicas)
	}
	for i := range pods {
		if err := podReady(&pods[i]); err != nil {
			return fmt.Errorf("pod %s: %w (containers %+v)", pods[i].Name, err, pods[i].Status.ContainerStatuses)
		}
	}
	return nil
}

func (st *store) pods(ctx context.Context) ([]corev1.Pod, error) {
	list := &corev1.PodList{}
	err := world.List(ctx, list, client.InNamespace(st.space.name), client.MatchingLabels{storeLabel: st.name})
	return list.Items, err
}

// folder is the store's volume on this machine, behind the server's back.
func (st *store) folder() storeserver.Folder {
	st.t.Helper()
	return storeserver.Folder(st.volumeFolder(st.name))
}

// fill leaves so many bytes of room in the store, and returns what makes it as
// it was.
func (st *store) fill(leave int64) (release func()) {
	st.t.Helper()
	folder := st.folder()
	if err := folder.Fill(leave); err != nil {
		st.t.Fatal(err)
	}
	return func() {
		st.t.Helper()
		if err := folder.Release(); err != nil {
			st.t.Fatal(err)
		}
	}
}

// refusedWith fails the test unless the error is S3's, with that code.
func refusedWith(t testing.TB, what, code string, err error) {
	t.Helper()
	if storeserver.Code(err) != code {
		t.Errorf("%s: want the code %s: %v", what, code, err)
	}
}

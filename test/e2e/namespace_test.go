package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// space is a test's own namespace.
type space struct {
	t    *testing.T
	name string
}

// newSpace makes a namespace that enforces the restricted Pod Security level.
// It is deleted after the test; when the test failed, what is in it is printed
// first. E2E_KEEP=1 keeps the namespaces of failed tests.
func newSpace(t *testing.T) *space {
	t.Helper()
	s := &space{t, spaceName(t.Name())}
	if err := createNamespace(bounded(t), s.name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			dump(t, s.name)
			if os.Getenv("E2E_KEEP") != "" {
				return
			}
		}
		deleteNamespace(t, s.name)
	})
	return s
}

// spaceName makes a short name of a test's, so that DNS names stay in bounds.
func spaceName(test string) string {
	name := strings.ToLower(strings.TrimPrefix(test, "Test"))
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
	if len(name) > 36 {
		name = name[:36]
	}
	return fmt.Sprintf("e2e-%s-%s", strings.Trim(name, "-"), rand.String(4))
}

func createNamespace(ctx context.Context, name string) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted",
		"e2e.quorate.dev/suite":              "true",
	}}}
	if err := world.Create(ctx, ns); err != nil {
		return fmt.Errorf("create namespace: %w", err)
	}
	return nil
}

func deleteNamespace(t testing.TB, name string) {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := world.Delete(bounded(t), ns); client.IgnoreNotFound(err) != nil {
		t.Errorf("delete namespace %s: %v", name, err)
	}
}

// create creates objects in the namespace.
func (s *space) create(objects ...client.Object) {
	s.t.Helper()
	for _, o := range objects {
		o.SetNamespace(s.name)
		if err := world.Create(bounded(s.t), o); err != nil {
			s.t.Fatalf("create %T %s: %v", o, o.GetName(), err)
		}
	}
}

// read reads an object of the namespace by its name.
func (s *space) read(name string, into client.Object) {
	s.t.Helper()
	if err := world.Get(bounded(s.t), s.key(name), into); err != nil {
		s.t.Fatalf("read %T %s: %v", into, name, err)
	}
}

// remove deletes an object of the namespace.
func (s *space) remove(o client.Object, options ...client.DeleteOption) {
	s.t.Helper()
	o.SetNamespace(s.name)
	if err := world.Delete(bounded(s.t), o, options...); err != nil {
		s.t.Fatalf("delete %T %s: %v", o, o.GetName(), err)
	}
}

// gone waits until the object does not exist, or another of its name does.
func (s *space) gone(o client.Object) {
	s.t.Helper()
	uid := o.GetUID()
	eventually(s.t, medium, fmt.Sprintf("%T %s is gone", o, o.GetName()), func(ctx context.Context) error {
		live := o.DeepCopyObject().(client.Object)
		err := world.Get(ctx, s.key(o.GetName()), live)
		switch {
		case apierrors.IsNotFound(err), err == nil && uid != "" && live.GetUID() != uid:
			return nil
		case err != nil:
			return err
		}
		return fmt.Errorf("it exists; deletion asked for at %v, finalizers %v", live.GetDeletionTimestamp(), live.GetFinalizers())
	})
}

// modify changes an object of the namespace, again when somebody was faster.
func modify[T client.Object](s *space, name string, object T, change func(T)) {
	s.t.Helper()
	eventually(s.t, short, fmt.Sprintf("change %T %s", object, name), func(ctx context.Context) error {
		if err := world.Get(ctx, s.key(name), object); err != nil {
			return err
		}
		change(object)
		return world.Update(ctx, object)
	})
}

func (s *space) key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: s.name, Name: name}
}

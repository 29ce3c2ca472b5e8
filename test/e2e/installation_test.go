package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// namespaced is config/namespaced as kustomize renders it.
var namespaced = sync.OnceValues(func() ([]client.Object, error) { return render("config", "namespaced") })

// render builds a kustomization of this checkout.
func render(folder ...string) ([]client.Object, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), world.path(folder...))
	if err != nil {
		return nil, fmt.Errorf("kustomize build %v: %w", folder, err)
	}
	decoder := serializer.NewCodecFactory(world.Scheme()).UniversalDeserializer()
	var objects []client.Object
	for _, r := range built.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			return nil, err
		}
		decoded, _, err := decoder.Decode(text, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("decode %s: %w", r.CurId(), err)
		}
		o, ok := decoded.(client.Object)
		if !ok {
			return nil, fmt.Errorf("%s is no object", r.CurId())
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// installation is config/namespaced for this namespace, with rights in the
// namespace that the operator watches. What has no namespace gets its name.
func (s *space) installation(watch string) []client.Object {
	s.t.Helper()
	rendered, err := namespaced()
	if err != nil {
		s.t.Fatal(err)
	}
	var objects []client.Object
	for _, r := range rendered {
		o := r.DeepCopyObject().(client.Object)
		switch o := o.(type) {
		case *rbacv1.ClusterRole:
			o.Name += "-" + s.name
		case *rbacv1.ClusterRoleBinding:
			if o.RoleRef.Name == o.Name {
				o.RoleRef.Name += "-" + s.name
			}
			o.Name += "-" + s.name
			s.subjects(o.Subjects)
		case *rbacv1.RoleBinding:
			o.Namespace = watch
			s.subjects(o.Subjects)
		case *rbacv1.Role:
			o.Namespace = watch
		default:
			o.SetNamespace(s.name)
		}
		if o.GetNamespace() == "" {
			removeAtEnd(s.t, o)
		} else if o.GetNamespace() != s.name {
			o.SetName(o.GetName() + "-" + s.name)
			if b, ok := o.(*rbacv1.RoleBinding); ok {
				b.RoleRef.Name += "-" + s.name
			}
		}
		objects = append(objects, o)
	}
	return objects
}

func (s *space) subjects(all []rbacv1.Subject) {
	for i := range all {
		all[i].Namespace = s.name
	}
}

// removeAtEnd deletes what no namespace takes with it.
func removeAtEnd(t testing.TB, o client.Object) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), short)
		defer cancel()
		if err := world.Delete(ctx, o); client.IgnoreNotFound(err) != nil {
			t.Errorf("delete %T %s: %v", o, o.GetName(), err)
		}
	})
}

package act

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/resource"
)

// readSources reads the Secrets that certificates are copied from, and asks
// once more whether anybody runs who has loaded the authorities in use.
func (a *Actor) readSources(ctx context.Context, s *Situation, contents map[pki.Kind]pki.Content) error {
	for _, kind := range s.PKI.Sources.Kinds() {
		secret := &corev1.Secret{}
		name := types.NamespacedName{Namespace: s.Cluster.Namespace, Name: s.PKI.Sources[kind]}
		a.Forget(name)
		switch err := a.Live.Get(ctx, name, secret); {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return fmt.Errorf("read Secret %s: %w", name, err)
		}
		contents[kind] = secret.Data
	}
	if len(s.PKI.Sources) == 0 || s.PKI.Bound || a.neverFormed(ctx, s.Cluster) == nil {
		return nil
	}
	pods := &corev1.PodList{}
	if err := a.Live.List(ctx, pods, client.InNamespace(s.Cluster.Namespace), client.MatchingLabels(resource.Selector(s.Cluster.Name))); err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	s.PKI.Bound = len(pods.Items) > 0
	return nil
}

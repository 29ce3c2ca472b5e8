package act

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// issue mints or renews Secrets from what they hold at this moment.
func (a *Actor) issue(ctx context.Context, s *Situation, action plan.Issue) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	contents, live, err := a.readSecrets(ctx, s)
	if err != nil {
		return err
	}
	for _, kind := range s.PKI.Kinds() {
		if !slices.Contains(action.Secrets, kind.SecretName(s.Cluster.Name)) {
			continue
		}
		content, err := a.content(ctx, s, kind, contents)
		if err != nil {
			return err
		}
		if err := a.writeSecret(ctx, s.Cluster, kind, content, live[kind]); err != nil {
			return err
		}
		contents[kind] = content
	}
	return nil
}

// readSecrets reads all Secrets of the cluster from the API server.
func (a *Actor) readSecrets(ctx context.Context, s *Situation) (map[pki.Kind]pki.Content, map[pki.Kind]*corev1.Secret, error) {
	contents, live := map[pki.Kind]pki.Content{}, map[pki.Kind]*corev1.Secret{}
	for _, kind := range s.PKI.Kinds() {
		secret := &corev1.Secret{}
		name := types.NamespacedName{Namespace: s.Cluster.Namespace, Name: kind.SecretName(s.Cluster.Name)}
		a.Forget(name) // whatever becomes of this action, the next decision shall rest on what is there
		err := a.Live.Get(ctx, name, secret)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read Secret %s: %w", name, err)
		}
		contents[kind], live[kind] = secret.Data, secret
	}
	if err := a.readSources(ctx, s, contents); err != nil {
		return nil, nil, err
	}
	return contents, live, nil
}

// content makes one Secret's content. An authority is minted only while
// nothing, the claims included, remembers a formed cluster.
func (a *Actor) content(ctx context.Context, s *Situation, kind pki.Kind, contents map[pki.Kind]pki.Content) (pki.Content, error) {
	if !kind.IsCA() {
		content, err := pki.Issue(s.PKI, kind, contents, a.Now())
		if err != nil {
			return nil, fmt.Errorf("issue %s: %w", kind.SecretName(s.Cluster.Name), err)
		}
		return content, nil
	}
	if pki.Assess(s.PKI, contents, a.Now()).Of(kind).Usable {
		return contents[kind], nil // mended meanwhile
	}
	if err := a.neverFormed(ctx, s.Cluster); err != nil {
		return nil, fmt.Errorf("mint %s: %w", kind.SecretName(s.Cluster.Name), err)
	}
	content, err := pki.MintCA(s.PKI, kind, a.Now())
	if err != nil {
		return nil, fmt.Errorf("mint %s: %w", kind.SecretName(s.Cluster.Name), err)
	}
	return content, nil
}

// neverFormed fails when the record or any live claim says that the cluster
// was formed.
func (a *Actor) neverFormed(ctx context.Context, c *v1alpha1.EtcdCluster) error {
	if c.Status.ClusterID != "" {
		return fmt.Errorf("the cluster is formed")
	}
	claims := &corev1.PersistentVolumeClaimList{}
	if err := a.Live.List(ctx, claims, client.InNamespace(c.Namespace), client.MatchingLabels(resource.Selector(c.Name))); err != nil {
		return fmt.Errorf("list claims: %w", err)
	}
	for _, claim := range claims.Items {
		if resource.EpochOf(c.Name, claim.Name) < resource.Epoch(c) && claim.Annotations[v1alpha1.AnnotationSuperseded] != "" {
			continue // what a restore has superseded is another cluster
		}
		if claim.Annotations[v1alpha1.AnnotationFormed] != "" {
			return fmt.Errorf("claim %s remembers a formed cluster", claim.Name)
		}
	}
	return nil
}

// writeSecret creates the Secret, or replaces the content of one that is ours
// under the resourceVersion that was read.
func (a *Actor) writeSecret(ctx context.Context, c *v1alpha1.EtcdCluster, kind pki.Kind, content pki.Content, live *corev1.Secret) error {
	want := resource.Secret(c, kind, content)
	defer a.Forget(client.ObjectKeyFromObject(want))
	if live == nil {
		if err := a.Client.Create(ctx, want, client.FieldOwner(FieldManager)); err != nil {
			return fmt.Errorf("create Secret %s: %w", want.Name, err)
		}
		return nil
	}
	retained := kind.IsCA() && metav1.GetControllerOf(live) == nil && resource.HasLabels(live, resource.Labels(c.Name))
	if owner := metav1.GetControllerOf(live); !retained && (owner == nil || owner.UID != c.UID) {
		return fmt.Errorf("write Secret %s: it is not this cluster's", want.Name)
	}
	want.ResourceVersion, want.UID = live.ResourceVersion, live.UID
	if err := a.Client.Update(ctx, want, client.FieldOwner(FieldManager)); err != nil {
		return fmt.Errorf("update Secret %s: %w", want.Name, err)
	}
	return nil
}

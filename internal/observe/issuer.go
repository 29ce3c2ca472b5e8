package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// Issued remembers which Certificates were in order when. They are read by name
// from the API server, never watched: where cert-manager is not installed there
// is nothing to watch, and a watch on what does not exist holds everything up.
type Issued struct {
	ttl  time.Duration
	mu   sync.Mutex
	good map[types.NamespacedName]goodCertificate
}

type goodCertificate struct {
	hash string // of what was wanted of it
	at   time.Time
}

// NewIssued returns a memory that lasts for ttl.
func NewIssued(ttl time.Duration) *Issued {
	return &Issued{ttl: ttl, good: map[types.NamespacedName]goodCertificate{}}
}

func (i *Issued) known(want *unstructured.Unstructured, now time.Time) bool {
	if i == nil {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	have, ok := i.good[client.ObjectKeyFromObject(want)]
	return ok && have.hash == want.GetAnnotations()[v1alpha1.AnnotationAppliedHash] && now.Sub(have.at) < i.ttl
}

func (i *Issued) remember(want *unstructured.Unstructured, good bool, now time.Time) {
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	key := client.ObjectKeyFromObject(want)
	delete(i.good, key)
	if good {
		i.good[key] = goodCertificate{want.GetAnnotations()[v1alpha1.AnnotationAppliedHash], now}
	}
}

// issued compares the Certificates that cert-manager is asked for with the live
// ones, and says why one has not filled its Secret.
func (o *Observer) issued(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) error {
	for _, want := range resource.IssuedCertificates(c, s.PKI) {
		s.Wanted = append(s.Wanted, want)
		bad := slices.ContainsFunc(s.Observation.Certificates.Sources, func(t plan.Source) bool { return t.Name == want.GetName() })
		if !bad && o.Issued.known(want, o.Now()) {
			continue
		}
		have := &unstructured.Unstructured{}
		have.SetGroupVersionKind(resource.CertificateKind)
		err := o.Live.Get(ctx, client.ObjectKeyFromObject(want), have)
		if meta.IsNoMatchError(err) {
			s.Observation.Certificates.Sources = []plan.Source{{Reason: plan.ReasonCertManagerMissing, Message: "spec.tls.issuerRef asks cert-manager for certificates, and this Kubernetes knows no Certificate of cert-manager.io. Install cert-manager"}}
			return nil
		}
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("read Certificate %s: %w", want.GetName(), err)
		}
		object := certificateObject(c, want, have, err == nil)
		s.Observation.Objects = append(s.Observation.Objects, object)
		trouble := o.notIssued(c, have, object.State)
		if trouble != nil {
			s.Observation.Certificates.Sources = slices.DeleteFunc(s.Observation.Certificates.Sources, func(t plan.Source) bool {
				return t.Name == trouble.Name && t.Reason == plan.ReasonSecretInvalid // the nearer cause takes its place
			})
			s.Observation.Certificates.Sources = append(s.Observation.Certificates.Sources, *trouble)
		}
		o.Issued.remember(want, object.State == plan.ObjectCurrent && trouble == nil && !bad, o.Now())
	}
	return nil
}

func certificateObject(c *v1alpha1.EtcdCluster, want, have *unstructured.Unstructured, found bool) plan.Object {
	object := plan.Object{Kind: resource.CertificateKind.Kind, Name: want.GetName(), State: plan.ObjectMissing}
	if !found {
		return object
	}
	object.State, object.Detail = belonging(have, c)
	if object.State == plan.ObjectCurrent {
		if drift := resource.Drift(have.DeepCopy(), want.DeepCopy()); drift != "" {
			object.State, object.Detail = plan.ObjectDrifted, drift
		}
	}
	return object
}

// notIssued says in cert-manager's own words why a Certificate is not Ready;
// nil when it is, or is not there.
func (o *Observer) notIssued(c *v1alpha1.EtcdCluster, have *unstructured.Unstructured, state plan.ObjectState) *plan.Source {
	if state != plan.ObjectCurrent && state != plan.ObjectDrifted {
		return nil
	}
	said := "cert-manager has said nothing of it yet"
	conditions, _, _ := unstructured.NestedSlice(have.Object, "status", "conditions")
	for _, entry := range conditions {
		condition, _ := entry.(map[string]any)
		if condition["type"] != "Ready" {
			continue
		}
		if condition["status"] == "True" {
			return nil
		}
		said = strings.TrimSuffix(fmt.Sprint(condition["message"]), ".")
	}
	ref := c.Spec.TLS.IssuerRef
	return &plan.Source{Name: have.GetName(), Reason: plan.ReasonNotIssued, Message: fmt.Sprintf(
		"Certificate %s is not Ready: %s. If it lasts, see whether the %s %s of spec.tls.issuerRef exists and is Ready, and what it answered: kubectl describe certificate %s",
		have.GetName(), said, ref.Kind, ref.Name, have.GetName())}
}

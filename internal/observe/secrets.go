package observe

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Secrets reads Secrets by name and never watches them: a right to watch them
// is a right to list them. What was read is kept for a while, also that there
// is none.
type Secrets struct {
	live client.Reader
	ttl  time.Duration
	now  func() time.Time

	mu   sync.Mutex
	read map[types.NamespacedName]readSecret
}

type readSecret struct {
	secret *corev1.Secret // nil: there is none
	at     time.Time
}

// NewSecrets returns a reader that asks again after ttl.
func NewSecrets(live client.Reader, ttl time.Duration) *Secrets {
	return &Secrets{live: live, ttl: ttl, now: time.Now, read: map[types.NamespacedName]readSecret{}}
}

// Get returns the Secret, or nil when there is none.
func (s *Secrets) Get(ctx context.Context, name types.NamespacedName) (*corev1.Secret, error) {
	s.mu.Lock()
	have, ok := s.read[name]
	s.mu.Unlock()
	if ok && have.secret != nil && s.now().Sub(have.at) < s.ttl {
		return have.secret, nil
	}
	secret := &corev1.Secret{}
	switch err := s.live.Get(ctx, name, secret); {
	case apierrors.IsNotFound(err):
		secret = nil
	case err != nil:
		return nil, fmt.Errorf("read Secret %s: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read[name] = readSecret{secret, s.now()}
	return secret, nil
}

// Forget makes the next Get ask again.
func (s *Secrets) Forget(name types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.read, name)
}
